"""What people are told: incidents as alerts of Alertmanager, and as records of a topic.

Which alerts follow from which incidents is decided in ``standing``, ``alert``, ``plan`` and ``gate``, which
neither read a clock nor know a socket. ``feed``, ``client``, ``sender`` and ``topic`` carry it out.
"""
