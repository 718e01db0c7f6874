"""DDL, migrations, views and macros of the store, executed in the order of their names.

``ddl/`` holds the tables of schema ``store``, made once; ``migrations/`` what brings those of older versions
to these. ``views/`` holds what people read, in schema ``main``: views with the tables' names and text instead
of numbers, and macros; each program that opens a store sets its own. ``pg_catalog/`` holds what PostgreSQL
clients ask their server, beside the views in a reader's catalog. One statement per file, except in the latter
and in migrations.
"""

from importlib.resources import files


def statements(folder: str) -> list[str]:
    """Return the statements in ``folder`` (ddl or views), in the order in which they must run."""
    entries = sorted(files("sql").joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return [entry.read_text("utf-8") for entry in entries if entry.name.endswith(".sql")]


def migrations() -> dict[int, str]:
    """Return the statements that lead to each version of the tables from the one before, oldest first."""
    entries = sorted(files("sql").joinpath("migrations").iterdir(), key=lambda entry: entry.name)
    named = [(entry.name, entry.read_text("utf-8")) for entry in entries if entry.name.endswith(".sql")]
    return {int(name.partition("_")[0]): text for name, text in named}
