"""Proposals as a part of the file for ``--settings``, held against its reader before anybody sees it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline import settings_file
from pipeline.detectors.settings import Key, Settings
from pipeline.whatif.advice import Limits, Proposal


def values_of(now: Limits, then: Limits) -> dict[Key, float]:
    """Return the thresholds that differ."""
    both = {
        ("M2", "moves"): (now.moves, then.moves),
        ("M2", "window_s"): (now.window_s, then.window_s),
        ("M3", "moves"): (now.flap_moves, then.flap_moves),
    }
    return {key: after for key, (before, after) in both.items() if before != after}


def with_proposals(settings: Settings, proposals: Sequence[Proposal]) -> Settings:
    """Return the thresholds that hold, with what is proposed for VNIs."""
    own = {
        one.vni: {**settings.vnis.get(one.vni, {}), **values_of(one.now, one.then)}
        for one in proposals
        if one.then is not None
    }
    return Settings(settings.fabric, {**settings.vnis, **own}, settings.segments)


def text_of(fabrics: Mapping[str, Sequence[Proposal]]) -> str:
    """Return the fragment, empty if nothing is proposed; ``fabrics``: proposals by fabric."""
    lines: list[str] = []
    for fabric, proposals in sorted(fabrics.items()):
        wanted = [one for one in proposals if one.then is not None and values_of(one.now, one.then)]
        if not wanted:
            continue
        lines += [f"  {_quoted(fabric)}:", "    vnis:"]
        for one in sorted(wanted, key=lambda proposal: proposal.vni):
            assert one.then is not None
            lines.append(f"      {one.vni}:")
            rules: dict[str, list[str]] = {}
            for (rule, name), value in values_of(one.now, one.then).items():
                rules.setdefault(rule, []).append(f"{name}: {value:g}")
            lines += [f"        {rule}: {{{', '.join(parts)}}}" for rule, parts in rules.items()]
    text = "\n".join(["fabrics:", *lines, ""]) if lines else ""
    _check(text, fabrics)
    return text


def _check(text: str, fabrics: Mapping[str, Sequence[Proposal]]) -> None:
    """Raise if the reader of settings makes anything else of the text than what is proposed."""
    if not text:
        return
    with tempfile.TemporaryDirectory(prefix="fabricscope-advise-") as folder:
        file = Path(folder) / "settings.yaml"
        file.write_text(text, encoding="utf-8")
        read = settings_file.read(file, fabrics)
    for fabric, proposals in fabrics.items():
        wanted = with_proposals(Settings(), proposals)
        if {vni: own for vni, own in wanted.vnis.items() if own} != read[fabric].vnis:
            raise AssertionError(f"the reader of settings takes what is proposed for {fabric} otherwise")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
