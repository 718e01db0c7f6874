"""Kafka is cut off for a minute under load: nothing is lost, or the stream says what is."""

import time
from pathlib import Path

import pytest

from collectors.budget import LIMIT_BYTES
from tests.integration.apache_kafka import ApacheKafka
from tests.integration.faults.rig import FABRIC, Rig, blind, differences, until
from tests.integration.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.services, pytest.mark.slow]
RATE = 5_000
"""Updates a second, of all devices."""
AWAY_S = 60.0
COLLECTOR_MB = 400
BUFFER_BYTES = LIMIT_BYTES + 16 * 1024 * 1024
"""The limit, and one more message of each stream that was being read when it was reached."""
LEAST_HELD = RATE * 40 * 50
"""What 40 s of updates take at 50 bytes each: the minute was felt."""


def test_a_minute_without_kafka_under_load_ends_in_the_store_of_a_reference(
    kafka: ApacheKafka, tmp_path: Path
) -> None:
    with TcpProxy(kafka.proxy_port, kafka.proxied) as proxy, Rig(tmp_path, kafka.plaintext) as rig:
        fabric = rig.simulate(leaves=6, hosts=200)
        collector = rig.collect("c1", kafka=kafka.proxied)
        until(collector.in_step, "the first sync")
        fabric.say(f"load {RATE} {AWAY_S + 20}")
        time.sleep(5)  # under load, with Kafka there
        proxy.cut()
        begin = time.monotonic()
        most = 0
        while time.monotonic() < begin + AWAY_S:
            most = max(most, collector.document()["buffer_bytes"])
            time.sleep(1)
        assert LEAST_HELD <= most <= BUFFER_BYTES
        proxy.mend()
        until(collector.in_step, "the backlog is in Kafka", 120)
        collector.settle()
        assert collector.process.peak_mb() < COLLECTOR_MB
        assert differences(rig.store(), rig.reference()) == []
        lost = {(one["target"], one["family"]) for one in collector.document()["targets"] if one["lost"]}
        assert set(blind(tmp_path / f"{FABRIC}.duckdb")) == lost
