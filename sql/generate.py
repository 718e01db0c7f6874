"""Write the files of ``sql/`` that follow from the entities; to be run after a change of schema.

``python -m sql.generate``. Everything else in ``sql/`` is written by hand. Numbers in file names are layers:
1xx facts, 2xx history, 3xx current state, 5xx and 6xx the same at a point in time, 51x all intervals.
"""

from pathlib import Path
from typing import Final

import polars as pl

from pipeline.schema import (
    FACTS,
    MAC_LOCATION,
    TIMELINES,
    Entity,
    current_schema,
    event_schema,
    history_schema,
)

HERE: Final = Path(__file__).parent
TYPES: Final = {
    pl.String: "VARCHAR",
    pl.Categorical: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.UInt8: "UTINYINT",
    pl.UInt16: "USMALLINT",
    pl.UInt32: "UINTEGER",
    pl.UInt64: "UBIGINT",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Datetime: "TIMESTAMPTZ",
}
MACS: Final = ("mac", "router_mac", "es_import", "system_id", "partner_id")
QUOTED: Final = ("offset", "index")
_VIEW: Final = "CREATE OR REPLACE VIEW main."
AT: Final = """\
-- Grain: one row per {name} {grain}.
-- What has ended since the last snapshot is in both tables: the history, which knows more, decides. Clocks of
-- collectors, which stamp records, differ by less than an hour. Written as NOT EXISTS, the join takes eight
-- times as long.
-- Read by: forensic questions.
CREATE OR REPLACE MACRO main.{name}{macro}(t) AS TABLE
SELECT
    {columns}
FROM (
    SELECT * EXCLUDE (closed_reason) FROM store.{name}_history
    WHERE {clock}_from <= t::TIMESTAMPTZ AND {clock}_to > t::TIMESTAMPTZ
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (family) FROM store.{name}_current AS c
    ANTI JOIN (
        FROM store.{name}_history
        WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
    ) AS h
        ON h.fabric = c.fabric
            AND h.opened_offset = c.opened_offset
            AND h.opened_index = c.opened_index{same}
    WHERE c.{clock}_from <= t::TIMESTAMPTZ
);
"""
INTERVALS: Final = """\
-- Grain: one row per interval of unchanged {name}; valid_to and closed_reason are null while it lasts.
-- Columns are those of store.{name}_history: addresses are numbers.
-- What has ended since the last snapshot is in both tables: the history decides.
-- Cost: what the caller's WHERE leaves of the history, time and keys prune.
-- Read by: 7xx, the questions.
CREATE OR REPLACE MACRO store.{name}_intervals() AS TABLE
SELECT * FROM store.{name}_history
UNION ALL BY NAME
SELECT c.* EXCLUDE (family) FROM store.{name}_current AS c
ANTI JOIN (
    FROM store.{name}_history
    WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
) AS h
    ON h.fabric = c.fabric
        AND h.opened_offset = c.opened_offset
        AND h.opened_index = c.opened_index{same};
"""
_SAME_MAC: Final = """
            AND h.mac = c.mac
            AND h.vni IS NOT DISTINCT FROM c.vni
            AND h.evi IS NOT DISTINCT FROM c.evi"""
"""One route that changes its VNI can open an interval in either."""


def table(name: str, schema: pl.Schema, header: str) -> str:
    """Return the DDL of a table in schema ``store``."""
    columns = ",\n".join(f"    {_quoted(column)} {TYPES[type(dtype)]}" for column, dtype in schema.items())
    return f"{header}\nCREATE TABLE store.{name} (\n{columns}\n);\n"


def columns(schema: pl.Schema) -> list[str]:
    """Return the select list of a view: MAC and IP addresses as text, the rest as it is."""
    selected = []
    for column, dtype in schema.items():
        if column in MACS and dtype == pl.UInt64:
            selected.append(f"mac_text({column}) AS {column}")
        elif column == "ip_hi":
            selected.append("ip_text(ip_hi, ip_lo) AS ip")
        elif column != "ip_lo":
            selected.append(_quoted(column))
    return selected


def view(name: str, schema: pl.Schema, header: str) -> str:
    """Return a view in ``main`` of a table in ``store``."""
    return f"{header}\n{_VIEW}{name} AS\nSELECT\n    {_lines(columns(schema))}\nFROM store.{name};\n"


def current_view(entity: Entity, header: str) -> str:
    """Return the view of what exists now, with how far that can be trusted."""
    selected = [f"c.{column}" if "(" not in column else column for column in columns(current_schema(entity))]
    selected += ["coalesce(o.known, 'unknown') AS known", "o.last_seen AS as_of"]
    name = f"{entity.name}_current"
    return (
        f"{header}\n{_VIEW}{name} AS\nSELECT\n    {_lines(selected)}\nFROM store.{name} AS c\n"
        "LEFT JOIN main.observer_current AS o\n"
        "    ON o.fabric = c.fabric AND o.device = c.device AND o.family = c.family;\n"
    )


def written() -> dict[str, str]:
    """Return the content of each file that follows from the entities, by its path below ``sql/``."""
    out = {}
    for entity in FACTS:
        name, schema = f"{entity.name}_event", event_schema(entity)
        header = (
            f"-- Grain: one row per change of {entity.name}; identity (fabric, offset, index).\n-- Read by: "
        )
        out[f"ddl/100_{name}.sql"] = table(name, schema, header + f"view {name}, restart.")
        out[f"views/100_{name}.sql"] = view(name, schema, header + "panels, forensic questions.")
    for entity in TIMELINES:
        name, schema = f"{entity.name}_history", history_schema(entity)
        header = f"-- Grain: one row per closed interval of unchanged {entity.name}.\n-- Read by: "
        out[f"ddl/200_{name}.sql"] = table(
            name, schema, header + f"view {name}, {entity.name}_at, _known_at."
        )
        out[f"views/200_{name}.sql"] = view(name, schema, header + "panels, forensic questions.")
        at = pl.Schema({column: dtype for column, dtype in schema.items() if column != "closed_reason"})
        for layer, macro, clock, grain in (
            (500, "_at", "valid", "that existed at t, by the devices' clocks"),
            (600, "_known_at", "seen", "that the stream had told of by t, by record time"),
        ):
            out[f"views/{layer}_{entity.name}{macro}.sql"] = AT.format(
                name=entity.name,
                macro=macro,
                clock=clock,
                grain=grain,
                columns=_lines(columns(at)),
                same=_SAME_MAC if entity is MAC_LOCATION else "",
            )
        same = _SAME_MAC.replace(" " * 12, " " * 8) if entity is MAC_LOCATION else ""
        out[f"views/510_{entity.name}_intervals.sql"] = INTERVALS.format(name=entity.name, same=same)
        name, schema = f"{entity.name}_current", current_schema(entity)
        header = f"-- Grain: one row per {entity.name} that exists; replaced as a whole.\n-- Read by: "
        out[f"ddl/300_{name}.sql"] = table(name, schema, header + f"view {name}, restart.")
        if entity is not MAC_LOCATION:  # not seen by one observer: written by hand
            out[f"views/300_{name}.sql"] = current_view(entity, header + "panels, forensic questions.")
    return out


def _quoted(column: str) -> str:
    return f'"{column}"' if column in QUOTED else column


def _lines(selected: list[str]) -> str:
    return ",\n    ".join(selected)


def main() -> None:
    """Write the files and remove those of entities that are gone."""
    wanted = written()
    for layer in ("ddl/[123]*_*.sql", "views/[12356]*_*.sql"):
        for path in HERE.glob(layer):
            if str(path.relative_to(HERE)) not in wanted:
                path.unlink()
    for name, text in wanted.items():
        (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
