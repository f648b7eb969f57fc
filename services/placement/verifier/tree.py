"""Proof trees: a branch tree whose every leaf proves a bound by exact integer arithmetic.

A tree proves that no integer point within the allowed rows has an objective below its target
(docs/market-file.md, section 4). Its boxes cover the root box by construction; each leaf carries
integer multipliers of rows, and the bound they give (Lagrangian relaxation, A. Geoffrion 1974) is
recomputed here. Rounding cannot make a bound too strong, since nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.placement.verifier.blocks import Blocks
from services.placement.verifier.files import Ints
from services.placement.verifier.knapsacks import Numbers
from services.placement.verifier.program import NoRow, Program, Row

#: Sums of magnitudes below this stay exact in 64 bits (they are estimated in floats).
SAFE = 2.0**61
#: No multiplier, scale or branching point of an honest proof is larger.
LARGEST = 2**60
#: Marks an entry that only puts bounds back.
BACK = -1
Rows = Callable[[str], Row]


class Broken(Exception):
    """A tree does not prove what it says; the message names the node."""


@dataclass
class Box:
    """Bounds of every column."""

    low: Ints
    high: Ints


class Prover:
    """Checks the trees of one market; columns beyond the program's are 0/1 (`q:0`, `q:1`, …)."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.blocks = Blocks(program)

    def column(self, name: Any, extra: int) -> int:
        """The index of a column; raises `Broken`."""
        found = self.program.names.get(name) if isinstance(name, str) else None
        if found is None and isinstance(name, str) and name.startswith("q:"):
            digits = name[2:]
            if digits.isdecimal() and len(digits) < 9 and int(digits) < extra:
                return len(self.program.low) + int(digits)
        if found is None:
            raise Broken(f"there is no column {name!r}")
        return found

    def check(self, tree: Any, cost: Ints, rows: Rows, *, empty: bool = False) -> int:
        """The target that the tree proves; with `empty`, that there is no point at all.

        `cost` has one entry per column, the appended ones included. Raises `Broken`.
        """
        extra = len(cost) - len(self.program.low)
        if not isinstance(tree, dict) or tree.get("kind") != "tree":
            raise Broken("this is no tree")
        nodes, target = tree.get("nodes"), tree.get("target")
        if not isinstance(nodes, list) or not nodes or type(target) is not int:
            raise Broken("a tree has an integer target and a list of nodes")
        self.inside = np.zeros(len(cost), np.bool_)
        self.inside[self.blocks.z] = True
        self.inside[self.blocks.item] = True
        step = int(np.gcd.reduce(np.abs(cost))) or 1
        box = Box(
            np.concatenate([self.program.low, np.zeros(extra, np.int64)]).astype(np.int64),
            np.concatenate([self.program.high, np.ones(extra, np.int64)]).astype(np.int64),
        )
        seen: set[int] = set()
        # Entries: a node to look at, or a bound (column, low, high) to put back afterwards.
        todo: list[tuple[int, tuple[int, int, int] | None]] = [(0, None)]
        while todo:
            i, bounds = todo.pop()
            if bounds is not None:
                box.low[bounds[0]], box.high[bounds[0]] = bounds[1:]
                if i == BACK:
                    continue
            if not 0 <= i < len(nodes) or i in seen:
                raise Broken(f"nodes/{i} is no node, or is used twice")
            seen.add(i)
            node = nodes[i]
            if not isinstance(node, dict):
                raise Broken(f"nodes/{i} is no object")
            try:
                if "column" not in node:
                    self._leaf(node, cost, rows, box, target, step, empty=empty)
                    continue
                j = self.column(node["column"], extra)
                at, down, up = node.get("at"), node.get("down"), node.get("up")
                if type(at) is not int or type(down) is not int or type(up) is not int:
                    raise Broken("an inner node has integers at, down and up")
                if abs(at) > LARGEST or min(down, up) < 0:
                    raise Broken("at, down or up is out of range")
            except (Broken, NoRow) as error:
                raise Broken(f"nodes/{i}: {error}") from error
            low, high = int(box.low[j]), int(box.high[j])
            todo.append((BACK, (j, low, high)))
            todo.append((up, (j, max(low, at + 1), high)))
            todo.append((down, (j, low, min(high, at))))
        return target

    def _leaf(
        self, leaf: dict[str, Any], cost: Ints, rows: Rows, box: Box, target: int, step: int,
        *, empty: bool,
    ) -> None:  # fmt: skip
        """Raises `Broken` unless the leaf proves the target, or that its box has no point."""
        if (box.low > box.high).any():
            return
        scale, named = leaf.get("scale"), leaf.get("rows")
        if type(scale) is not int or not 0 < scale <= LARGEST or not isinstance(named, dict):
            raise Broken("a leaf has a positive integer scale and an object of rows")
        farkas = leaf.get("infeasible") is True
        bound = self._bound(cost if not farkas else None, scale, named, rows, box)
        if bound is None or (farkas and bound > 0):
            return
        if farkas or empty:
            raise Broken("the leaf does not prove that its box is empty")
        if -(-bound // (scale * step)) * step < target:
            raise Broken(f"the leaf proves {-(-bound // (scale * step)) * step}, not {target}")

    def _bound(
        self, cost: Ints | None, scale: int, named: dict[str, Any], rows: Rows, box: Box
    ) -> int | None:
        """The leaf's exact bound, times the scale; None if a block has no point in the box."""
        used: list[tuple[Row, int]] = []
        for name, y in named.items():
            if type(y) is not int or abs(y) > LARGEST:
                raise Broken(f"the multiplier of {name} is no integer, or out of range")
            row = rows(name)
            if (row.low if y > 0 else row.high) is None and y:
                raise Broken(f"row {name} has no side for the multiplier {y}")
            used.append((row, y))
        columns = len(box.low)
        # Everything is estimated in floats first: what could overflow goes by Python's integers.
        size = 0.0 if cost is None else float(scale) * float(np.abs(cost).sum(dtype=np.float64))
        side = 0
        for row, y in used:
            size += abs(float(y)) * float(np.abs(row.value).sum(dtype=np.float64))
            side += y * ((row.low if y > 0 else row.high) or 0)
        kind: Any = np.int64 if size < SAFE else object
        reduced: Numbers = np.zeros(columns, kind)
        if cost is not None:
            reduced += cost.astype(kind) * scale
        if used:
            j = np.concatenate([row.column for row, _ in used])
            a = np.concatenate([row.value for row, _ in used]).astype(kind)
            lengths = [len(row.column) for row, _ in used]
            weights: Numbers = np.array([y for _, y in used], dtype=kind)
            np.subtract.at(reduced, j, a * np.repeat(weights, lengths))
        widest = np.maximum(np.abs(box.low), np.abs(box.high)).astype(np.float64)
        if kind is np.int64 and float((np.abs(reduced) * np.maximum(widest, 1)).sum()) >= SAFE:
            reduced = reduced.astype(object)
        out = ~self.inside
        free = np.minimum(reduced[out] * box.low[out], reduced[out] * box.high[out])
        blocks = self.blocks.least(reduced, box.low, box.high)
        return None if blocks is None else side + int(free.sum()) + blocks
