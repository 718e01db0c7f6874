"""Recordings mapped once per test run, in all variants, and read back as plain values."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recordings import derive
from tests.targets.frr.programs import program
from tests.targets.frr.readback import Said, said

__all__ = ["program"]  # a fixture

RECORDINGS = Path(derive.__file__).parent
VARIANTS = {
    "main-stripped": ("frr-main", derive.stripped),
    "segments-renamed": ("frr-segments", derive.renamed),
    "segments-ipv6": ("frr-segments", derive.with_ipv6),
}
"""Two of them of the shorter recording: it has all kinds of documents."""


@pytest.fixture(scope="session")
def recording() -> Path:
    return RECORDINGS / "frr-main"


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Said]]:
    """Return what the mapping says of a recording or of a variant, by name."""
    known: dict[str, list[Said]] = {}

    def mapping(name: str) -> list[Said]:
        if name not in known:
            original, derived = VARIANTS.get(name, (name, None))
            source = RECORDINGS / original
            known[name] = said(derived(source, tmp_path_factory.mktemp(name)) if derived else source)
        return known[name]

    return mapping
