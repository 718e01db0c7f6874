"""Works on a store and is killed in the midst of it, or finds no room.

Usage: killed_in_store.py kill|full TIMES archive|compact|export|import STORE TARGET

``kill``: by SIGKILL, when TIMES tables (or stages of the archive) are done. ``full``: no file can have more
than TIMES bytes.
"""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collectors.errors import FabricscopeError
from pipeline.store import checks, copying
from pipeline.store.opening import connect
from pipeline.store.retention import retire
from tests.pipeline.store.archive_store import days_in


def main(how: str, times: str, what: str, store: str, target: str) -> None:
    left = int(times)

    @contextmanager
    def filled() -> Iterator[None]:
        if how == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (left, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def reached(*_: object) -> None:
        nonlocal left
        left -= 1
        if how == "kill" and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "archive":
        with closing(connect(Path(store))) as connection, filled():
            for due in days_in(connection):
                retire(connection, Path(target), due, reached=reached, piece_rows=20)
        return
    with filled():
        if what == "compact":
            copying.compact(Path(store), reached)
        elif what == "export":
            copying.export(Path(store), Path(target), reached)
        else:
            copying.take(Path(store), Path(target), lambda copy: checks.require_sound(copy, reached))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except FabricscopeError as error:
        sys.exit(f"error: {error}")
