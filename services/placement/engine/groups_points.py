"""Placements as integer points of the program and back, and the objectives of linear stages."""

from __future__ import annotations

import numpy as np

from services.placement.engine.answer import Part
from services.placement.engine.groups_model import Model
from services.placement.engine.market import Ints


def decode(model: Model, x: Ints) -> tuple[Part, ...]:
    """The granted parts of an integer point."""
    parts: list[Part] = []
    who, people = model.market.wish_applicant, model.market.applicants.people
    for w in np.nonzero(model.g >= 0)[0].tolist():
        if x[model.g[w]] == 1:
            a = int(who[w])
            part = int(x[model.n[w]]) if model.n[w] >= 0 else int(people[a])
            parts.append(Part(a, w, part))
    return tuple(sorted(parts))


def encode(model: Model, parts: tuple[Part, ...]) -> Ints:
    """The integer point of a placement; sessions nobody uses are closed."""
    x = np.array([max(0, low) for low in model.low], dtype=np.int64)
    for p in parts:
        x[model.g[p.wish]] = 1
        if model.n[p.wish] >= 0:
            x[model.n[p.wish]] = p.people
        for s in model.market.wishes.stops(p.wish):
            x[model.z[s]] = 1
        if model.h[p.applicant] >= 0:
            x[model.h[p.applicant]] = 1
        school = int(model.market.applicants.school[p.applicant])
        if model.y[school] >= 0:
            x[model.y[school]] = 1
    return x


def linear_cost(model: Model, stage: str, draw: Ints) -> Ints:
    """The objective of a linear stage, to be minimised (`placed` with a minus sign)."""
    w, who = model.market.wishes, model.market.wish_applicant
    if stage == "placed":
        return -np.array(model.weights(np.ones(len(w), np.int64)), dtype=np.int64)
    if stage == "rank":
        return np.array(model.weights(w.rank), dtype=np.int64)
    if stage == "cost":
        return np.array(model.weights(None, w.cost), dtype=np.int64)
    return np.array(model.weights(draw[who]), dtype=np.int64)
