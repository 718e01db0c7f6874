"""Playing, without a broker: what is noted of the publisher."""

from collectors.records import StoredRecord
from demo.play import Playhead


def test_the_playhead_is_where_the_publisher_asked_for_more() -> None:
    playhead = Playhead(start=5.0)
    following = playhead.follow(iter([StoredRecord(n, 6000 + n, "l1", b"") for n in range(2)]))
    told = [(batch.keys, playhead.sent, playhead.time) for batch in following]
    assert told == [(["l1"], 0, 5.0), (["l1"], 1, 6.0)]
    assert (playhead.sent, playhead.time) == (2, 6.001)
