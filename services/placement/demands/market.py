"""The market file of a campaign, from its offers, demands and rules. Pure.

The document is the one that `services.placement.engine` reads: sessions, applicants with their
wishes, the exclusions with their reasons, and the rules. Ids are those of the house (a group's, or
an application's), times are minutes, and everything else is an integer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.placement.demands.wished import Group, Order, Session

#: Above this many pairs of applicant and session only the reasons that answer a wish are written.
EVERY_REASON = 50_000
STAGES = {"travel": "cost"}


@dataclass(frozen=True, slots=True)
class Demand:
    """One applicant: whose it is, what it wishes, and the order that follows from it."""

    survey: str
    school: str
    group: Group
    order: Order


def document(
    campaign: Mapping[str, Any],
    sessions: Sequence[Session],
    day_limits: Mapping[str, int],
    demands: Sequence[Demand],
    seed: str,
    mode: str | None = None,
    fixed: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The market as a JSON document. `day_limits`: sessions a day by team (or offer)."""
    travel = {s.id: s.offer.travel_minutes for s in sessions}
    limits = {
        _day_key(s): day_limits[s.offer.place_of_work]
        for s in sessions
        if s.offer.place_of_work in day_limits
    }
    teams = sorted({s.offer.team for s in sessions if s.offer.team is not None})
    usable = [s for s in sessions if s.open]
    return {
        "format": "ieum.market",
        "version": 1,
        "clashes": dict.fromkeys(teams, 1),
        "day_limits": limits,
        "budgets": {},
        "sessions": [_session(s, limits) for s in sessions],
        "applicants": [_applicant(d, travel) for d in demands],
        "excluded": list(_excluded(demands, sessions, usable)),
        "rules": {
            "stages": [STAGES.get(stage, stage) for stage in campaign["stages"]],
            "mode": mode or campaign["mode"],
            "caps": {
                "schools": campaign["caps"]["schools"],
                "students": campaign["caps"]["students"],
            },
            "seed": seed,
            "fixed": [dict(row) for row in fixed],
        },
    }


def _day_key(session: Session) -> str:
    return f"{session.offer.place_of_work}@{session.day.isoformat()}"


def _session(s: Session, limits: Mapping[str, int]) -> dict[str, Any]:
    key = _day_key(s)
    return {
        "id": s.id,
        "host": s.offer.host,
        "district": s.offer.place_code,
        "start": s.start,
        "end": s.end,
        "min": s.minimum,
        "max": s.maximum if s.open else 0,
        "clash": [] if s.offer.team is None else [s.offer.team],
        "day_limit": key if key in limits else None,
    } | ({} if s.open else {"min": 0})


def _applicant(demand: Demand, travel: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    group = demand.group
    return {
        "id": group.id,
        "school": demand.school,
        "people": group.people,
        "wants": 1 if _split(group) else group.wants,
        "split": _split(group),
        "wishes": [
            {
                "stops": list(entry.sessions),
                "travel": list(entry.travel),
                "rank": entry.rank,
                "cost": _way(group, travel.get(entry.sessions[0], {})) + sum(entry.travel),
            }
            for entry in demand.order.entries
        ],
    }


def _split(group: Group) -> dict[str, int] | None:
    """A group that accepts fewer seats than it has people is a split of one part.

    One that wants several visits is placed whole in each: the market knows no split for it.
    """
    if group.split is not None:
        return {"smallest": group.split.smallest, "parts": group.split.parts}
    if group.fewest < group.people and group.wants == 1:
        return {"smallest": group.fewest, "parts": 1}
    return None


def _way(group: Group, minutes: Mapping[str, int]) -> int:
    """Minutes from the school's district to the first stop; what nobody stated costs nothing."""
    if group.district is None or group.place == "in_school":
        return 0
    return minutes.get(group.district, 0)


def _excluded(
    demands: Sequence[Demand], sessions: Sequence[Session], usable: Sequence[Session]
) -> Iterable[list[Any]]:
    """The exclusion rows; in a large market only those that answer a wish.

    A person's own list says which sessions were asked for, so the others need no reason.
    """
    every = len(demands) * len(sessions) <= EVERY_REASON
    field_of = {s.id: s.offer.field for s in usable}
    for demand in demands:
        listed = {id for entry in demand.group.order for id in entry}
        for row in demand.order.excluded:
            if demand.group.alone:
                wanted = row.session in listed
            else:
                wanted = (
                    every
                    or row.session in listed
                    or (field_of.get(row.session) in demand.group.fields)
                )
            if wanted:
                yield [demand.group.id, row.session, row.code, row.facts]
