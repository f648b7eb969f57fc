"""No query without its scope: what a store reads is narrowed by the act, or says why not."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
READS = {"find", "find_one", "count_documents", "aggregate", "distinct", "find_one_and_update"}
SCOPED = {"within", "scope"}
"""Names that show a filter comes from a scope: `within(act.scope, …)` or `act.scope.filter()`."""


def stores() -> list[Path]:
    return sorted((ROOT / "services").glob("*/*/store*.py"))


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def reads_collection(function: ast.FunctionDef) -> bool:
    """Whether it reads a Mongo collection itself.

    What begins with the act is a read of `Aggregates`, which add the scope on their own.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            by_act = isinstance(first, ast.Name) and first.id == "act"
            if node.func.attr in READS and not by_act:
                return True
    return False


def names(function: ast.FunctionDef) -> set[str]:
    found = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return found | {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}


def says_why(function: ast.FunctionDef) -> bool:
    """A read that belongs to no reader gives the reason in its docstring: `No scope: …`."""
    return "No scope: " in (ast.get_docstring(function) or "")


def without_scope(source: str) -> list[str]:
    """Names of the functions whose queries neither carry a scope nor say why not."""
    return [
        function.name
        for function in functions(ast.parse(source))
        if reads_collection(function) and not (names(function) & SCOPED) and not says_why(function)
    ]


@pytest.mark.parametrize("path", stores(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_query_carries_its_scope_or_says_why_not(path: Path) -> None:
    bare = without_scope(path.read_text())
    assert not bare, f"{path.name}: queries without a scope: {bare}"


@pytest.mark.parametrize(
    "source",
    [
        "def all_of(act):\n    return collection(act, NAME).find({})",
        "def one(act, id):\n    rows = collection(act, NAME)\n    return rows.find_one(id)",
    ],
)
def test_a_query_without_a_scope_or_a_reason_is_found(source: str) -> None:
    assert len(without_scope(source)) == 1


def test_scoped_queries_and_reads_of_aggregates_are_no_faults() -> None:
    assert not without_scope(
        "def of(act):\n    return collection(act, N).find(within(act.scope, {}))"
    )
    assert not without_scope("def of(act):\n    return surveys.find(act, {})")
