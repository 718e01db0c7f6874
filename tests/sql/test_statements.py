from pathlib import Path

import duckdb
import pytest

import sql
from pipeline.schema import FACTS, TIMELINES, Entity, current_schema, event_schema, history_schema
from sql.generate import written

HERE = Path(sql.__file__).parent
FILES = sorted(HERE.glob("*/*.sql"))
TABLES = {
    **{f"{entity.name}_event": event_schema(entity) for entity in FACTS},
    **{f"{entity.name}_history": history_schema(entity) for entity in TIMELINES},
    **{f"{entity.name}_current": current_schema(entity) for entity in TIMELINES},
}


def columns(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {name}").fetchall()]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_a_header_and_one_statement(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("-- ")
    statements = len(duckdb.extract_statements(text))
    assert statements == 1 or (file.parent.name in {"migrations", "pg_catalog"} and statements)
    assert text.endswith(";\n")


def test_files_are_what_the_entities_say() -> None:
    there = {
        str(file.relative_to(HERE)): file.read_text()
        for file in FILES
        if file.name[0] in {"1", "2", "3", "5", "6"}
    }
    assert there == written(), "run: python -m sql.generate"


@pytest.mark.parametrize("table", TABLES)
def test_tables_have_the_types_that_duckdb_sees_in_the_frame(
    table: str, empty: duckdb.DuckDBPyConnection
) -> None:
    empty.register("frame", TABLES[table].to_frame().to_arrow())
    empty.execute("CREATE TABLE inferred AS FROM frame")
    assert columns(empty, f"store.{table}") == columns(empty, "inferred")


def test_every_table_for_people_has_a_view_of_its_name(empty: duckdb.DuckDBPyConnection) -> None:
    tables = empty.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'").fetchall()
    views = empty.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert set(tables) - set(views) == {("snapshot_position",), ("snapshot_state",)}
    assert {name for (name,) in set(views) - set(tables)} == {
        "blind_interval",
        "detection_latency",
        "flood_list",
        "rule_quality",
        "subject",
        "vni_tenant",
        "vtep_owner",
    }
    assert empty.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'").fetchall() == [
        (0,)
    ]


def test_every_view_runs_on_an_empty_store(empty: duckdb.DuckDBPyConnection) -> None:
    views = empty.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert len(views) > len(TABLES)
    for (view,) in views:
        assert empty.execute(f"FROM main.{view}").fetchall() == []


@pytest.mark.parametrize("entity", TIMELINES, ids=lambda entity: entity.name)
@pytest.mark.parametrize("macro", ["at", "known_at"])
def test_every_point_in_time_runs_on_an_empty_store(
    entity: Entity, macro: str, empty: duckdb.DuckDBPyConnection
) -> None:

    assert empty.execute(f"FROM main.{entity.name}_{macro}('2026-01-01 00:00:00Z')").fetchall() == []


def test_the_view_incident_is_the_public_contract(empty: duckdb.DuckDBPyConnection) -> None:
    text, time = "VARCHAR", "TIMESTAMP WITH TIME ZONE"
    assert columns(empty, "main.incident") == [
        ("incident_id", text),
        ("rule", text),
        ("name", text),
        ("severity", text),
        ("state", text),
        ("opened_at", time),
        ("detected_at", time),
        ("resolved_at", time),
        ("fabric", text),
        ("device", text),
        ("vni", "UINTEGER"),
        ("mac", text),
        ("ip", text),
        ("esi", text),
        ("vtep", text),
        ("interface", text),
        ("summary", text),
        ("evidence", text),
        ("coverage", "DOUBLE"),
        ("acknowledged_by", text),
        ("in_maintenance", "BOOLEAN"),
        ("root_incident_id", text),
        ("evi", "UINTEGER"),
        ("peer", text),
        ("tenant", text),
    ]


def test_views_show_addresses_as_text_only(empty: duckdb.DuckDBPyConnection) -> None:
    shown = empty.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND"
        " NOT internal AND (column_name IN ('mac', 'router_mac', 'es_import') OR column_name LIKE 'ip%')"
    ).fetchall()
    assert {column for _, column, _ in shown} == {"mac", "router_mac", "es_import", "ip", "ip_len"}
    assert {data_type for _, column, data_type in shown if column != "ip_len"} == {"VARCHAR"}
