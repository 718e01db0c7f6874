"""Which rules can be run again over what is stored, and by which families."""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from collectors.errors import InputError
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.causes import storms
from pipeline.detect import FAMILIES, RULES
from pipeline.detectors import (
    addresses,
    adjacencies,
    bfd_flaps,
    df_agreement,
    df_audit,
    disagreements,
    es_aliasing,
    es_collisions,
    es_routes,
    flood_lists,
    lacp_partners,
    lags,
    link_flaps,
    loops,
    migrations,
    mobility,
    neighbors,
    redundancy,
    resets,
    route_attributes,
    route_counts,
    route_targets,
    segments,
    sessions,
    silence,
    stale_claims,
    sticky,
    survivors,
    underlay,
    undetected,
    uplinks,
    verdicts,
    vteps,
    wraps,
)

_MODULES: Final[Mapping[str, tuple[ModuleType, ...]]] = {
    "macs": (mobility, stale_claims, loops, migrations, redundancy, undetected, wraps, sticky),
    "silence": (silence,),
    "vteps": (vteps,),
    "segments": (segments, df_audit, df_agreement, es_routes, es_aliasing, es_collisions),
    "verdicts": (verdicts,),
    "uplinks": (uplinks,),
    "attributes": (route_attributes,),
    "evpn": (sessions,),
    "resets": (resets,),
    "flooding": (flood_lists, route_targets),
    "link_flaps": (link_flaps,),
    "lags": (lags,),
    "lacp_partners": (lacp_partners,),
    "bfd_flaps": (bfd_flaps,),
    "adjacencies": (adjacencies,),
    "neighbors": (neighbors,),
    "addresses": (addresses,),
    "underlay": (underlay,),
    "survivors": (survivors,),
    "counts": (route_counts,),
    "disagreements": (disagreements,),
}
"""The rules' modules of each of ``pipeline.detect.FAMILIES``."""
DRIVEN: Final[Mapping[str, str]] = {
    rule: family for family, modules in _MODULES.items() for module in modules for rule in module.RULES
}
"""By rule: the family that judges it; for one that is not here all families are run."""


def families_for(rule: str) -> list[str]:
    """Return the families to run for a rule: all that share an incident with it.

    Raises InputError for a rule that there isn't, or that is no judgement of what devices told.
    """
    if rule not in RULES:
        raise InputError(f"there is no rule {shown(rule)}{did_you_mean(rule, RULES)}: see fabricscope rules")
    if rule in storms.RULES:
        raise InputError(
            f"{rule} can't be tried on the past: it is made of the incidents of all other rules, not of what"
            f" devices told; try one of {', '.join(sorted(RULES.keys() - storms.RULES.keys()))}"
        )
    together = [one for one in RULES if RULES[one].family == RULES[rule].family]
    known = all(one in DRIVEN for one in together)
    return sorted({DRIVEN[one] for one in together}) if known else sorted(FAMILIES)
