"""What the commands ask a store about: which fabrics, which time."""

from datetime import UTC, datetime, tzinfo

from collectors.errors import InputError
from pipeline.forensics.source import Source
from pipeline.forensics.times import Reach, period


def fabrics_of(source: Source) -> list[str]:
    """Return the fabrics that are asked about, all there are if none is named.

    Raises InputError for an archive that has no sessions: who was blind when isn't known then.
    """
    # an archive has no position in a stream
    known = "SELECT fabric FROM store.stream_position UNION SELECT fabric FROM store.collector_event"
    there: list[str] = source.rows(f"{known} ORDER BY fabric")["fabric"].to_list()
    if not there:
        raise InputError(
            "no session is told of here, so who could see what is unknown: give the store that the archive is"
            " of, too, with --store"
        )
    return [name for name in there if not source.fabrics or name in source.fabrics]


def span_of(
    since: str | None, until: str | None, *, now: datetime, zone: tzinfo, reach: Reach
) -> tuple[datetime, datetime]:
    """Return the time asked about, all that is stored without one; raises InputError."""
    first = since if since is not None else reach.first.astimezone(UTC).isoformat()
    last = until if until is not None else reach.last.astimezone(UTC).isoformat()
    return period(first, last, now=max(now, reach.last), zone=zone, reach=reach)
