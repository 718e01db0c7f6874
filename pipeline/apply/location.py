"""Where each MAC is: the winning claim by RFC 7432, sections 7.7, 15 and 15.1, folded over time.

Claims of all observers are one stream per MAC, ordered by time. A claim that arrives behind later ones (up to
the lateness) rolls its key back to before them and folds them again: the result does not depend on who was
heard first. State is one record per MAC; the cost of a batch follows its claims.

A local learn (``learner``) is held beside the claims of routes but wins nothing: it can only contest a
sticky one.
"""

import ipaddress
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.apply.claims import CLAIM, Claims
from pipeline.apply.columns import Array, Mask
from pipeline.apply.records import LATENESS, us
from pipeline.apply.structs import from_frame, to_frame
from pipeline.schema import NAME

SLOTS: Final = 8
"""Different claims on one MAC held at once; beyond that local learns go first, then the oldest number."""
LOCATION: Final = np.dtype(
    [
        ("slot_location", np.uint32, SLOTS),
        ("slot_vtep", np.uint32, SLOTS),
        ("slot_seq", np.uint32, SLOTS),
        ("slot_sticky", np.bool_, SLOTS),
        ("slot_holders", np.uint32, SLOTS),
        ("slot_hearers", np.uint32, SLOTS),  # those holders that are not the originator itself
        ("slot_learner", np.uint32, SLOTS),  # see CLAIM
        ("found", np.bool_),  # somebody claims the MAC
        ("location", np.uint32),  # the winner, or the last one when nobody does
        ("vtep", np.uint32),
        ("seq", np.uint32),
        ("sticky", np.bool_),
        ("top", np.uint32),  # newest number seen in the MAC's life: what falls back and returns has not moved
        ("known", np.bool_),  # there has been a winner
        (
            "contested",
            np.bool_,
        ),  # a claim came from elsewhere while a sticky one was held, and both are still held
        ("divided", np.bool_),  # routes that claim it for different places are held at once
        ("since", np.int64),
        ("seen_since", np.int64),
        ("opened_offset", np.int64),
        ("opened_index", np.uint32),
        ("last_time", np.int64),
        ("last_observer", np.uint32),
    ]
)
NAMES: Final = frozenset(
    {"slot_location", "slot_vtep", "location", "vtep", "old_location", "old_vtep", "claim_location"}
)
"""Fields that hold codes of interned text."""
_STATE: Final = (
    "found", "location", "vtep", "seq", "sticky", "top", "known", "contested", "divided",
)  # fmt: skip
_ORDER: Final = ("index", "offset", "observer", "time", "key")
"""What claims are ordered by, the last first."""
_PLACE: Final = (
    "key", "time", "observer", "offset", "index", "now", "record_time", "dump", "late", "known_until"
)  # fmt: skip
_CLAIMED: Final = ("joins", "location", "seq", "sticky", "learner")
STEP: Final = np.dtype(
    [(f"claim_{name}", CLAIM[name]) for name in _CLAIMED]
    + [(name, CLAIM[name]) for name in _PLACE]
    + [(f"old_{name}", LOCATION[name]) for name in _STATE]
    + [(name, LOCATION[name]) for name in _STATE]
    + [(name, LOCATION[name]) for name in ("since", "seen_since", "opened_offset", "opened_index")]
    + [("moved", np.bool_)]
)
"""One row per claim that changed the winner, its contest or its division. ``moved``: the winner changed.

``old_*`` is the winner before; ``since``, ``seen_since`` and ``opened_*`` say when and by what its interval
began.
"""
Steps = npt.NDArray[np.void]


def newer(a: npt.NDArray[np.uint32], b: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return whether number a is newer than b: 0 < (a - b) mod 2^32 < 2^31 (RFC 7432, section 15)."""
    distance = (a - b).astype(np.uint32)
    ahead: npt.NDArray[np.bool_] = (distance != 0) & (distance < np.uint32(1 << 31))
    return ahead


class Locations:
    """The winning location of every MAC of one fabric."""

    def __init__(self) -> None:
        self.state = np.zeros(0, dtype=LOCATION)
        self._log: list[tuple[Claims, npt.NDArray[np.void]]] = []
        self._ranks = np.zeros(0, dtype=np.uint64)

    def fold(self, claims: Claims, keys: int, now: int) -> tuple[Steps, Claims]:
        """Fold claims into the state; return the steps taken, and the claims whose earlier steps are void.

        ``keys`` is the number of keys there are, ``now`` the fabric's clock after the batch.
        """
        self._grow(keys)
        self._rank(claims["vtep"])
        claims = claims[
            np.lexsort((claims["index"], claims["offset"], claims["observer"], claims["time"], claims["key"]))
        ]
        claims, void = self._roll_back(claims)
        steps = []
        size = len(claims)
        first = np.flatnonzero(np.diff(claims["key"], prepend=-1)) if size else np.zeros(0, dtype=np.int64)
        length = np.diff(np.append(first, size))
        rounds = 0
        while first.size:
            steps.append(self._round(claims[first]))
            rounds += 1
            going = length > rounds
            first, length = first[going] + 1, length[going]
        self._trim(now)
        joined = np.concatenate(steps) if steps else np.zeros(0, dtype=STEP)
        return joined, void

    def dump(self, keys: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames: the keys there are, claims that may be rolled back, states before."""
        claims, before = self._logged()
        recent = np.flatnonzero(claims["time"] >= now - us(LATENESS))
        recent = recent[np.lexsort([claims[name][recent] for name in _ORDER])]
        return {
            "locations": to_frame(self.state[:keys], NAMES),
            "claims": to_frame(claims[recent], NAMES),
            "before": to_frame(before[recent], NAMES),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.state = from_frame(frames["locations"], LOCATION, NAMES)
        self._log = [
            (from_frame(frames["claims"], CLAIM, NAMES), from_frame(frames["before"], LOCATION, NAMES))
        ]
        self._rank(self.state["slot_vtep"])

    def _logged(self) -> tuple[Claims, npt.NDArray[np.void]]:
        nothing = [(np.zeros(0, dtype=CLAIM), np.zeros(0, dtype=LOCATION))]
        claims, before = zip(*(self._log or nothing), strict=True)
        return np.concatenate(claims), np.concatenate(before)

    def _grow(self, keys: int) -> None:
        if keys > len(self.state):
            grown = np.zeros(max(keys, 2 * len(self.state), 1024), dtype=LOCATION)
            grown["last_time"] = np.iinfo(np.int64).min
            grown[: len(self.state)] = self.state
            self.state = grown

    def _rank(self, vteps: npt.NDArray[np.uint32]) -> None:
        """Rank VTEPs, given by code, by address: of two claims alike the lowest address wins."""
        top = int(vteps.max(initial=0)) + 1
        if top <= len(self._ranks):
            return
        texts = pl.DataFrame({"code": np.arange(top, dtype=np.uint32)}).select(
            pl.col("code").cat.to(NAME).cast(pl.String)
        )
        order = sorted(range(top), key=lambda code: _address_key(texts[code, 0]))
        self._ranks = np.empty(top, dtype=np.uint64)
        self._ranks[order] = np.arange(top, dtype=np.uint64)

    def _roll_back(self, claims: Claims) -> tuple[Claims, Claims]:
        """Undo what was folded after a claim that comes late; return all claims to fold, and those undone."""
        none = np.zeros(0, dtype=CLAIM)
        if not len(claims):
            return claims, none
        first = np.diff(claims["key"], prepend=-1) != 0
        head = claims[first]
        last = self.state[["last_time", "last_observer"]].take(head["key"])
        late = (head["time"] < last["last_time"]) | (
            (head["time"] == last["last_time"]) & (head["observer"] < last["last_observer"])
        )
        if not late.any():
            return claims, none
        since = np.full(len(self.state), np.iinfo(np.int64).max)
        device = np.zeros(len(self.state), dtype=np.uint32)
        since[head["key"][late]], device[head["key"][late]] = head["time"][late], head["observer"][late]
        logged, before = self._logged()
        behind = (logged["time"] > since[logged["key"]]) | (
            (logged["time"] == since[logged["key"]]) & (logged["observer"] > device[logged["key"]])
        )
        hit = np.flatnonzero(behind)
        if not hit.size:
            return claims, none
        hit = hit[np.lexsort([logged[name][hit] for name in _ORDER])]
        earliest = hit[np.diff(logged["key"][hit], prepend=-1) != 0]
        self.state[logged["key"][earliest]] = before[earliest]
        self._log = [(logged[~behind], before[~behind])]
        void = logged[hit]
        together = np.concatenate([claims, void])
        return together[np.lexsort([together[name] for name in _ORDER])], void

    def _trim(self, now: int) -> None:
        horizon = now - us(LATENESS)
        self._log = [part for part in self._log if len(part[0]) and part[0]["time"].max() >= horizon]

    def _round(self, claims: Claims) -> Steps:
        """Fold one claim of each of distinct keys."""
        key = claims["key"]
        before = self.state.take(key)
        after = before.copy()
        self._log.append((claims, before))
        at = np.arange(len(claims))
        held = after["slot_holders"] > 0
        _leave(after, claims, held, at)
        intruder = _join(after, claims, at)
        after["contested"] = (before["contested"] | intruder) & _sticky_and_elsewhere(after)
        self._elect(after)
        after["top"] = _top(before, after, claims)
        after["divided"] = _divided(after)
        changed = after["found"] != before["found"]
        for name in ("location", "vtep", "seq", "sticky"):
            changed |= after["found"] & (after[name] != before[name])
        after["since"] = np.where(changed, np.maximum(claims["time"], before["since"]), before["since"])
        after["seen_since"] = np.where(changed, claims["record_time"], before["seen_since"])
        after["opened_offset"] = np.where(changed, claims["offset"], before["opened_offset"])
        after["opened_index"] = np.where(changed, claims["index"], before["opened_index"])
        after["last_time"], after["last_observer"] = claims["time"], claims["observer"]
        self.state[key] = after
        told = np.flatnonzero(
            changed | (after["contested"] != before["contested"]) | (after["divided"] != before["divided"])
        )
        return _steps(claims[told], before[told], after[told], changed[told])

    def _elect(self, after: npt.NDArray[np.void]) -> None:
        """Set the winner of the claims held: sticky, then the newest number, then the lowest address."""
        held = (after["slot_holders"] > 0) & (after["slot_learner"] == 0)
        rank = self._ranks.take(after["slot_vtep"])
        seq, sticky = after["slot_seq"], after["slot_sticky"]
        best = np.zeros(len(after), dtype=np.int64)
        at = np.arange(len(after))
        for slot in range(1, SLOTS):
            best_seq, best_sticky = seq[at, best], sticky[at, best]
            tie = (seq[:, slot] == best_seq) | (sticky[:, slot] & best_sticky)
            beats = np.where(
                sticky[:, slot] != best_sticky,
                sticky[:, slot],
                np.where(tie, rank[:, slot] < rank[at, best], newer(seq[:, slot], best_seq)),
            )
            best = np.where(held[:, slot] & (~held[at, best] | beats), slot, best)
        found = held.any(axis=1)
        after["found"] = found
        after["known"] |= found
        for name in ("location", "vtep", "seq", "sticky"):
            after[name] = np.where(found, after[f"slot_{name}"][at, best], after[name])


def _divided(after: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Return whether routes that claim a MAC for another place than the winner's are held."""
    routes = (after["slot_holders"] > 0) & (after["slot_learner"] == 0)
    divided: npt.NDArray[np.bool_] = (routes & (after["slot_location"] != after["location"][:, None])).any(
        axis=1
    )
    return divided


def _top(before: npt.NDArray[np.void], after: npt.NDArray[np.void], claims: Claims) -> npt.NDArray[np.uint32]:
    """Return the newest number of each MAC's life; it begins anew where the number falls and nothing is held.

    The number also falls where the owner of the location starts again and says so in place.
    """
    seq, top = after["seq"], before["top"]
    numbered = after["found"] & ~after["sticky"]
    anew = ~before["found"] & ~newer(seq, top)
    in_place = claims["leaves"] & claims["joins"] & (claims["old_location"] == claims["location"])
    restarted = in_place & newer(claims["old_seq"], claims["seq"]) & (after["location"] == claims["location"])
    risen = newer(seq, top) | ~before["known"]
    highest: npt.NDArray[np.uint32] = np.where(numbered & (anew | restarted | risen), seq, top)
    return highest


def device_hashes(names: Sequence[str | None]) -> npt.NDArray[np.uint32]:
    """Return a hash of each name that is the same in every process."""
    return np.array([zlib.crc32((name or "").encode()) for name in names], dtype=np.uint32)


def _leave(
    after: npt.NDArray[np.void], claims: Claims, held: npt.NDArray[np.bool_], at: npt.NDArray[np.int64]
) -> None:
    match = held & claims["leaves"][:, None] & _same(after, claims, "old_")
    slot = match.argmax(axis=1)
    hit = match[at, slot]
    after["slot_holders"][at[hit], slot[hit]] -= 1
    after["slot_hearers"][at[hit], slot[hit]] -= claims["remote"][hit]


def _join(after: npt.NDArray[np.void], claims: Claims, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Add a holder to each claim; return where a new one comes from elsewhere while a sticky one is held."""
    held = after["slot_holders"] > 0
    match = held & _same(after, claims, "")
    known = match.any(axis=1)
    free = ~held.all(axis=1)
    # with all slots taken the claim with the oldest number goes
    age = (claims["seq"][:, None] - after["slot_seq"]).astype(np.uint32)
    age = np.where(age < np.uint32(1 << 31), age, 0)
    learnt = after["slot_learner"] > 0
    oldest = np.where(learnt, np.uint32(1 << 31), age).argmax(axis=1)
    slot = np.where(known, match.argmax(axis=1), np.where(free, held.argmin(axis=1), oldest))
    elsewhere = _heard_sticky(after) & _elsewhere(claims, after)
    # a local learn never takes a route's slot
    room = free | (claims["learner"] == 0) | learnt.any(axis=1)
    new = claims["joins"] & ~known & room
    put, to = at[new], slot[new]
    for name in ("location", "vtep", "seq", "sticky", "learner"):
        after[f"slot_{name}"][put, to] = claims[name][new]
    after["slot_holders"][put, to] = after["slot_hearers"][put, to] = 0
    joins = claims["joins"] & (known | room)
    after["slot_holders"][at[joins], slot[joins]] += 1
    after["slot_hearers"][at[joins], slot[joins]] += claims["remote"][joins]
    result: npt.NDArray[np.bool_] = new & elsewhere.any(axis=1)
    return result


def _same(after: npt.NDArray[np.void], claims: Claims, prefix: str) -> npt.NDArray[np.bool_]:
    """Return the slots of the same claim; a device's local learn is one wherever it is."""
    same = np.ones(after["slot_seq"].shape, dtype=bool)
    for name in ("location", "vtep", "seq", "sticky"):
        same &= after[f"slot_{name}"] == claims[prefix + name][:, None]
    learner = claims["learner"][:, None]
    result: npt.NDArray[np.bool_] = (same | (learner > 0)) & (after["slot_learner"] == learner)
    return result


def _steps(
    claims: Claims, before: npt.NDArray[np.void], after: npt.NDArray[np.void], moved: npt.NDArray[np.bool_]
) -> Steps:
    steps = np.zeros(len(claims), dtype=STEP)
    for name in _CLAIMED:
        steps[f"claim_{name}"] = claims[name]
    for name in _PLACE:
        steps[name] = claims[name]
    for name in _STATE:
        steps[f"old_{name}"], steps[name] = before[name], after[name]
    for name in ("since", "seen_since", "opened_offset", "opened_index"):
        steps[name] = before[name]
    steps["moved"] = moved
    return steps


def _heard_sticky(after: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Return the sticky claims held by others than the originator: a PE that was cut off goes on alone."""
    heard: npt.NDArray[np.bool_] = after["slot_sticky"] & (after["slot_hearers"] > 0)
    return heard


def _sticky_and_elsewhere(after: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Return whether a sticky claim and a claim of another location are held at once."""
    held = after["slot_holders"] > 0
    sticky = _heard_sticky(after)
    at = np.arange(len(after))
    home = sticky.argmax(axis=1)
    location, vtep = after["slot_location"][at, home], after["slot_vtep"][at, home]
    elsewhere = _apart(
        after["slot_location"], after["slot_vtep"], after["slot_learner"], location[:, None], vtep[:, None]
    )
    result: Mask = np.any(sticky, axis=1) & np.any(held & elsewhere, axis=1)
    return result


def _elsewhere(claims: Claims, after: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Return the slots that hold another place than the claim's."""
    location, vtep, learner = (claims[name][:, None] for name in ("location", "vtep", "learner"))
    return _apart(location, vtep, learner, after["slot_location"], after["slot_vtep"])


def _apart(location: Array, vtep: Array, learner: Array, home: Array, home_vtep: Array) -> Mask:
    """Return whether a claim is of another place than ``home``.

    Of a local learn the port does not matter: on the leaf that advertises the MAC it is at home. A leaf that
    tells no segment may still serve the one that is home.
    """
    told = (home_vtep != vtep) & ((location != vtep) | (home == home_vtep))
    apart: Mask = (location != home) & ((learner == 0) | told)
    return apart


def _address_key(text: Any) -> tuple[int, int, str]:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return 8, 0, str(text)
    return address.version, int(address), ""
