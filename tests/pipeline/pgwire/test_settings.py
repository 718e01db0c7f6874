import pytest

from pipeline.pgwire.refusal import RefusalError
from pipeline.pgwire.settings import REPORTED, Settings


def test_what_changes_nothing_here_may_be_set_and_is_shown() -> None:
    settings = Settings("noc")
    settings.start("application_name", "psql")
    settings.set("APPLICATION_NAME", "grafana")
    assert settings.value("application_name") == ("application_name", "grafana")
    assert settings.reset("all") == ["application_name"]
    assert settings.value("application_name")[1] == "psql"
    assert settings.value("session_authorization")[1] == "noc"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "UTC"),
        ("client_encoding", "utf-8"),
        ("datestyle", "iso"),
        ("standard_conforming_strings", "true"),
    ],
)
def test_what_is_so_anyway_may_be_said(name: str, value: str) -> None:
    settings = Settings("noc")
    before = settings.value(name)
    settings.set(name, value)
    assert settings.value(name) == before


@pytest.mark.parametrize(
    ("name", "value", "sqlstate"),
    [
        ("timezone", "Europe/Berlin", "0A000"),
        ("client_encoding", "LATIN1", "0A000"),
        ("default_transaction_read_only", "off", "0A000"),
        ("memory_limit", "1TB", "42704"),
        ("enable_external_access", "true", "42704"),
        ("statement_timeout", "soon", "22023"),
        ("application_name", "x" * 1001, "22023"),
    ],
)
def test_what_cannot_be_so_is_refused(name: str, value: str, sqlstate: str) -> None:
    with pytest.raises(RefusalError) as refused:
        Settings("noc").set(name, value)
    assert refused.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    ("value", "seconds"), [("0", None), ("500", 0.5), ("2s", 2.0), (" 1 min ", 60.0), ("1500 ms", 1.5)]
)
def test_a_client_may_want_less_time(value: str, seconds: float | None) -> None:
    settings = Settings("noc")
    settings.set("statement_timeout", value)
    assert settings.statement_seconds == seconds


def test_what_is_set_for_a_transaction_ends_with_it() -> None:
    settings = Settings("noc")
    settings.set("statement_timeout", "2s")
    settings.set("statement_timeout", "1s", local=True)
    settings.set("statement_timeout", "3s", local=True)
    settings.end_of_transaction()
    assert settings.statement_seconds == 2.0


def test_all_that_is_reported_is_known() -> None:
    settings = Settings("noc")
    assert {settings.value(name)[0] for name in REPORTED} == set(REPORTED)
