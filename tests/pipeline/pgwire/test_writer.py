"""The replica's own work while clients ask, cancel, leave and misbehave."""

import random
import struct
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from itertools import pairwise
from pathlib import Path
from time import monotonic

from pipeline.batch import cut
from pipeline.decode import decode
from pipeline.job import Job
from pipeline.pgwire.limits import Limits
from pipeline.store.equality import differences
from tests.disturbed import SHORT, disturbed_stream
from tests.pipeline.pgwire import serving
from tests.pipeline.pgwire.raw import Raw, query

CLIENTS = 8
BATCHES, BATCH = 60, 20
LIMITS = Limits(seconds=4.0, rows=2_000, query_bytes=256 << 20, connections=4 * CLIENTS)

GROWING = (
    "WITH RECURSIVE r(s, n) AS (SELECT 'abcdefgh', 0 UNION ALL SELECT s || s, n + 1 FROM r WHERE n < 40)"
    " SELECT max(length(s)) FROM r"
)
LARGE = "SELECT * FROM evpn_route_event a, evpn_route_event b ORDER BY a.event_time"


def asks(client: Raw) -> None:
    for statement in ("SELECT * FROM incident", "SELECT device, count(*) FROM mac_event GROUP BY 1", LARGE):
        client.asked(query(statement))


def leaves(client: Raw) -> None:
    client.send(query(serving.ENDLESS))


def cancels(client: Raw) -> None:
    client.send(query(serving.ENDLESS))
    with Raw(client.port, user="") as other:
        other.send(struct.pack("!iii", 16, 80_877_102, client.process) + client.key)
        other.gone()
    client.until("Z")


def waits(client: Raw) -> None:
    client.asked(query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM evpn_route_event"))
    client.asked(query(f"SET statement_timeout = '300ms'; {serving.ENDLESS}"))


def grows(client: Raw) -> None:
    client.asked(query(GROWING))


def breaks(client: Raw) -> None:
    client.asked(query("SELECT '" + "(" * 60_000))
    client.send(b"Q\x7f\xff\xff\xff")
    client.gone()


BEHAVIOURS: tuple[Callable[[Raw], None], ...] = (asks, asks, asks, leaves, cancels, waits, grows, breaks)


def test_detection_goes_on_while_clients_ask_and_misbehave(tmp_path: Path) -> None:
    records = cut(disturbed_stream(SHORT), 0, BATCHES * BATCH)
    stop = threading.Event()
    done: list[str] = []
    failed: list[Exception] = []

    def client(port: int, seed: int) -> None:
        behaves = random.Random(seed)
        while not stop.is_set():
            behaviour = behaves.choice(BEHAVIOURS)
            try:
                with Raw(port, password=serving.PASSWORD) as raw:
                    behaviour(raw)
                done.append(behaviour.__name__)
            except Exception as error:  # noqa: BLE001 - all of them are told
                failed.append(error)
                return

    def filled(name: str, *, asked: bool) -> tuple[Path, list[float]]:
        folder = tmp_path / name
        folder.mkdir()
        took: list[float] = []
        with closing(Job.open(folder / "store", ["dc1"], None)) as job:
            service = serving.served(job.reader, folder, LIMITS) if asked else nullcontext()
            with service as serves:
                stop.clear()
                threads = []
                if serves is not None:
                    threads = [
                        threading.Thread(target=client, args=(serves.port, seed)) for seed in range(CLIENTS)
                    ]
                for thread in threads:
                    thread.start()
                for start, end in pairwise([*range(0, len(records), BATCH), len(records)]):
                    began = monotonic()
                    batch = cut(records, start, end)
                    job.process("dc1", batch, decode(batch))
                    job.settle()
                    took.append(monotonic() - began)
                stop.set()
                for thread in threads:
                    thread.join()
        return folder / "store", took

    alone, _ = filled("alone", asked=False)
    beside, took = filled("beside", asked=True)
    assert not failed
    assert differences(alone, beside) == []
    assert set(done) == {behaviour.__name__ for behaviour in BEHAVIOURS}
    # who had to wait for a statement would wait for as long as one may take
    assert max(took) < LIMITS.seconds
