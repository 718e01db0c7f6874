"""Tables with other names in them. Pure.

A column of text that isn't known here gets other names as a whole: who adds one need not think of it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import polars as pl

from pipeline.report.pseudonyms import WITHHELD, Pseudonyms

_MACS: Final = ("mac", "router_mac", "es_import", "system_id", "partner_id")
_WORDS: Final = frozenset(
    (
        "session_state", "diagnostic", "family", "afi_safi", "peer_type", "kind", "redundancy_mode",
        "esi_type", "df_method", "vantage", "origin", "encapsulation", "invalid_reason", "producer",
        "mobility_state", "protocol", "adjacency_state", "rule", "severity", "state", "synchronization",
        "admin_status", "oper_status", "type", "chassis_id_type", "port_id_type", "entry_type",
        "peer_state", "vni_state", "vni_type", "closed_reason", "created_by", "reason", "summary",
        "evidence", "verb", "as_path", "remark", "table_name",
    )
)  # fmt: skip
"""Columns of words and sentences: names that are known are replaced within."""
_KINDS: Final = {
    "device": "device", "fabric": "fabric", "tenant": "tenant", "actor": "person",
    "acknowledged_by": "person", "interface": "port", "member": "port", "aggregate": "port",
    "network_instance": "instance", "incident_id": "", "root_incident_id": "", "subject": "",
}  # fmt: skip
"""By column: what its names become. The first that knows a name decides, for all columns."""
_OPEN_KEYS: Final = frozenset(("role", "kind", "paths", "path", "mode", "verb", "until", "from", "encoding"))
"""Of JSON: whose values are words."""
_SAID: Final = frozenset(("noted", "marked_false", "acknowledged", "unacknowledged"))
"""Steps of an incident that quote people."""


def names_in(columns: Mapping[str, str]) -> list[str]:
    """Return the columns that have names; ``columns``: their types."""
    return [name for name, dtype in columns.items() if dtype == "VARCHAR" and name not in _WORDS]


def rank(column: str) -> int:
    """Return the place in which columns must be learnt: those that give names their kind first."""
    order = list(_KINDS)
    return order.index(column) if column in order else len(order)


def learn(pseudonyms: Pseudonyms, table: str, column: str, values: pl.Series) -> None:
    """Give other names to the values of a column."""
    way = _way(table, column, pseudonyms)
    for text in values.drop_nulls().to_list():
        way(text)


def pseudonymised(table: str, rows: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Return the rows of a table with other names; all names of all tables must have been learnt."""
    made = []
    for name, dtype in rows.schema.items():
        column = rows[name]
        if dtype == pl.String:
            made.append(_replaced(column, _way(table, name, pseudonyms)))
        elif name in _MACS and dtype == pl.UInt64:
            made.append(_replaced(column, pseudonyms.mac))
        else:
            made.append(column)
    found = rows.with_columns(made)
    if table == "incident_event":
        quotes = pl.col("kind").is_in(list(_SAID)) | pl.col("actor").is_not_null()
        said = pl.when(quotes).then(pl.lit(WITHHELD)).otherwise(pl.col("summary"))
        found = found.with_columns(said.alias("summary"))
    return _addresses(found, pseudonyms) if {"ip_hi", "ip_lo"} <= set(rows.columns) else found


def _way(table: str, column: str, pseudonyms: Pseudonyms) -> Callable[[Any], Any]:
    if column == "evidence":
        return lambda text: _evidence(text, pseudonyms)
    if column == "detail":
        return lambda text: _object(text, pseudonyms, people=table == "action")
    if table == "dead_letter" and column == "reason":
        return lambda _: WITHHELD
    if column in _WORDS or (table == "incident" and column == "name"):
        return pseudonyms.sentence
    return lambda text: pseudonyms.name(text, _KINDS.get(column, "name"))


def _replaced(column: pl.Series, way: Callable[[Any], Any]) -> pl.Series:
    known = column.unique().drop_nulls().to_list()
    return column.replace_strict(known, [way(one) for one in known], return_dtype=column.dtype, default=None)


def _addresses(rows: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    known = rows.select("ip_hi", "ip_lo").unique().drop_nulls()
    others = [pseudonyms.halves(high, low) for high, low in known.iter_rows()]  # pairs
    told = known.with_columns(
        pl.Series("other_hi", [high for high, _ in others], pl.UInt64),
        pl.Series("other_lo", [low for _, low in others], pl.UInt64),
    )
    joined = rows.join(told, on=["ip_hi", "ip_lo"], how="left", maintain_order="left")
    return joined.with_columns(ip_hi="other_hi", ip_lo="other_lo").select(rows.columns)


def _object(text: str, pseudonyms: Pseudonyms, *, people: bool) -> str:
    """Return JSON with other names for all that people chose; what isn't JSON as a sentence."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return WITHHELD if people else pseudonyms.sentence(text)
    return orjson.dumps(_inner(found, "", pseudonyms, people=people)).decode()


def _evidence(text: str, pseudonyms: Pseudonyms) -> str:
    """Return JSON with other names in its texts, keys as well."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return pseudonyms.sentence(text)
    return orjson.dumps(_told(found, pseudonyms)).decode()


def _told(found: Any, pseudonyms: Pseudonyms) -> Any:  # Any: JSON
    if isinstance(found, dict):
        return {pseudonyms.sentence(name): _told(one, pseudonyms) for name, one in found.items()}
    if isinstance(found, list):
        return [_told(one, pseudonyms) for one in found]
    return pseudonyms.sentence(found) if isinstance(found, str) else found


def _inner(found: Any, key: str, pseudonyms: Pseudonyms, *, people: bool) -> Any:  # Any: JSON
    if isinstance(found, dict):
        return {
            pseudonyms.name(name, "name") if key == "labels" else name: _inner(
                one, name, pseudonyms, people=people
            )
            for name, one in found.items()
        }
    if isinstance(found, list):
        return [_inner(one, key, pseudonyms, people=people) for one in found]
    if not isinstance(found, str):
        return found
    if key in _OPEN_KEYS:
        return pseudonyms.sentence(found)
    if people and " " in found:
        return WITHHELD
    return pseudonyms.name(found, "name")
