import json
from typing import Any

import duckdb
import pytest

from pipeline.pgwire import oids
from pipeline.pgwire.inference import parameter_types

COLUMNS = {"vni": oids.INT8, "opened_at": oids.TIMESTAMPTZ, "device": oids.TEXT}


def tree(query: str) -> Any:
    with duckdb.connect() as connection:
        row = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    assert row is not None
    return json.loads(row[0])


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("select 1", ()),
        ("select $1", (0,)),
        ("select $2::int", (0, oids.INT4)),
        ("select $1, $1::bool", (oids.BOOL,)),
        (
            "select cast($1 as timestamptz), $2::timestamp with time zone",
            (oids.TIMESTAMPTZ, oids.TIMESTAMPTZ),
        ),
        ("select $1::int[], $2::text[], $3::oid[]", (1007, 1009, 1028)),
        ("select $1::numeric(9,2), $2::uuid, $3::float8", (oids.NUMERIC, oids.UUID, oids.FLOAT8)),
        ("select $1::struct(a int)", (0,)),
        ("from incident where vni = $1", (oids.INT8,)),
        ("from incident i where $1 <> i.VNI", (oids.INT8,)),
        ("from incident where opened_at between $1 and $2", (oids.TIMESTAMPTZ, oids.TIMESTAMPTZ)),
        ("from incident where vni in ($1, 2, $2) and device not in ($3)", (oids.INT8, oids.INT8, oids.TEXT)),
        ("from incident where now()::date > $1", (oids.DATE,)),
        ("from incident where other = $1", (0,)),
        ("from incident limit $1 offset $2", (oids.INT8, oids.INT8)),
        ("select (select max(vni) from incident where vni < $1)", (oids.INT8,)),
    ],
)
def test_types_are_those_of_casts_and_of_columns(query: str, types: tuple[int, ...]) -> None:
    assert parameter_types(tree(query), COLUMNS) == types


def test_a_number_that_is_none_of_a_parameter_costs_nothing() -> None:
    assert parameter_types({"class": "PARAMETER", "identifier": "999999999"}, {}) == ()
