"""The lab itself: what it leaves behind, and that its hosts are seen where they speak."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.fabric import LOOPBACKS, SEGMENT, Lab, host
from tests.lab.namespaces import running, runs

pytestmark = pytest.mark.services

_CRASHING = """
import os, signal, subprocess
from tests.lab.namespaces import running
with running() as namespaces:
    namespaces.add("n1")
    daemon = namespaces.spawn("n1", "sleep", "600", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(namespaces.name("n1"), daemon.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_crashed_run_left_behind_is_removed_by_the_next(lab: Lab) -> None:
    crashed = subprocess.run(
        [sys.executable, "-c", _CRASHING], check=False, capture_output=True, text=True, timeout=30
    )
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr
    name, pid = crashed.stdout.split()
    assert Path("/run/netns", name).exists()
    with running():
        assert not Path("/run/netns", name).exists()
        assert not runs(int(pid))
    assert lab.converged(), "another run's namespaces are left alone while it lives"


def test_two_runs_do_not_collide_and_leave_nothing(lab: Lab) -> None:
    with running() as namespaces:
        namespaces.add("s1")
        namespaces.ip("s1", "link add up1 type veth peer name up2")
        name = namespaces.name("s1")
        assert name != lab.namespaces.name("s1")
    assert not Path("/run/netns", name).exists()
    assert not Path("/var/run/frr", name).exists()
    assert not Path("/run/lock", name.rpartition("-")[0]).exists()


def test_a_host_is_seen_where_it_speaks(lab: Lab) -> None:
    guest = host(1010, 200)

    lab.speak(guest, "l1")
    lab.wait(lambda: lab.where("l3", guest) == LOOPBACKS["l1"], "the host at l1", 10)
    lab.speak(guest, "l2")
    lab.wait(lambda: lab.where("l3", guest) == LOOPBACKS["l2"], "the host at l2", 10)
    lab.speak(guest, "l1", port="bond1")
    lab.wait(lambda: lab.where("l3", guest) == SEGMENT, "the host at the segment", 10)


def test_a_spine_without_bgpd_is_missed_and_taken_back(lab: Lab) -> None:
    lab.stop_bgpd("s2")
    lab.wait(lambda: not lab.converged(), "the loss of s2", 10)
    lab.start_bgpd("s2")
    lab.wait(lab.converged, "the return of s2", 30)
