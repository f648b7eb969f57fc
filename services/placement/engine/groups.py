"""Whole groups, bundles and caps: the integer program solved stage by stage."""

from __future__ import annotations

from services.placement.engine.answer import Answer, Part, columns_of_parts, stage_value
from services.placement.engine.answer_check import Infeasible, breaches
from services.placement.engine.groups_model import Model, build
from services.placement.engine.market import Ints, Market
from services.placement.engine.stages import CLAIMED, Run, Watch, encode, linear_stage, refresh
from services.placement.engine.stages_leximin import leximin_stage, school_vector


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
