"""The desk of whoever is on call: incidents to look at, and what people do about them.

``reading`` gets incidents from a store or from the topic, ``listed`` and ``shown`` put them into words,
``sending`` writes actions into the topic of a fabric. The commands are in the modules that end in ``_cli``.
"""
