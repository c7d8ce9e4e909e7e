"""Imports go downwards only, as docs/design.rst draws it."""

import ast
import re

import pytest

from tests.servers import ROOT

PACKAGE = ROOT / "timp_orders"
ROWS = re.findall(r"^((?:``\w+``(?:, )?)+)  ", (ROOT / "docs" / "design.rst").read_text(), re.M)
LAYERS = [re.findall(r"\w+", row) for row in ROWS]
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ABOVE = {"apps", "checks", "item_checks", "urls", "testing"}
"""Modules that only Django and tests import."""
PART_OF = {"abstract_models": "models"}


def imported(path):
    """The app's modules that a file imports, for more than its annotations."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            module = node.module or ""
            if module == "timp_orders":
                yield from (alias.name for alias in node.names)
            elif module.startswith("timp_orders."):
                yield module.split(".")[1]


def files():
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room not in ("migrations", "__init__", *ABOVE):
            yield pytest.param(PART_OF.get(room, room), path, id=str(path.relative_to(PACKAGE)))


@pytest.mark.parametrize(("room", "path"), list(files()))
def test_a_module_imports_only_what_is_below_it_or_beside_it(room, path):
    assert room in RANKS, f"docs/design.rst does not say where {room} belongs"
    for other in imported(path):
        other = PART_OF.get(other, other)
        assert other not in ABOVE
        assert RANKS[other] >= RANKS[room], f"{room} imports {other}"
        if {other, room} == {"api", "admin"}:
            pytest.fail("The doors do not know each other.")
