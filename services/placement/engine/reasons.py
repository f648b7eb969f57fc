"""Why not? A true reason with its numbers for every wish that was not granted.

A reason names the rule that the wish would break with everything else as it is in the answer, so
it can be checked by putting the group there and looking. Where no rule would break, the answer
was better without it in a published stage, and that stage and the loss are the reason.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.placement.engine.answer import MILLION, Answer, Part, school_placed, school_sizes
from services.placement.engine.answer_check import Breach
from services.placement.engine.groups_state import State, Static
from services.placement.engine.market_draws import draw_places
from services.placement.engine.reasons_alike import Kinds
from services.placement.engine.reasons_flow import FlowReasons, has_prices
from services.placement.engine.reasons_text import counted, sentences
from services.placement.engine.repair_flow import STAGES as REPAIR_STAGES

#: A sealed region may be large; this many of its sessions are named in the facts.
REGION_NAMES = 20

MAXIMISED = {"placed", "leximin", "kept"}


@dataclass(frozen=True)
class Reason:
    """A stable code and the facts behind it (ids and integers only)."""

    code: str
    facts: dict[str, Any]

    def to_json(self, kind: str) -> dict[str, Any]:
        """Code, facts and the sentence in each language."""
        words = {k: v for k, v in self.facts.items() if k != "because"}
        return {
            "code": self.code,
            "facts": words,
            "sentences": sentences(kind, self.code, self.facts),
        }


class Reasons:
    """Reasons of one answer; the placement's counts are built once and shared."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.market = answer, answer.market
        self.static = Static.of(answer.market)
        self.state = State(self.static, answer.parts)
        self._found: dict[int, Reason | None] = {}

    @cached_property
    def draw(self) -> list[int]:
        """Each applicant's place in the lottery."""
        places: list[int] = draw_places(self.market).tolist()
        return places

    @cached_property
    def demand(self) -> list[tuple[int, int]]:
        """Per session: people who wished for it, and those of them not placed elsewhere."""
        wished = [0] * len(self.market.sessions)
        left = [0] * len(self.market.sessions)
        seen: set[tuple[int, int]] = set()
        who = self.market.wish_applicant.tolist()
        people = self.market.applicants.people.tolist()
        for w, stops in enumerate(self.static.stops):
            if self.static.barrier[w] is not None:
                continue
            for s in stops:
                if (who[w], s) in seen:
                    continue
                seen.add((who[w], s))
                k = stops.index(s)
                n = self.state.seats(w, people[who[w]])[k]
                wished[s] += n
                if who[w] not in self.state.own:
                    left[s] += n
        return list(zip(wished, left, strict=True))

    def wish(self, a: int, w: int) -> Reason | None:
        """Why wish `w` of applicant `a` was not granted; None if it was."""
        if w not in self._found:
            self._found[w] = self._wish(a, w)
        return self._found[w]

    def _wish(self, a: int, w: int) -> Reason | None:
        barrier = self.static.barrier[w]
        mine = self.state.own.get(a, [])
        if any(p.wish == w for p in mine):
            return None
        if barrier is not None:
            return Reason(barrier.code, barrier.facts)
        x, rank = self.market.applicants, self.market.wishes.rank
        limit = int(x.split_parts[a]) if x.splits(a) else int(x.wants[a])
        seated = sum(p.people for p in mine)
        whole = seated == int(x.people[a]) if x.splits(a) else len(mine) >= limit
        if whole and all(rank[p.wish] <= rank[w] for p in mine):
            return Reason("better_granted", {"rank": int(min(rank[p.wish] for p in mine))})
        return self._tried(a, w, mine)

    def _tried(self, a: int, w: int, mine: list[Part]) -> Reason:
        """Put the group there, taking out what it has where it must choose, and look."""
        x, rank = self.market.applicants, self.market.wishes.rank
        limit = int(x.split_parts[a]) if x.splits(a) else int(x.wants[a])
        given = [max(mine, key=lambda p: (int(rank[p.wish]), p.wish))] if mine else []
        if not x.splits(a) and len(mine) < limit:
            given = []
        people = int(x.people[a]) if not x.splits(a) else self._part(a, mine)
        part = Part(a, w, people)
        for p in given:
            self.state.remove(p)
        try:
            breach = self.state.refusal(part)
            if breach is not None:
                return self._named(breach, part)
            self.state.add(part)
            try:
                return self._after(part, given)
            finally:
                self.state.remove(part)
        finally:
            for p in given:
                self.state.add(p)

    def _part(self, a: int, mine: list[Part]) -> int:
        x = self.market.applicants
        left = int(x.people[a]) - sum(p.people for p in mine)
        return max(int(x.split_smallest[a]), min(left, int(x.split_smallest[a])))

    def _after(self, part: Part, given: list[Part]) -> Reason:
        state, sessions, w = self.state, self.market.sessions, part.wish
        touched = {s for p in (part, *given) for s in self.static.stops[p.wish]}
        for s in state.below_minimum(sorted(touched)):
            if s in self.static.stops[w] and not self.answer.running[s]:
                wished, left = self.demand[s]
                facts = {"session": sessions.id[s], "min": int(sessions.min[s])}
                return Reason("below_min", {**facts, "wished": wished, "left": left})
            facts = {"session": sessions.id[s], "min": int(sessions.min[s])}
            return Reason("keeps_minimum", facts)
        x, a = self.market.applicants, part.applicant
        wants = int((x.people if x.splits(a) else x.wants)[a])
        got = sum(p.people for p in state.own[a]) if x.splits(a) else len(state.own[a])
        if x.all_or_none[a] and got < wants:
            return Reason("all_or_none", {"wants": wants, "possible": got})
        return self._stage(part, given)

    def _stage(self, part: Part, given: list[Part]) -> Reason:
        """No rule is broken: compare the published stages with and without the exchange."""
        change = self._change(part, given)
        stable = self.answer.mode == "stable"
        repaired = self.answer.previous is not None
        for stage in REPAIR_STAGES if repaired else self.market.rules.stages:
            loss = -change[stage] if stage in MAXIMISED else change[stage]
            if loss > 0:
                return Reason("stage", {"stage": stage, "change": loss})
            if loss < 0:
                return Reason("precedence" if stable else "search_ended", {})
        return Reason("precedence" if stable else "equal", {})

    def _change(self, part: Part, given: list[Part]) -> dict[str, int]:
        """What the exchange adds to the value of every stage."""
        w, draw = self.market.wishes, self.draw[part.applicant]
        signed = [(part, 1), *((p, -1) for p in given)]
        people = sum(sign * p.people for p, sign in signed)
        school = int(self.market.applicants.school[part.applicant])
        size, placed, least = self._shares
        worst = least[0][1] if least and least[0][0] != school else MILLION
        if least and least[0][0] == school and len(least) > 1:
            worst = least[1][1]
        if size[school]:
            worst = min(worst, (placed[school] + people) * MILLION // size[school])
        before = {p.wish: p.people for p in self.answer.previous or ()}
        seated = any(p.applicant == part.applicant for p in self.answer.previous or ())
        return {
            "kept": people if seated else 0,
            "moved": sum(-sign * before.get(p.wish, 0) for p, sign in signed),
            "placed": people,
            "rank": sum(sign * p.people * int(w.rank[p.wish]) for p, sign in signed),
            "cost": sum(sign * int(w.cost[p.wish]) for p, sign in signed),
            "lottery": people * draw,
            "leximin": worst - (least[0][1] if least else MILLION),
        }

    @cached_property
    def _shares(self) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """Size and people placed of every school, and the two least shares with their schools."""
        size = school_sizes(self.market).tolist()
        placed = school_placed(self.market, self.answer.parts).tolist()
        share = [(p * MILLION // n, c) for c, (p, n) in enumerate(zip(placed, size, strict=True))
                 if n]  # fmt: skip
        return size, placed, [(c, value) for value, c in heapq.nsmallest(2, share)]

    def _named(self, breach: Breach, part: Part) -> Reason:
        """A broken rule as a reason; among equals for a full session the lottery is named."""
        if breach.code == "full":
            cutoff = self._lottery(part)
            if cutoff is not None:
                own = self.draw[part.applicant]
                return Reason("lottery", {**breach.facts, "own": own + 1, "cutoff": cutoff + 1})
            if has_prices(self.answer):
                return self._priced(breach, part)
        return Reason(breach.code, dict(breach.facts))

    @cached_property
    def _flow(self) -> FlowReasons:
        return FlowReasons(self.answer, np.array(self.draw, dtype=np.int64))

    def _priced(self, breach: Breach, part: Part) -> Reason:
        """A full session in a market of persons: the sealed region, or what the seat costs."""
        if part.applicant not in self.answer.by_applicant:
            region = self._flow.sealed(part.applicant)
            if region is not None:
                facts = {"sessions": len(region.sessions), "seats": region.seats}
                names = [self.market.sessions.id[s] for s in region.sessions[:REGION_NAMES]]
                return Reason("sealed", {**breach.facts, **facts, "region": names})
        price = self._flow.price(part.applicant, part.wish)
        if price is not None:
            return Reason("price", {**breach.facts, "price": price})
        return Reason(breach.code, dict(breach.facts))

    def _lottery(self, part: Part) -> int | None:
        """The latest place drawn by somebody seated there who is this applicant's equal.

        Equals have the same wish list, head-count, school and priority, so that exchanging them
        changes nothing but the lottery stage.
        """
        if "lottery" not in self.market.rules.stages and self.answer.mode != "stable":
            return None
        a = part.applicant
        if a in self.state.own:
            return None
        key = (self._kinds.of(a), tuple(self.static.stops[part.wish]))
        place = max((n for n in self._equals.get(key, ()) if n != self.draw[a]), default=None)
        return place if place is not None and place < self.draw[a] else None

    @cached_property
    def _equals(self) -> dict[tuple[Any, ...], list[int]]:
        """By kind of applicant and stops: the two latest places drawn by those seated there."""
        out: dict[tuple[Any, ...], list[int]] = {}
        for b, parts in self.answer.by_applicant.items():
            for stops in {tuple(self.static.stops[p.wish]) for p in parts}:
                known = out.setdefault((self._kinds.of(b), stops), [])
                known.append(self.draw[b])
                known.sort(reverse=True)
                del known[2:]
        return out

    @cached_property
    def _kinds(self) -> Kinds:
        return Kinds(self.static)

    def applicant(self, a: int) -> Reason:
        """The one reason for an applicant who is not placed, or not wholly."""
        x, rules = self.market.applicants, self.market.rules
        wishes = self.market.wishes_of(a)
        mine = self.state.own.get(a, [])
        if mine:
            placed = sum(p.people for p in mine)
            total = int(x.people[a]) * (1 if x.splits(a) else int(x.wants[a]))
            return Reason("partly", {"people": total, "placed": placed})
        if not wishes:
            return Reason("no_wishes", {})
        if all(self.static.barrier[w] is not None for w in wishes):
            return Reason("no_possible_wish", {"wishes": len(wishes)})
        found = [self.wish(a, w) for w in wishes]
        codes = Counter(r.code for r in found if r is not None)
        for code in ("school_cap", "student_cap"):
            if codes[code] and all(
                r is None or r.code == code or self.static.barrier[w] is not None
                for r, w in zip(found, wishes, strict=True)
            ):
                cap = rules.max_schools if code == "school_cap" else rules.max_students
                facts: dict[str, Any] = {
                    "cap": cap,
                    "placed": self.state.students,
                    "chosen": self.state.schools,
                }
                return Reason(code, facts)
        facts = {"wishes": len(wishes), "codes": dict(codes)}
        return Reason("no_room", facts)

    def unplaced(self) -> list[dict[str, Any]]:
        """Every applicant who is not wholly placed, with its reason and those of its wishes."""
        out: list[dict[str, Any]] = []
        for a in range(len(self.market.applicants)):
            if not self.whole(a):
                out.append(self.explain(a))
        return out

    def whole(self, a: int) -> bool:
        """Whether everybody of applicant `a` got everything wanted."""
        x = self.market.applicants
        mine = self.state.own.get(a, [])
        if x.splits(a):
            return sum(p.people for p in mine) == int(x.people[a])
        return len(mine) == int(x.wants[a])

    def explain(self, a: int) -> dict[str, Any]:
        """One applicant's reason and the reason of each wish that was not granted."""
        out: dict[str, Any] = {"applicant": self.market.applicants.id[a]}
        if not self.whole(a):
            out["reason"] = _applicant_json(self.applicant(a))
        out["wishes"] = self.wishes(a)
        return out

    def wishes(self, a: int) -> list[dict[str, Any]]:
        """The reasons of the wishes of `a` that were not granted."""
        first = int(self.market.applicants.wish_ptr[a])
        out: list[dict[str, Any]] = []
        for w in self.market.wishes_of(a):
            reason = self.wish(a, w)
            if reason is not None:
                out.append({"wish": w - first, **reason.to_json("wish")})
        return out


def _applicant_json(reason: Reason) -> dict[str, Any]:
    if reason.code != "no_room":
        return reason.to_json("applicant")
    because = counted(reason.facts["codes"])
    texts = {
        language: sentences("applicant", "no_room", {**reason.facts, "because": clause})[language]
        for language, clause in because.items()
    }
    return {"code": reason.code, "facts": reason.facts, "sentences": texts}
