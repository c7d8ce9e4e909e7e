"""What is public is said in ``__all__``, by every module, and completely."""

import ast
import logging
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TypeVar, get_origin

import pytest

import timp_orders

# Django finds what these hold by names of its own: an AppConfig, urlpatterns.
WITHOUT = {"timp_orders.apps", "timp_orders.urls"}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(timp_orders.__path__, "timp_orders.")
    if ".migrations" not in module.name and module.name not in WITHOUT
)


def defined(module):
    """Names without an underscore that the module itself defines, apart from aliases of types."""
    for node in ast.parse(Path(module.__file__).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if not is_of_types(module, target.id)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def is_of_types(module, name):
    value = getattr(module, name)
    return isinstance(value, type | TypeVar | logging.Logger) or get_origin(value) is not None


def kind(name):
    """Constants, then classes, then functions: as Ruff sorts them."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2


@pytest.mark.parametrize("name", MODULES)
def test_a_module_names_all_that_it_defines_for_others(name):
    module = import_module(name)
    if not (definitions := set(defined(module))) and not hasattr(module, "__all__"):
        return
    assert definitions <= set(module.__all__)
    assert all(hasattr(module, public) for public in module.__all__)
    assert module.__all__ == sorted(set(module.__all__), key=lambda public: (kind(public), public))


def test_the_package_says_that_it_is_typed():
    assert (Path(timp_orders.__file__).parent / "py.typed").exists()
