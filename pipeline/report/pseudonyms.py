"""Other names for addresses and for what people chose: the same for the same, by a key.

MACs, ESIs and IP addresses stay what they are by form, and subnets stay subnets. Numbers (VNIs, VLANs, AS
numbers), names of ports by number and the words of standards stay as they are. Pure.
"""

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from pipeline.report.permuted import hashed, mixed, prefixes_kept

KEY_BYTES: Final = 32
WITHHELD: Final = "[withheld]"
_ZERO: Final = frozenset(("0.0.0.0", "::"))  # noqa: S104  # nobody's address
_GENERIC: Final = re.compile(
    r"(?:default|global|mgmt\d*|none|lo\d*|loopback-?\d+|vlan-?\d+|irb[-.\d]*|br\d+|vx(?:lan)?-?\d+|vni-?\d+"
    r"|evi-?\d+|bd-?\d+|(?:ethernet|eth|swp|et|xe|ge|te|gi|po|ae|lag|bond|up|port|port-channel)-?\d+(?:[-/.:]\d+)*"
    r"|[\d.,:/ -]*)",
    re.IGNORECASE,
)
"""What says nothing of whose network it is."""
_ADDRESS: Final = (
    r"(?<![\w.:-])(?:(?P<esi>[0-9a-f]{2}(?::[0-9a-f]{2}){9})"
    r"|(?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})"
    r"|(?P<ipv4>\d{1,3}(?:\.\d{1,3}){3})"
    r"|(?P<ipv6>[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?))(?!\w|:\w|\.\d)"
    r"|(?<![\w.:-])(?P<of_rd>\d{1,3}(?:\.\d{1,3}){3})(?=:\d)"
)
_ADDRESSES: Final = re.compile(_ADDRESS, re.IGNORECASE)
_WORD: Final = r"(?P<word>\w[\w.-]*\w|\w)"
_PLAIN: Final = re.compile(_WORD)
_HOST: Final = re.compile(r"[a-z][\w-]*(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)
_LONG: Final = 4
"""Characters from which on a name within a longer word is looked for."""


class Pseudonyms:
    """Other names by one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} octets, not {len(key)}")
        self._key = key
        self.names: dict[str, str] = {}
        """By original: every name that was replaced."""
        self._known = -1
        self._pattern = _ADDRESSES
        self._words: dict[str, str] = {}
        self.mac = cache(self._mac)
        self.ipv4 = cache(lambda one: prefixes_kept(key, one, 32))
        self.ipv6 = cache(lambda one: prefixes_kept(key, one, 128))

    def halves(self, high: int, low: int) -> tuple[int, int]:
        """Return an address in the two halves that the store has, IPv4 as IPv4-mapped IPv6."""
        if high == 0 and low >> 32 == 0xFFFF:
            return 0, 0xFFFF << 32 | (self.ipv4(low & 0xFFFFFFFF) if low & 0xFFFFFFFF else 0)
        whole = self.ipv6(high << 64 | low) if high or low else 0
        return whole >> 64, whole & (1 << 64) - 1

    def name(self, text: str, kind: str) -> str:
        """Return another name for what people chose; of what is made of addresses, one that is made so."""
        if text not in self.names:
            found = _ADDRESSES.sub(self._address, text)
            rest = _ADDRESSES.sub("", text)
            if found == text or not re.fullmatch(r"[\s\d,;:/.-]*", rest):
                told = hashed(self._key, b"name", text.encode()).hex()
                found = text if _GENERIC.fullmatch(text) else f"{kind}-{told[:10]}" if kind else told[:20]
            if found == text:
                return text
            self.names[text] = found
        return self.names[text]

    def sentence(self, text: str) -> str:
        """Return a text with other addresses, and other names for all that were given one so far."""
        if self._known != len(self.names):
            self._known = len(self.names)
            self._words.clear()
            odd = sorted((one for one in self.names if not _PLAIN.fullmatch(one)), key=len, reverse=True)
            named = "|".join(map(re.escape, odd))
            parts = [*([f"(?P<odd>{named})"] if odd else []), _ADDRESS, _WORD]
            self._pattern = re.compile("|".join(parts), re.IGNORECASE)
        return self._pattern.sub(self._told, text)

    def _told(self, found: re.Match[str]) -> str:
        text = found[0]
        if text in self.names:
            return self.names[text]
        if found.groupdict().get("odd") is not None or found["word"] is not None:
            return self._word(text)
        return self._address(found)

    def _word(self, text: str) -> str:
        """Return a word, another one if it is a host's name or has a name in it, in whatever case."""
        if text not in self._words:
            folded = text.casefold()
            hides = any(len(name) >= _LONG and name.casefold() in folded for name in self.names)
            hides = hides or _HOST.fullmatch(text) is not None
            told = hashed(self._key, b"name", text.encode()).hex()[:10]
            self._words[text] = f"name-{told}" if hides else text
        return self._words[text]

    def _address(self, found: re.Match[str]) -> str:
        text = found[0]
        if found["esi"]:
            return self._esi(text)
        if found["mac"]:
            digits = f"{self.mac(int(re.sub(r'[.:-]', '', text), 16)):012x}"
            return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
        return text if text in _ZERO else self._ip(text)

    def _ip(self, text: str) -> str:
        try:
            address = ip_address(text)
        except ValueError:  # a time, say
            return text
        if isinstance(address, IPv4Address):
            return str(IPv4Address(self.ipv4(int(address))))
        if address.ipv4_mapped is not None:
            return f"::ffff:{IPv4Address(self.ipv4(int(address.ipv4_mapped)))}"
        return str(IPv6Address(self.ipv6(int(address))))

    def _mac(self, number: int) -> int:
        return mixed(self._key, b"mac", number, 24) if number not in (0, 0xFFFF_FFFF_FFFF) else number

    def _esi(self, text: str) -> str:
        number = int(text.replace(":", ""), 16)
        kind, value = number >> 72, number & (1 << 72) - 1
        if value == 0:
            return text
        digits = f"{kind << 72 | mixed(self._key, b'esi', value, 36):020x}"
        return ":".join(digits[at : at + 2] for at in range(0, 20, 2))
