"""A store that is written while clients ask it: the server, its certificate, its user, its writer."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import trustme

from pipeline.pgwire.limits import Limits
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.service import Access, Service
from pipeline.pgwire.tls import load_tls
from pipeline.schema import MAC, event_schema
from pipeline.store import Commit, Position, Store
from tests.pipeline.store.killed_writer import filled

ENDLESS: Final = "select count(*) from range(100000000) a, range(1000000) b where a.range * b.range % 7 = 3"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
INCIDENTS: Final = 100
BATCH_ROWS: Final = 200


@dataclass
class Writer(threading.Thread):
    """What a replica does meanwhile: it commits batches of facts until it is stopped."""

    store: Store
    commits: int = 0
    failed: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    __hash__ = threading.Thread.__hash__

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            while not self.stop.wait(0.02):
                first = self.commits * BATCH_ROWS
                offsets = pl.int_range(first, first + BATCH_ROWS, dtype=pl.Int64, eager=True)
                position = Position("dc1", "raw.dc1", first + BATCH_ROWS, START + timedelta(seconds=first))
                facts = filled(event_schema(MAC), offsets)
                self.store.commit(Commit({"mac_event": facts}, {}, [position]))
                self.commits += 1
        except BaseException as error:
            self.failed = error
            raise

    def check_goes_on(self, batches: int = 3) -> None:
        """Fail unless more batches are committed."""
        wanted = self.commits + batches
        deadline = time.monotonic() + 20
        while self.commits < wanted:
            assert self.is_alive(), self.failed
            assert time.monotonic() < deadline, f"{self.commits} batches after 20 s, {wanted} awaited"
            time.sleep(0.01)


@dataclass(frozen=True)
class Served:
    """The server as clients find it."""

    port: int
    authority: Path
    store: Path
    writer: Writer
    user: str = "noc"
    password: str = "it's a pencil"

    @property
    def dsn(self) -> str:
        """What libpq, pgx and lib/pq connect by."""
        password = self.password.replace("'", "\\'")
        return (
            f"host=localhost port={self.port} user={self.user} password='{password}' dbname=fabricscope"
            f" sslmode=verify-full sslrootcert={self.authority}"
        )

    @property
    def address(self) -> str:
        """The same without the password, which is in ``environment``."""
        return f"host=localhost port={self.port} user={self.user} dbname=fabricscope"

    @property
    def environment(self) -> dict[str, str]:
        """For programs."""
        said = {"PGPASSWORD": self.password, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.authority)}
        return os.environ | said | {"PGOPTIONS": "", "PGTZ": "", "LC_ALL": "C.UTF-8"}

    def incidents_before(self, moment: datetime, rule: str) -> int:
        """Return how many incidents of the rule opened before ``moment``: one an hour, of rules in turn."""
        opened = [START + timedelta(hours=number) for number in range(INCIDENTS)]
        return sum(time < moment and f"M{number % 3}" == rule for number, time in enumerate(opened))

    def wait_until_running(self) -> None:
        """Return when a statement runs."""
        journal = self.store.with_name(f"{self.store.name}.sql-journal")
        deadline = time.monotonic() + 20
        while not journal.read_bytes().strip():
            assert time.monotonic() < deadline, "nothing runs after 20 s"
            time.sleep(0.01)


@contextmanager
def serving(folder: Path, limits: Limits) -> Iterator[Served]:
    """Serve a new store below ``folder`` while it is written."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    (folder / "server.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    users = folder / "users"
    users.touch(mode=0o600)
    users.write_text(f"{Served.user} {make_verifier(Served.password, os.urandom(16))}\n")
    path = folder / "store.duckdb"
    with closing(Store.open(path)) as store:
        with closing(store.reader()) as connection:
            connection.execute(
                "INSERT INTO store.incident (incident_id, rule, severity, fabric, vni, opened_at)"
                " SELECT 'i' || range,"
                " 'M' || range % 3, 'major', 'dc1', 1000 + range, $1::TIMESTAMPTZ + to_hours(range::INTEGER)"
                f" FROM range({INCIDENTS})",
                [START],
            )
        access = Access(
            host="127.0.0.1",
            port=0,
            tls=load_tls(folder / "server.pem", folder / "server.key"),
            users=users,
            limits=limits,
        )
        writer = Writer(store)
        with closing(Service(access, store.reader, path).start()) as service:
            writer.start()
            yield Served(service.port, folder / "ca.pem", path, writer)
            writer.stop.set()
            writer.join()
        assert writer.failed is None
