"""Who is fresh: sessions that are, of devices that are not silent."""

import polars as pl

from pipeline.detectors.observed import fresh_timeline
from pipeline.detectors.timeline import PLACE

SECOND = 1_000_000
Row = tuple[str, str, float, bool]
"""Device, family, seconds, fresh."""


def sessions(*rows: Row) -> pl.DataFrame:
    data = [
        {
            "device": device,
            "family": family,
            "time": round(at * SECOND),
            "offset": number,
            "index": 0,
            "now": 0,
            "value": value,
        }
        for number, (device, family, at, value) in enumerate(rows)
    ]
    return pl.DataFrame(data, schema={"device": pl.String, "family": pl.String, **PLACE, "value": pl.Boolean})


def silences(*rows: tuple[str, float, float | None]) -> pl.DataFrame:
    """Device, last heard and heard again."""

    def micros(seconds: float | None) -> int | None:
        return None if seconds is None else round(seconds * SECOND)

    data = [
        {
            "device": device,
            "offset": 100 + number,
            "until": micros(until),
            "end_offset": None if until is None else 200 + number,
            "since": micros(since),
        }
        for number, (device, since, until) in enumerate(rows)
    ]
    integers = dict.fromkeys(("offset", "until", "end_offset", "since"), pl.Int64)
    return pl.DataFrame(data, schema={"device": pl.String, **integers})


def fresh(said: pl.DataFrame, silent: pl.DataFrame) -> list[tuple[str, str, float, bool]]:
    frame = fresh_timeline(said, silent).sort("device", "family", "time")
    return [
        (row[0], row[1], row[2] / SECOND, row[3])
        for row in frame.select("device", "family", "time", "value").rows()
    ]


def test_without_silences_a_session_is_fresh_when_it_says_so() -> None:
    said = sessions(("l1", "routes", 1, True), ("l1", "routes", 9, False))

    assert fresh(said, silences()) == [("l1", "routes", 1, True), ("l1", "routes", 9, False)]


def test_a_silent_device_is_not_fresh_from_15_s_on_until_it_is_heard_again() -> None:
    said = sessions(("l1", "routes", 1, True), ("l1", "link", 1, True), ("s1", "routes", 1, True))

    assert fresh(said, silences(("l1", 10, 40))) == [
        ("l1", "link", 1, True), ("l1", "link", 25, False), ("l1", "link", 40, True),
        ("l1", "routes", 1, True), ("l1", "routes", 25, False), ("l1", "routes", 40, True),
        ("s1", "routes", 1, True),
    ]  # fmt: skip


def test_a_silence_that_goes_on_has_no_end() -> None:
    assert fresh(sessions(("l1", "routes", 1, True)), silences(("l1", 10, None)))[-1] == (
        "l1",
        "routes",
        25,
        False,
    )


def test_a_device_heard_again_is_as_fresh_as_its_session() -> None:
    said = sessions(("l1", "routes", 1, True), ("l1", "routes", 30, False))

    assert fresh(said, silences(("l1", 10, 40)))[-1] == ("l1", "routes", 40, False)
