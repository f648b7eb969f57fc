"""Individual placement, exact: everyone takes one seat, and the objectives are stages.

Idea. With the open sessions given, placing individuals is a minimum-cost flow. It is solved on the
graph of sessions (`flow_network`) by a primal-dual method whose rounds are `flow_search` and
`flow_augment`; most placed and the least rank sum at that number come from one run. Each later
stage works on the optimal face of the ones before (`flow_face`), so no weights mix the levels and
nothing overflows: school leximin (`flow_leximin`), own cost and lottery (`flow_stages`).

Evidence. Every stage leaves one integer price per node (the sessions, then one home per school),
from which anyone can check its optimality with the conditions in `docs/engine-flow.md`.

Sources: L. R. Ford and D. R. Fulkerson, Flows in Networks (1962); for the whole scheme R. Ahuja,
T. Magnanti and J. Orlin, Network Flows (1993), chapters 9 to 12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.placement.engine.flow_bound import Loose, loose_bounds
from services.placement.engine.flow_face import Array, Face, narrow, open_face
from services.placement.engine.flow_first import SMALL_RANK, first_solve
from services.placement.engine.flow_leximin import leximin_limits, solve_leximin
from services.placement.engine.flow_network import Network, build
from services.placement.engine.flow_stages import Stopped, limits, solve_stage

STAGES = ("placed", "rank", "leximin", "cost", "lottery")


@dataclass(frozen=True, eq=False)
class FlowMarket:
    """n applicants, m wishes, S sessions, C schools. All arrays are C-contiguous.

    Wishes of applicant i are `wish_start[i]:wish_start[i + 1]` (int64 [n + 1]), each a session
    (int32), a rank (0 is best, ties allowed, any integer from 0 up) and an own cost (int32).
    `capacity` int32 [S] from 0 up; `school` int32 [n]; `lottery` orders the applicants, lower
    numbers first, equal ones by index. `fixed` int64 [n] is a wish that must stay granted, or -1.
    `school_size` int64 [C] is the people who count in a school's share (default: its applicants).
    """

    wish_start: Array
    wish_session: Array
    wish_rank: Array
    wish_cost: Array
    capacity: Array
    school: Array
    lottery: Array
    fixed: Array | None = None
    school_size: Array | None = None


@dataclass(frozen=True)
class Progress:
    """What is known between two rounds: the stage in hand and the people seated so far."""

    stage: str
    placed: int


@dataclass(frozen=True, eq=False)
class FlowAnswer:
    """`seat_wish` int64 [n] is the granted wish or -1; `evidence` maps a stage to its prices.

    Prices are int64 [S + C]: sessions, then homes. `finished` lists the stages that are proven;
    it is shorter than the stages asked for when the caller stopped the run. `loose` then bounds the
    linear stages that are left.
    """

    seat_wish: Array
    numbers: Mapping[str, int]
    evidence: Mapping[str, Array]
    finished: tuple[str, ...]
    position: Array = field(repr=False)
    loose: Mapping[str, Loose] = field(default_factory=dict)


class NotAllPlaced(Exception):
    """Everybody must be placed, and no answer places everybody."""


class _Run:
    """One solve: the answer in hand, the face, and what has been proven."""

    def __init__(self, market: FlowMarket, on_progress: Callable[[Progress], bool] | None) -> None:
        self.market = market
        self.on_progress = on_progress
        n, sessions = len(market.school), len(market.capacity)
        self.schools = int(market.school.max(initial=-1)) + 1
        if market.school_size is not None:
            self.schools = len(market.school_size)
        self.order = np.argsort(market.lottery, kind="stable")
        self.position = np.empty(n, np.int64)
        self.position[self.order] = np.arange(n)
        self.free = np.ones(n, np.bool_)
        self.capacity = market.capacity.astype(np.int64)
        self.seat_wish = np.full(n, -1, np.int64)
        if market.fixed is not None:
            self.free = market.fixed < 0
            self.seat_wish[:] = market.fixed
            taken = market.wish_session[market.fixed[~self.free]]
            self.capacity -= np.bincount(taken, minlength=sessions)
            if (self.capacity < 0).any():
                raise ValueError("fixed placements exceed the capacity of a session")
        self.nodes = sessions + self.schools
        self.evidence: dict[str, Array] = {}
        #: Prices in hand of a stage that was cut short.
        self.hints: dict[str, Array] = {}
        self.face: Face | None = None

    def report(self, stage: str, net: Network | None = None) -> bool:
        """Tell the caller how far the run is; False asks to stop."""
        if self.on_progress is None:
            return True
        placed = int((self.seat_wish >= 0).sum())
        if net is not None:
            placed += int(net.member_count.sum())
        return self.on_progress(Progress(stage, placed))

    def first(self, with_rank: bool, more: bool) -> bool:
        """The stage `placed`, together with `rank` when that comes next and is small."""
        market, sessions = self.market, len(self.market.capacity)
        start, node, rank = market.wish_start, market.wish_session, market.wish_rank
        rows = np.arange(len(self.free))
        if not self.free.all():
            rows = np.nonzero(self.free)[0]
            of_free = np.repeat(self.free, np.diff(start))
            start = np.concatenate([[0], np.cumsum(np.diff(start)[rows])])
            node, rank = node[of_free], rank[of_free]
        cost = rank.astype(np.int32) if with_rank else np.zeros(len(rank), np.int32)
        net = build(start, node, cost, np.zeros(sessions, np.int64), self.capacity)
        position = self.position[rows]
        order = np.argsort(position) if len(rows) < len(self.free) else self.order
        price, sealed, done = first_solve(
            net, order, lambda: self.report("rank" if with_rank else "placed", net)
        )
        wish = np.full(len(rows), -1, np.int64)
        seated = net.seat_option >= 0
        shift = market.wish_start[rows] - start[:-1]
        wish[seated] = (net.seat_option + shift)[seated]
        self.seat_wish[rows] = wish
        homes = np.zeros(self.schools, np.int64)
        if not done:
            self.hints["rank"] = np.concatenate([price, homes])
            return False
        self.evidence["placed"] = np.concatenate([sealed.astype(np.int64), homes])
        if with_rank:
            self.evidence["rank"] = np.concatenate([price, homes])
        if not more:
            return True
        self.face = open_face(
            market.wish_start,
            market.wish_session,
            market.wish_rank if with_rank else np.zeros(len(market.wish_rank), np.int32),
            sealed,
            price,
            market.school,
            self.schools,
            self.capacity,
            self.seat_wish,
            self.free,
        )
        return True

    def everybody(self) -> bool:
        """Seat everyone and open the face of all such answers; False when the run was stopped.

        No session is sealed on that face: whoever has a wish stays seated anyway, so that its
        limits do not depend on a stage `placed`, which the rules may not even name. Raises
        `NotAllPlaced` when the most that can be seated are not all.
        """
        if not self.first(with_rank=False, more=False):
            return False
        if (self.seat_wish < 0).any():
            raise NotAllPlaced
        market, sessions = self.market, len(self.market.capacity)
        self.evidence.clear()
        self.face = open_face(
            market.wish_start,
            market.wish_session,
            np.zeros(len(market.wish_rank), np.int32),
            np.zeros(sessions, np.bool_),
            np.zeros(sessions, np.int64),
            market.school,
            self.schools,
            self.capacity,
            self.seat_wish,
            self.free,
        )
        return True

    def later(self, stage: str) -> bool:
        """One later stage on the face."""
        face = self.face
        if face is None:
            raise AssertionError("a later stage needs the first one's face")
        if stage == "leximin":
            cost = np.zeros(len(face.option_node), np.int64)
            size = self.size()
            price, seat = solve_leximin(face, size)
            lower, upper = leximin_limits(face, size, seat, price)
        else:
            cost = self.option_cost(face, stage)
            try:
                price, seat = solve_stage(face, cost, lambda: self.report(stage))
            except Stopped as stop:
                self.hints[stage] = stop.price
                return False
            lower, upper = limits(face, price)
        self.evidence[stage] = price
        self.seat_wish[face.who] = face.option_wish[seat]
        self.face = narrow(face, cost, price, seat, lower, upper)
        return self.report(stage)

    def size(self) -> Array:
        """People who count in each school's share."""
        if self.market.school_size is not None:
            return self.market.school_size.astype(np.int64)
        return np.bincount(self.market.school, minlength=self.schools).astype(np.int64)

    def option_cost(self, face: Face, stage: str) -> Array:
        """Cost of each option of the face; home has a cost in the lottery stage only."""
        wish = face.option_wish
        if stage == "placed":
            return np.zeros(len(wish), np.int64)
        if stage == "lottery":
            late = len(self.position) - self.position[face.who]
            return np.where(wish < 0, np.repeat(late, np.diff(face.option_start)), 0)
        column = self.market.wish_rank if stage == "rank" else self.market.wish_cost
        return np.where(wish < 0, 0, column[wish]).astype(np.int64)

    def numbers(self) -> dict[str, int]:
        """Placed, rank sum, cost sum, and the worst school's unplaced and size."""
        market, seated = self.market, self.seat_wish >= 0
        wish = self.seat_wish[seated]
        size = self.size()
        unplaced = np.bincount(market.school[~seated], minlength=self.schools)
        worst = 0
        if self.schools:
            worst = int(np.argmax(unplaced / np.maximum(size, 1)))
        return {
            "placed": int(seated.sum()),
            "rank": int(market.wish_rank[wish].sum(dtype=np.int64)),
            "cost": int(market.wish_cost[wish].sum(dtype=np.int64)),
            "worst_unplaced": int(unplaced[worst]) if self.schools else 0,
            "worst_size": int(size[worst]) if self.schools else 0,
        }


def solve_flow(
    market: FlowMarket,
    stages: Sequence[str] = STAGES,
    on_progress: Callable[[Progress], bool] | None = None,
    *,
    everybody: bool = False,
) -> FlowAnswer:
    """The best answer by `stages` in their order; `placed` must come first.

    With `everybody` all applicants must be placed, and the stages may have any order; raises
    `NotAllPlaced` when that cannot be.

    `on_progress` is called after every round; when it returns False the run stops with the best
    answer so far, and `finished` says which stages are proven. Raises ValueError for stages that
    are unknown, repeated or out of order, and for fixed placements that exceed a capacity.
    """
    if not stages or (stages[0] != "placed" and not everybody):
        raise ValueError("the first stage must be 'placed'")
    if len(set(stages)) < len(stages) or not set(stages) <= set(STAGES):
        raise ValueError(f"stages must be different ones of {', '.join(STAGES)}")
    run = _Run(market, on_progress)
    if everybody:
        later, begun = stages, run.everybody()
    else:
        with_rank = len(stages) > 1 and stages[1] == "rank"
        with_rank = with_rank and int(market.wish_rank.max(initial=0)) <= SMALL_RANK
        later = stages[2:] if with_rank else stages[1:]
        begun = run.first(with_rank, len(later) > 0)
    if begun:
        for stage in later:
            if not run.later(stage):
                break
    finished = tuple(s for s in stages if s in run.evidence)
    loose: dict[str, Loose] = {}
    if len(finished) < len(stages) and not (everybody and (run.seat_wish < 0).any()):
        loose = loose_bounds(
            market, run.seat_wish, stages, run.evidence, run.hints, everybody=everybody
        )
    return FlowAnswer(
        seat_wish=run.seat_wish,
        numbers=run.numbers(),
        evidence=run.evidence,
        finished=finished,
        position=run.position,
        loose=loose,
    )
