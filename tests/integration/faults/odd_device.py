"""A device in a process of its own that misbehaves as it is told, by lines on standard input.

``refuse PATH``: asked for it, it says no; ``garbage``: open streams get what is no gNMI; ``flood SECONDS``:
links go up and down as fast as it can say so; ``down N``: the first N links are down and all others up.
"""

import asyncio
import contextlib
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from targets.certificates import Authority
from targets.gnmi.access import ServerTls
from targets.gnmi.server import serve
from targets.gnmi.target import Target
from targets.openconfig.target import openconfig_target
from targets.tree import Delta

NAME = "odd"
LINKS = 2_000
AT_ONCE = 100
"""Links that change in one notification of a flood."""

INVENTORY = """\
targets:
  {name}:
    address: "127.0.0.1"
    port: {port}
    profile: openconfig
    fabric: "{fabric}"
    role: leaf
    tls: {{ca: "{ca}"}}
"""


def links(first: int, count: int, status: str) -> Delta:
    names = (f"/interfaces/interface[name=e{number}]" for number in range(first, first + count))
    return Delta({f"{name}/state/oper-status": status for name in names})


async def flood(target: Target, seconds: float) -> int:
    """Change links without a pause, but for letting others run; return how many changes were said."""
    ends, said = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        status = "DOWN" if said // LINKS % 2 else "UP"
        target.state.apply(links(said % LINKS, AT_ONCE, status), time.time_ns())
        said += AT_ONCE
        await asyncio.sleep(0)
    return said


async def main(folder: Path, fabric: str) -> None:
    authority = Authority.create(folder, datetime.fromtimestamp(time.time(), UTC))
    issued = authority.issue(NAME, ["127.0.0.1"], folder)
    target = openconfig_target()
    target.state.apply(links(0, LINKS, "UP"), time.time_ns())
    server = await serve(target, "127.0.0.1:0", tls=ServerTls(issued.certificate, issued.key))
    inventory = INVENTORY.format(name=NAME, port=server.port, fabric=fabric, ca=authority.certificate)
    (folder / "inventory.yaml").write_text(inventory)
    say({"state": "ready"})
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        verb, *words = line.decode().split()
        done = 0
        match verb:
            case "refuse":
                target.faults.refused = frozenset(words)
            case "garbage":
                server.garbage()
            case "flood":
                done = await flood(target, float(words[0]))
            case _:
                assert verb == "down"
                target.state.apply(links(0, int(words[0]), "DOWN"), time.time_ns())
                target.state.apply(links(int(words[0]), LINKS - int(words[0]), "UP"), time.time_ns())
        say({"state": "done", "verb": verb, "changes": done})
    await server.stop()


def say(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
