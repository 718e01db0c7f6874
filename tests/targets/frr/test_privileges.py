"""What is left of root: nothing."""

import os
import subprocess
import sys

import pytest

from targets.frr.privileges import may_ask_daemons

_DROP = """
import sys
from targets.frr.privileges import drop, may_ask_daemons
drop(sys.argv[1])
print(open("/proc/self/status").read())
print("may_ask", may_ask_daemons())
try:
    import os
    os.setuid(0)
except PermissionError:
    print("stays dropped")
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")


def dropped(user: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _DROP, user], check=False, capture_output=True, text=True, timeout=30
    )


def has_group(name: str) -> bool:
    return subprocess.run(["getent", "group", name], check=False, capture_output=True).returncode == 0


needs_frr = pytest.mark.skipif(not has_group("frrvty"), reason="FRRouting is not installed here")


@needs_root
@needs_frr
def test_root_becomes_the_user_with_the_group_of_vtysh_and_no_other() -> None:
    import grp
    import pwd

    said = dropped("nobody")
    assert said.returncode == 0, said.stderr
    status = dict(line.split(":\t", 1) for line in said.stdout.splitlines() if ":\t" in line)
    nobody, group = pwd.getpwnam("nobody"), grp.getgrnam("frrvty").gr_gid
    assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
    assert status["Gid"].split() == [str(nobody.pw_gid)] * 4
    assert status["Groups"].split() == [str(group)]
    assert status["NoNewPrivs"].strip() == "1"
    for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[capabilities], 16) == 0
    assert "stays dropped" in said.stdout
    assert "may_ask True" in said.stdout


@needs_root
@needs_frr
@pytest.mark.parametrize(
    ("user", "sentence"), [("root", "user root is root"), ("no-such-user", "useradd --system")]
)
def test_root_without_somebody_to_become_is_refused(user: str, sentence: str) -> None:
    said = dropped(user)
    assert said.returncode != 0
    assert "the agent does not stay root" in said.stderr
    assert sentence in said.stderr
    assert "Uid:" not in said.stdout


def test_who_is_in_the_group_of_vtysh_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    monkeypatch.setattr("targets.frr.privileges.VTY_GROUP", group)
    assert may_ask_daemons()
    monkeypatch.setattr("targets.frr.privileges.VTY_GROUP", "no-such-group")
    assert not may_ask_daemons()
