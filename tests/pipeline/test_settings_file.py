"""The file of thresholds: what it means, and that all its mistakes are told at once."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from collectors.errors import InputError
from pipeline.detect import RULES
from pipeline.detectors.settings import Parameter, Settings
from pipeline.settings_file import read

ESI = "03:44:38:39:ff:ff:01:00:00:01"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


def test_the_narrowest_holds(file: Path) -> None:
    file.write_text(
        f"""
        rules: {{R4: {{wait_s: 10}}, V1: {{wait_s: 7}}}}
        fabrics:
          dc1:
            rules: {{R4: {{wait_s: 20}}}}
            vnis: {{10010: {{M2: {{clear_s: 60}}}}}}
            segments: {{"{ESI.upper()}": {{R4: {{wait_s: 30}}}}}}
        """
    )
    settings = read(file, ["dc1", "dc2"])

    def wait(fabric: str, rule: str, esi: str | None = None) -> timedelta:
        return settings[fabric].timed([RULES[rule]], None, esi)[0].wait

    assert wait("dc1", "R4", ESI) == timedelta(seconds=30)
    assert wait("dc1", "R4") == timedelta(seconds=20)
    assert wait("dc2", "R4") == timedelta(seconds=10)
    assert wait("dc1", "V1") == wait("dc2", "V1") == timedelta(seconds=7)
    assert wait("dc1", "R5") == RULES["R5"].wait
    assert settings["dc1"].timed([RULES["M2"]], 10010, None)[0].clear == timedelta(seconds=60)
    assert settings["dc1"].timed([RULES["M2"]], 10020, None)[0].clear == RULES["M2"].clear


def test_all_mistakes_are_told_at_once_with_their_lines(file: Path) -> None:
    file.write_text(
        "rules:\n"
        "  M22: {moves: 5}\n"
        "  V1: {wait: 5}\n"
        "  R4: {wait_s: -1}\n"
        "  R5: {wait_s: soon}\n"
        "  R15: 5\n"
        "fabrics:\n"
        "  dc1:\n"
        "    vnis: {16777216: {}}\n"
        "    segments: {po1: {}}\n"
        "    rule: {}\n"
        "fabric: {}\n"
    )
    with pytest.raises(InputError) as raised:
        read(file, ["dc1"])
    told = str(raised.value).splitlines()
    assert [int(line.split(":")[1]) for line in told] == [2, 3, 4, 5, 6, 9, 10, 11, 12]
    assert "there is no rule 'M22'" in told[0]
    assert "V1 has no threshold 'wait': use clear_s, wait_s" in told[1]
    assert "R4 wait_s must be a number of 0 to 604800 s" in told[2]
    assert "did you mean rules?" in told[7]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"rules: [", b"- a list\n"])
def test_a_file_that_can_not_be_read_is_said_to_be_so(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"settings\.yaml"):
        read(file, ["dc1"])


def test_an_empty_file_sets_nothing(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert read(file, ["dc1"]) == {"dc1": Settings()}


@pytest.mark.parametrize(
    ("where", "threshold"),
    [
        ("vnis: {10010", "L1: {transitions: 4}"),
        ("vnis: {10010", "I2: {window_s: 60}"),
        (f'segments: {{"{ESI}"', "M2: {moves: 9}"),
    ],
)
def test_what_would_have_no_effect_is_a_mistake(where: str, threshold: str, file: Path) -> None:
    file.write_text(f"fabrics: {{dc1: {{{where}: {{{threshold}}}}}}}}}\n")
    with pytest.raises(InputError, match=r"can't be set for a (VNI|segment): it is one for the fabric"):
        read(file, ["dc1"])


def test_a_limit_is_that_of_the_rows_vni_where_it_is_set() -> None:
    moves = Parameter("M2", "moves", 5, unit="moves", least=2, most=1000, per_vni=True)
    settings = Settings({moves.key: 6.0}, {7: {moves.key: 20.0}})
    frame = pl.DataFrame({"vni": [7, 8, None]}, schema={"vni": pl.UInt32})
    assert frame.select(settings.limit(moves, frame.columns)).to_series().to_list() == [20.0, 6.0, 6.0]
    assert frame.select(settings.limit(moves, ["device"])).item() == 6.0
    assert Settings().value(moves) == 5
