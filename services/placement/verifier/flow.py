"""Markets of persons: each stage proved by one price per session and school.

Everyone is at one node, a session or the *home* of her school. With prices p, the answer is
optimal for a stage among the answers that are optimal for the earlier ones if (1) everyone's own
option has the least cost + price of the options left to her, and (2) a node's price lies between
what the last person at it saves and what one more would cost, as far as the node may still lose or
take people. These are the conditions of complementary slackness for a minimum-cost flow with
convex costs (R. Ahuja, T. Magnanti, J. Orlin: Network Flows, 1993, chapters 9 and 14). Afterwards
only options of least cost + price remain, and a node whose price is strictly inside keeps its
count: that is the set of all optimal answers, on which the next stage is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.placement.verifier.files import Arrays, Ints, integers
from services.placement.verifier.ledger import Fault
from services.placement.verifier.market import Market
from services.placement.verifier.result import Result
from services.placement.verifier.rules import barred, busiest

#: Larger prices could overflow 64-bit sums. The dearest honest one is the second place at the home
#: of a school of one person.
LARGEST = 2**61 + 2**20
FAR = np.int64(2**62)
#: The school price below orders shares exactly for schools of fewer people.
SCHOOL_LIMIT = 2**20
NAMED = 20


@lru_cache(maxsize=8)
def is_flow(m: Market, *, minimums: bool = False, everybody: bool = False) -> str:
    """Why this market is not a pure flow; empty if it is.

    `minimums` allows minimum sizes, `everybody` that all must be placed.
    """
    c, rules = m.col, m.rules
    single = (c["applicants.people"] == 1).all() and (c["applicants.wants"] == 1).all()
    if not single or m.splits.any():
        return "not everybody is one person who wants one seat"
    if len(c["wishes.stop_session"]) != m.wishes or (np.abs(c["wishes.stop_seats"]) != 1).any():
        return "not every wish is one seat in one session"
    if not minimums and ((c["sessions.min"] > 0) & (c["sessions.open"] == 0)).any():
        return "a session has a minimum"
    if any(rules[k] is not None for k in ("max_schools", "max_students")):
        return "there is a cap"
    if rules["must_place_all"] and not everybody:
        return "everybody must be placed"
    if (c["sessions.budget"] >= 0).any() or (c["sessions.day_limit"] >= 0).any():
        return "there is a budget or a day limit"
    if next(busiest(m, np.ones(m.sessions, np.bool_)), None) is not None:
        return "a team may be needed in two places"
    return ""


def place_price(j: Ints, size: Ints) -> Ints:
    """What the j-th place at the home of a school of `size` people costs in the stage leximin."""
    size = np.maximum(size, 1)
    price: Ints = ((j << 40) // size << 20) + (SCHOOL_LIMIT - 1 - size)
    return price


class Chain:
    """Checks the stages one after another; `faults` of the first that fails end the chain."""

    def __init__(self, m: Market, r: Result, draw: Ints) -> None:
        self.m, self.draw = m, draw
        self.sessions, schools = m.sessions, len(m.names["schools"])
        self.school = m.col["applicants.school"]
        node = m.col["wishes.stop_session"]
        self.size = np.bincount(self.school, minlength=schools)
        held = np.zeros(m.applicants, np.bool_)
        fixed = np.array([row[1] for row in m.rules["fixed"]], dtype=np.int64)
        held[[row[0] for row in m.rules["fixed"]]] = True
        #: Options left: home, which nobody has where everybody must be placed, and wishes. Of these
        #: their indices (None: all), sessions and applicants are kept, and where each one's begin.
        self.home = ~held & (not m.rules["must_place_all"])
        self.option: Ints | None = None
        self.node, self.who = node, m.owner
        counts = np.diff(m.col["applicants.wish_ptr"])
        self.some = np.nonzero(counts)[0]
        self.first = m.col["applicants.wish_ptr"][:-1][self.some]
        self.own = np.full(m.applicants, -1, np.int64)
        self.own[r.who] = r.wish
        self.free = ~held
        possible = ~barred(m) & ~held[m.owner]
        self.own_possible = (self.own < 0) | np.append(possible, False)[self.own]
        self._keep(possible)
        #: The wish that each applicant had before a change, or -1.
        self.before = np.full(m.applicants, -1, np.int64)
        if r.previous is not None:
            self.before[r.previous[0]] = r.previous[1]
        seated = self.free & (self.own >= 0)
        at_home = self.free & (self.own < 0)
        self.count = np.concatenate([
            np.bincount(node[self.own[seated]], minlength=self.sessions),
            np.bincount(self.school[at_home], minlength=schools),
        ])  # fmt: skip
        taken = np.bincount(node[fixed], minlength=self.sessions)
        self.lower = np.zeros(self.sessions + schools, np.int64)
        self.upper = np.full(self.sessions + schools, m.applicants + 1, np.int64)
        self.upper[: self.sessions] = m.col["sessions.max"] - taken

    def of(self, column: Ints) -> Ints:
        """The entries of the wishes left, in a column of all wishes."""
        return column if self.option is None else column[self.option]

    def _keep(self, keep: NDArray[np.bool_]) -> None:
        """Go on with some of the wishes left."""
        if keep.all():
            return
        self.option = np.nonzero(keep)[0] if self.option is None else self.option[keep]
        self.node, self.who = self.node[keep], self.who[keep]
        begins = np.ones(len(self.who), np.bool_)
        begins[1:] = self.who[1:] != self.who[:-1]
        self.first = np.nonzero(begins)[0]
        self.some = self.who[self.first]

    def _costs(self, stage: str) -> tuple[Ints | int, Ints | int]:
        """The cost of every wish and of every applicant's home."""
        if stage == "placed":
            return 0, 1
        if stage == "kept":
            return 0, (self.before >= 0).astype(np.int64)
        if stage == "moved":
            was = self.before[self.m.owner]
            moves = (was >= 0) & (was != np.arange(self.m.wishes))
            return moves.astype(np.int64), (self.before >= 0).astype(np.int64)
        if stage == "leximin":
            return 0, 0
        if stage == "lottery":
            return 0, self.m.applicants - self.draw
        return self.m.col[f"wishes.{stage}"], 0

    def check(self, stage: str, price: Ints, place: str) -> list[Fault]:
        """The broken conditions of one stage; on none, goes on to its optimal answers."""
        if len(price) != len(self.count):
            return [Fault(place, f"{len(self.count)} prices are needed: sessions, then schools")]
        if len(price) and int(np.abs(price).max()) >= LARGEST:
            return [Fault(place, "a price is out of range")]
        if stage == "leximin" and (self.size >= SCHOOL_LIMIT).any():
            return [Fault(place, "a school is too large for this evidence")]
        cost, stay = self._costs(stage)
        sessions = self.sessions
        full = price[self.node]
        if not isinstance(cost, int):
            full += self.of(cost)
        home = np.where(self.home, stay + price[sessions:][self.school], FAR)
        best = home.copy()
        if len(self.first):
            best[self.some] = np.minimum(home[self.some], np.minimum.reduceat(full, self.first))
        at = price[np.append(self.m.col["wishes.stop_session"], 0)[self.own]]
        mine = at + (cost if isinstance(cost, int) else np.append(cost, 0)[self.own])
        mine = np.where(self.own < 0, home, np.where(self.own_possible, mine, FAR))
        faults = [
            Fault(
                f"{place}, applicant {self.m.names['applicants.id'][a]}",
                f"another option costs {int(best[a])}, her own {int(mine[a])}",
            )
            for a in np.nonzero(self.free & (mine != best))[0][:NAMED].tolist()
        ]
        up, down = np.zeros(len(price), np.int64), np.zeros(len(price), np.int64)
        if stage == "leximin":
            many = self.count[sessions:]
            up[sessions:] = place_price(many + 1, self.size)
            down[sessions:] = np.where(many > 0, place_price(many, self.size), -1)
        wrong = (price > up) & (self.count < self.upper)
        wrong |= (price < down) & (self.count > self.lower)
        for v in np.nonzero(wrong)[0][:NAMED].tolist():
            detail = f"price {int(price[v])} does not fit its {int(self.count[v])} people"
            faults.append(Fault(f"{place}, {self._name(v)}", detail))
        if faults:
            return faults
        self._narrow(stage, price, up, down)
        self._keep(full == best[self.who])
        self.home &= home == best
        return []

    def _name(self, v: int) -> str:
        if v < self.sessions:
            return f"session {self.m.names['sessions.id'][v]}"
        return f"school {self.m.names['schools'][v - self.sessions]}"

    def _narrow(self, stage: str, price: Ints, up: Ints, down: Ints) -> None:
        self.lower = np.where(price > down, np.maximum(self.lower, self.count), self.lower)
        self.upper = np.where(price < up, np.minimum(self.upper, self.count), self.upper)
        if stage == "leximin":
            home = slice(self.sessions, None)
            one_less, one_more = (price == down)[home], (price == up)[home]
            count = self.count[home]
            self.lower[home] = np.maximum(self.lower[home], count - one_less)
            self.upper[home] = np.minimum(self.upper[home], count + one_more)


def check_flow(
    m: Market, r: Result, draw: Ints, arrays: Arrays, stages: Mapping[str, str]
) -> tuple[dict[str, list[Fault]], Chain | None]:
    """Faults per stage, and the chain after them; `stages` maps each stage in order to its column.

    The chain ends at the first stage without valid prices, since the later ones build on it.
    """
    out: dict[str, list[Fault]] = {}
    why = is_flow(m, everybody=True)
    free = m.rules["must_place_all"] and r.previous is None
    first = "placed" if r.previous is None else "kept"
    if not why and not free and next(iter(stages), first) != first:
        why = "the first stage is another"
    chain = None if why else Chain(m, r, draw)
    for stage, name in stages.items():
        place = f"certificate.npz:/{name}"
        price = integers(arrays.get(name))
        if chain is None:
            out[stage] = [Fault(place, f"prices prove nothing here: {why}")]
        elif price is None:
            out[stage] = [Fault(place, "a column of integers is needed")]
        else:
            out[stage] = chain.check(stage, price, place)
        if out[stage]:
            why = why or f"stage {stage!r} before it is not proved"
            chain = None
    return out, chain


def envious(m: Market, r: Result, draw: Ints) -> NDArray[np.bool_]:
    """Who has justified envy: a better-ranked wish at a session with a free seat or with somebody
    of a later priority class or place. People with a fixed placement neither feel nor cause it."""
    c, owner = m.col, m.owner
    node = c["wishes.stop_session"]
    place = _places(m, draw)
    held = np.zeros(m.applicants, np.bool_)
    held[[row[0] for row in m.rules["fixed"]]] = True
    worst = np.full(m.sessions, -1, np.int64)
    cause = r.wish[~held[r.who]]
    np.maximum.at(worst, node[cause], place[cause])
    free = np.bincount(node[r.wish], minlength=m.sessions) < c["sessions.max"]
    rank = np.full(m.applicants, np.iinfo(np.int64).max)
    rank[r.who] = c["wishes.rank"][r.wish]
    better = (c["wishes.rank"] < rank[owner]) & ~barred(m) & ~held[owner]
    found = np.zeros(m.applicants, np.bool_)
    found[owner[better & (free[node] | (place < worst[node]))]] = True
    return found


def _places(m: Market, draw: Ints) -> Ints:
    """Where each wish stands at its session: by priority class, the wish's own, then the draw.

    Wishes alike in all three are one person's: she does not envy herself.
    """
    general, own = m.col["applicants.priority"], m.col["wishes.priority"]
    top, widest = int(general.max(initial=0)) + 1, int(own.max(initial=0)) + 1
    if top * widest * max(m.applicants, 1) < 2**62:
        return (own + (general * widest)[m.owner]) * m.applicants + draw[m.owner]
    key = np.stack([general[m.owner], own, draw[m.owner]])
    order = np.lexsort(key[::-1])
    later = (np.diff(key[:, order]) != 0).any(axis=0)
    place = np.empty(m.wishes, np.int64)
    place[order[:1]] = 0
    place[order[1:]] = np.cumsum(later)
    return place
