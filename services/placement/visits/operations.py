"""A school's results, gathered from the features that keep them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound
from chassis.facts import KST
from chassis.scope import Centre
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import Booking
from services.placement.demands import operations as demands
from services.placement.moves.model import Choice
from services.placement.offers import operations as offers
from services.placement.offers.model import Offer
from services.placement.offers.operations import Opening
from services.placement.organisations import operations as organisations
from services.placement.organisations.operations import Card
from services.placement.placements import operations as placements
from services.placement.placements.shape import Placement, Stop
from services.placement.runs import operations as runs
from services.placement.waitlists import operations as waitlists

MOST = 100
ROWS = 500


@dataclass(frozen=True, slots=True)
class Halt:
    """One stop of a visit with what its host offers there."""

    stop: Stop
    offer: Offer | None
    host: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A host's condition that the school may take or not: of which booking, and until when."""

    id: str
    booking: Booking
    host: str | None

    @property
    def fewer(self) -> int:
        """How many of the group would have to stay away."""
        wanted = self.booking.condition
        return self.booking.people - (wanted.people or self.booking.people) if wanted else 0


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish that was not granted, and why, in both languages."""

    rank: int
    openings: tuple[Opening, ...]
    sentences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """One group's result. `parts` are (people, their stops); `place` counts today's line."""

    id: str
    version: int
    state: Placement
    name: str | None
    grade: int | None
    campaign: str | None
    school: str | None
    centre: Card
    parts: tuple[tuple[int, tuple[Halt, ...]], ...]
    reason: Mapping[str, str] | None
    wishes: tuple[Wish, ...]
    place: int | None
    now: datetime
    conditions: tuple[Asked, ...] = ()
    """Conditions of its hosts that nobody has decided about, the first to end first."""

    @property
    def year(self) -> int | None:
        """The grade to say before the group's name; None where the name says it."""
        return demands.year_of(self.name or "", self.grade)

    @property
    def first(self) -> Halt | None:
        """The first stop of the day."""
        halts = [halt for _, stops in self.parts for halt in stops]
        return min(halts, key=lambda one: one.stop.start, default=None)

    @property
    def last(self) -> Halt | None:
        """The last stop of the day."""
        halts = [halt for _, stops in self.parts for halt in stops]
        return max(halts, key=lambda one: one.stop.end, default=None)

    @property
    def to_confirm(self) -> bool:
        """Whether the school has to say yes now."""
        state = self.state
        in_time = state.confirm_by is None or self.now < state.confirm_by
        return state.asks and in_time and not self.conditions

    @property
    def acts(self) -> bool:
        """Whether the school has to answer something about it now."""
        return self.to_confirm or bool(self.conditions)

    @property
    def begun(self) -> bool:
        """Whether the visit has begun, so that who came can be recorded."""
        start = self.state.first_start
        return start is not None and self.now >= start

    @property
    def ahead(self) -> bool:
        """Whether seats are held for a visit that is still to come."""
        return self.state.status in ("offered", "confirmed") and not self.begun

    @property
    def day(self) -> date | None:
        """The day of the visit."""
        start = self.state.first_start
        return None if start is None else start.astimezone(KST).date()

    @property
    def approved_on(self) -> date | None:
        """The day of the school's own decision, if it put one on record."""
        approval = self.state.approval
        day = approval.approved_on if approval else None
        return None if day is None else date.fromisoformat(day)

    @property
    def least(self) -> int:
        """The smallest group that every host of the visit takes."""
        offered = [halt.offer for _, stops in self.parts for halt in stops if halt.offer]
        return max((one.content.minimum for one in offered), default=1)


def results(act: Act) -> list[tuple[str | None, list[Visit]]]:
    """A school's visits by campaign (its name), the latest campaign first."""
    found: list[Stored[Placement]] = []
    after: str | None = None
    while True:
        page = placements.page(act, school=act.tenant(), limit=MOST, after=after)
        found += page.items
        after = page.next
        if after is None:
            break
    by_campaign: dict[str, list[Stored[Placement]]] = {}
    for one in sorted(found, key=lambda one: one.created, reverse=True):
        by_campaign.setdefault(one.state.campaign, []).append(one)
    made = []
    for rows in by_campaign.values():
        visits = sorted(gathered(act, rows), key=lambda one: (one.name or "", one.id))
        made.append((visits[0].campaign, visits))
    return made


def visit(act: Act, id: str) -> Visit:
    """One visit of the act's own school. Raises NotFound."""
    stored = placements.show(act, id)
    if stored.state.school != act.tenant():
        raise NotFound()
    return gathered(act, [stored])[0]


def decide(act: Act, id: str, booking: str, takes: bool) -> Receipt:
    """The school takes a host's condition, or does not. Raises NotFound for one it cannot see."""
    found = visit(act, id)
    if all(stop.booking != booking for stop in found.state.stops):
        raise NotFound()
    return bookings.agree(act, booking) if takes else bookings.refuse_condition(act, booking)


def change_people(act: Act, id: str, people: int) -> Receipt:
    """Fewer people come, as long as every host still takes so few. Raises Invalid, Refused."""
    least = visit(act, id).least
    if people < least:
        raise Invalid([FieldError("/people", "people_below_least", {"least": least})])
    return placements.change_people(act, id, people)


def titles(act: Act, choices: Iterable[Choice]) -> dict[str, str]:
    """What the offers of these choices are called, by offer."""
    found = offers.by_id(act, {seat.offer for one in choices for seat in one.seats})
    return {id: offer.content.team_name or offer.content.title for id, offer in found.items()}


def attend(act: Act, found: Visit, absent: int) -> Receipt:
    """All came but so many. Raises Invalid for more than were to come."""
    most = found.state.people
    if not 0 <= absent <= most:
        raise Invalid([FieldError("/absent", "absent_above_people", {"most": most})])
    return placements.attend(act, found.id, most - absent)


# Gathering


def gathered(act: Act, rows: Sequence[Stored[Placement]]) -> list[Visit]:
    """The placements, all of one campaign and one school, with what belongs to them."""
    first = rows[0].state
    groups = [row.state.group for row in rows if row.state.group]
    stops = [stop for row in rows for stop in row.state.stops]
    known = offers.by_id(act, {stop.offer for stop in stops})
    names = organisations.names(act, {first.campaign, first.school, *(stop.host for stop in stops)})
    inside = replace(act, scope=Centre(first.centre))
    described = demands.described(inside, first.campaign, groups)
    called = demands.names(inside, first.campaign, groups)
    told = _rows(act, {row.state.run for row in rows})
    lacking = [row for row in rows if not row.state.parts]
    openings = _openings(act, first.campaign) if lacking else {}
    line = _line(act, first.campaign) if lacking else {}
    asked = _conditions(act, stops, names)
    card = organisations.card(act, first.centre)
    made = []
    for row in rows:
        state = row.state
        result = told.get(state.group or state.applicant or "", {})
        made.append(
            Visit(
                id=row.id,
                version=row.version,
                state=state,
                name=called.get(state.group or ""),
                grade=described.get(state.group or "", {}).get("grade"),
                campaign=names.get(state.campaign),
                school=names.get(state.school),
                centre=card,
                parts=tuple(
                    (
                        part.people,
                        tuple(Halt(s, known.get(s.offer), names.get(s.host)) for s in part.stops),
                    )
                    for part in state.parts
                ),
                reason=(result.get("reason") or {}).get("sentences"),
                wishes=tuple(_wishes(result, openings)) if row in lacking else (),
                place=line.get(row.id),
                now=act.now,
                conditions=tuple(
                    asked[stop.booking] for stop in state.stops if stop.booking in asked
                ),
            )
        )
    return made


def _conditions(act: Act, stops: Iterable[Stop], names: Mapping[str, str]) -> dict[str, Asked]:
    """The undecided conditions among the bookings of these stops, the first to end first."""
    found = bookings.many(act, {stop.booking for stop in stops if not stop.accepted})
    open_ones = [
        (row.state.decide_by, id, row.state)
        for id, row in found.items()
        if row.state.status == "conditioned" and row.state.decide_by is not None
    ]
    return {
        id: Asked(id, state, names.get(state.host))
        for until, id, state in sorted(open_ones, key=lambda one: one[:2])
        if until is not None and act.now < until
    }


def _rows(act: Act, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The school's own released result rows, by applicant."""
    found: dict[str, dict[str, Any]] = {}
    for run in wanted:
        after = -1
        while True:
            try:
                rows = runs.results(act, run, after, ROWS)
            except NotFound:
                break
            found |= {row["applicant"]: row for row in rows}
            if len(rows) < ROWS:
                break
            after = rows[-1]["number"]
    return found


def _openings(act: Act, campaign: str) -> dict[str, Opening]:
    return {one.session.id: one for one in offers.sessions(act, campaign)}


def _line(act: Act, campaign: str) -> dict[str, int]:
    """Where each of the school's own groups stands in the whole line today."""
    shown = waitlists.positions(waitlists.show(act, campaign))
    return {found.id: found.state.position or place for place, found in shown}


def _wishes(result: Mapping[str, Any], openings: Mapping[str, Opening]) -> Iterable[Wish]:
    main = (result.get("reason") or {}).get("code")
    why = {
        one["wish"]: one["sentences"]
        for one in result.get("why_not", ())
        if "wish" in one and one["code"] != main
    }
    for number, wish in enumerate(result.get("wishes", ())):
        sessions = tuple(openings[id] for id in wish["stops"] if id in openings)
        if number in why and sessions:
            yield Wish(int(wish["rank"]), sessions, why[number])
