"""What somebody wants told: an incident, or a time."""

from dataclasses import dataclass
from datetime import tzinfo

from collectors.errors import InputError
from pipeline.desk import options
from pipeline.forensics.questions import Span
from pipeline.forensics.source import Source
from pipeline.forensics.times import check_reach, moment, period
from pipeline.report.asked import Asked
from pipeline.report.compose import Setting, of_incident, of_time
from pipeline.report.model import Report


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was given on the command line."""

    incident: str | None
    since: str | None
    until: str | None
    fabric: str | None

    def check(self) -> None:
        """Raise InputError unless it is one incident or one time."""
        if self.incident is not None and (self.since is not None or self.until is not None):
            raise InputError("give either an incident, or --from and --to")
        if self.incident is None and self.since is None:
            raise InputError(
                "say what: the id of an incident (fabricscope incident list --all shows them), or --from TIME"
            )


def setting_of(source: Source, zone: tzinfo) -> Setting:
    """Return from where and how a store is told of."""
    now, as_of = source.now(options.clock())
    return Setting(now, as_of, source.reach(), zone)


def composed(source: Source, where: str, wanted: Wanted, setting: Setting) -> Report:
    """Return the report; raises InputError for an unknown incident or a time that the store doesn't know."""
    wanted.check()
    asked = Asked(source)
    reach, zone = setting.reach, setting.zone
    if wanted.incident is not None:
        seen = asked.chosen(wanted.incident, where)
        if wanted.fabric not in (None, seen.row["fabric"]):
            raise InputError(f"incident {seen.id} is of fabric {seen.row['fabric']}, not {wanted.fabric}")
        return of_incident(asked, seen, setting)
    fabric = asked.fabric(wanted.fabric, where)
    since = wanted.since or ""
    # that of which nothing can be known is said before that it is later than the end
    check_reach(since, moment(since, now=setting.now, zone=zone), now=setting.now, zone=zone, reach=reach)
    until = wanted.until if wanted.until is not None else reach.last.isoformat()
    span = Span(*period(since, until, now=setting.now, zone=zone, reach=reach))
    if span.moment:
        raise InputError("a report needs some time between --from and --to: for a moment, ask forensics")
    return of_time(asked, fabric, span, setting)
