"""A preview: the fabric as it was, something taken out of it, and what the rules that run live say then."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from collectors.errors import InputError
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.apply.records import us
from pipeline.detect import FAMILIES
from pipeline.detectors import FINDING
from pipeline.detectors.settings import Settings
from pipeline.detectors.survivor_findings import macs_at
from pipeline.forensics.source import Source
from pipeline.whatif.backtest import ENTITIES as ALL
from pipeline.whatif.backtest import Progress, check_beginning
from pipeline.whatif.compare import Row
from pipeline.whatif.declared import declared_now
from pipeline.whatif.drain import Target, changes_of
from pipeline.whatif.fabric import Rebuilt
from pipeline.whatif.falls import Fall, of_rules, of_uplinks, of_vnis
from pipeline.whatif.legs import Legs, peers_up
from pipeline.whatif.outage import outage
from pipeline.whatif.pages import Page, edges, pages, silences
from pipeline.whatif.rerun import Rerun

_SECOND: Final = timedelta(seconds=1)
_SHOWN: Final = 20
_WATCHED: Final = [name for name in FAMILIES if name != "disagreements"]
"""What other tables of the same device make of it, the one by one, isn't known: X3 has no say."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Preview:
    """What taking something out of a fabric comes to."""

    at: datetime
    falls: Sequence[Fall]
    incidents: Sequence[Row]
    """What would be told: rows of the table incident."""
    before: int
    """Incidents that are open already."""


def run(
    source: Source, fabric: str, works: tuple[Target, datetime], settings: Settings, progress: Progress
) -> Preview:
    """Return the preview of works: what is taken out, and when.

    Raises InputError for a device or an interface that wasn't there.
    """
    target, at = works
    check_beginning(source, fabric)
    rebuilt, legs = Rebuilt(declared_now(source, fabric)), Legs()
    found: list[pl.DataFrame] = []
    rules = Rerun(fabric, rebuilt, settings, _WATCHED, silences(source, fabric), found=found.append)

    def take(page: Page) -> None:
        applied = rebuilt.take(page)
        rules.take(applied)
        legs.take(applied)

    begins = edges(source, fabric, ALL)
    offset = _until(pages(source, fabric, ALL, begins, None), len(begins) - 1, at, take, progress)
    _check_known(target, rebuilt)
    found.clear()
    detection = rules.detection
    then, before = rebuilt.state.sessions.now, set(rules.open())
    served = legs.now(detection, then)
    peers = peers_up(detection, _living(rebuilt, "bgp_session"))
    macs = {vni: macs_at(rebuilt.state.locations, then, [vni], ()) for vni in served}
    out = at + _SECOND
    parts = changes_of(target, rebuilt.state, detection)
    for page in outage(parts, offset + 1, out):
        take(page)
    told = pl.concat([pl.DataFrame(schema=FINDING), *found])
    tenants = detection.declared.tenant_of
    after = legs.now(detection, rebuilt.state.sessions.now)
    taken = {
        vni: macs_at(rebuilt.state.locations, rebuilt.state.sessions.now, [vni], leg.lost_vteps)
        for vni, leg in after.items()
    }
    falls = [
        *of_rules(told, us(out - _EPOCH)),
        *of_uplinks(target, peers, peers_up(detection, _living(rebuilt, "bgp_session"))),
        *of_vnis(served, after, macs, taken, tenants),
    ]
    caused = [row for row in rules.since(out) if row["incident_id"] in set(rules.open())]
    return Preview(at, falls, caused, len(before))


def _until(
    read: Iterable[Page],
    size: int,
    at: datetime,
    take: Callable[[Page], None],
    progress: Progress,
) -> int:
    """Go through what was known at a time; return the last offset by then."""
    offset = 0
    for done, page in enumerate(read, start=1):
        cut = page.until(at)
        offset = max(offset, cut.last_offset())
        over = cut.last_offset() < page.last_offset()
        if over or done == size:
            cut = cut.ends(max(offset, cut.last_offset()) + 1, at)
            offset += 1
        take(cut)
        progress(done / size)
        if over:
            break
    return offset


def _living(rebuilt: Rebuilt, entity: str) -> pl.DataFrame:
    state = rebuilt.state.entities[entity]
    return state.frame(state.living())


def _check_known(target: Target, rebuilt: Rebuilt) -> None:
    known = _living(rebuilt, "link").select(pl.col("device", "interface").cast(pl.String))
    devices = sorted({device for device, _ in rebuilt.state.sessions.observers})
    if target.device not in devices:
        near = did_you_mean(target.device, devices)
        raise InputError(
            f"there was no device {shown(target.device)}{near}: devices are {', '.join(devices[:20])}"
        )
    ports = known.filter(device=target.device)["interface"].sort().to_list()
    for port in sorted(target.interfaces):
        if port not in ports:
            near = did_you_mean(port, ports)
            raise InputError(
                f"{target.device} had no interface {shown(port)}{near}: it had {', '.join(ports[:20])}"
            )
