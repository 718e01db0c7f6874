"""What the commands ask a store about: which fabric, which time."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from collectors.errors import InputError
from collectors.inventory_yaml.values import did_you_mean, shown
from pipeline.forensics.source import Source
from pipeline.forensics.times import Reach, period


def fabrics_of(source: Source, wanted: Sequence[str]) -> list[str]:
    """Return the fabrics asked about, all of the store if none is named; raises InputError for others."""
    there: list[str] = source.rows("SELECT fabric FROM store.stream_position ORDER BY fabric")[
        "fabric"
    ].to_list()
    for name in wanted:
        if name not in there:
            raise InputError(
                f"the store has no fabric {shown(name)}{did_you_mean(name, there)}: it has {', '.join(there)}"
            )
    return [name for name in there if not wanted or name in wanted]


def span_of(
    since: str | None, until: str | None, *, now: datetime, zone: tzinfo, reach: Reach
) -> tuple[datetime, datetime]:
    """Return the time asked about, all that is stored without one; raises InputError."""
    first = since if since is not None else reach.first.astimezone(UTC).isoformat()
    last = until if until is not None else reach.last.astimezone(UTC).isoformat()
    return period(first, last, now=max(now, reach.last), zone=zone, reach=reach)
