"""Actions, findings and scenes, said shortly."""

import itertools
from typing import Any

import orjson

from demo.findings import Finding, Found
from demo.truth import Action, Deed, deeds_of
from demo.view import Health, Scene

MAC = "02:aa:00:00:10:04"
_NUMBERS = itertools.count()


def line(time: float, kind: str, **fields: object) -> bytes:
    return orjson.dumps({"ts": time, "action": kind, **fields})


def action(time: float, kind: str, **fields: object) -> Action:
    return Action(time, kind, fields)


def move(time: float, mac: str = MAC, **fields: object) -> Action:
    return action(time, "mac-move", host="H4", mac=mac, vni=1010, frm=["l1"], to="l3", **fields)


def deed(*actions: Action) -> Deed:
    (only,) = deeds_of(actions)
    return only


def finding(rule: str = "R16", found: float = 10.0, **fields: Any) -> Finding:
    given = {
        "incident_id": f"incident-{next(_NUMBERS)}",
        "severity": "warning",
        "until": None,
        "summary": "Leaf l1 runs on what is left",
        **fields,
    }
    return Finding(rule=rule, found=found, **given)


def scene(now: float = 100.0, **fields: Any) -> Scene:
    given = {"recording": "made", "speed": 20.0, "zero": 0.0, "end": 600.0, "health": Health(), **fields}
    return Scene(now=now, **given)


def found(*findings: Finding, **moves: int) -> Found:
    return Found(tuple(sorted(findings, key=lambda one: one.found)), moves)
