"""Repair of an answer after a change, from the warm state of the solve.

Order of aims: everyone whose seat still exists keeps a seat; most people placed; most of the
displaced seated again, before anybody new; least rank sum; fewest people moved. Accepted
(`frozen`) placements stay exactly where they are. In a session that is reduced, the people with
the worst rank, then the worst lottery number, are displaced first; they may take part in chains
like everyone, and in the end somebody else may have moved in their place.

Idea and proof. The state before the change is optimal and its prices prove it. Displaced people are
unseated, freed seats are passed on, and everyone unseated is brought back along cheapest chains,
cheapest first: successive shortest paths keep every state cheapest for the people it seats, with
rank before people moved. The prices left behind prove the repaired answer in the same way.

Complexity. One search per person displaced or seat freed, each local; see `flow_repair_kernel`.

Source: R. Ahuja, T. Magnanti and J. Orlin, Network Flows (1993), chapter 9, re-optimisation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from services.placement.engine.flow import FlowMarket
from services.placement.engine.flow_network import reverse_options
from services.placement.engine.flow_repair_kernel import (
    FAR,
    Array,
    Chairs,
    pass_on,
    seat_nearest,
    sit,
    stand,
)


@dataclass(frozen=True)
class Change:
    """What has happened: new capacities by session, people who withdrew, people who came late.

    A declined or cancelled session has capacity 0. `arrived` are applicants of the market who did
    not take part so far (for someone unknown to it, build a new `Repair`).
    """

    capacity: Mapping[int, int] = field(default_factory=dict)
    withdrawn: tuple[int, ...] = ()
    arrived: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Repaired:
    """Outcome of a change: who had to leave a seat, who moved from where to where, who lost.

    `moved`, `lost` and `gained` are applicants (int64); `moved` had and have a seat, `lost` had
    one and have none, `gained` had none and have one. `seat_wish` is the whole answer as the state
    holds it: the next change alters it.
    """

    displaced: Array
    moved: Array
    lost: Array
    gained: Array
    seat_wish: Array


@njit(cache=True)
def _sit_all(c: Chairs, seat_wish: Array) -> None:
    for i in range(len(seat_wish)):
        if seat_wish[i] >= 0:
            sit(c, i, seat_wish[i])


@njit(cache=True)
def _seat_sources(c: Chairs, sources: Array, unit: int, sealed: int) -> None:
    for _ in range(len(sources)):
        if seat_nearest(c, sources, unit, sealed) < 0:
            break


@njit(cache=True)
def _hopeful(c: Chairs, sources: Array, sealed: int) -> Array:
    """The sources that wish for a session from which a chain may lead to a free seat."""
    keep = np.zeros(len(sources), np.bool_)
    for u in range(len(sources)):
        for w in range(c.wish_start[sources[u]], c.wish_start[sources[u] + 1]):
            if c.price[c.wish_session[w]] < sealed:
                keep[u] = True
    return sources[keep]


@njit(cache=True)
def _seat_each(c: Chairs, sources: Array, unit: int, sealed: int) -> bool:
    """Seat the sources one by one; False, with everything as before, where one finds no seat.

    Where all find one, their order does not matter: each chain is cheapest for the people seated
    so far, and in the end the same people are seated. A chain from one person stays near.
    """
    price, free = c.price.copy(), c.free.copy()
    for u in range(len(sources)):
        if seat_nearest(c, sources[u : u + 1], unit, sealed) < 0:
            for q in range(c.fill[2]):
                if c.seat_wish[c.log[q]] >= 0:
                    stand(c, c.log[q])
            c.price[:] = price
            c.free[:] = free
            return False
    return True


@njit(cache=True)
def _to_units(price: Array, unit: int, factor: int) -> None:
    """Round prices to whole ranks (`factor` 0) or bring whole ranks to `unit`."""
    for v in range(len(price)):
        price[v] = (2 * price[v] + unit) // (2 * unit) if factor == 0 else price[v] * factor


class Repair:
    """The warm state: an optimal answer, its rank prices, and who has accepted.

    `price` is the evidence of the stage `rank` (int64 [S or more]); `absent` (bool [n]) marks
    applicants who do not take part yet. `sealed` is the evidence of `placed`: prices of sealed
    sessions count from home there and are brought to count from free seats here. Raises
    ValueError when the prices do not prove the answer.
    """

    def __init__(
        self,
        market: FlowMarket,
        seat_wish: Array,
        evidence: Mapping[str, Array],
        frozen: Array | None = None,
        absent: Array | None = None,
    ) -> None:
        n, sessions = len(market.school), len(market.capacity)
        start, who, _ = reverse_options(
            market.wish_start, market.wish_session, market.wish_rank, sessions
        )
        self.market = market
        self.absent = np.zeros(n, np.bool_) if absent is None else absent.copy()
        self.capacity = market.capacity.astype(np.int64)
        self.unit = 8 * (sessions + 2)
        #: More rank steps than any chain costs: the price of what reaches no free seat.
        self.dearest = (sessions + 2) * (int(market.wish_rank.max(initial=0)) + 1)
        taken = np.bincount(market.wish_session[seat_wish[seat_wish >= 0]], minlength=sessions)
        price = evidence["rank"][:sessions].astype(np.int64)
        sealed = evidence["placed"][:sessions] > 0
        if sealed.any():
            # Nobody in a sealed session wants an open one, so the region may be as dear as needed.
            price[sealed] += 2 * self.dearest - int(price[sealed].min())
        self.order = np.argsort(market.lottery, kind="stable").astype(np.int64)
        self.position = np.empty(n, np.int64)
        self.position[self.order] = np.arange(n)
        self.chairs = Chairs(
            wish_start=market.wish_start,
            wish_session=market.wish_session,
            wish_rank=market.wish_rank,
            reverse_start=start,
            reverse_who=who,
            seat_wish=np.full(n, -1, np.int64),
            origin=seat_wish.astype(np.int64),
            frozen=np.zeros(n, np.bool_) if frozen is None else frozen.copy(),
            member=np.empty(len(market.wish_session), np.int32),
            member_count=np.zeros(sessions, np.int64),
            slot=np.zeros(n, np.int64),
            free=self.capacity - taken,
            price=price,
            distance=np.full(sessions, FAR, np.int64),
            done=np.zeros(sessions, np.bool_),
            from_node=np.zeros(sessions, np.int64),
            from_wish=np.zeros(sessions, np.int64),
            touched=np.zeros(sessions, np.int64),
            heap=np.zeros(sessions, np.int64),
            heap_at=np.full(sessions, -1, np.int64),
            fill=np.zeros(3, np.int64),
            log=np.zeros(n, np.int64),
            logged=np.zeros(n, np.bool_),
        )
        _sit_all(self.chairs, self.chairs.origin)
        self._settle()
        self._check()

    def _check(self) -> None:
        """Refuse a state whose prices do not prove it."""
        c = self.chairs
        movable = ~c.frozen & (c.seat_wish >= 0)
        full = c.wish_rank + c.price[c.wish_session]
        owner = np.repeat(np.arange(len(c.slot)), np.diff(c.wish_start))
        best = np.full(len(c.slot), FAR)
        np.minimum.at(best, owner, full)
        mine = full[c.seat_wish[movable]]
        if (c.free < 0).any() or (mine > best[movable]).any() or (c.price[c.free > 0] != 0).any():
            raise ValueError("the prices do not prove the answer; solve again before repairing")

    def copy(self) -> Repair:
        """An independent copy that shares what never changes; O(n + S)."""
        twin = object.__new__(Repair)
        twin.__dict__.update(self.__dict__)
        mutable = (
            "seat_wish",
            "origin",
            "frozen",
            "member",
            "member_count",
            "slot",
            "free",
            "price",
            "fill",
            "log",
            "logged",
        )
        twin.chairs = self.chairs._replace(**{k: getattr(self.chairs, k).copy() for k in mutable})
        twin.capacity = self.capacity.copy()
        twin.absent = self.absent.copy()
        return twin

    def preview(self, change: Change) -> Repaired:
        """What `apply` would do; this state stays as it is."""
        return self.copy().apply(change)

    def apply(self, change: Change) -> Repaired:
        """Carry out a change. Raises ValueError for unknown sessions or negative capacities."""
        c = self.chairs
        _to_units(c.price, self.unit, self.unit)
        holes = self._withdraw(change.withdrawn)
        displaced: list[int] = []
        for s, capacity in change.capacity.items():
            if not 0 <= s < len(self.capacity) or capacity < 0:
                raise ValueError(f"session {s} cannot have capacity {capacity}")
            gain = capacity - int(self.capacity[s])
            self.capacity[s] = capacity
            holes.extend([s] * max(gain, 0))
            leave = 0
            for _ in range(max(-gain, 0)):
                if s in holes:
                    holes.remove(s)
                elif c.free[s] > 0:
                    c.free[s] -= 1
                else:
                    leave += 1
            displaced.extend(self._displace(s, leave))
        for s in holes:
            pass_on(c, s, self.unit)
        self.absent[list(change.arrived)] = False
        again = np.array(sorted(displaced, key=self.position.__getitem__), np.int64)
        sealed = self.dearest * self.unit
        able = _hopeful(c, again, sealed)
        if holes or change.arrived or not _seat_each(c, able, self.unit, sealed):
            self._sit_back(again)
            _seat_sources(c, able, self.unit, sealed)
        if holes or change.arrived:
            waiting = self.order[(c.seat_wish[self.order] < 0) & ~self.absent[self.order]]
            _seat_sources(c, _hopeful(c, waiting, sealed), self.unit, sealed)
        _to_units(c.price, self.unit, 0)
        changed, before, after = self._settle()
        here = ~np.isin(changed, change.withdrawn)
        return Repaired(
            displaced=again,
            moved=changed[(before >= 0) & (after >= 0)],
            lost=changed[here & (before >= 0) & (after < 0)],
            gained=changed[(before < 0) & (after >= 0)],
            seat_wish=c.seat_wish,
        )

    def _sit_back(self, displaced: Array) -> None:
        """Whoever stands and is not displaced gets her seat again, after an attempt that failed."""
        c = self.chairs
        out = set(displaced.tolist())
        for i in c.log[: c.fill[2]].tolist():
            if i not in out and c.seat_wish[i] < 0 and c.origin[i] >= 0 and not self.absent[i]:
                sit(c, i, int(c.origin[i]))

    def _settle(self) -> tuple[Array, Array, Array]:
        """Whose seat differs from the one before, with both wishes; from now on it is hers.

        Costs what was touched, not what there is: a repair of one session in a large city must
        not read everybody.
        """
        c = self.chairs
        who = np.sort(c.log[: c.fill[2]])
        c.logged[who] = False
        c.fill[2] = 0
        who = who[c.origin[who] != c.seat_wish[who]]
        before, after = c.origin[who], c.seat_wish[who]
        c.origin[who] = after
        return who, before, after

    def _withdraw(self, people: tuple[int, ...]) -> list[int]:
        """Take people out of the market; the sessions whose seats they leave."""
        c = self.chairs
        left = []
        for i in people:
            self.absent[i] = True
            if c.seat_wish[i] >= 0:
                left.append(int(c.wish_session[c.seat_wish[i]]))
                stand(c, i)
                c.frozen[i] = False
        return left

    def _displace(self, s: int, count: int) -> list[int]:
        """Unseat `count` people of session `s`: worst rank, then lottery; frozen ones last."""
        c = self.chairs
        first = c.reverse_start[s]
        people: list[int] = c.member[first : first + c.member_count[s]].tolist()
        people.sort(
            key=lambda i: (
                c.frozen[i],
                -int(c.wish_rank[c.seat_wish[i]]),
                -int(self.position[i]),
            ),
        )
        for i in people[:count]:
            stand(c, i)
            c.frozen[i] = False
        return people[:count]
