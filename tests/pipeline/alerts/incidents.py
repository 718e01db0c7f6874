"""Incidents to test with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.alerts.standing import UNPLANNED, Standing

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def incident(key: str = "a", **more: Any) -> Standing:
    """Return an incident that was opened ten minutes ago."""
    given = {
        "incident_id": key, "fabric": "dc1", "severity": "warning", "rule": "R16",
        "name": "N_MINUS_1_FABRIC",
        "opened_at": NOW - 10 * MINUTE, "resolved_at": None, "subject": (("device", f"leaf-{key}"),),
        "summary": f"Leaf {key} runs on what is left", "coverage": 12 / 14, "acknowledged_by": None,
        "in_maintenance": False, "root": None, "unplanned": more.get("rule") in UNPLANNED,
    }  # fmt: skip
    return Standing(**{**given, **more})


def known(*incidents: Standing) -> dict[str, Standing]:
    return {one.incident_id: one for one in incidents}
