"""Bounds of the stages that a run did not finish, by weak duality from any prices.

Idea. The answers that are optimal for the finished stages are known by their options and limits
(`docs/engine-flow.md`, "Evidence"). Over them every price per node gives a bound: everyone's least
option at those prices, less what the nodes can take. The prices in hand when a run was cut are
nearly the best; prices of zero always hold. Where `placed` comes before, staying at home is charged
as much as makes as many stay as do: the best charge, since the bound is concave in it.

Complexity. A few passes over the wishes for each stage, finished or not. Source: R. Ahuja, T.
Magnanti and J. Orlin, Network Flows (1993), chapters 9 and 16.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.placement.engine.flow_face import Array
from services.placement.engine.flow_leximin import home_prices

if TYPE_CHECKING:
    from services.placement.engine.flow import FlowMarket

#: Larger than any cost plus price.
FAR = np.int64(2**62)
#: Bounds whose sums might come near 2^61 are not claimed.
SAFE = 2.0**60
#: Rounds of looking for sessions from which a way leads to a free seat; fewer still give a bound.
ROUNDS = 12


@dataclass(frozen=True)
class Loose:
    """A bound that prices prove, in the stage's own direction; `charge` is what home costs more."""

    bound: int
    price: Array
    charge: int


class Rest:
    """The answers optimal for the finished stages: options alive, and limits of the nodes."""

    def __init__(self, market: FlowMarket, seat: Array, *, everybody: bool) -> None:
        self.market, self.seat = market, seat
        n, self.sessions = len(market.school), len(market.capacity)
        size = market.school_size
        self.homes = int(market.school.max(initial=-1)) + 1 if size is None else len(size)
        self.size = np.bincount(market.school, minlength=self.homes) if size is None else size
        self.free = np.ones(n, np.bool_) if market.fixed is None else market.fixed < 0
        counts = np.diff(market.wish_start)
        self.owner = np.repeat(np.arange(n), counts)
        self.some = np.nonzero(counts)[0]
        self.first = market.wish_start[:-1][self.some]
        self.alive = self.free[self.owner]
        self.home = self.free & (not everybody)
        self.capacity = market.capacity.astype(np.int64)
        if market.fixed is not None:
            held = market.wish_session[market.fixed[~self.free]]
            self.capacity -= np.bincount(held, minlength=self.sessions)
        nodes = self.sessions + self.homes
        self.lower, self.upper = np.zeros(nodes, np.int64), np.full(nodes, n + 1, np.int64)
        self.upper[: self.sessions] = self.capacity
        seated = self.free & (seat >= 0)
        self.count = np.concatenate([
            np.bincount(market.wish_session[seat[seated]], minlength=self.sessions),
            np.bincount(market.school[self.free & (seat < 0)], minlength=self.homes),
        ])  # fmt: skip

    def _full(self, wish: Array, home: Array, price: Array) -> tuple[Array, Array, Array]:
        """Cost plus price of every wish and home, and everyone's least of them."""
        full = np.where(self.alive, wish + price[self.market.wish_session], FAR)
        stay = np.where(self.home, home + price[self.sessions :][self.market.school], FAR)
        best = stay.copy()
        if len(self.first):
            own = np.minimum.reduceat(full, self.first)
            best[self.some] = np.minimum(best[self.some], own)
        return full, stay, best

    def narrow(self, stage: str, price: Array) -> None:
        """Go on to the answers that are optimal for a stage with these prices."""
        n = len(self.free)
        home = np.full(n, int(stage == "placed"), np.int64)
        wish = self.wish_cost(stage)
        if stage == "lottery":
            home, wish = n - self.market.lottery, np.zeros(len(wish), np.int64)
        full, stay, best = self._full(wish, home, price)
        up, down = np.zeros(len(price), np.int64), np.zeros(len(price), np.int64)
        many = self.count[self.sessions :]
        if stage == "leximin":
            up[self.sessions :] = home_prices(many + 1, self.size)
            down[self.sessions :] = np.where(many > 0, home_prices(many, self.size), -1)
        self.lower = np.where(price > down, np.maximum(self.lower, self.count), self.lower)
        self.upper = np.where(price < up, np.minimum(self.upper, self.count), self.upper)
        if stage == "leximin":
            part = slice(self.sessions, None)
            self.lower[part] = np.maximum(self.lower[part], many - (price == down)[part])
            self.upper[part] = np.minimum(self.upper[part], many + (price == up)[part])
        self.alive &= full == best[self.owner]
        self.home &= stay == best

    def wish_cost(self, stage: str) -> Array:
        """What a granted wish adds to the value of a stage."""
        market = self.market
        if stage == "rank":
            return market.wish_rank.astype(np.int64)
        if stage == "cost":
            return market.wish_cost.astype(np.int64)
        if stage == "lottery":
            return market.lottery[self.owner].astype(np.int64)
        return np.zeros(len(market.wish_rank), np.int64)

    def bound(self, stage: str, price: Array, *, charged: bool) -> Loose | None:
        """The bound at these prices; None where numbers are too large or somebody has no option.

        `charged` says that no answer leaves more people at home than this one.
        """
        n, wish = len(self.free), self.wish_cost(stage)
        top = int(wish.max(initial=0)) + int(np.abs(price).max(initial=0)) + 1
        limits = np.maximum(np.abs(self.lower), np.abs(self.upper)).astype(np.float64)
        if 3.0 * top * (n + 1) + float((np.abs(price) * limits).sum()) >= SAFE:
            return None
        full, stay, _ = self._full(wish, np.zeros(n, np.int64), price)
        own = np.full(n, FAR)
        if len(self.first):
            own[self.some] = np.minimum.reduceat(full, self.first)
        choice = self.home & (own < FAR)
        unplaced, charge = int((self.seat < 0).sum()), 0
        if charged and stage != "placed":
            more = np.sort(own[choice] - stay[choice])
            stuck = int((self.home & (own >= FAR)).sum())
            # With this charge no more people prefer home than may stay there.
            k = max(0, len(more) - max(0, unplaced - stuck))
            charge = max(0, int(more[k - 1])) if k else 0
        extra = charge + int(stage == "placed")
        least = np.minimum(own, np.where(self.home, stay + extra, FAR))[self.free]
        if (least >= FAR).any():
            return None
        held = np.maximum(price * self.lower, price * self.upper)
        total = int(least.sum()) - int(held.sum()) - charge * unplaced
        if stage == "placed":
            return Loose(n - total, price, 0)
        if self.market.fixed is not None:
            total += int(wish[self.market.fixed[~self.free]].sum())
        return Loose(total, price, charge)

    def cut(self) -> Array:
        """Prices of `placed`: 1 at sessions from which no way leads to a free seat, 0 elsewhere."""
        market = self.market
        open_ = self.count[: self.sessions] < self.capacity
        seated = np.nonzero(self.free & (self.seat >= 0))[0]
        at = market.wish_session[self.seat[seated]]
        for _ in range(ROUNDS):
            there = np.zeros(len(self.free), np.bool_)
            if len(self.first):
                near = open_[market.wish_session] & self.alive
                there[self.some] = np.logical_or.reduceat(near, self.first)
            found = open_.copy()
            found[at[there[seated]]] = True
            if (found == open_).all():
                break
            open_ = found
        return np.concatenate([(~open_).astype(np.int64), np.zeros(self.homes, np.int64)])


def loose_bounds(
    market: FlowMarket,
    seat: Array,
    stages: Sequence[str],
    finished: Mapping[str, Array],
    hints: Mapping[str, Array],
    *,
    everybody: bool = False,
    known: Collection[str] = (),
) -> dict[str, Loose]:
    """Bounds of all linear stages that are not `finished` (stage to prices), for the answer `seat`.

    `hints` are prices that a stage may be tried with, besides those that need no search; stages
    whose bound is `known` are left out.
    """
    rest = Rest(market, seat, everybody=everybody)
    for stage in stages:
        if stage not in finished:
            break
        rest.narrow(stage, finished[stage])
    out: dict[str, Loose] = {}
    for i, stage in enumerate(stages):
        if stage in finished or stage in known or stage == "leximin":
            continue
        tries = [np.zeros(rest.sessions + rest.homes, np.int64)]
        if stage in hints:
            tries.append(hints[stage])
        if stage == "placed" and not _all_wishes(rest):
            ones = tries[0].copy()
            ones[: rest.sessions] = 1
            tries += [ones, rest.cut()]
        charged = "placed" in stages[:i]
        found = [rest.bound(stage, price, charged=charged) for price in tries]
        up = stage == "placed"
        best = [x for x in found if x is not None]
        if best:
            out[stage] = min(best, key=lambda x: x.bound if up else -x.bound)
    return out


def _all_wishes(rest: Rest) -> bool:
    """Whether everybody with a wish has a seat, so that prices of zero prove `placed`."""
    return bool((rest.seat[rest.some] >= 0).all())
