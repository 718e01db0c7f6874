"""What one collector process carries, beside Telegraf, on the same targets and broker in the same run.

Targets are served by a process of Go (`bench/peer/targets`), over TLS and with a login. Each step says
messages at a rate for some seconds, waits until the topic holds what was said, and looks at the CPU of the
collector's process alone; updates in the topic are counted against those said. Three parts:

- *beside*: both collectors hear the same messages at the same time, at a rate that both can take;
- *most*: each by itself, ten per cent more at each step until it needs a whole core, or can't follow;
- *targets*: more and more targets, first idle, then with the same rate over all of them.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import fleet, gnmi_messages
from bench.arena import Arena, Step
from bench.contenders import CONTENDERS
from bench.figures import Figure
from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess
from pipeline.broker import EmbeddedBroker

BENCH: Final = "collector"
FULL: Final = 1.0
"""Cores."""
GROWTH: Final = 1.1
DOUBLED: Final = 2.0
_FAILURES: Final = 2
"""After so many the rate is too high: a single one may be the broker's, which pauses now and then."""
_NEXT: Final = 0.85
"""Cores that a step aims at; then steps grow by GROWTH. A message costs most at low rates."""


@dataclass(frozen=True)
class Form:
    """How targets send: MAC entries of five updates in each message, messages a second that both can take."""

    what: str
    entries: int
    beside: float

    @property
    def updates(self) -> int:
        """Return the updates in a message."""
        return self.entries * gnmi_messages.LEAVES


@dataclass(frozen=True)
class Plan:
    """How long all takes."""

    targets: int
    beside_s: float
    step_s: float
    steps: int
    counts: tuple[int, ...]
    idle_s: float


FORMS: Final = (
    Form("5 updates per message", 1, 2_000),
    Form("50 updates per message", 10, 400),
)
FULL_PLAN: Final = Plan(targets=8, beside_s=8.0, step_s=3.5, steps=7, counts=(8, 64, 256), idle_s=7.0)
QUICK_PLAN: Final = Plan(targets=8, beside_s=3.0, step_s=2.0, steps=2, counts=(8, 64), idle_s=5.0)
SPREAD_RATE: Final = 1_000.0
"""Messages of five updates a second over all targets, however many they are."""


def measure(*, quick: bool) -> Iterator[Figure]:
    """Yield CPU per update, the most that a process takes, and what targets cost; nothing without Go."""
    try:
        fleet.build()
    except FabricscopeError as error:
        print(f"{BENCH}: left out, {error}")
        return
    plan = QUICK_PLAN if quick else FULL_PLAN
    with tempfile.TemporaryDirectory(prefix="fabricscope-bench-") as name, EmbeddedBroker() as broker:
        folder, access = Path(name), KafkaAccess(servers=broker.address)
        files = [folder / f"{form.entries}.messages" for form in FORMS]
        for form, file in zip(FORMS, files, strict=True):
            file.write_bytes(gnmi_messages.packed(gnmi_messages.messages(form.entries)))
        with Arena(plan.targets, access, folder / "rates") as arena:
            for form, file in zip(FORMS, files, strict=True):
                yield from _rates(arena, form, file, plan)
        for count in plan.counts:
            with Arena(count, access, folder / f"{count}-targets") as arena:
                yield from _targets(arena, files[0], plan)


def _rates(arena: Arena, form: Form, file: Path, plan: Plan) -> Iterator[Figure]:
    names = [one.name for one in CONTENDERS]
    both = arena.step(file, form.updates, form.beside, plan.beside_s, names)
    for name, step in both.items():
        yield Figure(
            BENCH,
            f"{name}: {form.what}, {form.beside * form.updates:,.0f} updates/s",
            "CPU us per update",
            (step.cpu_us,),
            details=asdict(step),
        )
    for name, step in both.items():
        steps = list(_ramp(arena, form, file, plan, (name, step)))
        carried = [one for one in steps if one.followed and one.cores <= FULL]
        most = max((one.updates_per_s for one in carried), default=0.0)
        yield Figure(
            BENCH,
            f"{name}: {form.what}, the most",
            "updates/s",
            (most,),
            details={"steps": [asdict(one) for one in steps]},
        )


def _ramp(arena: Arena, form: Form, file: Path, plan: Plan, known: tuple[str, Step]) -> Iterator[Step]:
    """Yield steps, each with more than the one before, until one can't be followed or takes a whole core."""
    name, step = known
    rate, failures = step.messages_per_s, 0
    for _ in range(plan.steps):
        if step.followed:
            rate *= max(GROWTH, min(DOUBLED, _NEXT / step.cores))
        step = arena.step(file, form.updates, rate, plan.step_s, [name])[name]
        yield step
        failures += not step.followed
        if failures == _FAILURES or step.cores > FULL:
            return


def _targets(arena: Arena, file: Path, plan: Plan) -> Iterator[Figure]:
    names, count, form = [one.name for one in CONTENDERS], arena.fleet.count, FORMS[0]
    for name, usage in arena.idle(plan.idle_s).items():
        yield Figure(
            BENCH,
            f"{name}: {count} targets that say only their liveness",
            "% of a core",
            (usage.cpu_s / plan.idle_s * 100,),
            details={"rss_mib": usage.rss_mib, "rpcs": arena.fleet.subscribers()[name].rpcs},
        )
    for name, step in arena.step(file, form.updates, SPREAD_RATE, plan.idle_s, names).items():
        yield Figure(
            BENCH,
            f"{name}: {count} targets, {SPREAD_RATE * form.updates:,.0f} updates/s of them all",
            "% of a core",
            (step.cores * 100,),
            details=asdict(step),
        )
