"""What devices say does nothing to a terminal, a spreadsheet or a reader of Markdown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.safe_text import cell, clean, markdown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("leaf-3", "leaf-3"),
        ("\x1b[31mred\x1b[0m", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}[0m"),
        ("two\nlines\tand  more", "two lines and more"),
        ("gpj.\N{RIGHT-TO-LEFT OVERRIDE}exe", "gpj.\N{REPLACEMENT CHARACTER}exe"),
        ("\x9b31m", "\N{REPLACEMENT CHARACTER}31m"),
    ],
)
def test_a_terminal_obeys_nothing(said: str, shown: str) -> None:
    assert clean(said) == shown


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\uff1d1+1"])
def test_a_spreadsheet_computes_nothing(said: str) -> None:
    assert cell(said) == f"'{said.strip()}"


@pytest.mark.parametrize("said", ["leaf-3", "1=1", "'=1", ""])
def test_what_is_no_formula_stays_as_it_is(said: str) -> None:
    assert cell(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "<script>alert(1)</script>",
        "![x](https://example.com/x.png)",
        "[x](javascript:alert(1))",
        "https://example.com/x",
        "www.example.com",
        "a | b | c",
        "- item",
        "1. item",
        "# heading",
        "`code` **bold** _it_ ~~gone~~",
        "{{ 7 * 7 }} {% raw %}",
        "&lt;script&gt;",
        "<https://example.com>",
    ],
)
def test_markdown_shows_what_was_said(said: str) -> None:
    reader = MarkdownIt("gfm-like", {"linkify": False}) if said else MarkdownIt()
    tokens = reader.parseInline(markdown(said))[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "".join(token.content for token in tokens) == said


def test_readable_names_stay_readable() -> None:
    assert markdown("leaf-3 02:aa:00:00:20:05 10.0.11.1") == "leaf-3 02:aa:00:00:20:05 10.0.11.1"
    assert markdown("see https://example.com") == r"see https\://example.com"
    assert markdown("see www.example.com") == r"see www\.example.com"


@settings(max_examples=50)
@given(said=st.text(max_size=30))
def test_whatever_is_said_is_one_line_that_can_be_shown(said: str) -> None:
    assert clean(said).isprintable()
    assert not cell(said).startswith(("=", "+", "-", "@"))
    shown = MarkdownIt("commonmark").render(f"| {markdown(said)} |")
    assert "<a " not in shown
    assert "<img" not in shown
