from collections.abc import Iterator

import pytest

from pipeline.pgwire.limits import Limits
from tests.pipeline.pgwire.clients.served import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server whose store is written meanwhile."""
    with serving(tmp_path_factory.mktemp("served"), Limits(seconds=20.0, query_bytes=1 << 30)) as found:
        yield found
