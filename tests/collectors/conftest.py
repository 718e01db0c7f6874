"""For the collectors' tests: a collector that waits tenths of what it waits in life."""

import pytest

from tests.collectors.running import quick_profile


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a collector wait tenths of what it waits in life."""
    monkeypatch.setattr("collectors.supervisor.profile", quick_profile)
    monkeypatch.setattr("collectors.connection.WATCH_S", 0.02)
    monkeypatch.setattr("collectors.connection.STOPPED_S", 0.1)  # devices run in the same process
    monkeypatch.setattr("collectors.backoff.FIRST_S", 0.05)
    monkeypatch.setattr("collectors.backoff.LONGEST_S", 0.2)
    for module in ("connection", "family"):
        monkeypatch.setattr(f"collectors.{module}.REFUSED_S", 0.2)
