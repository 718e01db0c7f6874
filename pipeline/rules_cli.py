"""The command ``rules``: what fabricscope finds, as pages."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from collectors.errors import FabricscopeError, InputError
from pipeline.rule_pages import INDEX, pages

app = typer.Typer()


@app.command()
def rules(
    rule: Annotated[str | None, typer.Argument(help="Show the page of one rule, M2 for example.")] = None,
    *,
    write: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_WRITE",
            file_okay=False,
            help="Write all pages to this folder instead, as Markdown.",
        ),
    ] = None,
) -> None:
    """Show what fabricscope finds: all rules, or one with its causes, next commands and thresholds.

    Exit code 0: shown or written; 1: the folder can't be written; 2: there is no such rule.
    """
    found = pages()
    if write is not None:
        try:
            write.mkdir(parents=True, exist_ok=True)
            for name, text in found.items():
                (write / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise FabricscopeError(f"{write} can't be written: {error.strerror}") from error
        return
    name = INDEX if rule is None else f"{rule.upper()}.md"
    if name not in found:
        known = ", ".join(page.removesuffix(".md") for page in found if page != INDEX)
        raise InputError(f"there is no rule {rule!r}: use one of {known}")
    text = found[name]
    Console().print(Markdown(text.partition("-->\n\n")[2]))
