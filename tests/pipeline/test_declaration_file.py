"""What an operator declares: the content of the record, and every mistake at once."""

from pathlib import Path

import pytest

from collectors.errors import InputError
from pipeline.declaration_file import read
from pipeline.detectors.declared import Declared

WHOLE = """
design: EBGP
vnis:
  10010: {tenant: blue}
  10020: {tenant: red}
segments:
  "03:44:38:39:FF:ff:01:00:00:01": {members: [leaf-1, leaf-2]}
targets:
  leaf-1: {role: leaf, uplinks: 2, lags: {po1: 2}}
"""


def test_a_declaration_means_the_same_to_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "dc1.yaml"
    file.write_text(WHOLE)
    declared = Declared()
    assert declared.take(read(file))
    assert declared.design == "ebgp"
    assert declared.tenant_of == {10010: "blue", 10020: "red"}
    assert declared.members_of == {"03:44:38:39:ff:ff:01:00:00:01": ["leaf-1", "leaf-2"]}
    assert declared.uplinks_of == {"leaf-1": 2}
    assert declared.lag_members_of == {("leaf-1", "po1"): 2}
    assert not declared.take(read(file))  # nothing new


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "dc1.yaml"
    file.write_text(
        "design: clos\n"
        "spines: 2\n"
        "vnis:\n"
        "  0: {tenant: blue}\n"
        "  10: {tennant: blue}\n"
        "segments:\n"
        "  po1: {members: leaf-1}\n"
        "targets:\n"
        "  leaf 1: {}\n"
        "  leaf-2: {uplinks: 0, lags: [po1]}\n"
        "leaves: 4\n"
    )
    with pytest.raises(InputError) as raised:
        read(file)
    told = str(raised.value).splitlines()
    assert [int(line.split(":")[1]) for line in told] == [1, 2, 4, 5, 7, 9, 10, 10, 11]
    assert "design of a declaration: must be one of" in told[0]
    assert "10 has no 'tennant' (did you mean tenant?): use tenant" in told[3]


def test_an_empty_file_declares_nothing(tmp_path: Path) -> None:
    file = tmp_path / "dc1.yaml"
    file.write_text("")
    assert read(file) == {}
