"""Writing a market as its JSON document, every default spelt out."""

from __future__ import annotations

from typing import Any

from services.placement.engine.market import FORMAT, NO_SLOT, NONE, VERSION, Market


def write_market(market: Market) -> dict[str, Any]:
    """The JSON document of a market; reading it again gives the same columns and hash."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "clashes": dict(zip(market.clash_names, market.clash_capacity.tolist(), strict=True)),
        "day_limits": dict(zip(market.day_names, market.day_capacity.tolist(), strict=True)),
        "budgets": dict(zip(market.budget_names, market.budget_limit.tolist(), strict=True)),
        "sessions": _sessions(market),
        "applicants": _applicants(market),
        "excluded": [
            [market.applicants.id[e.applicant], market.sessions.id[e.session], e.code, e.facts]
            for e in market.excluded
        ],
        "rules": _rules(market),
    }


def _time(minute: int) -> int | None:
    return None if minute == NO_SLOT else minute


def _sessions(market: Market) -> list[dict[str, Any]]:
    x = market.sessions
    starts, ends = x.start.tolist(), x.end.tolist()
    lows, highs, opened = x.min.tolist(), x.max.tolist(), x.open.tolist()
    fixed, seat = x.fixed_cost.tolist(), x.seat_cost.tolist()
    days, budgets = x.day_limit.tolist(), x.budget.tolist()
    return [
        {
            "id": x.id[s],
            "host": x.host[s],
            "district": x.district[s],
            "start": _time(starts[s]),
            "end": _time(ends[s]),
            "min": lows[s],
            "max": highs[s],
            "open": opened[s],
            "clash": [market.clash_names[k] for k in x.clashes(s)],
            "day_limit": None if days[s] == NONE else market.day_names[days[s]],
            "budget": None if budgets[s] == NONE else market.budget_names[budgets[s]],
            "fixed_cost": fixed[s],
            "seat_cost": seat[s],
        }
        for s in range(len(x))
    ]


def _applicants(market: Market) -> list[dict[str, Any]]:
    x = market.applicants
    school, people, wants = x.school.tolist(), x.people.tolist(), x.wants.tolist()
    together, priority = x.all_or_none.tolist(), x.priority.tolist()
    smallest, parts = x.split_smallest.tolist(), x.split_parts.tolist()
    busy_ptr, starts, ends = x.busy_ptr.tolist(), x.busy_start.tolist(), x.busy_end.tolist()
    return [
        {
            "id": x.id[a],
            "school": market.schools[school[a]],
            "people": people[a],
            "wants": wants[a],
            "all_or_none": together[a],
            "split": {"smallest": smallest[a], "parts": parts[a]} if parts[a] else None,
            "busy": [
                {"start": starts[i], "end": ends[i]} for i in range(busy_ptr[a], busy_ptr[a + 1])
            ],
            "priority": priority[a],
            "wishes": [wish_document(market, w) for w in market.wishes_of(a)],
        }
        for a in range(len(x))
    ]


def wish_document(market: Market, w: int) -> dict[str, Any]:
    """One wish as it stands in the file."""
    x = market.wishes
    lo, hi = int(x.stop_ptr[w]), int(x.stop_ptr[w + 1])
    own = x.stop_seats[lo:hi].tolist()
    return {
        "stops": [market.sessions.id[s] for s in x.stop_session[lo:hi].tolist()],
        "travel": x.stop_travel[lo + 1 : hi].tolist(),
        "rank": int(x.rank[w]),
        "cost": int(x.cost[w]),
        "seats": None if all(n == NONE for n in own) else own,
        "priority": int(x.priority[w]),
    }


def _rules(market: Market) -> dict[str, Any]:
    rules, ptr = market.rules, market.applicants.wish_ptr
    return {
        "stages": list(rules.stages),
        "mode": rules.mode,
        "must_place_all": rules.must_place_all,
        "caps": {"schools": rules.max_schools, "students": rules.max_students},
        "seed": rules.seed,
        "fixed": [
            {
                "applicant": market.applicants.id[f.applicant],
                "wish": f.wish - int(ptr[f.applicant]),
                "people": f.people,
            }
            for f in rules.fixed
        ],
    }
