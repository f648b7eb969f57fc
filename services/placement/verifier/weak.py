"""Persons: bounds by weak duality, for stages that a run did not finish.

Let everyone's options and every node's limits be those of all answers that are optimal for the
stages proved so far (`flow.Chain`). For any price of each node, and any charge h >= 0 for staying
at home, an answer with no more people at home than this one's u costs at least
    sum over applicants of the least (cost + h at home + price) of an option
    - sum over nodes of the most that price times people can be  -  h * u.
Nothing about prices and charge is trusted (R. Ahuja, T. Magnanti, J. Orlin: Network Flows, 1993,
chapters 9 and 16). Minimum sizes are left out, which only widens what is looked at.
"""

from __future__ import annotations

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.flow import FAR, Chain

#: Sums of magnitudes below this stay exact in 64 bits (they are estimated in floats).
SAFE = 2.0**61
STAGES = ("placed", "rank", "cost", "lottery")


def weak_bound(chain: Chain, stage: str, price: Ints, charge: int, placed: int | None) -> int | str:
    """The bound in the stage's own direction, or why there is none.

    `charge` is paid by whoever stays at home; it needs `placed`, the people whom this answer
    places, as a stage before this one.
    """
    m = chain.m
    if stage not in STAGES:
        return f"the stage {stage} cannot be bounded by prices"
    if len(price) != len(chain.count):
        return f"{len(chain.count)} prices are needed: sessions, then schools"
    if charge < 0 or (charge and (placed is None or stage == "placed")):
        return "a charge for staying at home is positive and needs the stage placed before"
    wish, home = _costs(chain, stage)
    size = float(np.abs(price).max(initial=0)) + float(charge)
    size = (size + float(np.abs(wish).max(initial=0)) + home) * (m.applicants + 1)
    widest = np.maximum(np.abs(chain.lower), np.abs(chain.upper)).astype(np.float64)
    size += float((np.abs(price.astype(np.float64)) * widest).sum())
    if size >= SAFE:
        return "a price is out of range"
    full = chain.of(wish) + price[chain.node]
    least = np.where(chain.home, home + charge + price[chain.sessions :][chain.school], FAR)
    if len(chain.first):
        own = np.minimum.reduceat(full, chain.first)
        least[chain.some] = np.minimum(least[chain.some], own)
    least = least[chain.free]
    if (least >= FAR).any():
        return "somebody has no option"
    total = int(least.sum()) - int(np.maximum(price * chain.lower, price * chain.upper).sum())
    if placed is not None:
        total -= charge * (m.applicants - placed)
    if stage == "placed":
        return m.applicants - total
    held = [row[1] for row in m.rules["fixed"]]
    return total + int(wish[held].sum())


def seated_bound(
    chain: Chain, stage: str, worth: Ints, scale: int, charge: int, placed: int | None
) -> int | str:
    """The bound from what seating each person is worth, minimum sizes kept; or why there is none.

    With the worth v of each person, in 1/`scale` of the stage's unit, an answer costs at least
        sum of v  +  sum over who may stay at home of min(0, h - v)  -  h * u
        + sum over sessions of the least of 0 and of its k cheapest wishes (cost - v),
    where a session that runs has k between its minimum and its maximum (Lagrangian relaxation of
    "everyone is seated once or at home", A. Geoffrion 1974). Nothing about v and h is trusted.
    """
    m = chain.m
    if stage not in STAGES[1:]:
        return f"the stage {stage} cannot be bounded so"
    if len(worth) != m.applicants or not 0 < scale < SAFE:
        return f"{m.applicants} values and a positive scale are needed"
    if charge < 0 or (charge and placed is None):
        return "a charge for staying at home is positive and needs the stage placed before"
    wish, _ = _costs(chain, stage)
    size = float(np.abs(worth).max(initial=0)) + float(charge)
    size += float(scale) * float(np.abs(wish).max(initial=0))
    if size * 4.0 * (m.applicants + len(wish) + 1) >= SAFE:
        return "a value is out of range"
    total = int(worth[chain.free].sum())
    total += int(np.minimum(charge - worth[chain.home], 0).sum())
    if placed is not None:
        total -= charge * (m.applicants - placed)
    value = scale * chain.of(wish) - worth[chain.who]
    order = np.lexsort((value, chain.node))
    at, value = chain.node[order], value[order]
    start = np.searchsorted(at, np.arange(m.sessions + 1))
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(value)])
    room = chain.upper[: m.sessions]
    taken = m.col["sessions.max"] - room
    least = np.where(m.col["sessions.open"] > 0, 0, m.col["sessions.min"] - taken)
    many = np.arange(1, len(at) + 1) - start[at]
    fits = (many >= least[at]) & (many <= room[at])
    run = np.where(fits, sums[1:] - sums[start[at]], 0)
    if len(run):
        some = np.nonzero(np.diff(start))[0]
        total += int(np.minimum(np.minimum.reduceat(run, start[some]), 0).sum())
    held = [row[1] for row in m.rules["fixed"]]
    return -(-total // scale) + int(wish[held].sum())


def _costs(chain: Chain, stage: str) -> tuple[Ints, int]:
    """The cost of every wish, and that of staying at home."""
    m = chain.m
    if stage == "placed":
        return np.zeros(m.wishes, np.int64), 1
    if stage == "lottery":
        return chain.draw[m.owner], 0
    return m.col[f"wishes.{stage}"], 0
