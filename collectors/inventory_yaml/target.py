"""One target from the settings that hold for it: what is missing, what doesn't go together, and the value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collectors.inventory import DEFAULT_PORT, Credentials, Target, Tls
from collectors.inventory_yaml.settings import WRONG, Settings, part

_PAIRS: Final = (
    ("credentials", "username", "password"),
    ("credentials", "password", "username"),
    ("tls", "certificate", "key"),
    ("tls", "key", "certificate"),
)
"""Of the first, the second is of no use without the third."""

_REMEDY: Final = "write credentials: null to send none, or take insecure away"


def problems(line: int, own: Settings, settings: Settings) -> Iterator[tuple[int, str]]:
    """Yield what keeps ``settings`` from being a target, each with its line.

    ``line`` is where the target begins, ``own`` what it says itself, ``settings`` what holds in all.
    """
    if "address" not in settings:
        yield line, "needs an address"
    for key in ("profile", "fabric"):
        if key not in settings:
            yield line, f"needs a {key}: give it here, in one of its groups or in defaults"
    for mapping, have, lacks in _PAIRS:
        if f"{mapping}.{have}" in settings and f"{mapping}.{lacks}" not in settings:
            yield settings[f"{mapping}.{have}"].line, f"{mapping} has a {have} but no {lacks}"
    if not _insecure(settings):
        return
    at = settings["insecure"].line
    if part(settings, "credentials"):
        yield at, f"insecure would send the password in clear text: {_REMEDY}"
    if part(own, "tls"):
        yield at, "is insecure and has tls of its own: take one of them away"


def target_of(name: str, settings: Settings, base: Path) -> Target | None:
    """Return the target, relative paths below ``base``; None where a value is WRONG.

    ``problems`` must have found none.
    """
    if any(setting.text == WRONG for setting in settings.values()):
        return None
    text = {key: setting.text for key, setting in settings.items() if setting.text is not None}
    return Target(
        name=name,
        address=text["address"],
        port=int(text.get("port", DEFAULT_PORT)),
        profile=text["profile"],
        fabric=text["fabric"],
        role=text.get("role"),
        site=text.get("site"),
        rack=text.get("rack"),
        labels=part(settings, "labels"),
        credentials=_credentials(part(settings, "credentials"), base),
        tls=None if _insecure(settings) else _tls(part(settings, "tls"), base),
    )


def _insecure(settings: Settings) -> bool:
    return "insecure" in settings and settings["insecure"].text == "true"


def _credentials(given: dict[str, str], base: Path) -> Credentials | None:
    if not given:
        return None
    placed = {
        key: f"file:{base / text.removeprefix('file:')}" if text.startswith("file:") else text
        for key, text in given.items()
    }
    return Credentials(username=placed["username"], password=placed["password"])


def _tls(given: dict[str, str], base: Path) -> Tls:
    # joined, not resolved: behind a symbolic link (a mounted ConfigMap) each renewal would look like a change
    paths = {key: base / given[key] for key in ("ca", "certificate", "key") if key in given}
    return Tls(**paths, server_name=given.get("server_name"))
