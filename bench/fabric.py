"""The fabric of the benchmarks: who is in it, and what its addresses are.

Two spines, ten leaves, ten VNIs on every leaf. A MAC has a number; the group of a MAC is the leaf and the VNI
where it is: ``leaf * VNIS + vni``.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from bench.messages import Bytes, texts

SPINES: Final = 2
LEAVES: Final = 10
VNIS: Final = 10
GROUPS: Final = LEAVES * VNIS
MAX_MACS: Final = 1_000_000
"""Addresses of hosts are 10.A.B.C with three digits each, so that all are as long."""
FIRST_VNI: Final = 1010
FIRST_ATTR: Final = 1_000
FIRST_EXT: Final = 20_000
SEQUENCES: Final = 64
"""Indexes of extended communities are kept apart by VNI and mobility sequence."""

Ints = npt.NDArray[np.int64]


def leaf_name(leaf: int) -> str:
    return f"leaf-{10 + leaf}"


def spine_name(spine: int) -> str:
    return f"spine-{1 + spine}"


def vtep(leaf: int) -> str:
    return f"10.0.0.{10 + leaf}"


def loopback(spine: int) -> str:
    return f"10.0.0.{1 + spine}"


def rd(group: int) -> str:
    return f"{vtep(group // VNIS)}:{FIRST_VNI + group % VNIS}"


DEVICES: Final = [*map(spine_name, range(SPINES)), *map(leaf_name, range(LEAVES))]

RD_TEXTS: Final = texts([rd(group) for group in range(GROUPS)])
PEER_TEXTS: Final = texts([vtep(leaf) for leaf in range(LEAVES)])
LABEL_TEXTS: Final = texts([str(FIRST_VNI + vni) for vni in range(VNIS)])
INSTANCE_TEXTS: Final = texts([f"evi-{FIRST_VNI + vni}" for vni in range(VNIS)])
DEVICE_TEXTS: Final = texts(DEVICES)


def mac_texts(macs: Ints) -> Bytes:
    """Return MAC addresses, 00:50:56 and the number, one dimension more."""
    written = np.empty((*macs.shape, 17), dtype=np.uint8)
    written[:] = np.frombuffer(b"00:50:56:00:00:00", dtype=np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    for nibble, at in enumerate((16, 15, 13, 12, 10, 9)):
        written[..., at] = digits[(macs >> 4 * nibble) & 15]
    return written


def mac_address(mac: int) -> int:
    """Return the MAC address of a MAC's number as an integer."""
    return 0x005056_000000 + mac


def ip_texts(macs: Ints) -> Bytes:
    """Return the address of each MAC's host, one dimension more."""
    written = np.empty((*macs.shape, 14), dtype=np.uint8)
    written[:] = np.frombuffer(b"10.000.000.000", dtype=np.uint8)
    for octet, at in ((macs // 10_000, 3), (macs // 100, 7), (macs, 11)):
        value = 100 + octet % 100
        for digit, unit in enumerate((100, 10, 1)):
            written[..., at + digit] = ord("0") + value // unit % 10
    return written
