"""When the moves of a MAC are a flap or a duplicate, by the catalogue's rules M3 and M2.

A second implementation of the definition, for the ground truth: five moves in 180 s make a duplicate, three
in 60 s a flap. Moves less than 30 s apart are a burst; while it is not longer than 10 s it counts as one
move. A burst that is over still does if it looks like a migration: not longer than 10 s, six moves at most,
and not just there and back.
"""

from collections.abc import Collection, Sequence
from typing import Final

from targets.simulated.agenda import SECOND
from targets.simulated.news import MoveNote

QUIET_NS: Final = 180 * SECOND
"""After so long without a move a MAC is well again."""
_DUPLICATE: Final = (5, 180 * SECOND)
_FLAP: Final = (3, 60 * SECOND)
_BURST_NS: Final = 10 * SECOND
_STILL_NS: Final = 30 * SECOND
_MIGRATION: Final = 6
_ZERO: Final = "00:00:00:00:00:00"
_SHARED: Final = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:05:73:a0:0")


def of_host(mac: str, routers: Collection[str]) -> bool:
    """Return whether a MAC is one host's: no group, nothing that gateways share, no device's own.

    VRRP: RFC 9568, section 7.3; HSRP: RFC 2281, section 5.3, and as Cisco numbers version 2.
    """
    group = int(mac[:2], 16) & 1
    return not group and mac != _ZERO and not mac.startswith(_SHARED) and mac not in routers


def level(moves: Sequence[MoveNote]) -> int:
    """Return what the last of a MAC's moves makes of it: 2 a duplicate, 1 a flap, 0 neither."""
    for result, (least, window_ns) in ((2, _DUPLICATE), (1, _FLAP)):
        if _count(moves, moves[-1].time_ns - window_ns) >= least:
            return result
    return 0


def _count(moves: Sequence[MoveNote], after_ns: int) -> int:
    """Return how many moves count of those behind a time."""
    *past, current = _bursts(moves)
    count = 0
    for burst in past:
        counting = burst[-1:] if _migration(burst) else burst
        count += sum(move.time_ns > after_ns for move in counting)
    whole = sum(move.time_ns > after_ns for move in current)
    lasts_ns = current[-1].time_ns - current[0].time_ns
    return count + (whole if lasts_ns > _BURST_NS else min(whole, 1))


def _bursts(moves: Sequence[MoveNote]) -> list[list[MoveNote]]:
    bursts: list[list[MoveNote]] = []
    for move in moves:
        if bursts and move.time_ns - bursts[-1][-1].time_ns < _STILL_NS:
            bursts[-1].append(move)
        else:
            bursts.append([move])
    return bursts


def _migration(burst: Sequence[MoveNote]) -> bool:
    there_and_back = len(burst) == 2 and burst[0].frm == burst[-1].to
    short = burst[-1].time_ns - burst[0].time_ns <= _BURST_NS
    return short and len(burst) <= _MIGRATION and not there_and_back
