"""Every leaf of a proof tree holds, computed here by enumeration of blocks in Python integers."""

from __future__ import annotations

import random
from itertools import product
from math import gcd
from typing import Any

import pytest

from services.placement.engine import Infeasible, Market, solve
from services.placement.engine.groups_model import INF, Model, build
from services.placement.engine.groups_points import linear_cost
from services.placement.engine.market_draws import draw_places
from tests.unit.engine.markets import random_market

Row = tuple[dict[int, int], int, int]
Box = dict[int, tuple[int, int]]


def homes(model: Model) -> dict[int, list[int]]:
    """Wishes homed at each session: undivided applicants' wishes, at their first stop."""
    m = model.market
    out: dict[int, list[int]] = {s: [] for s in range(len(m.sessions))}
    for w in range(len(m.wishes)):
        if model.g[w] >= 0 and model.n[w] < 0:
            out[m.wishes.stops(w)[0]].append(w)
    return out


def least_in_block(
    model: Model, s: int, wishes: list[int], price: dict[int, int], box: Box
) -> int | None:
    """The least value over a block's points in the box, None if there is none."""
    m, z = model.market, int(model.z[s])
    touched = [w for w in range(len(m.wishes)) if model.g[w] >= 0 and s in m.wishes.stops(w)]
    low = 0 if m.sessions.open[s] or set(touched) != set(wishes) else int(m.sessions.min[s])
    columns = [int(model.g[w]) for w in wishes]
    seats = [m.seats(w, int(m.applicants.people[m.wish_applicant[w]]))[0] for w in wishes]
    values = []
    if all(box[j][0] <= 0 for j in [z, *columns]):
        values.append(0)
    for chosen in product((0, 1), repeat=len(wishes)):
        total = sum(n * x for n, x in zip(seats, chosen, strict=True))
        inside = all(box[j][0] <= x <= box[j][1] for j, x in zip(columns, chosen, strict=True))
        if inside and box[z][1] >= 1 and low <= total <= m.sessions.max[s]:
            values.append(
                price[z] + sum(price[j] * x for j, x in zip(columns, chosen, strict=True))
            )
    return min(values, default=None)


def leaf_holds(
    model: Model, rows: dict[str, Row], cost: list[int], leaf: dict[str, Any], box: Box, target: int
) -> bool:
    infeasible = leaf.get("infeasible", False)
    scale = leaf["scale"]
    price = {j: 0 if infeasible else scale * c for j, c in enumerate(cost)}
    total = 0
    for name, y in leaf["rows"].items():
        terms, low, high = rows[name]
        side = low if y > 0 else high
        assert abs(side) < INF
        total += y * side
        for j, v in terms.items():
            price[j] -= y * v
    inside = set()
    for s, wishes in homes(model).items():
        inside.update([int(model.z[s]), *(int(model.g[w]) for w in wishes)])
        value = least_in_block(model, s, wishes, price, box)
        if value is None:
            return bool(infeasible)
        total += value
    total += sum(min(price[j] * box[j][0], price[j] * box[j][1]) for j in price if j not in inside)
    if infeasible:
        return bool(total > 0)
    step = gcd(*cost) or 1
    bound: int = -(-total // (scale * step)) * step
    return bound >= target


def tree_holds(model: Model, rows: dict[str, Row], cost: list[int], tree: dict[str, Any]) -> bool:
    nodes, names = tree["nodes"], {name: j for j, name in enumerate(model.names)}
    root = {j: (model.low[j], model.high[j]) for j in range(model.columns)}
    todo: list[tuple[int, Box]] = [(0, root)]
    while todo:
        i, box = todo.pop()
        node = nodes[i]
        if "column" not in node:
            if not leaf_holds(model, rows, cost, node, box, tree["target"]):
                return False
            continue
        j, at = names[node["column"]], node["at"]
        todo.append((node["down"], {**box, j: (box[j][0], min(box[j][1], at))}))
        todo.append((node["up"], {**box, j: (max(box[j][0], at + 1), box[j][1])}))
    return True


def cases(seed: int) -> tuple[Model, list[tuple[dict[str, Row], list[int], dict[str, Any]]]] | None:
    doc = random_market(random.Random(seed))
    doc["rules"]["stages"] = ["placed", "rank", "cost", "lottery"]
    market = Market.from_json(doc)
    try:
        answer = solve(market, compare=False)
    except Infeasible:
        return None
    if answer.engine != "groups":
        return None
    model, draw = build(market), draw_places(market)
    rows: dict[str, Row] = {
        name: (dict(model.rows.terms(i)), model.rows.low[i], model.rows.high[i])
        for i, name in enumerate(model.rows.name)
    }
    out = []
    for stage in answer.stages:
        cost = linear_cost(model, stage.stage, draw).tolist()
        assert stage.claim == "proved"
        value = -stage.value if stage.stage == "placed" else stage.value
        assert stage.evidence["target"] == value
        out.append((dict(rows), cost, stage.evidence))
        terms = {j: c for j, c in enumerate(cost) if c}
        rows[f"stage:{stage.stage}"] = (terms, -INF, value)
    return model, out


@pytest.mark.parametrize("seed", range(50))
def test_every_tree_holds_and_none_proves_more_than_the_optimum(seed: int) -> None:
    found = cases(seed)
    if found is None:
        return
    model, trees = found
    for rows, cost, tree in trees:
        assert tree_holds(model, rows, cost, tree)
        better = {**tree, "target": tree["target"] + (gcd(*cost) or 1)}
        assert not tree_holds(model, rows, cost, better)
