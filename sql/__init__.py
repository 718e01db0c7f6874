"""DDL, views and macros of the store: one statement per file, executed in the order of their names.

``ddl/`` holds the tables of schema ``store``, made once. ``views/`` holds what people read, in schema
``main``: views with the tables' names and text instead of numbers, and macros; each program that opens a
store sets its own.
"""

from importlib.resources import files


def statements(folder: str) -> list[str]:
    """Return the statements in ``folder`` (ddl or views), in the order in which they must run."""
    entries = sorted(files("sql").joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return [entry.read_text("utf-8") for entry in entries if entry.name.endswith(".sql")]
