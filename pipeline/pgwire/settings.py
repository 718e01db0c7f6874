"""A session's settings: what SET, RESET and SHOW know."""

import re
from typing import Final

from pipeline.pgwire.catalog import SETTINGS
from pipeline.pgwire.refusal import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER, UNDEFINED_OBJECT, RefusalError

REPORTED: Final = (
    "server_version",
    "server_encoding",
    "client_encoding",
    "application_name",
    "default_transaction_read_only",
    "in_hot_standby",
    "is_superuser",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
)
"""What clients are told of at the start."""

_DEFAULTS: Final = {
    **SETTINGS,
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "session_authorization": "",
}
_NAMES: Final = {name.lower(): name for name in _DEFAULTS}
_FREE: Final = frozenset(
    {"application_name", "client_min_messages", "extra_float_digits", "jit", "lock_timeout", "row_security"}
)
"""Nothing here depends on them."""

_SAME: Final = {
    "utf8": "UTF8",
    "utf-8": "UTF8",
    "unicode": "UTF8",
    "iso": "ISO, MDY",
    "true": "on",
    "1": "on",
}
"""Other ways to write a value."""

_TIME: Final = re.compile(r"\s*(\d{1,9})\s*(us|ms|s|min|h|d)?\s*")
_SECONDS: Final = {"us": 1e-6, "ms": 1e-3, None: 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST: Final = 1_000


class Settings:
    """The settings of one session."""

    def __init__(self, user: str) -> None:
        """Begin with the defaults."""
        self._values = {**_DEFAULTS, "session_authorization": user}
        self._begun = dict(self._values)
        self._local: dict[str, str] | None = None

    @property
    def statement_seconds(self) -> float | None:
        """How long a statement may run, as the client wants it; None: as long as the server lets it."""
        return _seconds(self._values["statement_timeout"]) or None

    def start(self, name: str, value: str) -> None:
        """Take what a session's first message says; what can't be is told to the client as it is."""
        known = _NAMES.get(name.lower())
        if known in _FREE:
            self._values[known] = self._begun[known] = _checked(known, value)

    def set(self, name: str, value: str | None, *, local: bool = False) -> str:
        """Take a value, None is the default, and return the setting's name; raises RefusalError."""
        known = self._known(name)
        if local and self._local is None:
            self._local = {}
        if value is None:
            value = self._begun[known]
        elif known == "statement_timeout":
            _seconds(value)
        elif known not in _FREE and not _equal(value, self._values[known]):
            raise RefusalError(
                FEATURE_NOT_SUPPORTED, f"{known} is {self._values[known]!r} here and can't be changed"
            )
        else:
            value = _checked(known, value) if known in _FREE else self._values[known]
        if local and self._local is not None:
            self._local.setdefault(known, self._values[known])
        self._values[known] = value
        return known

    def reset(self, name: str) -> list[str]:
        """Give a setting, or ``all``, the value it began with; return those that changed."""
        names = list(self._begun) if name == "all" else [self._known(name)]
        changed = [it for it in names if self._values[it] != self._begun[it]]
        for it in changed:
            self._values[it] = self._begun[it]
        return changed

    def end_of_transaction(self) -> None:
        """Undo what was set for the transaction alone."""
        self._values.update(self._local or {})
        self._local = None

    def value(self, name: str) -> tuple[str, str]:
        """Return a setting's name, as it is written, and its value; raises RefusalError."""
        known = self._known(name)
        return known, self._values[known]

    def all(self) -> list[tuple[str, str]]:
        """Return all names and values."""
        return sorted(self._values.items(), key=lambda item: item[0].lower())

    def _known(self, name: str) -> str:
        known = _NAMES.get(name.lower())
        if known is None:
            raise RefusalError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name[:64]}"')
        return known


def _equal(value: str, now: str) -> bool:
    word = value.lower()
    return now.lower() in {word, _SAME.get(word, word).lower()}


def _checked(name: str, value: str) -> str:
    if len(value) > _LONGEST:
        raise RefusalError(INVALID_PARAMETER, f"{name} may be {_LONGEST} characters long")
    return value


def _seconds(text: str) -> float:
    if not (found := _TIME.fullmatch(text)):
        raise RefusalError(INVALID_PARAMETER, f"{text[:40]!r} is no time: write 500ms, 30s or 2min")
    return int(found[1]) * _SECONDS[found[2]]
