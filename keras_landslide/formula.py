"""Arithmetic on bands, written as text: names, numbers, + - * / **, parentheses; nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keras_landslide.errors import RecipeError

LONGEST = 1000
"""Characters of a formula; the longest of spyndex has some 150."""
DEEPEST = 100
"""Operations within operations, so that reading one stays within Python's own depth."""
_OPERATIONS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


@dataclass(frozen=True)
class Formula:
    """A formula that was read and found harmless: nothing in it is ever run as code.

    Attributes:
        text: as it was written.
    """

    text: str

    def __post_init__(self) -> None:
        """Read it.

        Raises:
            RecipeError: it is no arithmetic.
        """
        _check(self._tree, self.text)

    @property
    def _tree(self) -> ast.expr:
        try:
            if len(self.text) > LONGEST:
                raise SyntaxError
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise RecipeError(
                f"'{self.text[:60]}' is no formula; write names of bands and indices, numbers, "
                "+ - * / ** and parentheses, such as 'ndvi_post - ndvi_pre'"
            ) from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in the order of their first use."""
        found = [n for n in ast.walk(self._tree) if isinstance(n, ast.Name)]
        found.sort(key=lambda n: (n.lineno, n.col_offset))
        return tuple(dict.fromkeys(n.id for n in found))

    @property
    def linear(self) -> bool:
        """Whether names are only added and subtracted, so that their unit stays."""
        allowed = (ast.Name, ast.expr_context, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.USub)
        return all(isinstance(n, (*allowed, ast.UAdd)) for n in ast.walk(self._tree))

    @property
    def denominator(self) -> Formula | None:
        """The sum of a normalised difference, (a - b) / (a + b); None for other formulas."""
        tree = self._tree
        if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div)):
            return None
        top, bottom = tree.left, tree.right
        if not (isinstance(top, ast.BinOp) and isinstance(top.op, ast.Sub)):
            return None
        if not (isinstance(bottom, ast.BinOp) and isinstance(bottom.op, ast.Add)):
            return None
        sides = [{ast.dump(side.left), ast.dump(side.right)} for side in (top, bottom)]
        return Formula(ast.unparse(bottom)) if sides[0] == sides[1] else None

    def renamed(self, new: Mapping[str, str | float]) -> Formula:
        """The formula with other names, or numbers, in the place of those that `new` holds."""
        tree = ast.parse(self.text.strip(), mode="eval").body
        return Formula(ast.unparse(_Renamer(new).visit(tree)))

    def of(self, values: Mapping[str, Any]) -> Any:
        """Its value: numbers or arrays by name in, one of them out, by their own arithmetic.

        Example:
            >>> Formula("(a - b) / 2").of({"a": 5.0, "b": 1.0})
            2.0
        """
        return _value(self._tree, values)


class _Renamer(ast.NodeTransformer):
    def __init__(self, new: Mapping[str, str | float]) -> None:
        self.new = new

    def visit_Name(self, node: ast.Name) -> ast.expr:
        new = self.new.get(node.id, node.id)
        return ast.Name(new, ast.Load()) if isinstance(new, str) else ast.Constant(new)


def _check(node: ast.expr, text: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise RecipeError(
            f"'{text[:60]}' is no formula of {DEEPEST} operations at most; make several bands of it"
        )
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        _check(node.left, text, depth + 1)
        _check(node.right, text, depth + 1)
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATIONS:
        _check(node.operand, text, depth + 1)
    elif not (
        isinstance(node, ast.Name)
        or (isinstance(node, ast.Constant) and type(node.value) in (int, float))
    ):
        raise RecipeError(
            f"'{text[:60]}' holds '{ast.unparse(node)[:40]}', which is no arithmetic; write names "
            "of bands and indices, numbers, + - * / ** and parentheses"
        )


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, values), _value(node.right, values)
        return _OPERATIONS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp):
        return _OPERATIONS[type(node.op)](_value(node.operand, values))
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    assert isinstance(node, ast.Name)  # by _check
    return values[node.id]
