"""What is told about an answer beside the placements: schools, waitlist, shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.placement.engine.answer import (
    MILLION,
    Answer,
    school_sizes,
)
from services.placement.engine.groups_state import Static
from services.placement.engine.market import Ints
from services.placement.engine.market_draws import draw_places, places
from services.placement.engine.reasons_text import sentences


def selection(answer: Answer) -> list[dict[str, Any]]:
    """Every school: chosen or not, people placed; the others with reason and reserve rank.

    The reserve order is published and recomputable: the best priority class among the school's
    applicants first, then the school's own lottery number.
    """
    m = answer.market
    size, placed = school_sizes(m).tolist(), school_placed(answer).tolist()
    draw = places(m.rules.seed, m.schools).tolist()
    best = np.full(len(m.schools), np.iinfo(np.int64).max)
    np.minimum.at(best, m.applicants.school, m.applicants.priority)
    others = [c for c in range(len(m.schools)) if placed[c] == 0]
    others.sort(key=lambda c: (int(best[c]), draw[c]))
    reserve = {c: i + 1 for i, c in enumerate(others)}
    chosen = len(m.schools) - len(others)
    students = students_in(answer)
    out: list[dict[str, Any]] = []
    for c, name in enumerate(m.schools):
        row: dict[str, Any] = {
            "school": name,
            "chosen": placed[c] > 0,
            "placed": placed[c],
            "people": size[c],
            "share": placed[c] * MILLION // size[c] if size[c] else MILLION,
        }
        if c in reserve:
            code, facts = _why(answer, c, chosen, students)
            facts["reserve"] = reserve[c]
            row["reserve_rank"] = reserve[c]
            row["reason"] = {
                "code": code,
                "facts": facts,
                "sentences": sentences("school", code, facts),
            }
        out.append(row)
    return out


def school_placed(answer: Answer) -> Ints:
    """People placed per school."""
    who, _, people = answer.columns
    placed = np.zeros(len(answer.market.schools), np.int64)
    np.add.at(placed, answer.market.applicants.school[who], people)
    return placed


def students_in(answer: Answer) -> int:
    """Students placed, each counted once; of a split group the people of its parts."""
    x = answer.market.applicants
    who, _, people = answer.columns
    split = x.split_parts[who] > 0
    return int(people[split].sum() + x.people[np.bincount(who[~split], minlength=len(x)) > 0].sum())


def _why(answer: Answer, school: int, chosen: int, students: int) -> tuple[str, dict[str, Any]]:
    rules, x = answer.market.rules, answer.market.applicants
    if rules.max_schools is not None and chosen >= rules.max_schools:
        return "school_cap", {"cap": rules.max_schools, "chosen": chosen}
    own = x.school == school
    least = min(
        int(s) if s else int(p)
        for p, s in zip(x.people[own].tolist(), x.split_smallest[own].tolist(), strict=True)
    )
    if rules.max_students is not None and students + least > rules.max_students:
        return "student_cap", {"cap": rules.max_students, "placed": students}
    return "no_room", {"placed": students}


def waitlist(answer: Answer) -> list[dict[str, Any]]:
    """Per session the applicants who wait for it, in the order of the published rule.

    Who is not wholly placed waits at each session of each wish that could be granted. The order
    is priority class at the session, priority class of the applicant, lottery.
    """
    m = answer.market
    static = Static.of(m)
    draw = draw_places(m).tolist()
    by = answer.by_applicant
    lines: dict[int, dict[int, tuple[int, int, int]]] = {}
    for a in range(len(m.applicants)):
        mine = by.get(a, [])
        done = sum(p.people for p in mine)
        wanted = int(m.applicants.people[a])
        if not m.applicants.splits(a):
            wanted *= int(m.applicants.wants[a])
        if done >= wanted:
            continue
        granted = {p.wish for p in mine}
        for w in m.wishes_of(a):
            if static.barrier[w] is not None or w in granted:
                continue
            key = (int(m.wishes.priority[w]), int(m.applicants.priority[a]), draw[a])
            for s in static.stops[w]:
                line = lines.setdefault(s, {})
                line[a] = min(key, line.get(a, key))
    return [
        {
            "session": m.sessions.id[s],
            "waiting": [
                {"applicant": m.applicants.id[a], "position": i + 1}
                for i, a in enumerate(sorted(lines[s], key=lines[s].__getitem__))
            ],
        }
        for s in sorted(lines)
    ]
