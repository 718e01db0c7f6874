import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.pgwire.refusal import PROGRAM_LIMIT_EXCEEDED, RefusalError
from pipeline.pgwire.statements import MAX_QUERY_BYTES, Piece, after_explain, split

WHOLE = [
    "select 'a;b'",
    "select 'a''b;'",
    "select e'a\\';b'",
    "select E'\\\\' || ';'",
    'select 1 as "a;""b"',
    "select 1 -- a; b\n + 1",
    "select 1 /* ; /* ; */ ; */ + 1",
    "select $$a;b$$",
    "select $x$a;$$;$x;$x$",
    "select $1",
    "select ';' 'a' /* ' */",
]


@pytest.mark.parametrize("text", WHOLE)
def test_what_is_quoted_or_commented_separates_nothing(text: str) -> None:
    assert split(text) == [Piece(text, 0)]
    assert split(f"{text};{text}") == [Piece(text, 0), Piece(text, len(text) + 1)]


def test_a_name_may_hold_dollars() -> None:
    assert [piece.text for piece in split("select a$x$ ; select $x$")] == ["select a$x$ ", " select $x$"]


def test_backslashes_escape_nothing_in_plain_strings() -> None:
    assert [piece.text for piece in split(r"select '\'; select 2")] == [r"select '\'", " select 2"]


@pytest.mark.parametrize("opened", ["'", '"', "e'", "/*", "$$", "$a$", "/* /* */"])
def test_what_never_ends_reaches_to_the_end(opened: str) -> None:
    assert split(f"select {opened} ; x") == [Piece(f"select {opened} ; x", 0)]


@pytest.mark.parametrize("text", ["", " ", ";", " ;\n; "])
def test_nothing_is_no_statement(text: str) -> None:
    assert split(text) == []


def test_comments_alone_are_a_statement() -> None:
    assert split("-- ping") == [Piece("-- ping", 0)]


@given(st.lists(st.sampled_from([*WHOLE, " ", ";", "'", "$", "/*", "*/", "\n", "é"])).map("".join))
@example("e'\\")
def test_pieces_are_the_text_between_semicolons(query: str) -> None:
    pieces = split(query)
    assert all(query[piece.start : piece.start + len(piece.text)] == piece.text for piece in pieces)
    between, end = [], 0
    for piece in pieces:
        between.append(query[end : piece.start])
        end = piece.start + len(piece.text)
    assert set("".join([*between, query[end:]])) <= {";", " ", "\n"}


def test_a_query_of_64_kib_is_the_longest() -> None:
    query = "select '" + "é" * ((MAX_QUERY_BYTES - 10) // 2) + "' "
    assert len(query.encode()) == MAX_QUERY_BYTES
    assert len(split(query)) == 1
    with pytest.raises(RefusalError, match="65537 bytes, the limit is 65536") as refused:
        split(query + " ")
    assert refused.value.sqlstate == PROGRAM_LIMIT_EXCEEDED


def test_two_megabytes_of_brackets_are_refused_before_anything_parses_them() -> None:
    with pytest.raises(RefusalError, match="2000000 bytes"):
        split("(" * 2_000_000)


@pytest.mark.parametrize("text", ["EXPLAIN select 1", " explain select 1", "/* a */ -- b\nExplain select 1"])
def test_what_is_explained_is_found_behind_comments(text: str) -> None:
    found = after_explain(Piece(text, 7))
    assert found is not None
    assert found.text == " select 1"
    assert found.start == 7 + text.index(" select 1")


@pytest.mark.parametrize(
    "text", ["select 1", "explained", "'explain' select 1", '"explain" select', "--explain"]
)
def test_other_statements_explain_nothing(text: str) -> None:
    assert after_explain(Piece(text, 0)) is None
