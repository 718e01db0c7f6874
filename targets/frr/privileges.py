"""What the agent may do on its host: read what its user and the group of FRRouting's terminals can, for good.

It never stays root. A user of its own is better than ``frr``, who owns the daemons and their configuration.
Whoever is in the group ``frrvty`` can configure FRRouting by vtysh: there is no group that can only look. The
agent's argument vectors are fixed, and its vtysh starts in the mode that has no ``configure``.
"""

import ctypes
import grp
import os
import pwd
import sys
from pathlib import Path
from typing import Final

from collectors.errors import InputError, RefusedError

VTY_GROUP: Final = "frrvty"
DEFAULT_USER: Final = "fabricscope"

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_GET_NO_NEW_PRIVS: Final = 39
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x20080522


def drop(user: str) -> None:
    """Become ``user`` if this is root, and give up all capabilities and every way to gain privileges.

    Both belong to a thread, and libraries have begun some by now: unless they were given up from the start,
    as systemd does it, the program is started again in this process without them.

    Raises InputError if there is no such user or it is root too, RefusedError if privileges can't be dropped
    or the group root stays.
    """
    is_root = 0 in os.getresuid()
    if _control(_PR_GET_NO_NEW_PRIVS, 0) == 0 or (not is_root and _has_capabilities()):
        _control(_PR_SET_NO_NEW_PRIVS, 1)
        if not is_root:
            _clear_capabilities()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # this program, with its own arguments
    if is_root:
        _become(user)
    _clear_capabilities()
    if _has_capabilities():
        raise RefusedError("the kernel does not let the agent give up its capabilities")
    if 0 in (*os.getresgid(), *os.getgroups()):
        raise RefusedError(
            "the agent does not stay in the group root: start it with a group of its own, or as root"
            " with --user"
        )


def may_ask_daemons() -> bool:
    """Tell whether this process is in the group of FRRouting's terminals."""
    try:
        group = grp.getgrnam(VTY_GROUP).gr_gid
    except KeyError:
        return False
    return group in (os.getegid(), *os.getgroups())


def _become(user: str) -> None:
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise InputError(
            f"the agent does not stay root and there is no user {user}: create it with "
            f"`useradd --system --no-create-home --shell /usr/sbin/nologin {user}`, or name another one"
        ) from None
    if account.pw_uid == 0:
        raise InputError(f"the agent does not stay root, and user {user} is root: name another one")
    try:
        groups = [grp.getgrnam(VTY_GROUP).gr_gid]
    except KeyError:
        raise InputError(f"there is no group {VTY_GROUP}: is FRRouting installed on this host?") from None
    try:
        os.setgroups(groups)
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    except OSError as error:
        raise RefusedError(f"the agent does not stay root, and can't become {user}: {error}") from error
    if 0 in (*os.getresuid(), *os.getresgid()):
        raise RefusedError(f"the agent does not stay root, and is still root after it became {user}")


def _clear_capabilities() -> None:
    _control(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    # capset(2): a header of version and thread, 0 is this one; effective, permitted, inheritable, twice
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _checked(ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()))


def _has_capabilities() -> bool:
    """Tell whether a thread of this process can use, or get, any capability."""
    return any(
        int(line.split()[1], 16)
        for status in Path("/proc/self/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith(("CapPrm:", "CapEff:", "CapAmb:"))
    )


def _control(option: int, value: int) -> int:
    return _checked(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise RefusedError(f"the kernel does not let the agent give up privileges: {os.strerror(code)}")
    return result
