"""The repository keeps its own promises."""

import ast
import re
import shlex
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main

import fabricscope

ROOT = Path(__file__).parents[1]
PACKAGES = ("collectors", "dashboards", "demo", "pipeline", "sql", "targets")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def commands_of(group: Any, before: str = "") -> dict[str, click.Command]:  # Any: typer vendors click
    """Return all commands by name; one of a group is called ``group command``."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands_of(command, f"{before}{name} ")
        else:
            found[f"{before}{name}"] = command
    return found


def command_in(line: str) -> str:
    """Return the command's name in a line that begins with ``fabricscope``."""
    words = shlex.split(line, comments=True)[1:3]
    return next((name for name in (" ".join(words), words[0]) if name in COMMANDS), words[0])


COMMANDS = commands_of(typer.main.get_group(fabricscope.command_line([])))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAX_LINES = 400


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def code_in(document: Path) -> list[str]:
    """Return the lines of code blocks and the contents of code spans; a block of ``text`` shows output."""
    text = re.sub(r"^```text\n.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [line for block in blocks for line in block.splitlines()] + spans


def uses_of_the_command() -> list[tuple[str, str]]:
    """Return each ``fabricscope ...`` in the documents, with the document's name."""
    lines = [(document.name, line.strip()) for document in DOCUMENTS for line in code_in(document)]
    return [(name, line) for name, line in lines if re.match(r"fabricscope [a-z]", line)]


@pytest.mark.parametrize("name", [*PACKAGES, "fabricscope"])
def test_no_other_distribution_ships_our_names(name: str) -> None:
    assert name not in sys.stdlib_module_names
    assert set(packages_distributions().get(name, ["fabricscope"])) == {"fabricscope"}


def test_the_lock_file_names_the_public_index_alone() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


@pytest.mark.parametrize(("document", "line"), uses_of_the_command())
def test_every_documented_command_and_option_exists(document: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command = COMMANDS.get(command_in(line))
    assert command is not None, f"{document}: there is no command {words[1]}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    used = {word.partition("=")[0].strip("[]") for word in words[2:] if word.startswith(("--", "[--"))}
    assert used <= known, f"{document}: {words[1]} has no {used - known}"


@pytest.mark.parametrize("name", sorted({name.split()[0] for name in COMMANDS}))
def test_each_command_is_found_in_its_module(name: str) -> None:
    assert name in typer.main.get_group(fabricscope.command_line([name])).commands


def test_every_command_is_documented() -> None:
    documented = {command_in(line) for _, line in uses_of_the_command()}
    assert set(COMMANDS) <= documented


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_documented_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    used = {word for line in code_in(document) for word in re.findall(r"\bmake ([a-z]+)", line)}
    assert used <= targets


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_reads_a_variable_of_its_name(name: str) -> None:
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "option" and "--help" not in parameter.opts:
            option = parameter.opts[0].lstrip("-")
            names = [f"FABRICSCOPE_{it}".upper().replace("-", "_") for it in (option, f"{name}_{option}")]
            assert parameter.envvar in names, f"{name} {parameter.opts[0]}"


def test_every_variable_is_an_options_or_documented() -> None:
    options = {parameter.envvar for command in COMMANDS.values() for parameter in command.params}
    used = {name for path in modules() for name in re.findall(r"FABRICSCOPE_[A-Z_]+", path.read_text())}
    readme = (ROOT / "README.md").read_text()
    assert {name for name in used - options if name not in readme} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_enough_to_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def rule_families() -> set[str]:
    """Return the detector modules that declare rules."""
    return {
        path.stem
        for path in (ROOT / "pipeline" / "detectors").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "RULES"
    }


def test_every_rule_family_is_kept_apart_from_the_others() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (apart,) = [c["modules"] for c in contracts if c["name"].startswith("Rule families")]
    assert {module.rpartition(".")[2] for module in apart} == rule_families()


@pytest.mark.parametrize("family", sorted(rule_families()))
def test_every_rule_family_has_tests(family: str) -> None:
    assert (ROOT / "tests" / "pipeline" / "detectors" / f"test_{family}.py").exists()


@pytest.mark.parametrize(
    "profile", sorted(p.stem for p in (ROOT / "collectors" / "profiles").glob("[a-z]*.py"))
)
def test_every_vendor_profile_has_golden_cases(profile: str) -> None:
    assert any((ROOT / "tests" / "profiles" / "golden" / profile).iterdir())
