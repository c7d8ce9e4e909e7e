"""Changes of a function's syntax tree, each of which must fit in exactly one place."""

import ast
from collections.abc import Callable

Change = Callable[[ast.AST], ast.AST | None]
"""Returns a node in place of the one it is given, ``None`` to leave it as it is."""


class NotThere(Exception):
    """The structure that was to be changed is not there, or more than once."""


def mutated(source: str, function: str, change: Change) -> str:
    """Return the source of a module in which one function is changed.

    :param function: its name, with that of its class; ``""`` for the whole module.
    :raises NotThere: there is no such function, or the change fits in another number of places.
    """
    tree = ast.parse(source)
    target = _find(tree, function.split(".")) if function else tree
    applying = _Applying(change)
    applying.visit(target)
    if applying.count != 1:
        raise NotThere(f"the change of {function or 'the module'} fits {applying.count} times")
    return ast.unparse(ast.fix_missing_locations(tree))


def _find(tree: ast.AST, names: list[str]) -> ast.AST:
    for name in names:
        found = [node for node in ast.iter_child_nodes(tree) if getattr(node, "name", None) == name]
        if not found:
            raise NotThere(f"there is no {'.'.join(names)}")
        tree = found[-1]
    return tree


class _Applying(ast.NodeTransformer):
    def __init__(self, change: Change) -> None:
        self.change = change
        self.count = 0

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        replaced = self.change(node)
        if replaced is None:
            return node
        self.count += 1
        return replaced


def expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def mentions(node: ast.AST, word: str) -> bool:
    """Tell whether a name, an attribute, a keyword or a constant of the node is the word."""
    for found in ast.walk(node):
        values = [getattr(found, key, None) for key in ("id", "attr", "arg", "value")]
        if word in [value for value in values if isinstance(value, str)]:
            return True
    return False


def is_call(node: ast.AST, name: str) -> bool:
    function = getattr(node, "func", None)
    return isinstance(node, ast.Call) and name in (
        getattr(function, "attr", None),
        getattr(function, "id", None),
    )


def without_call(name: str) -> Change:
    """Take a call out: ``x.name(…)`` and ``name(x, …)`` become ``x``."""

    def change(node: ast.AST) -> ast.AST | None:
        if not is_call(node, name):
            return None
        return node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]

    return change


def instead_of_call(name: str, source: str) -> Change:
    """Put another expression in the place of a call."""
    return lambda node: expression(source) if is_call(node, name) else None


def without_keyword(word: str) -> Change:
    """Take a keyword argument out, or a ``**`` of what mentions the word."""

    def change(node: ast.AST) -> ast.AST | None:
        kept = [
            keyword
            for keyword in getattr(node, "keywords", [])
            if not (keyword.arg == word or (keyword.arg is None and mentions(keyword.value, word)))
        ]
        if not isinstance(node, ast.Call) or len(kept) == len(node.keywords):
            return None
        return ast.Call(node.func, node.args, kept)

    return change


def test(word: str, source: str) -> Change:
    """Give an ``if`` whose test mentions the word another test."""

    def change(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.If) or not mentions(node.test, word):
            return None
        return ast.If(expression(source), node.body, node.orelse)

    return change


def never(word: str) -> Change:
    """Skip the ``if`` whose test mentions the word."""
    return test(word, "False")


def choice(source: str) -> Change:
    """Put an expression in the place of ``a if b else c``."""
    return lambda node: expression(source) if isinstance(node, ast.IfExp) else None


def choice_of(word: str, source: str) -> Change:
    """Put an expression in the place of ``a if b else c``, where ``b`` mentions the word."""

    def change(node: ast.AST) -> ast.AST | None:
        is_it = isinstance(node, ast.IfExp) and mentions(node.test, word)
        return expression(source) if is_it else None

    return change


def constant(old: object, new: object) -> Change:
    """Give a constant, or a tuple of constants, another value."""

    def change(node: ast.AST) -> ast.AST | None:
        try:
            is_old = isinstance(node, ast.Constant | ast.Tuple) and ast.literal_eval(node) == old
        except ValueError:
            return None
        return expression(repr(new)) if is_old else None

    return change


def without_key(word: str) -> Change:
    """Take the keys that mention the word out of a dictionary."""

    def change(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.Dict):
            return None
        pairs = zip(node.keys, node.values, strict=True)
        kept = [(key, value) for key, value in pairs if not (key and mentions(key, word))]
        if len(kept) == len(node.keys):
            return None
        return ast.Dict([key for key, _ in kept], [value for _, value in kept])

    return change


def argument(name: str, source: str) -> Change:
    """Give a call that has arguments another one in their place."""

    def change(node: ast.AST) -> ast.AST | None:
        if not is_call(node, name) or not node.args:
            return None
        return ast.Call(node.func, [expression(source)], [])

    return change


def handler(word: str, source: str) -> Change:
    """Give the ``except`` of an error another body."""

    def change(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.ExceptHandler) or not mentions(node.type, word):
            return None
        return ast.ExceptHandler(node.type, node.name, ast.parse(source).body)

    return change


def without_with(word: str) -> Change:
    """Run the body of a ``with`` without it."""

    def change(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.With) or not mentions(node.items[0], word):
            return None
        return ast.If(expression("True"), node.body, [])

    return change


def without_countdown() -> Change:
    """Take out ``x -= 1``."""
    return lambda node: ast.Pass() if isinstance(node, ast.AugAssign) else None


def asked_before(name: str, arguments: str) -> Change:
    """Call a function as the first thing, and use that answer where it was called."""

    def change(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.FunctionDef):
            return None
        inner = _Applying(instead_of_call(name, "asked"))
        inner.generic_visit(node)
        node.body.insert(0, ast.parse(f"asked = {name}({arguments})").body[0])
        return node if inner.count == 1 else None

    return change
