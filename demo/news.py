"""What happens while playing, as plain lines: for pipes, logs and continuous integration."""

from demo.findings import Finding
from demo.truth import Deed
from demo.view import Scene
from demo.words import deed_words, plain, told_or_not

HEARTBEAT_S = 60.0
"""A line on the replica's health comes this often, in seconds of the recording."""


def news(before: Scene | None, after: Scene) -> list[str]:
    """Return a line for each thing that began or ended between two scenes of a recording."""
    old_deeds = {} if before is None else {_identity(deed): deed for deed in before.deeds}
    old_found = () if before is None else before.found.findings
    told = {(finding.incident_id, finding.found): finding for finding in old_found}
    lines: list[tuple[float, str]] = []
    for deed in after.deeds:
        known = old_deeds.get(_identity(deed))
        if known is None:
            lines.append((deed.start, f"done     {_with_labels(deed)}"))
        elif deed.restored and not known.restored:
            lines.append((deed.steps[-1].time, f"undone   {deed_words(Deed(deed.steps[-1:]))}"))
    for finding in after.found.findings:
        earlier = told.get((finding.incident_id, finding.found))
        if earlier is None:
            lines.append((finding.found, f"found    {_words(finding)}: {plain(finding.summary)}"))
        if finding.until is not None and (earlier is None or earlier.until is None):
            lines.append((finding.until, f"resolved {_words(finding)}"))
    lines.sort(key=lambda line: line[0])
    texts = [f"{after.at(time):7.1f} s  {text}" for time, text in lines]
    return texts + _heartbeat(before, after)


def _heartbeat(before: Scene | None, after: Scene) -> list[str]:
    now = after.at(after.now)
    if before is None or now < HEARTBEAT_S or before.at(before.now) // HEARTBEAT_S == now // HEARTBEAT_S:
        return []
    health, incidents = after.health, len(after.found.now)
    told = (
        f"{health.records} records and {health.updates} updates in the store, lag {told_or_not(health.lag)},"
        f" {incidents} incidents open, {told_or_not(health.fresh)} of {health.observers} observers fresh"
    )
    return [f"{now:7.1f} s  replica  {told}"]


def _identity(deed: Deed) -> object:
    first = deed.steps[0]
    return first.time, first.kind, repr(first.fields)


def _with_labels(deed: Deed) -> str:
    label = "; ".join(plain(label) for label in deed.labels)
    return f"{deed_words(deed)} ({label})" if label else deed_words(deed)


def _words(finding: Finding) -> str:
    return " ".join(word for word in (finding.rule, finding.name, plain(finding.subject)) if word)
