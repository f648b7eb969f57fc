"""Asking about demands: the order of a group, the market of a run, the gap, and what is missing."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from chassis.act import Act
from chassis.errors import NotFound
from chassis.facts import KST, moment
from chassis.scope import Centre, Office, Party, System
from services.placement.campaigns import operations as campaigns
from services.placement.demands import manifest, store, wished, wishes
from services.placement.demands import market as markets
from services.placement.demands import supply as gaps
from services.placement.demands.manifest import Hole
from services.placement.demands.market import Demand
from services.placement.demands.wished import Group, Order, Session
from services.placement.offers import operations as offers
from services.placement.offers.operations import Opening
from services.placement.organisations import operations as organisations

FROZEN = timedelta(days=1)
"""How long before the deadline the levels stop moving."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A campaign's market as it is frozen for a run, with all that explains it.

    `document` is the market file; `demands` its applicants in the same order; `openings` its
    sessions by id; `versions` says which version of each offer the run relies on; `rule` names
    the published rule from wishes to ranks.
    """

    document: dict[str, Any]
    demands: tuple[Demand, ...]
    openings: dict[str, Opening]
    versions: dict[str, int]
    rule: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Preview:
    """An order as a school sees it before it submits, with the sessions it speaks of."""

    order: Order
    openings: dict[str, Opening]


def rule() -> dict[str, str | int]:
    """Version and fingerprint of the rule from wishes to ranks."""
    return {"version": wishes.VERSION, "fingerprint": wishes.fingerprint()}


def order(
    act: Act,
    campaign: str,
    group: Mapping[str, Any],
    needs: Iterable[str] = (),
    school: str | None = None,
) -> Preview:
    """The order of sessions that a group's wishes give today. Nothing is kept.

    A school asks for itself, a centre for one of its schools (without one, no way is counted).
    Raises NotFound.
    """
    frame = campaigns.show(act, campaign)
    district = _district(act, frame["centre"], school)
    openings = offers.sessions(act, campaign)
    asked = wished.group(group, frozenset(needs), district)
    found = wishes.order(asked, _sessions(openings), wished.frame(frame))
    return Preview(found, {o.session.id: o for o in openings})


def groups(act: Act, campaign: str) -> list[Demand]:
    """Every group and every person of a campaign with its order, in order of survey and group."""
    frame = campaigns.own(act, campaign)
    return _demands(act, frame, _sessions(offers.sessions(act, campaign)))


def described(act: Act, campaign: str, groups: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the surveys within scope say of these groups, by group; unknown ones are left out."""
    return store.groups(act, campaign, groups)


def names(act: Act, campaign: str, groups: Iterable[str]) -> dict[str, str]:
    """What schools call these groups (a class): for the schools themselves and their centre."""
    return store.names(act, campaign, groups)


def year_of(name: str, grade: int | None) -> int | None:
    """The grade, unless the group's name says it: "2-3" does for grade 2, and "3" does not."""
    numbers = re.findall("[0-9]+", name)
    return None if len(numbers) > 1 and int(numbers[0]) == grade else grade


def fits(
    act: Act, campaign: str, group: str, days: Collection[date]
) -> tuple[Preview, Mapping[str, Any]]:
    """Where a group could go on these days, by the published rule, and what its survey says.

    The days come after those that it wished for itself; that it could not come on one of them, or
    had put the sessions in an order of its own, counts no longer. Raises NotFound.
    """
    row = store.survey_of(act, campaign, group)
    if row is None:
        raise NotFound()
    data = next(one for one in row["groups"] if one["id"] == group)
    more = [day.isoformat() for day in days]
    wished_days = {one["date"] for one in data["dates"]}
    asked = {
        **data,
        "order": [],
        "blackout": [day for day in data["blackout"] if day not in more],
        "weekdays": sorted({*data["weekdays"], *(day.isoweekday() for day in days)}),
        "dates": data["dates"]
        + [{"date": day, "from": None, "to": None} for day in more if day not in wished_days],
    }
    needs = store.needs(act, [row["_id"]]).get(group, frozenset())
    return order(act, campaign, asked, needs, row["school"]), data


def market(
    act: Act,
    campaign: str,
    seed: str = "",
    mode: str | None = None,
    fixed: Sequence[Mapping[str, Any]] = (),
) -> Frozen:
    """The market of a campaign as it stands: sessions, applicants, reasons and rules.

    Deterministic: the same copy gives the same document. Raises NotFound.
    """
    frame = campaigns.own(act, campaign)
    openings = offers.sessions(act, campaign)
    sessions = _sessions(openings)
    demands = _demands(act, frame, sessions)
    limits = {
        o.offer.team or o.offer_id: o.offer.content.day_limit
        for o in openings
        if o.offer.content.day_limit is not None
    }
    document = markets.document(frame, sessions, limits, demands, seed, mode, fixed)
    return Frozen(
        document=document,
        demands=tuple(demands),
        openings={o.session.id: o for o in openings},
        versions={o.offer_id: o.offer.version for o in openings},
        rule=rule(),
    )


def missing(act: Act, campaign: str) -> list[Hole]:
    """Where the own copy differs from the campaign's manifest, and why; empty if it is complete.

    Before the campaign has closed there is no manifest: one hole says so. Raises NotFound.
    """
    frame = campaigns.own(act, campaign)
    told = frame.get("manifest")
    if told is None:
        why: manifest.Why = "lag" if frame["status"] == "closed" else "not_closed"
        return [Hole("manifest", "", why, 1, 0)]
    kinds: tuple[store.Kind, ...] = ("surveys", "needs", "applications")
    return [
        hole
        for kind in kinds
        for hole in manifest.holes(
            kind,
            told["kinds"].get(kind, {}),
            store.lines(act, kind, campaign),
            store.stuck(act, kind),
            store.buried(act, kind),
        )
    ]


def supply(act: Act, campaign: str) -> tuple[gaps.Supply, bool]:
    """Demand against seats by field and week, and whether every figure is in it.

    Everybody may see the sums; they are made with the centre's eyes. For all but the campaign's
    own centre and its office, what would point at a school is left out.
    """
    frame = campaigns.show(act, campaign)
    match act.scope:
        case Centre(id):
            whole = id == frame["centre"]
        case Office(_, centres):
            whole = frame["centre"] in centres
        case _:
            whole = isinstance(act.scope, System)
    inside = replace(act, scope=Centre(frame["centre"]))
    sessions = _sessions(offers.sessions(act, campaign))
    asked = [(school, group) for _, school, group in _asked(inside, campaign)]
    return gaps.supply(asked, sessions, public=not whole), whole


def levels(act: Act, campaign: str) -> tuple[dict[str, str], datetime]:
    """How contested each field is, and the moment up to which surveys are counted.

    Counted nightly and no longer in the last day before the deadline, so that nobody gains by
    watching it. A survey that was changed since counts again from the next night on.
    """
    frame = campaigns.show(act, campaign)
    night = act.now.astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)
    until = min(night, moment(frame["deadline"]) - FROZEN)
    inside = replace(act, scope=Centre(frame["centre"]))
    early = {
        row["_id"]
        for row in store.demands(inside, campaign)
        if moment(row["submitted_at"]) <= until
    }
    asked = [(school, group) for id, school, group in _asked(inside, campaign) if id in early]
    sessions = _sessions(offers.sessions(act, campaign))
    found = gaps.supply(asked, sessions, public=False)
    return {row.field: row.level for row in found.fields}, until


def left(act: Act, campaign: str) -> frozenset[str]:
    """The schools that took their survey of a campaign back."""
    return store.left(act, campaign)


def _demands(act: Act, frame: Mapping[str, Any], sessions: Sequence[Session]) -> list[Demand]:
    limits = wished.frame(frame)
    by_id = {s.id: s for s in sessions}
    found = []
    for survey, school, group in _asked(act, frame["_id"]):
        if group.alone:
            # A person ranks sessions directly: only those are looked at.
            listed = [by_id[e[0]] for e in group.order if e[0] in by_id]
            found.append(Demand(survey, school, group, wishes.order(group, listed, limits)))
        else:
            found.append(Demand(survey, school, group, wishes.order(group, sessions, limits)))
    return found


def _asked(act: Act, campaign: str) -> Iterator[tuple[str, str, Group]]:
    """(survey or application, school, group or person) of all that stands in a campaign."""
    surveys = store.demands(act, campaign)
    districts = organisations.districts(act, {row["school"] for row in surveys})
    needs = store.needs(act, [row["_id"] for row in surveys])
    for row in surveys:
        for data in row["groups"]:
            group = wished.group(
                data, needs.get(data["id"], frozenset()), districts.get(row["school"])
            )
            yield row["_id"], row["school"], group
    for columns in store.applications(act, campaign):
        names = organisations.districts(act, set(columns["school"]))
        rows = zip(
            columns["id"],
            columns["school"],
            columns["level"],
            columns["grade"],
            columns["wishes"],
            strict=True,
        )
        for id, school, level, grade, listed in rows:
            data = {"level": level, "grade": grade, "wishes": listed}
            yield id, school, wished.person(data, id, names.get(school))


def _sessions(openings: Iterable[Opening]) -> list[Session]:
    described: dict[str, wished.Offered] = {}
    found = []
    for opening in openings:
        offer = described.get(opening.offer_id)
        if offer is None:
            content = opening.offer.content.model_dump()
            offer = wished.offered(opening.offer_id, {**content, "host": opening.offer.host})
            described[opening.offer_id] = offer
        s = opening.session
        found.append(
            Session.at(s.id, offer, s.start, s.end, s.minimum, s.maximum, open=opening.open)
        )
    return found


def _district(act: Act, centre: str, school: str | None) -> str | None:
    match act.scope:
        case Party(id):
            return organisations.district(act, id)
        case Centre(id) if id == centre:
            if school is None:
                return None
            if not organisations.related(act, centre, school, "centre_school"):
                raise NotFound("school_unknown")
            return organisations.district(act, school)
        case System():
            return None if school is None else organisations.district(act, school)
        case _:
            raise NotFound("campaign_unknown")
