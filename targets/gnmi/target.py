"""One gNMI target: its state, what it offers and how it misbehaves."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from targets.gnmi.faults import Faults
from targets.gnmi.state import State
from targets.gnmi.unheard import Unheard

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """A model as Capabilities names it."""

    name: str
    version: str = ""
    organization: str = "OpenConfig working group"


@dataclass(eq=False)
class Target:
    """What a server serves. A reboot replaces ``state`` while the server is stopped."""

    state: State
    models: tuple[Model, ...] = ()
    serves: tuple[str, ...] = ()
    """Branches that the models have: a path that can't lie in one is refused. Empty: any path is taken."""
    sampled: Mapping[str, int] = field(default_factory=dict)
    """Patterns and the interval in ns at which TARGET_DEFINED samples them; all else it tells on change."""
    clock: Callable[[], int] = time.time_ns
    """The device's clock, ns since the epoch: stamps samples and answers."""
    fastest_ns: int = _SECOND_NS
    """Shortest interval of samples and heartbeats; what 0 stands for."""
    queue_bytes: int = 16 * 1024 * 1024
    """What may wait for a slow subscriber, each RPC; its RPC ends with RESOURCE_EXHAUSTED when it is more."""
    backlog_bytes: int = 64 * 1024 * 1024
    """What may wait for all of them together; whoever holds most is cut off when it is more."""
    unheard: Unheard = field(default_factory=Unheard)
    """Branches that can't be told of yet."""
    faults: Faults = field(default_factory=Faults)
    synced: set[str] = field(default_factory=set)
    """Paths, as subscribed to, that a stream has been told all of."""
