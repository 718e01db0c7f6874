"""What happens to MACs in a fabric: they change, move, age out and come back, most of them seldom.

Leaves form pods of 40; a MAC stays in its VNI's pod. One MAC in a hundred makes a third of all steps. Arrays
by MAC hold the present; the steps of an hour are made at once, a round for each further step of a MAC.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

POD: Final = 40
VNIS_PER_POD: Final = 20
RETURN, CHANGE, MOVE, AGE = range(4)
"""What a step is: it comes (back), its attributes change, it moves to another leaf, it ages out."""
_CLASSES: Final = (0.6, 0.3, 0.09, 0.01)
"""Parts of the MACs: those that hardly change, change daily, often, without end."""
_SHARES: Final = (0.06, 0.24, 0.36, 0.34)
"""Parts of all steps that each class makes."""
_MOVING: Final = np.array([0.02, 0.05, 0.2, 0.6])
_AGEING: Final = 0.08
_TOUCHING: Final = 0.1
"""Part of the changes that raise the sequence number in place."""
_APART_US: Final = 2_000_000
"""Two steps of a MAC are further apart than observers' clocks and delays."""
_OUIS: Final = (0x005056, 0x525400, 0xFA163E, 0x3CFDFE, 0xB49691, 0x00163E)


@dataclass(frozen=True)
class Steps:
    """Steps by MAC and time; ``before`` values count where it was there, ``after`` where it is."""

    mac: Ints
    time: Ints
    op: Ints
    touched: Flags
    """A change that raised the number."""
    first: Flags
    """The first step of its MAC in these."""
    leaf_before: Ints
    leaf: Ints
    seq_before: Ints
    seq: Ints
    med_before: Ints
    med: Ints


class Life:
    """MACs, all of them absent at first."""

    def __init__(self, macs: int, leaves: int, seed: int) -> None:
        if leaves % POD or macs % (leaves // POD * VNIS_PER_POD):
            raise ValueError(
                f"{leaves} leaves, {macs} MACs: take pods of {POD} and the same MACs in each VNI"
            )
        self.random = np.random.default_rng(seed)
        self.macs, self.leaves = macs, leaves
        self.vnis = leaves // POD * VNIS_PER_POD
        number = np.arange(macs)
        self.vni = number % self.vnis
        self.address = (np.array(_OUIS)[number * 7919 % 6] << 24) | (number * 0x9E3779 % (1 << 24))
        self.host = np.where(number % 5 == 0, -1, (10 << 24) + self.vni * 8192 + number // self.vnis)
        self.multihomed = number % 7 == 3
        self._classes = np.searchsorted(np.cumsum(_CLASSES), self.random.permutation(macs) / macs, "right")
        self._members = [np.flatnonzero(self._classes == at) for at in range(len(_CLASSES))]
        self.present = np.zeros(macs, np.bool_)
        self.leaf = self.vni // VNIS_PER_POD * POD + self.random.integers(POD, size=macs)
        self.seq = np.full(macs, -1)  # no number yet
        self.med = np.zeros(macs, np.int64)

    def begin(self, macs: Ints, begin: int, span: int) -> Steps:
        """Let MACs come that were never there."""
        return self._step(macs, np.sort(begin + self.random.integers(span, size=len(macs))))

    def steps(self, begin: int, span: int, count: int) -> Steps:
        """Let about ``count`` steps happen from ``begin`` on, none in the last two seconds of ``span``."""
        of_class = self.random.multinomial(count, _SHARES)
        macs = np.concatenate(
            [
                members[self.random.integers(len(members), size=many)]
                for members, many in zip(self._members, of_class, strict=True)
                if len(members)
            ]
        )
        time = begin + self.random.integers(span - _APART_US, size=len(macs))
        order = np.lexsort((time, macs))
        macs, time = macs[order], time[order]
        kept = np.ones(len(macs), np.bool_)
        kept[1:] = (np.diff(macs) != 0) | (np.diff(time) > _APART_US)
        return self._step(macs[kept], time[kept])

    def _step(self, mac: Ints, time: Ints) -> Steps:
        count = len(mac)
        first = np.ones(count, np.bool_)
        first[1:] = np.diff(mac) != 0
        rank = np.arange(count) - np.maximum.accumulate(np.where(first, np.arange(count), 0))
        chance, other = self.random.random(count), self.random.integers(1, POD, size=count)
        op, touched = np.zeros(count, np.int64), np.zeros(count, np.bool_)
        told = {name: np.zeros((2, count), np.int64) for name in ("leaf", "seq", "med")}
        for turn in range(int(rank.max(initial=-1)) + 1):
            at = np.flatnonzero(rank == turn)
            who = mac[at]
            moving = _MOVING[self._classes[who]]
            does = np.select(
                [~self.present[who], chance[at] < moving, chance[at] < moving + _AGEING],
                [RETURN, MOVE, AGE],
                CHANGE,
            )
            raised = (does == CHANGE) & (chance[at] > 1 - _TOUCHING)
            for name, values in told.items():
                values[0, at] = getattr(self, name)[who]
            leaf, seq, med = (values[0, at] for values in told.values())
            pod = leaf // POD * POD
            self.leaf[who] = np.where(does == MOVE, pod + (leaf - pod + other[at]) % POD, leaf)
            counted = np.where(raised | (does == MOVE), np.maximum(seq, 0) + 1, seq)
            self.seq[who] = np.where(does == RETURN, -1, counted)
            self.med[who] = np.where((does == CHANGE) & ~raised, (med + 1) % 8, med)
            self.present[who] = does != AGE
            op[at], touched[at] = does, raised
            for name, values in told.items():
                values[1, at] = getattr(self, name)[who]
        return Steps(
            mac=mac,
            time=time,
            op=op,
            touched=touched,
            first=first,
            leaf_before=told["leaf"][0],
            leaf=told["leaf"][1],
            seq_before=told["seq"][0],
            seq=told["seq"][1],
            med_before=told["med"][0],
            med=told["med"][1],
        )
