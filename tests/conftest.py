"""For all tests: how hard Hypothesis tries, the option that rewrites golden files, the recordings."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.lab.fabric import Lab, lab_or_skip
from tests.recordings.variants import Recordings

settings.register_profile(
    "ci",
    derandomize=True,  # the same examples in every run: a red build says something about the change
    deadline=None,  # shared machines
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("dev", max_examples=40, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what decode says now; read the diff")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return Recordings(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Give a running FRR fabric with an Ethernet segment; who changes it puts it back."""
    yield from lab_or_skip(segment=True)
