"""Whole groups, bundles and caps: the integer program solved stage by stage."""

from __future__ import annotations

import numpy as np

from services.placement.engine.answer import (
    Answer,
    Part,
    Progress,
    columns_of_parts,
    stage_value,
)
from services.placement.engine.answer_check import Infeasible, breaches
from services.placement.engine.groups_model import Model, build
from services.placement.engine.groups_pieces import Piece, cut, divisible, improve, rounded
from services.placement.engine.groups_points import encode
from services.placement.engine.groups_pool import Floats
from services.placement.engine.groups_tree import LARGE
from services.placement.engine.market import Ints, Market
from services.placement.engine.stages import CLAIMED, Run, linear_stage, refresh
from services.placement.engine.stages_leximin import leximin_stage, school_vector
from services.placement.engine.watch import Watch

#: How often every piece of a large market is solved.
PIECE_ROUNDS = 2
#: Share of the remaining time for the pieces; the rest is for the later stages' bounds.
PIECES_SHARE = 0.7


def check_fixed(market: Market, model: Model) -> None:
    """Raise `Infeasible` for a fixed placement that a filter forbids."""
    for f in market.rules.fixed:
        barrier = model.barrier[f.wish]
        if barrier is not None:
            facts = {"applicant": market.applicants.id[f.applicant], **barrier.facts}
            raise Infeasible(f"fixed_{barrier.code}", facts)


def solve_groups(market: Market, draw: Ints, watch: Watch, start: tuple[Part, ...] = ()) -> Answer:
    """Solve all stages of `max` mode; raises `Infeasible` when no placement keeps every rule.

    `start` is a placement to begin with; it is used if it keeps every rule.
    """
    model = build(market)
    check_fixed(market, model)
    run = Run(model, draw, watch)
    fixed = tuple(sorted(Part(f.applicant, f.wish, f.people) for f in market.rules.fixed))
    if start and not breaches(market, start):
        run.best = encode(model, start)
    elif not breaches(market, fixed):
        run.best = encode(model, fixed)
    else:
        run.first_point()
    if model.columns > LARGE and divisible(market) and len(cut(market)) > 1:
        run.polish = lambda mean, bound: _by_pieces(run, mean, -bound)
    stages = market.rules.stages
    for i, stage in enumerate(stages):
        follow = len(stages) - i - 1
        if stage == "leximin":
            run.require_point(follow)
            leximin_stage(run, follow)
        else:
            linear_stage(run, stage, follow)
    parts = run.parts()
    broken = breaches(market, parts)
    if broken:
        raise AssertionError(f"the engine made an answer that breaks a rule: {broken[0]}")
    refresh(run.results, {s: stage_value(market, s, parts, draw) for s in stages})
    for result in run.results:
        if result.stage == "leximin":
            # Later stages may exchange schools of equal standing; what is shown is the answer's.
            result.detail["schools"] = school_vector(market, parts)
    proved = all(r.bound == r.value or r.claim != CLAIMED for r in run.results)
    return Answer(
        market=market,
        mode="max",
        columns=columns_of_parts(parts),
        stages=run.results,
        reproducible=proved and not watch.stopped and not watch.timed_out,
    )


def _by_pieces(run: Run, mean: Floats, bound: int) -> Ints:
    """The better of the answer so far and the rounded `mean`, improved piece by piece."""
    market, model = run.market, run.model
    there = model.g >= 0
    weight = np.zeros(len(model.g), np.int64)
    weight[there] = np.rint(mean[model.g[there]] * 1000)
    runs = np.rint(mean[model.z] * 1000).astype(np.int64)
    parts = rounded(market, weight, runs)
    if breaches(market, parts) or _worth(market, parts) < _worth(market, run.parts()):
        parts = run.parts()

    best, shown = parts, {"placed": _worth(market, parts)[0]}

    def heard(_: Progress) -> bool:
        return go_on(best)

    def go_on(reached: tuple[Part, ...]) -> bool:
        nonlocal best
        if reached is not best:
            best, shown["placed"] = reached, _worth(market, reached)[0]
        news = Progress("placed", 0, run.watch.stages, shown["placed"], bound, dict(shown))
        return not run.watch.expired() and run.watch.tell(news)

    now, left = run.watch.now, run.watch.left()
    last = None if left is None else now() + left * PIECES_SHARE

    def solve(piece: Piece, share: float) -> Answer | None:
        end = None if last is None else now() + (last - now()) * share
        watch = Watch(now, end, heard, len(piece.market.rules.stages))
        found = solve_groups(piece.market, run.draw[piece.applicant], watch, piece.start)
        better = _worth(piece.market, found.parts) > _worth(piece.market, piece.start)
        return found if better else None

    return encode(model, improve(market, parts, solve, go_on, PIECE_ROUNDS))


def _worth(market: Market, parts: tuple[Part, ...]) -> tuple[int, int]:
    """People placed, then how good their ranks are."""
    rank = market.wishes.rank
    return sum(p.people for p in parts), -sum(p.people * int(rank[p.wish]) for p in parts)
