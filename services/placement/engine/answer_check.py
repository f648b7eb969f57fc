"""Does a placement keep every rule? Checked rule by rule on the market, without the model.

This is deliberately written from the published rules and not from the rows of `groups_model`, so
that a slip in one is caught by the other; every answer passes through it before it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.placement.engine.answer import Part, seats_taken, used_sessions
from services.placement.engine.groups_model import clash_moments, wishes_collide
from services.placement.engine.market import Market
from services.placement.engine.market_filters import barriers


@dataclass(frozen=True)
class Breach:
    """One broken rule: its code, and the facts (names and numbers) behind it."""

    code: str
    facts: dict[str, Any]


class Infeasible(ValueError):
    """No placement keeps every rule; `facts` says what is known about why."""

    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(f"{code}: {facts}")
        self.code, self.facts = code, facts


def breaches(market: Market, parts: Sequence[Part]) -> list[Breach]:
    """Every rule that these parts break, in the order of the rules; empty when all are kept."""
    out = [*_applicants(market, parts), *_sessions(market, parts)]
    return [*out, *_totals(market, parts), *_fixed(market, parts)]


def _applicants(market: Market, parts: Sequence[Part]) -> list[Breach]:
    x = market.applicants
    out: list[Breach] = []
    blocked = barriers(market)
    own: dict[int, list[Part]] = {}
    for p in parts:
        own.setdefault(p.applicant, []).append(p)
        barrier = blocked[p.wish]
        if p.wish not in market.wishes_of(p.applicant):
            out.append(Breach("foreign_wish", {"applicant": x.id[p.applicant], "wish": p.wish}))
        elif barrier is not None:
            out.append(Breach(barrier.code, barrier.facts))
    for a, mine in own.items():
        out.extend(_one(market, a, mine))
    if market.rules.must_place_all:
        for a in range(len(x)):
            mine = own.get(a, [])
            done = len(mine) == x.wants[a]
            if x.splits(a):
                done = sum(p.people for p in mine) == x.people[a]
            if not done:
                out.append(Breach("must_place_all", {"applicant": x.id[a]}))
    return out


def _one(market: Market, a: int, mine: list[Part]) -> list[Breach]:
    x, out = market.applicants, list[Breach]()
    name, people = x.id[a], int(x.people[a])
    total = sum(p.people for p in mine)
    if len({p.wish for p in mine}) != len(mine):
        out.append(Breach("wish_twice", {"applicant": name}))
    if x.splits(a):
        least = int(x.split_smallest[a])
        if len(mine) > x.split_parts[a]:
            facts = {"applicant": name, "parts": len(mine), "most": int(x.split_parts[a])}
            out.append(Breach("too_many_parts", facts))
        if total > people or any(p.people < least for p in mine):
            out.append(Breach("part_size", {"applicant": name, "people": people, "least": least}))
        if x.all_or_none[a] and total not in (0, people):
            out.append(Breach("all_or_none", {"applicant": name}))
        return out
    if any(p.people != people for p in mine):
        out.append(Breach("divided", {"applicant": name, "people": people}))
    if len(mine) > x.wants[a]:
        facts = {"applicant": name, "granted": len(mine), "wants": int(x.wants[a])}
        out.append(Breach("too_many_wishes", facts))
    if x.all_or_none[a] and len(mine) not in (0, int(x.wants[a])):
        out.append(Breach("all_or_none", {"applicant": name}))
    for i, p in enumerate(mine):
        for q in mine[i + 1 :]:
            if p.wish != q.wish and wishes_collide(market, p.wish, q.wish):
                out.append(Breach("overlap", {"applicant": name}))
    return out


def _sessions(market: Market, parts: Sequence[Part]) -> list[Breach]:
    x, out = market.sessions, list[Breach]()
    taken, running = seats_taken(market, parts), used_sessions(market, parts)
    for s in np.nonzero(taken > x.max)[0].tolist():
        facts = {"session": x.id[s], "taken": int(taken[s]), "max": int(x.max[s])}
        out.append(Breach("full", facts))
    for s in range(len(x)):
        if running[s] and not x.open[s] and taken[s] < x.min[s]:
            facts = {"session": x.id[s], "taken": int(taken[s]), "min": int(x.min[s])}
            out.append(Breach("below_min", facts))
    for key, t, members in clash_moments(market):
        on = [x.id[s] for s in members if running[s]]
        if len(on) > market.clash_capacity[key]:
            facts = {"key": market.clash_names[key], "minute": t, "sessions": on}
            out.append(Breach("clash", {**facts, "capacity": int(market.clash_capacity[key])}))
    for key, name in enumerate(market.day_names):
        count = sum(1 for s in np.nonzero(x.day_limit == key)[0] if running[s])
        if count > market.day_capacity[key]:
            facts = {"key": name, "running": count, "limit": int(market.day_capacity[key])}
            out.append(Breach("day_limit", facts))
    for key, name in enumerate(market.budget_names):
        spent = budget_spent(market, key, taken.tolist(), running)
        if spent > market.budget_limit[key]:
            facts = {"key": name, "spent": spent, "limit": int(market.budget_limit[key])}
            out.append(Breach("budget", facts))
    return out


def budget_spent(market: Market, key: int, taken: list[int], running: list[bool]) -> int:
    """What the running sessions of one budget cost: fixed cost and cost of the seats taken."""
    x, total = market.sessions, 0
    for s in np.nonzero(x.budget == key)[0].tolist():
        if running[s]:
            total += int(x.fixed_cost[s]) + int(x.seat_cost[s]) * taken[s]
    return total


def students_placed(market: Market, parts: Sequence[Part]) -> int:
    """Students counted once each, however many wishes of theirs are granted."""
    x, once, total = market.applicants, set[int](), 0
    for p in parts:
        if x.splits(p.applicant):
            total += p.people
        elif p.applicant not in once:
            once.add(p.applicant)
            total += p.people
    return total


def _totals(market: Market, parts: Sequence[Part]) -> list[Breach]:
    rules, out = market.rules, list[Breach]()
    chosen = {int(market.applicants.school[p.applicant]) for p in parts}
    if rules.max_schools is not None and len(chosen) > rules.max_schools:
        facts = {"chosen": len(chosen), "cap": rules.max_schools}
        out.append(Breach("school_cap", facts))
    students = students_placed(market, parts)
    if rules.max_students is not None and students > rules.max_students:
        out.append(Breach("student_cap", {"placed": students, "cap": rules.max_students}))
    return out


def _fixed(market: Market, parts: Sequence[Part]) -> list[Breach]:
    have = {(p.applicant, p.wish, p.people) for p in parts}
    return [
        Breach("fixed", {"applicant": market.applicants.id[f.applicant]})
        for f in market.rules.fixed
        if (f.applicant, f.wish, f.people) not in have
    ]
