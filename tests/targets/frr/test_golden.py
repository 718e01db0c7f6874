"""One poll, all its documents, and the trees they become: ``golden/<case>/documents.json`` and ``tree.txt``.

``pytest --update-golden`` rewrites the trees; read the diff.
"""

from pathlib import Path

import orjson
import pytest

from targets.frr.families import View, hear
from targets.frr.gobgp import Monitor
from targets.tree import Tree

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())


def lines_of(trees: dict[str, Tree]) -> str:
    leaves = [
        f"{family} {path} = {value!r}" for family, tree in trees.items() for path, value in tree.items()
    ]
    return "\n".join(sorted(leaves)) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_documents_of_a_poll_become_the_expected_trees(
    case: Path, request: pytest.FixtureRequest
) -> None:
    heard = hear(View(), orjson.loads((case / "documents.json").read_bytes()))
    assert not heard.unreadable
    trees = dict(heard.view.trees)
    monitor = case / "gobgp.json"
    if monitor.exists():
        trees["monitor"] = Monitor().hear(orjson.loads(monitor.read_bytes())).updates
    if request.config.getoption("--update-golden"):
        (case / "tree.txt").write_text(lines_of(trees))
    assert lines_of(trees) == (case / "tree.txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_poll_says_the_whole_tree(case: Path) -> None:
    heard = hear(View(), orjson.loads((case / "documents.json").read_bytes()))
    assert {family: dict(delta.updates) for family, delta in heard.changes.items()} == heard.view.trees
    assert not any(delta.deletes for delta in heard.changes.values())
