"""Clients of the SQL endpoint: ``python -m bench.store.clients PORT COUNT``, a process of its own.

Statements are read from the first line of standard input, as JSON. Each client has a session and asks without
a pause, until standard input ends; then what each answer took goes to standard output, in milliseconds.
"""

import itertools
import sys
import threading
import time
from typing import Final

import orjson
import psycopg

USER: Final = "bench"
PASSWORD: Final = "bench"


def main() -> None:
    port, count = map(int, sys.argv[1:])
    texts = orjson.loads(sys.stdin.readline())
    stop, told = threading.Event(), list[float]()
    clients = [
        threading.Thread(target=_ask, args=(port, texts[at::count], stop, told)) for at in range(count)
    ]
    for client in clients:
        client.start()
    sys.stdin.read()
    stop.set()
    for client in clients:
        client.join()
    sys.stdout.buffer.write(orjson.dumps(told))


def _ask(port: int, texts: list[str], stop: threading.Event, told: list[float]) -> None:
    access = f"host=127.0.0.1 port={port} user={USER} password={PASSWORD} dbname=fabricscope sslmode=disable"
    with psycopg.connect(access, autocommit=True) as connection:
        for text in itertools.cycle(texts):
            if stop.is_set():
                return
            before = time.perf_counter()
            connection.execute(text.encode()).fetchall()
            told.append((time.perf_counter() - before) * 1e3)


if __name__ == "__main__":
    main()
