"""The inventory's YAML: a document with lines, the meaning of its keys, and how one is written."""
