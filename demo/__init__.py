"""The demo: a recording of a fabric, played through an embedded broker into a replica, and watched.

A package of its own, above the others: it needs the device side (``targets``) and the pipeline at once, and
neither may know the other. Nothing imports it but the command line.
"""
