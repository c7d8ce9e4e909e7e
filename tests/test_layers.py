"""Imports go downwards only, as docs/design.rst draws it."""

import ast
import re

import pytest

from tests.servers import ROOT

PACKAGE = ROOT / "timp_orders"
# The houses that docs/design.rst draws: the package, and the engine inside of services.
ROWS = re.findall(r"^((?:``[\w.]+``(?:, )?)+)  ", (ROOT / "docs" / "design.rst").read_text(), re.M)
LAYERS = [re.findall(r"[\w.]+", row) for row in ROWS]
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ABOVE = {"apps", "checks", "urls", "testing"}
"""Modules that only Django and tests import."""


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
            yield from modules_of(node)


def modules_of(node):
    """Yield ``models.querysets`` where that module is imported, or names out of it."""
    path = (node.module or "").split(".")
    if path[0] != "timp_orders":
        return
    for alias in node.names:
        inner = ".".join([*path[1:], alias.name])
        yield inner if is_module(inner) else ".".join(path[1:])


def is_module(name):
    place = PACKAGE.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def rank(module):
    """The deepest layer that names the module, or a package that it is in."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in RANKS:
            return RANKS[name]
    pytest.fail(f"docs/design.rst does not say where {module} belongs")


def files():
    for path in sorted(PACKAGE.rglob("*.py")):
        inner = path.relative_to(PACKAGE).with_suffix("")
        module = ".".join(inner.parts).removesuffix(".__init__")
        if inner.parts[0] not in ("migrations", "__init__", *ABOVE):
            yield pytest.param(module, path, id=str(path.relative_to(PACKAGE)))


@pytest.mark.parametrize(("module", "path"), list(files()))
def test_a_module_imports_only_what_is_below_it_or_beside_it(module, path):
    for other in imported(path):
        assert other.split(".")[0] not in ABOVE
        assert rank(other) >= rank(module), f"{module} imports {other}"
        if {other.split(".")[0], module.split(".")[0]} == {"api", "admin"}:
            pytest.fail("The doors do not know each other.")
