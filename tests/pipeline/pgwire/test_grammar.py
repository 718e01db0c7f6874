import pytest

from pipeline.pgwire.commands import (
    Begin,
    CloseCursor,
    Command,
    Deallocate,
    Declare,
    Discard,
    End,
    Fetch,
    Nothing,
    Reset,
    Savepoint,
    SetTransaction,
    SetValue,
    Show,
)
from pipeline.pgwire.grammar import read_command
from pipeline.pgwire.refusal import RefusalError
from pipeline.pgwire.statements import Piece

READ = [
    ("begin", Begin("BEGIN", None)),
    ("/* now */ BEGIN -- so\n WORK", Begin("BEGIN", None)),
    (
        "start transaction read only, isolation level repeatable read",
        Begin("START TRANSACTION", "repeatable read"),
    ),
    ("begin isolation level serializable not deferrable", Begin("BEGIN", "serializable")),
    ("begin transaction isolation level read uncommitted", Begin("BEGIN", "read committed")),
    ("commit", End("COMMIT", chain=False)),
    ("END TRANSACTION AND CHAIN", End("COMMIT", chain=True)),
    ("abort and no chain", End("ROLLBACK", chain=False)),
    ("savepoint a", Savepoint("SAVEPOINT", "a")),
    ('release savepoint "A b"', Savepoint("RELEASE", "A b")),
    ("rollback to A", Savepoint("ROLLBACK", "a")),
    ("set application_name = 'it''s me'", SetValue("application_name", "it's me")),
    ("set local statement_timeout to 500", SetValue("statement_timeout", "500", local=True)),
    ("set session datestyle to iso, mdy", SetValue("datestyle", "iso, mdy")),
    ("set extra_float_digits = -1.5", SetValue("extra_float_digits", "-1.5")),
    ("set x to default", SetValue("x", None)),
    ("set time zone 'UTC'", SetValue("TimeZone", "UTC")),
    ("set names 'utf8'", SetValue("client_encoding", "utf8")),
    ("set session characteristics as transaction read only", SetTransaction(None, session=True)),
    ("set transaction isolation level repeatable read", SetTransaction("repeatable read", session=False)),
    ("reset all", Reset("all")),
    ("show transaction isolation level", Show("transaction_isolation")),
    ("show TIME ZONE", Show("TimeZone")),
    ("discard all", Discard("all")),
    ("deallocate prepare all", Deallocate(None)),
    ("deallocate s_1", Deallocate("s_1")),
    ("close all", CloseCursor(None)),
    ('close "c"', CloseCursor("c")),
    ("unlisten *", Nothing("UNLISTEN")),
    ("fetch c", Fetch("c", "forward", 1, moves=False)),
    ("fetch next from c", Fetch("c", "forward", 1, moves=False)),
    ("fetch 10 in c", Fetch("c", "forward", 10, moves=False)),
    ("fetch -3 from c", Fetch("c", "backward", 3, moves=False)),
    ("fetch all c", Fetch("c", "forward", None, moves=False)),
    ("fetch forward all from c", Fetch("c", "forward", None, moves=False)),
    ("fetch backward 2 from c", Fetch("c", "backward", 2, moves=False)),
    ("fetch backward from c", Fetch("c", "backward", 1, moves=False)),
    ("move last from c", Fetch("c", "absolute", -1, moves=True)),
    ("move absolute 4 c", Fetch("c", "absolute", 4, moves=True)),
    ("fetch relative -2 from c", Fetch("c", "relative", -2, moves=False)),
    ("fetch forward", Fetch("forward", "forward", 1, moves=False)),
    (
        "declare c binary insensitive no scroll cursor with hold for select 1",
        Declare("c", binary=True, scroll=False, hold=True, question=Piece("select 1", 60)),
    ),
    (
        "declare c scroll cursor for (select 2)",
        Declare("c", binary=False, scroll=True, hold=False, question=Piece("(select 2)", 28)),
    ),
]


@pytest.mark.parametrize(("text", "command"), READ, ids=[text[:40] for text, _ in READ])
def test_commands_are_read_to_their_last_word(text: str, command: Command) -> None:
    assert read_command(Piece(text, 0)) == command


@pytest.mark.parametrize(
    "text",
    ["select 1", "with begin as (select 1) from begin", "from incident", "'begin'", "", "-- begin", '"set"'],
)
def test_what_begins_otherwise_is_a_question(text: str) -> None:
    assert read_command(Piece(text, 0)) is None


@pytest.mark.parametrize(
    ("text", "sqlstate", "position"),
    [
        ("begin; drop", "42601", 6),
        ("commit select 1", "42601", 8),
        ("begin read write", "25006", None),
        ("set role admin", "42501", None),
        ("set session authorization x", "42501", None),
        ("set memory_limit", "42601", 17),
        ("set x = (select 1)", "42601", 9),
        ("show", "42601", 5),
        ("fetch 1", "42601", 7),
        ("fetch 99999999999999999999 from c", "42601", 28),
        ("declare c cursor for", "42601", 21),
        ("close c d", "42601", 9),
        ("discard everything", "42601", None),
        ("commit prepared 'x'", "0A000", None),
        ("unlisten", "42601", 9),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(text: str, sqlstate: str, position: int | None) -> None:
    with pytest.raises(RefusalError) as refused:
        read_command(Piece(text, 0))
    assert (refused.value.sqlstate, refused.value.position) == (sqlstate, position)


def test_positions_count_from_the_beginning_of_the_query() -> None:
    with pytest.raises(RefusalError) as refused:
        read_command(Piece(" close c d", 10))
    assert refused.value.position == 20
