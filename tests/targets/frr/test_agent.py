"""When the agent polls, what it says lives, and what it says of its polls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from targets.frr.agent import INTERVAL_S, LONGEST_PAUSE_S, Agent, Figures, life, pause
from targets.frr.emissions import HUNG_NS
from targets.frr.poll import Said
from targets.tree import Delta

HUNG_S = HUNG_NS / 1e9


@dataclass
class Clock:
    now_s: float = 1_000.0

    def monotonic(self) -> float:
        return self.now_s

    def time_ns(self) -> int:
        return round(self.now_s * 1e9)


@dataclass
class Script:
    """A host whose polls are written down: how long each command takes and what it brings."""

    clock: Clock
    polls: list[list[tuple[float, Said]]]
    families: tuple[str, ...] = ()
    leaves: int = 0

    def poll(self) -> Iterator[Said]:
        for took_s, said in self.polls.pop(0):
            self.clock.now_s += took_s
            yield said


@dataclass
class Listener:
    clock: Clock
    heard: list[tuple[str, object, int]] = field(default_factory=list)

    def changed(self, family: str, delta: Delta, time_ns: int) -> None:
        self.heard.append((family, delta, time_ns))

    def known(self, families: tuple[str, ...]) -> None:
        self.heard.append(("known", families, 0))

    def alive(self, time_ns: int, lasting_s: float) -> None:
        self.heard.append(("alive", lasting_s, time_ns))

    @property
    def beats(self) -> int:
        return sum(name == "alive" for name, _, _ in self.heard)


def said(
    changes: Mapping[str, Delta] | None = None, *, answers: int = 1, hung: bool = False, **complaints: str
) -> Said:
    return Said("zebra", changes or {}, answers, complaints, hung)


def agent_of(*polls: list[tuple[float, Said]]) -> tuple[Agent, Listener]:
    clock = Clock()
    listener = Listener(clock)
    agent = Agent(Script(clock, list(polls)), listener, Figures(), clock.time_ns, clock.monotonic)
    return agent, listener


@pytest.mark.parametrize(
    ("took_s", "paused_s"),
    [(0.0, 1.0), (0.3, 0.7), (0.5, 0.5), (0.7, 0.7), (3.0, 3.0), (20.0, LONGEST_PAUSE_S)],
)
def test_a_slow_poll_is_followed_by_a_pause_as_long_as_itself(took_s: float, paused_s: float) -> None:
    assert pause(took_s) == pytest.approx(paused_s)


@pytest.mark.parametrize(
    ("took_s", "lasts_s"), [(0.1, 5.0), (1.25, 5.0), (1.5, 6.0), (3.0, 12.0), (3.75, 15.0), (14.0, 15.0)]
)
def test_a_sign_of_life_lasts_until_the_next_two_could_have_come(took_s: float, lasts_s: float) -> None:
    assert life(took_s) == pytest.approx(lasts_s)


def test_changes_are_said_when_their_command_ends_not_when_the_poll_does() -> None:
    link, routes = Delta({"/interfaces/x": 1}), Delta({"/routes/x": 1})
    agent, listener = agent_of([(0.25, said({"link": link})), (2.0, said({"routes": routes}))])
    agent.poll()
    assert listener.heard[0] == ("link", link, 1_000_250_000_000)
    assert listener.heard[1] == ("routes", routes, 1_002_250_000_000)
    assert listener.beats == 1


def test_a_family_can_be_relied_on_once_the_poll_that_brought_it_is_over() -> None:
    agent, listener = agent_of([(0.1, said({"link": Delta({})})), (0.1, said())])
    agent._host.families = ("link",)  # type: ignore[misc]  # the script's own
    agent.poll()
    assert [name for name, _, _ in listener.heard] == ["link", "known", "alive"]


def test_a_poll_without_any_answer_is_no_sign_of_life() -> None:
    agent, listener = agent_of([(0.1, said(answers=0, bgpd="it is down"))])
    agent.poll()
    assert listener.beats == 0
    assert agent.figures.polls == {"good": 0, "partial": 0, "failed": 1}


def test_a_poll_that_hung_is_no_sign_of_life_though_something_answered() -> None:
    agent, listener = agent_of([(0.1, said()), (1.0, said(answers=0, hung=True, bgpd="it took too long"))])
    agent.poll()
    assert listener.beats == 0
    assert agent.figures.hung == 1


@pytest.mark.parametrize(("took_s", "beats"), [(HUNG_S, 1), (HUNG_S + 0.001, 0)])
def test_a_poll_that_took_too_long_is_no_sign_of_life(took_s: float, beats: int) -> None:
    agent, listener = agent_of([(took_s, said())])
    agent.poll()
    assert listener.beats == beats


def test_a_daemon_that_is_down_leaves_the_host_alive() -> None:
    agent, listener = agent_of([(0.1, said()), (0.1, said(answers=0, bgpd="failed to connect"))])
    agent.poll()
    assert listener.beats == 1
    assert agent.figures.polls["partial"] == 1
    assert agent.figures.complaints == {"bgpd": "failed to connect"}


def test_polls_slower_than_the_interval_are_counted() -> None:
    agent, _ = agent_of([(INTERVAL_S, said())], [(INTERVAL_S + 0.01, said())])
    agent.poll()
    assert agent.figures.slow == 0
    agent.poll()
    assert agent.figures.slow == 1
    assert agent.figures.took_s == pytest.approx(INTERVAL_S + 0.01)
