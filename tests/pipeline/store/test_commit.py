from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline.schema import NAME
from pipeline.store import Commit, Position, Store
from pipeline.store.database import Stage
from pipeline.store.opening import ROW_GROUP_ROWS
from tests.pipeline.store.facts import facts_of

Facts = Callable[[int, int], pl.DataFrame]
At = Callable[[int], Position]


def incident(incident_id: str, state: str, device: str | None = None) -> pl.DataFrame:
    given = {"incident_id": incident_id, "state": state, "device": device}
    columns = [
        "incident_id rule name family severity state opened_at detected_at resolved_at fabric device vni mac",
        "evi ip_hi ip_lo esi vtep interface peer tenant summary evidence coverage acknowledged_by",
        "in_maintenance root_incident_id",
    ]
    return pl.select(
        [pl.lit(given.get(column), dtype=pl.String).alias(column) for column in " ".join(columns).split()]
    )


def asked(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.reader() as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("rows", [1, ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS, 2 * ROW_GROUP_ROWS + 1])
def test_facts_come_back_as_they_went_in(rows: int, store: Store, facts: Facts, position: At) -> None:
    store.commit(Commit({"mac_event": facts(0, rows)}, positions=[position(rows)]))
    assert_frame_equal(facts_of(store, "mac_event"), facts(0, rows))
    assert store.position("dc1") == position(rows)


def test_the_order_of_columns_does_not_matter(store: Store, facts: Facts) -> None:
    store.commit(Commit({"mac_event": facts(0, 5).select(pl.all().reverse())}))
    shuffled = facts(5, 9)[sorted(facts(5, 9).columns)]
    store.commit(Commit({"mac_event": shuffled}))
    assert facts_of(store, "mac_event", 'WHERE "offset" >= 5').equals(facts(5, 9))


def test_an_unknown_value_is_stored_as_null_and_interned_text_as_text(store: Store, facts: Facts) -> None:
    two = facts(0, 2).with_columns(esi=pl.Series([None, "00:11"], dtype=NAME))
    store.commit(Commit({"mac_event": two}))
    assert asked(store, 'SELECT device, esi, vni FROM mac_event ORDER BY "offset"') == [
        ("leaf-0", None, None),
        ("leaf-1", "00:11", None),
    ]


def test_a_revised_incident_replaces_the_old_row(store: Store) -> None:
    store.commit(Commit({"incident": pl.concat([incident("a", "open"), incident("b", "open")])}))
    store.commit(
        Commit({"incident": incident("a", "resolved")}, {"incident": incident("a", "").select("incident_id")})
    )
    assert asked(store, "SELECT incident_id, state FROM incident ORDER BY ALL") == [
        ("a", "resolved"),
        ("b", "open"),
    ]


def test_removal_takes_null_for_equal_to_null(store: Store) -> None:
    store.commit(Commit({"incident": pl.concat([incident("a", "open"), incident("a", "open", "leaf-1")])}))
    store.commit(Commit(removals={"incident": incident("a", "open").select("incident_id", "device")}))
    assert asked(store, "SELECT device FROM incident") == [("leaf-1",)]


def test_facts_are_removed_by_offset_wherever_they_are(store: Store, facts: Facts) -> None:
    store.commit(Commit({"mac_event": facts(0, 9)}))
    gone = pl.DataFrame({"offset": [2, 7], "device": ["leaf-2", "leaf-0"]})  # offset 7 is of leaf-1
    store.commit(Commit(removals={"mac_event": gone}))
    assert facts_of(store, "mac_event")["offset"].to_list() == [0, 1, 3, 4, 5, 6, 7, 8]


def test_a_fact_without_offset_can_be_removed(store: Store, facts: Facts) -> None:
    unplaced = facts(0, 2).with_columns(offset=pl.Series([0, None]))
    store.commit(Commit({"mac_event": unplaced}))
    store.commit(
        Commit(removals={"mac_event": pl.DataFrame({"offset": [None]}, schema={"offset": pl.Int64})})
    )
    assert asked(store, 'SELECT "offset" FROM mac_event') == [(0,)]


def test_a_missing_or_unknown_column_is_an_error_not_a_null(store: Store, facts: Facts) -> None:
    with pytest.raises(
        ValueError, match=r"rows for mac_event lack \['vni'\] and have unknown columns \['vnid'\]"
    ):
        store.commit(Commit({"mac_event": facts(0, 1).rename({"vni": "vnid"})}))
    with pytest.raises(ValueError, match="the store has no table mac_events"):
        store.commit(Commit({"mac_events": facts(0, 1)}))
    with pytest.raises(ValueError, match="rows of incident can be removed by its own columns"):
        store.commit(Commit(removals={"incident": pl.DataFrame({"offset": [1]})}))


def test_after_an_error_nothing_has_changed(store: Store, facts: Facts, position: At) -> None:
    store.commit(
        Commit({"mac_event": facts(0, 3), "incident": incident("a", "open")}, positions=[position(3)])
    )
    no_vlan = facts(9, 10).with_columns(vlan=pl.lit(-1))
    bad = Commit(
        {"mac_event": no_vlan}, {"incident": incident("a", "").select("incident_id")}, [position(10)]
    )
    with pytest.raises(duckdb.ConversionException):
        store.commit(bad)
    assert facts_of(store, "mac_event").height == 3
    assert asked(store, "SELECT state FROM incident") == [("open",)]
    assert store.position("dc1") == position(3)
    store.commit(Commit({"mac_event": facts(3, 9)}, positions=[position(9)]))
    assert facts_of(store, "mac_event").equals(facts(0, 9))


def test_an_error_of_the_caller_between_facts_and_commit_leaves_nothing(
    path: Path, facts: Facts, position: At
) -> None:
    def interrupted(stage: Stage) -> None:
        if stage == "before_commit":
            raise KeyboardInterrupt

    store = Store.open(path, reached=interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.commit(Commit({"mac_event": facts(0, 3)}, positions=[position(3)]))
    assert store.position("dc1") is None
    assert facts_of(store, "mac_event").is_empty()
    store.close()


def test_stages_are_told_in_order(path: Path) -> None:
    told: list[Stage] = []
    store = Store.open(path, reached=told.append)
    store.commit(Commit())
    assert told == ["before_begin", "after_facts", "before_commit", "after_commit"]
    store.close()


def test_fabrics_have_positions_of_their_own(store: Store, position: At) -> None:
    other = Position("dc2", "fabricscope.raw.dc2", 70, position(70).record_time, "kafka-a")
    store.commit(Commit(positions=[position(7), other]))
    store.commit(Commit(positions=[position(8)]))
    assert store.position("dc1") == position(8)
    assert store.position("dc2") == other


def test_a_reader_sees_whole_commits_only(path: Path, facts: Facts) -> None:
    seen: list[object] = []
    store = Store.open(
        path, reached=lambda _: seen.append(asked(store, "SELECT count(*) FROM mac_event")[0][0])
    )
    store.commit(Commit({"mac_event": facts(0, 3)}))
    assert seen == [0, 0, 0, 3]
    store.close()
