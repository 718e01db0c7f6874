"""What Prometheus is told of the agent."""

from urllib.request import urlopen

import pytest

from collectors.errors import FabricscopeError, InputError
from pipeline.broker import free_port
from targets.frr.agent import Figures
from targets.frr.metrics import AgentMetrics, listen


def test_figures_are_told_as_they_are_now() -> None:
    figures, port = Figures(), free_port()
    stop = listen(f"127.0.0.1:{port}", AgentMetrics(figures))
    try:
        figures.polls["partial"] = 3
        figures.complaints = {"bgpd": "it is down"}
        figures.alive_ns = 1_700_000_000_500_000_000
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            told = dict(
                line.rpartition(" ")[::2] for line in answer.read().decode().splitlines() if line[0] != "#"
            )
    finally:
        stop()
    assert told['fabricscope_agent_polls_total{result="partial"}'] == "3.0"
    assert told['fabricscope_agent_no_answer{asked="bgpd"}'] == "1.0"
    assert float(told["fabricscope_agent_alive_timestamp_seconds"]) == 1_700_000_000.5
    assert float(told["fabricscope_agent_processor_seconds_total"]) > 0


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9100", "192.0.2.1:9100", "9100", "127.0.0.1:", "127.0.0.1:70000"]
)
def test_metrics_are_for_this_machine_only(address: str) -> None:
    with pytest.raises(InputError, match="can't be served"):
        listen(address, AgentMetrics(Figures()))


def test_a_port_that_is_taken_is_named() -> None:
    port = free_port()
    stop = listen(f"127.0.0.1:{port}", AgentMetrics(Figures()))
    try:
        with pytest.raises(FabricscopeError, match=str(port)):
            listen(f"127.0.0.1:{port}", AgentMetrics(Figures()))
    finally:
        stop()
