"""DDL, views and queries: one statement per file, read with importlib.resources."""
