"""What observers say, in time: each poll of a host at its end, each line of a monitor at its arrival."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.profiles import LIVENESS
from collectors.records import Kind, Record, encode_record
from targets.frr.documents import NoAnswerError
from targets.frr.families import View, hear
from targets.frr.gobgp import Monitor, is_withdrawal
from targets.frr.report import Report
from targets.openconfig.families import FAMILIES, LIVENESS_INTERVAL_NS
from targets.sessions import Sessions

_SECOND_NS: Final = 1_000_000_000
HUNG_NS: Final = 3 * LIVENESS_INTERVAL_NS
"""A poll that took longer hung: a host whose every poll takes so long is not observed in time."""
DUMP_SILENCE_NS: Final = 500_000_000
DUMP_LIMIT_NS: Final = 5 * _SECOND_NS
"""A monitor's dump is over at its first silence of DUMP_SILENCE_NS, before the first withdrawal, or
DUMP_LIMIT_NS after its first line: GoBGP prints the table at once and says nothing at its end."""


@dataclass(frozen=True, slots=True)
class Emission:
    """One record value and when, and under which key, it was written."""

    time_ns: int
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll of a host."""

    end_ns: int
    """When its last answer was there: only then the agent knew."""
    took_ns: int
    documents: Mapping[str, object]
    """Answer by command; what failed is missing or no JSON of the expected form."""


def host(
    target: str, start_ns: int, polls: Iterable[Poll], sessions: Sessions, report: Report
) -> Iterator[Emission]:
    """Yield what the agent on one host says.

    A family begins with its first answer. Liveness begins with the polling itself, so that a host which never
    answers is missed. A poll that hung brings its answers, but is no sign of life.
    """
    now, view, fullest = start_ns, View(), 0
    families = report.families.setdefault(target, [LIVENESS])
    yield Emission(now, target, sessions.open(LIVENESS, now))
    for poll in polls:
        now = max(now, poll.end_ns)
        heard = hear(view, poll.documents)
        view = heard.view
        report.unreadable.update((target, sentence) for sentence in heard.unreadable)
        report.good[target] += heard.answers > 0
        report.failed[target] += heard.answers == 0
        report.partial[target] += 0 < heard.answers < fullest
        fullest = max(fullest, heard.answers)
        for family in (name for name in FAMILIES if name in heard.changes):
            say = sessions.say if family in families else sessions.dump
            for value in say(family, heard.changes[family], now):
                yield Emission(now, target, value)
            if family not in families:
                families.append(family)
        if heard.answers and poll.took_ns <= HUNG_NS:
            for value in sessions.beat(now):
                yield Emission(now, target, value)


def monitor(
    target: str,
    span_ns: tuple[int, int],
    lines: Iterable[tuple[int, object]],
    sessions: Sessions,
    report: Report,
) -> Iterator[Emission]:
    """Yield what a route monitor says, at each line's time of arrival, and that it lives during its span."""
    report.families[target] = [LIVENESS, "routes"]
    beats = _beats(target, span_ns, sessions)
    routes = _announcements(target, span_ns, lines, sessions, report)
    yield from heapq.merge(beats, routes, key=lambda emission: emission.time_ns)


def _beats(target: str, span_ns: tuple[int, int], sessions: Sessions) -> Iterator[Emission]:
    start_ns, end_ns = span_ns
    yield Emission(start_ns, target, sessions.open(LIVENESS, start_ns))
    for now in range(start_ns, end_ns + 1, LIVENESS_INTERVAL_NS):
        for value in sessions.beat(now):
            yield Emission(now, target, value)


def _announcements(
    target: str,
    span_ns: tuple[int, int],
    lines: Iterable[tuple[int, object]],
    sessions: Sessions,
    report: Report,
) -> Iterator[Emission]:
    start_ns, end_ns = span_ns
    routes, now, dumping = Monitor(), start_ns, True
    yield Emission(now, target, sessions.open("routes", now))
    for arrival_ns, line in lines:
        before, now = now, max(now, arrival_ns)
        silent = now - before > DUMP_SILENCE_NS
        if dumping and (silent or now - start_ns > DUMP_LIMIT_NS or is_withdrawal(line)):
            dumping = False
            over = before + DUMP_SILENCE_NS if silent else now
            yield Emission(over, target, sessions.sync("routes", over))
        try:
            delta = routes.hear(line)
        except NoAnswerError as error:
            report.failed[target] += 1
            report.unreadable[target, str(error)] += 1
            continue
        report.good[target] += 1
        for value in sessions.say("routes", delta, now):
            yield Emission(now, target, value)
    if dumping:
        over = max(now, min(end_ns, now + DUMP_SILENCE_NS))
        yield Emission(over, target, sessions.sync("routes", over))


def ticks(collector: str, start_ns: int, end_ns: int) -> Iterator[Emission]:
    """Yield a tick each second, the last at or behind the end."""
    for now in range(start_ns, end_ns + _SECOND_NS, _SECOND_NS):
        yield Emission(now, collector, encode_record(Record(kind=Kind.TICK, recv_ns=now)))
