"""Stages in lexicographic order: each is optimised, then held by a row while the next is.

Invariant: `best` is at all times a feasible point of the model that attains the value kept for
every finished stage, so a stop at any moment leaves a valid answer. A stage that ends early keeps
its best value as the row and carries the bound that was reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.placement.engine.answer import Part, Progress, StageResult, stage_value
from services.placement.engine.answer_check import Infeasible
from services.placement.engine.groups_anneal import assigned, seats_only
from services.placement.engine.groups_blocks import make_blocks
from services.placement.engine.groups_bound import certified
from services.placement.engine.groups_evidence import evidence
from services.placement.engine.groups_highs import (
    Program,
    Solved,
    Tick,
    arrays_of,
    objective_row,
    step_of,
)
from services.placement.engine.groups_master import Master
from services.placement.engine.groups_model import Model, Rows
from services.placement.engine.groups_points import decode, linear_cost
from services.placement.engine.groups_pool import Floats, Pool
from services.placement.engine.groups_tree import LARGE, Search
from services.placement.engine.market import Ints, Market
from services.placement.engine.watch import Watch

PROVED, BOUNDED, CLAIMED = "proved", "bounded", "solver-claimed"
#: Share of the remaining time that one stage may use while others still follow.
STAGE_SHARE = 0.6
#: Up to this many columns the compact program is worth handing to HiGHS as a last resort.
COMPACT_COLUMNS = 3000
#: Of a stage's time the tree may use this share before HiGHS gets the compact program; its work
#: limit where no clock limits it.
TREE_SHARE, COMPACT_NODES = 0.6, 2000
#: The first feasible point may use this share of the time, and is good enough within this gap;
#: where only seats bind, dives improve it faster.
FIRST_SHARE, FIRST_GAP, ROUGH_GAP = 0.25, 0.01, 0.1


def stage_share(left: int) -> float:
    """Share of the remaining time for a stage that `left` others follow."""
    return 1.0 if left == 0 else STAGE_SHARE


@dataclass
class Run:
    """State of one staged solve over a model."""

    model: Model
    draw: Ints
    watch: Watch
    best: Ints | None = None
    results: list[StageResult] = field(default_factory=list)
    held: list[Rows] = field(default_factory=list)
    more_columns: int = 0
    pool: Pool | None = None
    #: Makes a better point of the averaged one of a large program; used once.
    polish: Callable[[Floats, int], Ints | None] | None = None
    #: Prices by row name of the last stage of a large program.
    prices: dict[str, float] = field(default_factory=dict)
    #: Rows are held that no certificate derives: what follows is optimal, but not proved.
    underived: bool = False

    @property
    def market(self) -> Market:
        """The market being placed."""
        return self.model.market

    def point(self) -> Ints:
        """The best point so far; only asked for after a stage has found one."""
        if self.best is None:
            raise RuntimeError("no feasible point has been found yet")
        return self.best

    def require_point(self, follow: int) -> None:
        """Find any feasible point if there is none yet; raises `Infeasible` if none exists."""
        if self.best is None:
            zero = np.zeros(self.model.columns, np.int64)
            solved = self.minimise("feasible", zero, stage_share(follow))
            if self.best is None:
                raise no_answer(self, solved)

    def first_point(self) -> None:
        """Where rules force placements, look for a feasible point with the compact program.

        The objective is that of the first stage by which feasible answers differ much, so that
        the point is a good start for that stage as well.
        """
        kinds = [s for s in self.market.rules.stages if s not in {"placed", "leximin"}]
        costs = [linear_cost(self.model, stage, self.draw) for stage in kinds]
        zero = np.zeros(self.model.columns, np.int64)
        cost = next((c for c in costs if c.any()), zero)
        left = self.watch.left()
        limit = None if left is None else left * FIRST_SHARE
        numbers = self.best_numbers()
        stages = self.watch.stages

        def tick(_dual: float, _value: int | None) -> bool:
            return self.watch.tell(Progress("feasible", 0, stages, None, None, numbers))

        program = Program(self.model, integer=True)
        nodes = COMPACT_NODES if limit is None else None
        program.close_enough(ROUGH_GAP if seats_only(self.model.rows.name) else FIRST_GAP)
        found = program.minimise(cost, time_limit=limit, node_limit=nodes, tick=tick)
        self.best = found.x

    def parts(self) -> tuple[Part, ...]:
        """The best point so far, as granted parts."""
        return () if self.best is None else decode(self.model, self.best)

    def best_numbers(self) -> dict[str, int]:
        """Value of each linear stage at the best point, for progress reports."""
        parts = self.parts()
        return {s: stage_value(self.market, s, parts, self.draw) for s in ("placed", "rank")}

    def hold(self, rows: Rows) -> None:
        """Keep what a stage reached, for all later stages."""
        self.held.append(rows)

    def padded(self, cost: Ints) -> Ints:
        """An objective over the model's columns, with zeros for those that leximin appended."""
        short = self.model.columns + self.more_columns - len(cost)
        return np.concatenate([cost, np.zeros(short, np.int64)]) if short else cost

    def minimise(self, stage: str, cost: Ints, share: float, sign: int = 1) -> Solved:
        """One integer solve from the best point, within `share` of the time left."""
        left = self.watch.left()
        index = len(self.results)
        cost = self.padded(cost)
        best = {} if self.best is None else self.best_numbers()
        own: int | None = None if self.best is None else int(cost @ self.best)

        def tick(dual: float, value: int | None) -> bool:
            bound = round(dual) if abs(dual) < 1e15 else None
            shown = own if value is None else value
            progress = Progress(
                stage,
                index,
                self.watch.stages,
                None if shown is None else sign * shown,
                None if bound is None else sign * bound,
                best,
            )
            return self.watch.tell(progress)

        limit = None if left is None else left * share
        solved = self.search(self.held, self.more_columns, cost, self.best, limit, tick)
        if solved.x is not None:
            self.best = solved.x
        return solved

    def _start(self, names: list[str]) -> Floats | None:
        """The last stage's prices over these rows, its own row included; None before any."""
        if not self.prices:
            return None
        y = np.array([self.prices.get(name, 0.0) for name in names])
        own = next(r.stage for r in reversed(self.results) if r.stage != "leximin")
        y[names.index(f"stage:{own}")] = -1.0
        return y

    def search(
        self,
        held: list[Rows],
        more_columns: int,
        cost: Ints,
        best: Ints | None,
        limit: float | None,
        tick: Tick,
    ) -> Solved:
        """Solve one integer program over the model and `held` rows, with its evidence.

        `limit` is in seconds; `more_columns` 0/1 columns are appended to the model's.
        """
        small = len(cost) <= COMPACT_COLUMNS
        end = None if limit is None else self.watch.now() + limit
        tree_end = end if limit is None or not small else self.watch.now() + limit * TREE_SHARE

        def left() -> float | None:
            return None if end is None else end - self.watch.now()

        def tree_left() -> float | None:
            return None if tree_end is None else tree_end - self.watch.now()

        def go_on(value: int | None, bound: int | None) -> bool:
            return tick(-1e300 if bound is None else bound, value)

        master = Master(self.model, held, more_columns, self.pool)
        if best is not None and assigned(master):
            tree_end = end  # HiGHS finds no better answers than dives do.
        search = Search(master, cost, best, go_on, tree_left)
        if len(cost) > LARGE:
            search.polish, self.polish = self.polish, None
            search.start = self._start(master.names)
        solved = search.run()
        self.pool = master.pool
        if len(cost) > LARGE and search.prices is not None:
            priced = np.nonzero(search.prices)[0].tolist()
            self.prices = {master.names[i]: float(search.prices[i]) for i in priced}
        if solved.bound is not None or solved.infeasible:
            solved.evidence = evidence(search, 0 if solved.bound is None else solved.bound)
        stopped = self.watch.stopped or (end is not None and self.watch.now() >= end)
        if not solved.finished and not stopped and (small or solved.x is None):
            program = Program(self.model, integer=True, more_columns=more_columns)
            for rows in held:
                program.add_rows(rows)
            _look_further(program, cost, solved, left(), tick)
        if not solved.finished and end is not None:
            self.watch.timed_out = self.watch.timed_out or self.watch.left() == 0
        return solved


def _look_further(
    program: Program, cost: Ints, solved: Solved, left: float | None, tick: Tick
) -> None:
    """Where the tree was cut short, let HiGHS look further; its bound is no evidence."""
    nodes = COMPACT_NODES if left is None else None
    again = program.minimise(cost, start=solved.x, time_limit=left, node_limit=nodes, tick=tick)
    if again.infeasible:
        solved.finished = solved.infeasible = True
        # The tree left boxes open: it does not prove what HiGHS says.
        solved.evidence = {}
    if again.x is not None and (solved.value is None or int(cost @ again.x) < solved.value):
        solved.x, solved.value = again.x, int(cost @ again.x)
    solved.solver_bound = again.bound
    solved.finished = solved.value is not None and solved.value == solved.bound


def stage_result(
    stage: str, value: int, sign: int, solved: Solved, constant: int = 0
) -> StageResult:
    """A linear stage's result: what its evidence proves, in the stage's own direction."""
    detail: dict[str, Any] = {}
    if solved.solver_bound is not None and solved.solver_bound != solved.bound:
        detail["solver_bound"] = sign * solved.solver_bound + constant
    bound = None if solved.bound is None else sign * min(solved.bound, value) + constant
    claim = CLAIMED if bound is None else BOUNDED
    if bound == sign * value + constant:
        claim = PROVED
    return StageResult(stage, sign * value + constant, bound, claim, detail, solved.evidence)


def refresh(results: list[StageResult], values: dict[str, int]) -> None:
    """The values of the answer itself, once it is final.

    A stage that was cut short is held by an inequality, so that a later one may improve it by the
    way; the bounds remain what they are.
    """
    for result in results:
        result.value = values[result.stage]
        if result.evidence and result.claim == BOUNDED and result.bound == result.value:
            result.claim = PROVED if result.stage != "leximin" else BOUNDED


def linear_stage(run: Run, stage: str, follow: int) -> None:
    """Optimise one linear stage and hold its value."""
    cost = run.padded(linear_cost(run.model, stage, run.draw))
    sign = -1 if stage == "placed" else 1
    if run.watch.expired() and run.best is not None:
        value = int(cost @ run.best)
        run.results.append(floor_result(run, stage, cost, sign, {}))
        run.hold(objective_row(stage, cost, value))
        return
    solved = run.minimise(stage, cost, stage_share(follow), sign)
    if solved.infeasible or run.best is None:
        raise no_answer(run, solved)
    value = int(cost @ run.best)
    result = stage_result(stage, value, sign, solved)
    if run.underived:
        result = floor_result(run, stage, cost, sign, {"exact": solved.finished})
    run.results.append(result)
    run.hold(objective_row(stage, cost, value))
    index, numbers = len(run.results) - 1, run.best_numbers()
    news = Progress(stage, index, run.watch.stages, result.value, result.bound, numbers)
    run.watch.tell(news, force=True)


def floor_result(
    run: Run, stage: str, cost: Ints, sign: int, detail: dict[str, Any]
) -> StageResult:
    """A stage of the best point with the bound that needs no prices: true, and mostly far away."""
    model, value = run.model, int(cost @ run.point())
    own = cost[: model.columns]
    rows, blocks = arrays_of(model), make_blocks(model)
    box = np.array(model.low, dtype=np.int64), np.array(model.high, dtype=np.int64)
    bound = certified(rows, blocks, own, np.zeros(len(model.rows)), *box)
    if bound.empty:
        return StageResult(stage, sign * value, None, CLAIMED, detail)
    target = min(bound.value(step_of(own)), value)
    leaf = {"scale": bound.scale, "rows": {}}
    known = {"kind": "tree", "target": target, "nodes": [leaf]}
    claim = PROVED if target == value else BOUNDED
    return StageResult(stage, sign * value, sign * target, claim, detail, known)


def no_answer(run: Run, solved: Solved) -> Infeasible:
    """The error for a market without any answer, or with none found in time."""
    rules = run.market.rules
    facts: dict[str, Any] = {
        "must_place_all": rules.must_place_all,
        "fixed": len(rules.fixed),
        "proved": solved.infeasible,
    }
    return Infeasible("infeasible" if solved.infeasible else "none_found", facts)
