"""A store of a month, generated, and what questions to it cost: ``python -m bench.store``."""
