"""pgx v5, as Grafana uses it (simple protocol) and as programs do (extended, binary), and lib/pq."""

import json
import subprocess
from typing import Any

import pytest

from tests.pipeline.pgwire.clients.programs import go_clients
from tests.pipeline.pgwire.clients.served import ENDLESS, Served
from tests.pipeline.pgwire.clients.values import NAMES, OIDS, TEXTS, TYPED

pytestmark = pytest.mark.services


def ask(served: Served, *asked: tuple[str, str, list[Any]]) -> list[list[dict[str, Any]]]:
    """Return what each statement answered, by its way: simple, extended, libpq or cancel."""
    given = [{"way": way, "query": query, "arguments": arguments} for way, query, arguments in asked]
    done = subprocess.run(
        [go_clients(), served.dsn],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def test_grafana_gets_rows_of_types_it_knows(served: Served) -> None:
    (((typed),),) = ask(served, ("simple", TYPED, []))
    assert (typed["columns"], typed["oids"], typed["tag"]) == (NAMES, OIDS, "SELECT 3")
    assert typed["rows"] == TEXTS


def test_grafana_s_health_check_is_an_empty_query(served: Served) -> None:
    ((ping),) = ask(served, ("simple", "-- ping", []))
    assert [answer.get("error") for answer in ping] == [None] * len(ping)


PANELS = {
    "time filter": "SELECT opened_at AS time, severity FROM incident WHERE"
    " opened_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-03T00:00:00Z' ORDER BY 1",
    "time group": "SELECT floor(extract(epoch from opened_at)/60)*60 AS time, count(*) AS n FROM incident"
    " WHERE opened_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-03T00:00:00Z' GROUP BY 1 ORDER BY 1",
    "timescaledb": "SELECT time_bucket('60.000s',opened_at) AS time, rule AS metric, count(*) AS value FROM"
    " incident WHERE opened_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-03T00:00:00Z'"
    " GROUP BY 1, 2 ORDER BY 1",
}


@pytest.mark.parametrize("panel", PANELS)
def test_grafana_s_macros_make_queries_that_run(served: Served, panel: str) -> None:
    ((answer,),) = ask(served, ("simple", PANELS[panel], []))
    assert answer["tag"] == f"SELECT {len(answer['rows'])}"
    assert answer["rows"]
    assert answer["oids"][0] == (701 if panel == "time group" else 1184)


def test_several_statements_answer_each_and_one_refused_refuses_all(served: Served) -> None:
    good, bad = ask(
        served, ("simple", "select 1; select 'a', 2", []), ("simple", "select 1; drop view incident", [])
    )
    assert [(answer["tag"], answer["rows"]) for answer in good] == [
        ("SELECT 1", [["1"]]),
        ("SELECT 1", [["a", "2"]]),
    ]
    assert [answer.get("error", {}).get("code") for answer in bad] == ["25006"]


def test_errors_carry_code_and_position(served: Served) -> None:
    found = ask(
        served,
        ("simple", "select nope from incident", []),
        ("extended", "select * from incidnt", []),
        ("libpq", "select 1 +", []),
    )
    assert [answer[0]["error"]["code"] for answer in found] == ["42703", "42P01", "42601"]
    assert found[0][0]["error"]["position"] == len("select ") + 1


def test_pgx_reads_binary_results_and_writes_parameters(served: Served) -> None:
    found = ask(
        served,
        ("extended", TYPED, []),
        ("extended", "select $1::bigint, $2::text, $3::bool, $4::float8", [7, "it's", True, 1.5]),
        ("extended", "select rule from incident where rule = $1 limit $2", ["M1", 1]),
    )
    typed, cast, compared = (answer[0] for answer in found)
    assert typed.get("error") is None
    assert [row[:5] for row in typed["rows"]] == [
        ["1", "true", "1", "2", "9223372036854775807"], ["2", None, None, None, None],
        ["3", "false", "-32768", "-2147483648", "-9223372036854775808"],
    ]  # fmt: skip
    assert typed["rows"][0][8:12] == [
        "é",
        "2026-01-02T00:00:00Z",
        "2026-01-02T03:04:05.006Z",
        "2026-01-02T03:04:05Z",
    ]
    assert cast["rows"] == [["7", "it's", "true", "1.5"]]
    assert compared["rows"] == [["M1"]]


def test_lib_pq_asks_with_and_without_parameters(served: Served) -> None:
    plain, given = ask(
        served, ("libpq", "select 1, 'a', null", []), ("libpq", "select $1::int + 1, $2::text", [2, "b"])
    )
    assert plain[0]["rows"] == [["1", "a", None]]
    assert given[0]["rows"] == [["3", "b"]]


def test_pgx_cancels_and_goes_on(served: Served) -> None:
    ((canceled, after),) = ask(served, ("cancel", ENDLESS, []))
    assert canceled["error"]["code"] == "57014"
    assert after["rows"] == [[1]]
