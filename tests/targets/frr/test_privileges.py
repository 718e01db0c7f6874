"""What is left of root: nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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

_EVERYBODYS = "/usr/bin/python3"
"""An interpreter that who is not root can start again: that of the tests may stand where only root can go."""

_IN_CI = bool(os.environ.get("CI"))
"""There what is missing fails."""

needs_everybodys = pytest.mark.skipif(
    not _IN_CI and (not Path(_EVERYBODYS).exists() or shutil.which("setpriv") is None),
    reason="no interpreter for everybody",
)
needs_root = pytest.mark.skipif(not _IN_CI and os.geteuid() != 0, reason="only root can drop privileges")


def dropped(user: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _DROP, user], check=False, capture_output=True, text=True, timeout=30
    )


def has_group(name: str) -> bool:
    return subprocess.run(["getent", "group", name], check=False, capture_output=True).returncode == 0


needs_frr = pytest.mark.skipif(
    not _IN_CI and not has_group("frrvty"), reason="FRRouting is not installed here"
)


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


def started(*options: str) -> subprocess.CompletedProcess[str]:
    """Drop privileges in a process that was not started as root."""
    return subprocess.run(
        ["setpriv", "--reuid=65534", *options, _EVERYBODYS, "-c", _DROP, "nobody"],
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=30,
    )


@needs_root
@needs_everybodys
@pytest.mark.parametrize("options", [(), ("--no-new-privs",)])
def test_who_is_not_root_keeps_no_capability_that_was_given(options: tuple[str, ...]) -> None:
    given = ("--inh-caps=+net_admin,+setuid", "--ambient-caps=+net_admin,+setuid")
    said = started("--regid=65534", "--clear-groups", *given, *options)
    assert said.returncode == 0, said.stderr
    status = dict(line.split(":\t", 1) for line in said.stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["65534"] * 4
    assert status["NoNewPrivs"].strip() == "1"
    for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[capabilities], 16) == 0
    assert "stays dropped" in said.stdout


@needs_root
@pytest.mark.parametrize("groups", [("--regid=0", "--clear-groups"), ("--regid=65534", "--groups=0,65534")])
def test_who_is_in_the_group_of_root_is_refused(groups: tuple[str, ...]) -> None:
    said = started(*groups)
    assert said.returncode != 0
    assert "does not stay in the group root" in said.stderr
    assert "Uid:" not in said.stdout


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
