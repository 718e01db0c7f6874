"""Which incident follows from which: one root, its consequences attached, storms put together.

Pure: incidents and the topology in, root of each out.
"""
