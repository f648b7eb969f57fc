"""Branch and price: one stage solved over the blocks, with the tree as its certificate.

Idea: solve the master of the root box (a strong certified bound), look for a good integer answer
among the patterns found, then divide boxes on a fractional column, always the box with the least
bound first, until every box is proved to hold nothing better. Invariant: the leaves' boxes cover
the root box, each with multipliers whose exact bound holds, so the least of them is a bound of the
stage whenever the search stops. Source: Barnhart et al., Branch-and-price (1998).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.placement.engine.groups_anneal import assigned, improved
from services.placement.engine.groups_ascent import ascend
from services.placement.engine.groups_bound import Bound, certified
from services.placement.engine.groups_highs import Solved, step_of
from services.placement.engine.groups_master import Master
from services.placement.engine.groups_pool import Floats, Relaxation
from services.placement.engine.groups_pricing import relax
from services.placement.engine.groups_round import best_of_patterns, greedy_point
from services.placement.engine.groups_seed import seed
from services.placement.engine.market import Ints

#: Work per stage: boxes times columns stay below this, so that runs without a clock repeat.
WORK = 300_000
INTEGRAL = 1e-6
#: Programs up to this many columns are solved too fast to report in between.
QUIET_COLUMNS = 1500
#: Above this many columns prices are raised by steps: linear programs would take too long.
LARGE, LARGE_STEPS = 60_000, 1500
#: Of a large stage's time the steps may use this share where an answer is looked for as well.
STEPS_SHARE = 0.3
#: The restricted integer program may use this share of the stage's time.
RESTRICTED_SHARE = 0.5
#: Dives before the root and before the tree use at most this share of what is left, and so many
#: runs, for most roots and trees need none; so many where no clock limits them.
EXCHANGE_SHARE = 0.25
SOME_RUNS, FEW_RUNS = 20, 8
#: A tree that has not ended by this share of what is left waits while dives have theirs; one that
#: can hardly close the gap, so many steps of the objective, does so sooner and for longer.
TREE_SHARE, DIVE_SHARE = 0.6, 0.5
FAR, FAR_TREE_SHARE, FAR_DIVE_SHARE = 12, 0.2, 0.8
MOST_RUNS = 20_000


@dataclass
class Node:
    """One box of the tree: bounds, certified bound, and its children or its leaf evidence."""

    low: Ints
    high: Ints
    bound: Bound
    x: Floats | None
    column: int = -1
    at: int = 0
    down: int = -1
    up: int = -1
    empty: bool = False


@dataclass
class Search:
    """What a search has: master, objective, best point, nodes, and when to stop."""

    master: Master
    cost: Ints
    best: Ints | None
    go_on: Callable[[int | None, int | None], bool]
    left: Callable[[], float | None]
    nodes: list[Node] = field(default_factory=list)
    node_limit: int = 0
    #: Prices of an earlier stage over the rows of this one.
    start: Floats | None = None
    #: Makes a better point of the averaged one of a large program, or none.
    polish: Callable[[Floats, int], Ints | None] | None = None
    prices: Floats | None = None

    def __post_init__(self) -> None:
        self.step = step_of(self.cost)
        self.master.left = self.left
        if not self.node_limit:
            self.node_limit = min(5000, max(30, WORK // max(1, len(self.cost))))

    @property
    def value(self) -> int | None:
        """Objective of the best point."""
        return None if self.best is None else int(self.cost @ self.best)

    def accept(self, x: Ints) -> bool:
        """Take an integer point if it is feasible in exact integers and better."""
        master = self.master
        inside = bool(((x >= master.low) & (x <= master.high)).all())
        if not inside or not master.rows.feasible(x):
            return False
        if self.value is None or int(self.cost @ x) < self.value:
            self.best = x
            return True
        return False

    def run(self) -> Solved:
        """Solve the stage; `Solved.finished` means that the tree proves the value."""
        master = self.master
        if self._trivial():
            return self._result()
        if len(self.cost) > LARGE:
            return self._by_steps()
        timed = self.left() is not None and assigned(master)
        if timed:
            # The root may take all of the time, and a good answer may end it early.
            self._exchange(EXCHANGE_SHARE, SOME_RUNS)
        if self.best is not None:
            master.add_point(self.best, self.cost)
        master.set_cost(self.cost)
        if self.best is not None:
            seed(master, self.cost, self.best, lambda: self._still(self.floor))
        if len(self.cost) > QUIET_COLUMNS:
            # Long linear programs must not keep the caller waiting for news.
            master.solver.cbSimplexInterrupt += self._heard
        root = self._relax(master.low, master.high)
        if root.empty and root.bound is not None:
            self.nodes.append(Node(master.low, master.high, root.bound, None, empty=True))
            return Solved(None, None, None, finished=True, infeasible=True)
        if not self.floor.empty and (root.bound is None or _worse(root.bound, self.floor)):
            # Cut short so early that prices of zero bound the stage better.
            root.bound = self.floor
        if root.bound is None:
            return Solved(self.best, self.value, None, finished=False)
        self.nodes.append(Node(master.low, master.high, root.bound, root.x))
        if not self._take(root.x) and not self._proved(root.bound):
            self._round()
        if not self._proved(root.bound) and root.x is not None and self._still(root.bound):
            self._restricted()
        if not self._proved(root.bound) and self._still(root.bound):
            self._exchange(EXCHANGE_SHARE, SOME_RUNS)
        if timed:
            far = (self.value or 0) - root.bound.value(self.step) > FAR * self.step
            if root.finished:
                self._branch(FAR_TREE_SHARE if far else TREE_SHARE)
            if not self._result().finished:
                self._exchange(FAR_DIVE_SHARE if far else DIVE_SHARE)
        if root.finished:
            self._branch()
        if timed and not self._result().finished:
            self._exchange(1.0)
        return self._result()

    def _climb(self, rounds: int) -> Floats | None:
        """Raise prices by steps; answers the averaged point, None if a box is empty."""
        master, limit = self.master, self.left()
        share = None if limit is None or self.polish is None else limit * (1 - STEPS_SHARE)

        def go_on(bound: float) -> bool:
            now = self.left()
            shown = math.ceil(bound / self.step - 1e-6) * self.step
            return self.go_on(self.value, shown) and (now is None or now > (share or 0.0))

        risen = ascend(
            master, self.cost, master.low, master.high,
            known=self.value, rounds=rounds, go_on=go_on, start=self.start,
        )  # fmt: skip
        if risen is None:
            return None
        self.prices = risen.prices
        return risen.mean

    def _by_steps(self) -> Solved:
        """A large program: the bound from prices alone, the answer piece by piece."""
        master = self.master
        mean = self._climb(LARGE_STEPS)
        bound = self.floor
        if self.prices is not None:
            risen = certified(
                master.rows, master.blocks, self.cost, self.prices, master.low, master.high
            )
            if not _worse(risen, bound):
                bound = risen
        if bound.empty:
            self.nodes.append(Node(master.low, master.high, bound, None, empty=True))
            return Solved(None, None, None, finished=True, infeasible=True)
        self.nodes.append(Node(master.low, master.high, bound, None))
        if mean is not None and self.polish is not None and not self._proved(bound):
            better = self.polish(mean, bound.value(self.step))
            if better is not None:
                self.accept(better)
        if self.best is None:
            return Solved(None, None, bound.value(self.step), finished=False)
        return self._result()

    def _heard(self, event: Any) -> None:
        if not self._still(self.nodes[0].bound if self.nodes else None):
            event.interrupt()

    def _trivial(self) -> bool:
        """Whether the best point has every column at its cheapest: then no prices are needed."""
        master = self.master
        zero = np.zeros(len(master.names))
        bound = certified(master.rows, master.blocks, self.cost, zero, master.low, master.high)
        self.floor = bound
        if self.best is None or bound.empty or not self._proved(bound):
            return False
        self.nodes.append(Node(master.low, master.high, bound, None))
        return True

    def _relax(self, low: Ints, high: Ints) -> Relaxation:
        def go_on() -> bool:
            return self._still(self.nodes[0].bound if self.nodes else None)

        rough, value = bool(self.nodes), self.value
        return relax(self.master, self.cost, low, high, value, self.step, go_on, rough=rough)

    def _still(self, bound: Bound | None) -> bool:
        left = self.left()
        shown = None if bound is None else bound.value(self.step)
        return self.go_on(self.value, shown) and (left is None or left > 0)

    def _proved(self, bound: Bound) -> bool:
        return bound.empty or (self.value is not None and bound.value(self.step) >= self.value)

    def _take(self, x: Floats | None) -> bool:
        """Accept a relaxed point that is integral already."""
        if x is None or float(np.abs(x - np.rint(x)).max(initial=0.0)) > INTEGRAL:
            return False
        return self.accept(np.rint(x).astype(np.int64))

    def _round(self) -> None:
        """An answer at once, from the last fractional one; links to other columns are closed."""
        master = self.master
        values = np.asarray(master.solver.getSolution().col_value)
        if len(values) != len(master.free) + len(master.pool.columns):
            values = np.zeros(len(master.free) + len(master.pool.columns))
        self.accept(greedy_point(master, self.cost, values))

    def _restricted(self) -> None:
        """The best answer made of the patterns found so far, by HiGHS."""
        root, left = self.nodes[0].bound, self.left()
        found = best_of_patterns(
            self.master, self.best, self.step, None if left is None else left * RESTRICTED_SHARE,
            lambda: self.go_on(self.value, root.value(self.step)),
        )  # fmt: skip
        if found is not None:
            self.accept(found)

    def _exchange(self, share: float, most: int = MOST_RUNS) -> None:
        """A better answer by dives into few sessions, where only seats bind."""
        begin = self.left()
        if self.best is None:
            return

        def go_on(value: int) -> bool:
            now = self.left()
            more = begin is None or now is None or now > begin * (1 - share)
            bound = (self._least() if self.nodes else None) or self.floor
            shown = bound.value(self.step)
            return more and shown < value and self.go_on(value, shown)

        runs = FEW_RUNS if begin is None else most
        for found in improved(self.master, self.cost, self.best, go_on, runs):
            # Sessions of many good answers, put together anew, often make a better one.
            self.master.add_point(found, self.cost)
            self.accept(found)

    def _branch(self, share: float = 1.0) -> None:
        """Best-first search over boxes until all are proved or a limit is met.

        It goes on with the boxes that an earlier search left open.
        """
        begin, order = self.left(), len(self.nodes)
        heap = [
            (n.bound.total / n.bound.scale, i, i)
            for i, n in enumerate(self.nodes)
            if n.down < 0 and not n.empty
        ]
        heapq.heapify(heap)
        while heap and len(self.nodes) + 2 <= self.node_limit:
            if begin is not None and (self.left() or 0.0) < begin * (1 - share):
                break
            _, _, i = heapq.heappop(heap)
            node = self.nodes[i]
            if self._proved(node.bound):
                continue
            if node.x is None or not self._still(self._least()):
                break
            column, at = self._fractional(node.x)
            if column < 0:
                break
            node.column, node.at = column, at
            for side in (0, 1):
                low, high = node.low.copy(), node.high.copy()
                if side == 0:
                    high[column] = at
                else:
                    low[column] = at + 1
                child = self._relax(low, high)
                # A box without a bound of its own keeps its parent's, which holds in it too.
                bound = child.bound if child.bound is not None else node.bound
                if not child.empty and _worse(bound, node.bound):
                    bound = node.bound
                self.nodes.append(Node(low, high, bound, child.x, empty=child.empty))
                index = len(self.nodes) - 1
                node.down, node.up = (index, node.up) if side == 0 else (node.down, index)
                if child.finished and not child.empty:
                    self._take(child.x)
                if not child.empty and not self._proved(bound):
                    order += 1
                    heapq.heappush(heap, (bound.total / bound.scale, order, index))

    def _fractional(self, x: Floats) -> tuple[int, int]:
        """The column furthest from an integer (least index among equals), and its floor."""
        away = np.abs(x - np.rint(x))
        column = int(np.argmax(away))
        if away[column] <= INTEGRAL:
            return -1, 0
        return column, int(np.floor(x[column]))

    def _leaves(self) -> list[Node]:
        return [n for n in self.nodes if n.down < 0]

    def _least(self) -> Bound | None:
        open_nodes = [n.bound for n in self._leaves() if not n.empty]
        return min(open_nodes, key=lambda b: b.total / b.scale, default=None)

    def _result(self) -> Solved:
        bounds = [n.bound.value(self.step) for n in self._leaves() if not n.empty]
        if not bounds:
            finished = self.best is None
            return Solved(self.best, self.value, self.value, finished=True, infeasible=finished)
        bound = min(bounds)
        if self.value is not None:
            bound = min(bound, self.value)
        return Solved(self.best, self.value, bound, finished=bound == self.value)


def _worse(bound: Bound, other: Bound) -> bool:
    return not bound.empty and bound.total * other.scale < other.total * bound.scale
