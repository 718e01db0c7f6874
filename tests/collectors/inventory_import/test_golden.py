"""What becomes of other systems' data: a folder has an input, arguments and the inventory that they make."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.inventory_cli import app
from collectors.inventory_file import read_inventory

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", sorted(path.name for path in GOLDEN.iterdir()))
def test_an_import_writes_the_inventory_beside_it(
    case: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(GOLDEN / case)
    arguments = shlex.split(Path("arguments").read_text())
    said = CliRunner().invoke(app, ["import", *arguments], catch_exceptions=False)
    assert said.exit_code == 0
    golden = Path("inventory.yaml")
    if request.config.getoption("--update-golden"):
        golden.write_text(said.stdout)
    assert said.stdout == golden.read_text()
    assert read_inventory(golden).targets
