import ssl
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.pipeline.pgwire.clients.served import Served
from tests.pipeline.pgwire.clients.values import NAMES, TYPED

DRIVERS = ("psycopg", "pg8000")


@pytest.fixture(params=DRIVERS)
def engine(served: Served, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    address = (
        f"postgresql+{request.param}://{served.user}:{served.password}@localhost:{served.port}/fabricscope"
    )
    context = ssl.create_default_context(cafile=str(served.authority))
    with_tls = {
        "psycopg": {"sslmode": "verify-full", "sslrootcert": str(served.authority)},
        "pg8000": {"ssl_context": context},
    }
    made = sa.create_engine(address, connect_args=with_tls[request.param])
    yield made
    made.dispose()


def test_statements_and_transactions_run(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert [row[0] for row in connection.exec_driver_sql(TYPED)] == [1, 2, 3]
        incident = sa.table("incident", sa.column("rule"), sa.column("vni", sa.BigInteger))
        query = sa.select(sa.func.count()).select_from(incident).where(incident.c.vni.in_([1, 2]))
        assert connection.execute(query).scalar_one() == 0


def test_the_inspector_sees_views_columns_and_comments(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    assert inspector.default_schema_name == "main"
    assert inspector.get_schema_names() == ["information_schema", "main"]
    assert inspector.get_table_names() == []
    assert {"incident", "finding", "mac_current"} <= set(inspector.get_view_names())
    columns = {column["name"]: column["type"] for column in inspector.get_columns("incident")}
    assert isinstance(columns["opened_at"], sa.TIMESTAMP)
    assert isinstance(columns["rule"], sa.TEXT)
    assert isinstance(columns["vni"], sa.BIGINT)
    assert inspector.get_pk_constraint("incident")["constrained_columns"] == []
    assert not inspector.get_foreign_keys("incident")
    assert not inspector.get_indexes("incident")
    assert (inspector.get_table_comment("incident")["text"] or "").startswith("Grain: one row per incident")
    assert "incident_id" in inspector.get_view_definition("incident")
    assert inspector.has_table("incident", schema="main")
    assert not inspector.has_table("nope")
    assert inspector.get_enums() == []  # type: ignore[attr-defined] # of PostgreSQL's inspector


def test_a_view_is_reflected_and_asked(engine: sa.Engine) -> None:
    incident = sa.Table("incident", sa.MetaData(), autoload_with=engine)
    assert "opened_at" in incident.c
    with engine.connect() as connection:
        rows = connection.execute(sa.select(incident).where(incident.c.rule == "M1").limit(1)).all()
    assert [row.rule for row in rows] == ["M1"]
    assert len(NAMES) == len(set(NAMES))
