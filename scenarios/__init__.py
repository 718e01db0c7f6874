"""Scenarios: what is done to a fabric, what has to be found because of it, and how well the rules do."""
