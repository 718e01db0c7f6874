"""An incident as a record of the topic ``fabricscope.incidents``: the key is its id, the value JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

TOPIC: Final = "fabricscope.incidents"
_OF_INCIDENT: Final = ("fabric", "incident_id")


def value_of(incident: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> bytes:  # Any: rows
    """Return the value: the columns of view ``incident``, its steps, and ``revision``, the number of steps.

    All of it follows from the fabric's stream and nothing from when somebody read it: replicas that have read
    the same records give the same bytes. ``evidence`` is the object itself, not its text.
    """
    evidence = incident["evidence"]
    content = {
        "revision": len(events),
        **incident,
        "evidence": None if evidence is None else orjson.loads(evidence),
        "events": [
            {name: value for name, value in event.items() if name not in _OF_INCIDENT} for event in events
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
