"""What people are told of a rule: its page in ``docs/rules`` and the next steps of an incident.

One module per rule family, data only. Commands name what to type on which system; ``{mac}``, ``{vni}`` and so
on stand for the incident's subject.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

System = Literal["FRRouting", "Arista EOS", "Nokia SR Linux", "Cisco NX-OS", "fabricscope SQL", "Linux"]
FIELDS: Final = frozenset(
    (
        "fabric",
        "device",
        "vni",
        "evi",
        "mac",
        "mac_dotted",
        "ip",
        "esi",
        "vtep",
        "interface",
        "peer",
        "tenant",
    )
)
"""What commands may name: columns of view ``incident``, and its MAC as Cisco writes it."""
_FIELD: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Command:
    """One thing to type next."""

    system: System
    text: str

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields of a subject that the text names."""
        return frozenset(_FIELD.findall(self.text))

    def filled(self, subject: Mapping[str, Any]) -> str | None:
        """Return the text for a subject; None if it names a field that the subject doesn't have."""
        if any(subject.get(name) is None for name in self.fields):
            return None
        return _FIELD.sub(lambda found: str(subject[found[1]]), self.text)


@dataclass(frozen=True)
class Guide:
    """What people are told of one rule."""

    meaning: str
    """What is wrong, and what that does to users, in one to three sentences."""
    source: str
    """RFC and section, YANG model, report or measurement the rule rests on."""
    opens: str
    """When the rule opens an incident, with numbers and units."""
    clears: str
    """When the incident is resolved, with numbers and units."""
    subject: tuple[str, ...]
    """Columns of view ``incident`` that say what it is about."""
    look_first: str
    causes: tuple[str, ...]
    """Likely causes, the likeliest first."""
    commands: tuple[Command, ...]


def guides(given: Mapping[str, Guide]) -> Mapping[str, Guide]:
    """Return guides by rule id; raises ValueError for a field that no incident has."""
    for rule, guide in given.items():
        named = {field for command in guide.commands for field in command.fields} | {*guide.subject}
        if unknown := sorted(named - FIELDS):
            raise ValueError(f"the guide of {rule} names {', '.join(unknown)}: incidents have no such column")
    return given
