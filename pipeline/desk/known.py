"""Whether a store knows what a maintenance window is about."""

from contextlib import closing
from pathlib import Path

from pipeline.actions.scope import Scope
from pipeline.store.opening import look

_WHERE = {
    "device": "SELECT device FROM main.observer_current WHERE fabric = ?",
    "interface": "SELECT interface FROM main.link_current WHERE fabric = ?",
    "esi": "SELECT lower(esi) FROM main.ethernet_segment_current WHERE fabric = ? UNION"
    " SELECT lower(route_esi) FROM main.evpn_route_current WHERE fabric = ? AND route_type IN (1, 4)",
    "vni": "SELECT vni FROM main.vtep_current WHERE fabric = ? UNION"
    " SELECT vni FROM main.mac_location_current WHERE fabric = ?",
}


def unknown(path: Path, fabric: str, scope: Scope) -> list[str]:
    """Return what a scope names and the store's last snapshot has nothing of."""
    found: list[str] = []
    with closing(look(path)) as store:
        for name, query in _WHERE.items():
            wanted = getattr(scope, name)
            if wanted:
                rows = store.execute(query, [fabric] * query.count("?")).fetchall()
                missing = sorted(wanted - {row[0] for row in rows})
                found += [f"{name} {one}" for one in missing]
    return found
