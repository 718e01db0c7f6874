"""A store that is served, without TLS, to a test's own process."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from pipeline.pgwire.limits import Limits
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.service import Access, Service

PASSWORD = "correct horse"
ENDLESS = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"


def users_at(path: Path, **fabrics: str) -> Path:
    """Write a file of users with PASSWORD, each with fabrics as in the file, empty for all."""
    lines = [
        f"{name} {make_verifier(PASSWORD, b's' * 16)} {f'fabrics={given}' if given else ''}\n"
        for name, given in fabrics.items()
    ]
    path.write_text("".join(lines))
    path.chmod(0o600)
    return path


@contextmanager
def served(
    connect: Callable[[], duckdb.DuckDBPyConnection], folder: Path, limits: Limits, **fabrics: str
) -> Iterator[Service]:
    """Serve what ``connect`` connects to, whose file may be ``store`` in ``folder``."""
    users = users_at(folder / "users", **(fabrics or {"noc": ""}))
    access = Access(host="127.0.0.1", port=0, tls=None, users=users, limits=limits)
    with closing(Service(access, connect, folder / "store")) as service:
        yield service.start()
