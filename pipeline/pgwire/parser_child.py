"""The process that parses: texts in, DuckDB's syntax trees out, until its parent is gone.

It holds nothing: an empty database in memory, without access to files. A message is its length in four bytes,
then its text, both ways.
"""

import resource
import struct
import sys
from typing import Final

import duckdb

LENGTH: Final = struct.Struct("!I")
MEMORY_BYTES: Final = 1 << 30
"""Address space the process may take; DuckDB alone takes 0.3 GB of it."""

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "lock_configuration": True,
    "memory_limit": "256MB",
    "threads": 1,
}


def main() -> None:
    """Answer each text on standard input on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = duckdb.connect(":memory:", config=_CONFIG)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        text = requests.read(LENGTH.unpack(head)[0]).decode()
        row = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
        assert row is not None
        tree = str(row[0]).encode()
        answers.write(LENGTH.pack(len(tree)) + tree)
        answers.flush()


if __name__ == "__main__":
    main()
