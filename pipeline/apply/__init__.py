"""Partial rows and current state in, changes out."""
