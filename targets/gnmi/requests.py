"""What clients ask for, read and judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from google.protobuf.message import DecodeError
from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi import limits, paths
from targets.gnmi.limits import shown
from targets.gnmi.paths import Element, Pattern
from targets.gnmi.target import Target
from targets.gnmi.views import View
from targets.gnmi.wire import Encoding

_ORIGINS: Final = ("", "openconfig")


class RequestError(Exception):
    """A request that ends its RPC; the message says what to do."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Sampling:
    """A view to be told again and again: all paths of one request that are sampled in the same way."""

    view: View
    interval_ns: int
    suppress: bool = False
    """Leaves that have not changed since they were told stay out ..."""
    heartbeat_ns: int = 0
    """... but for once in this time, if not 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a Subscribe RPC is to hear."""

    mode: str
    """STREAM, ONCE or POLL."""
    all: View
    changes: tuple[View, ...]
    samplings: tuple[Sampling, ...]
    updates_only: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a Get RPC is to be answered; one notification for each path."""

    paths: tuple[str, ...]
    view: View
    type: int


def subscription(content: bytes, target: Target) -> Plan:
    """Return what the first message of a Subscribe RPC asks for; raises RequestError."""
    request = _parsed(gnmi_pb2.SubscribeRequest, content)
    if not request.HasField("subscribe"):
        raise _invalid("the first message of Subscribe has to be a SubscriptionList")
    asked = request.subscribe
    if not asked.subscription:
        raise _invalid("the SubscriptionList has no subscription: name at least one path")
    _check_number(len(asked.subscription))
    if asked.use_aliases:
        raise RequestError(StatusCode.UNIMPLEMENTED, "aliases are not supported: leave use_aliases out")
    if asked.mode not in gnmi_pb2.SubscriptionList.Mode.values():
        raise _invalid(f"there is no mode {asked.mode} of subscription lists: use STREAM, ONCE or POLL")
    _check_models(asked.use_models, target)
    builder = _Builder(target, asked)
    for one in asked.subscription:
        builder.add(one)
    return builder.plan()


def poll(content: bytes) -> None:
    """Judge a later message of a Subscribe RPC in mode POLL; raises RequestError."""
    if not _parsed(gnmi_pb2.SubscribeRequest, content).HasField("poll"):
        raise _invalid("after its SubscriptionList, an RPC in mode POLL takes Poll messages only")


def question(content: bytes, target: Target) -> Question:
    """Return what a Get asks for; raises RequestError."""
    request = _parsed(gnmi_pb2.GetRequest, content)
    if request.type not in gnmi_pb2.GetRequest.DataType.values():
        raise _invalid(f"there is no data type {request.type}: use ALL, CONFIG, STATE or OPERATIONAL")
    _check_models(request.use_models, target)
    _check_number(len(request.path))
    given = request.path or [gnmi_pb2.Path()]
    asked = tuple(dict.fromkeys(path_of(path, request.prefix, target) for path in given))
    return Question(asked, _view(asked, request, target), request.type)


def require_known(view: View, target: Target) -> None:
    """Raise RequestError if nothing is known yet of a branch that a view shows."""
    unheard = target.unheard.of(view)
    if unheard is not None:
        raise RequestError(StatusCode.UNAVAILABLE, f"nothing is known of {unheard} yet: ask again later")


def path_of(path: Any, prefix: Any, target: Target) -> str:
    """Return a path below its prefix as text; raises RequestError for one that the target doesn't take."""
    if path.target:
        raise _invalid("the target's name stands in the prefix, never in a path")
    if path.origin and prefix.origin:
        raise _invalid("the origin stands in the prefix or in the path, not in both")
    if any(one.element and not one.elem for one in (path, prefix)):  # some clients send both
        raise _invalid("the path uses 'element', which gNMI 0.4 has replaced: use 'elem'")
    too_much = limits.excess(path, prefix)
    if too_much is not None:
        raise _invalid(too_much)
    origin = path.origin or prefix.origin
    if origin not in _ORIGINS:
        raise _invalid(f"origin {shown(origin)!r} is not served: use 'openconfig' or leave it out")
    parts = [_element(elem) for elem in (*prefix.elem, *path.elem)]
    text = paths.text_of(parts)
    _check_served(text, paths.pattern(parts), target)
    return text


class _Builder:
    """Collects the subscriptions of one list."""

    def __init__(self, target: Target, asked: Any) -> None:
        self.target = target
        self.asked = asked
        self.all: list[str] = []
        self.on_change: list[str] = []
        self.defined: list[str] = []
        self.skipped: list[str] = []
        self.sampled: dict[tuple[int, bool, int], list[str]] = {}

    def add(self, one: Any) -> None:
        """Add a subscription; raises RequestError."""
        path = path_of(one.path, self.asked.prefix, self.target)
        self.all.append(path)
        if self.asked.mode != gnmi_pb2.SubscriptionList.STREAM:
            return
        heartbeat = self._interval(one.heartbeat_interval, "heartbeat_interval", path)
        if one.mode == gnmi_pb2.ON_CHANGE:
            self.on_change.append(path)
        elif one.mode == gnmi_pb2.SAMPLE:
            interval = self._interval(one.sample_interval, "sample_interval", path) or self.target.fastest_ns
            self._sample(path, interval, suppress=one.suppress_redundant, heartbeat_ns=heartbeat)
            return
        elif one.mode == gnmi_pb2.TARGET_DEFINED:
            if one.sample_interval:
                raise _invalid(
                    f"{shown(path)}: mode TARGET_DEFINED takes no sample_interval: use mode SAMPLE"
                )
            self._leave_to_target(path)
        else:
            raise _invalid(
                f"{shown(path)}: there is no mode {one.mode}: use ON_CHANGE, SAMPLE or TARGET_DEFINED"
            )
        if heartbeat:
            self._sample(path, heartbeat)

    def plan(self) -> Plan:
        """Return the plan for all that was added."""
        skipped = tuple(dict.fromkeys(self.skipped))
        together = [self.on_change + self.defined] if not skipped else [self.on_change, self.defined]
        changes = [self._view(asked, skipped if asked is self.defined else ()) for asked in together if asked]
        return Plan(
            mode=gnmi_pb2.SubscriptionList.Mode.Name(self.asked.mode),
            all=self._view(self.all),
            changes=tuple(changes),
            samplings=tuple(Sampling(self._view(asked), *how) for how, asked in self.sampled.items()),
            updates_only=self.asked.updates_only,
        )

    def _leave_to_target(self, path: str) -> None:
        self.defined.append(path)
        parts = paths.asked(path)
        for text, interval_ns in self.target.sampled.items():
            shared = _both(parts, paths.elements(text))
            if shared is not None:
                self.skipped.append(text)
                self._sample(shared, interval_ns)

    def _sample(self, path: str, interval_ns: int, *, suppress: bool = False, heartbeat_ns: int = 0) -> None:
        self.sampled.setdefault((interval_ns, suppress, heartbeat_ns), []).append(path)
        if len(self.sampled) > limits.SAMPLINGS:
            raise _invalid(
                f"{shown(path)}: one RPC samples in {limits.SAMPLINGS} ways at most: use equal intervals"
            )

    def _interval(self, interval_ns: int, name: str, path: str) -> int:
        if 0 < interval_ns < self.target.fastest_ns:
            raise _invalid(
                f"{shown(path)}: {name} {interval_ns} ns is too short:"
                f" use {self.target.fastest_ns} ns or more, or 0"
            )
        return interval_ns

    def _view(self, asked: Iterable[str], skipped: tuple[str, ...] = ()) -> View:
        return _view(tuple(dict.fromkeys(asked)), self.asked, self.target, skipped)


def _view(asked: tuple[str, ...], request: Any, target: Target, skipped: tuple[str, ...] = ()) -> View:
    if request.encoding not in tuple(Encoding):
        raise RequestError(
            StatusCode.UNIMPLEMENTED,
            f"encoding {request.encoding} is not supported: use PROTO, JSON_IETF or JSON",
        )
    return View(
        asked,
        Encoding(request.encoding),
        target=request.prefix.target,
        origin=request.prefix.origin,
        skipped=skipped,
        wide=target.state.wide,
    )


def _check_served(text: str, asked: Pattern, target: Target) -> None:
    for refused in sorted(target.faults.refused):
        if paths.covers(paths.pattern(paths.elements(refused)), asked):
            raise _invalid(f"path {shown(text)} is not supported")
    if target.serves and not any(
        paths.overlap(asked, paths.pattern(paths.elements(s))) for s in target.serves
    ):
        raise _invalid(f"path {shown(text)} is unknown: this target serves {', '.join(target.serves)}")


def _check_number(given: int) -> None:
    if given > limits.PATHS:
        raise _invalid(f"the request has {given} paths: {limits.PATHS} at most, a wildcard stands for many")


def _parsed(message: Any, content: bytes) -> Any:
    try:
        return message.FromString(content)
    except DecodeError as error:
        raise _invalid(f"this is no {message.DESCRIPTOR.name}: {error}") from error


def _element(elem: Any) -> Element:
    if not elem.name or any(char in "/[]" for char in elem.name):
        raise _invalid(f"{shown(elem.name)!r} can't be the name of a path's element")
    for key in elem.key:
        if not key or any(char in "[]=" for char in key):
            raise _invalid(f"{shown(key)!r} can't be a key of the path's element {shown(elem.name)}")
    return paths.of(elem.name, dict(elem.key))


def _both(one: Sequence[Element], other: Sequence[Element]) -> str | None:
    """Return the pattern of what lies below both; None if nothing can, or if that takes more than one."""
    if any(part.name in (paths.ANY, paths.DEEP) for part in (*one, *other)):
        return None
    mine, yours = paths.pattern(one), paths.pattern(other)
    if not paths.overlap(mine, yours):
        return None
    return paths.text_of(
        [
            paths.of((left or right).name, {**(right.keys if right else {}), **(left.keys if left else {})})
            for left, right in zip_longest(mine, yours)
        ]
    )


def _check_models(asked: Iterable[Any], target: Target) -> None:
    known = {model.name for model in target.models}
    for model in asked:
        if model.name not in known:
            raise RequestError(
                StatusCode.UNIMPLEMENTED,
                f"model {shown(model.name)!r} is not supported: Capabilities names those that are",
            )


def _invalid(message: str) -> RequestError:
    return RequestError(StatusCode.INVALID_ARGUMENT, message)
