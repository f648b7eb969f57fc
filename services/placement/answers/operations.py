"""Who may answer by a link, what a host is asked, and its answer.

A link makes its holder act for one host towards one centre. It is read, never kept: what it may
open is in it, and what its holder has to know besides is a code in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal

from chassis import links
from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Refused, Unavailable
from chassis.facts import KST
from chassis.links import Link, Purpose
from chassis.scope import Centre, Party
from services.placement.answers import store
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import Booking, Condition
from services.placement.demands import operations as demands
from services.placement.hosts import operations as hosts
from services.placement.offers import operations as offers
from services.placement.offers.model import Offer
from services.placement.organisations import operations as organisations
from services.placement.organisations.operations import Card
from services.placement.repairs import operations as repairs

Word = Literal["yes", "if", "no", "call"]
"""What a host may answer: 예, 조건이 있어요, 아니요, 전화 주세요."""

WORDS: tuple[Word, ...] = ("yes", "if", "no", "call")
MOST_TRIES = 5
"""A day, for one contact: five of ten thousand."""

DEVICE_LASTS = timedelta(days=90)
MOST = 100


@dataclass(frozen=True, slots=True)
class Question:
    """One request with all that a host needs in order to answer."""

    id: str
    booking: Booking
    centre: Card
    host: str | None
    school: str | None
    campaign: str | None
    level: str | None
    grade: int | None
    offer: Offer | None
    now: datetime

    @property
    def team(self) -> str | None:
        """Who of the host is asked, as its offer names the team."""
        return self.offer.content.team_name if self.offer else None

    @property
    def open(self) -> bool:
        """Whether the host can answer now."""
        return self.booking.status == "asked" and self.now < self.booking.reply_by

    @property
    def late(self) -> bool:
        """Whether nobody answered in time."""
        return self.booking.status == "expired" or (
            self.booking.status == "asked" and not self.open
        )

    @property
    def changeable_until(self) -> datetime | None:
        """Until when the answer may be taken back; None where that is over."""
        until = self.booking.changeable_until
        return until if until is not None and self.now < until else None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it was typed."""

    word: Word
    reason_code: str = ""
    reason: str = ""
    people: str = ""
    start: str = ""
    end: str = ""


def read(act: Act, text: str) -> Link | None:
    """The link of a letter, if it is one; its time may be over."""
    return links.read(_key(act), text, Purpose.ANSWER)


def guest(act: Act, link: Link) -> Act:
    """The act of a link's holder: it acts for the host that the link names, while it is good."""
    if act.now >= link.until:
        raise Refused("link_over")
    host = organisations.survivor(act, link.subject)
    since = hosts.links_since(act, link.centre, host)
    if since is not None and (link.issued is None or link.issued < since):
        raise Refused("link_revoked")
    return replace(act, scope=Party(host), actor=link.holder)


def ask_for_link(act: Act, link: Link) -> None:
    """A new link is sent to the known contacts of the host that an old one was made for."""
    host = organisations.survivor(act, link.subject)
    hosts.ask_for_link(replace(act, actor=link.holder), link.centre, host)


def centre_of(act: Act, link: Link) -> Card:
    """Whom the holder of a link may call."""
    return organisations.card(act, link.centre)


def knows(act: Act, link: Link, answer: str) -> None:
    """Check what the holder has to know. Raises Refused `link_locked`, or Invalid on `/known`."""
    day = act.now.astimezone(KST).date()
    ends = datetime.combine(day + timedelta(days=1), time(), KST)
    name = f"{day.isoformat()}:{link.holder}"
    tries = store.tried(act, name, ends)
    if tries > MOST_TRIES:
        raise Refused("link_locked")
    if not links.knows(_key(act), link, answer):
        left = MOST_TRIES - tries
        raise Invalid([FieldError("/known", "known_wrong", {"left": left})])
    store.forget(act, name)


def device(act: Act, link: Link) -> str:
    """What the holder's device keeps from now on."""
    return links.device(_key(act), link, act.now + DEVICE_LASTS)


def is_known(act: Act, link: Link, kept: str) -> bool:
    """Whether the device has shown before what the link asks for."""
    return links.is_known(_key(act), link, kept, act.now)


def requests(act: Act, centre: str | None = None) -> list[Question]:
    """All that the host was asked (by one centre, if it is named): what is open first."""
    found: list[Stored[Booking]] = []
    after: str | None = None
    while True:
        page = bookings.page(act, limit=MOST, after=after)
        found += [row for row in page.items if centre in (None, row.state.centre)]
        after = page.next
        if after is None:
            break
    asked = _questions(act, found)
    return sorted(asked, key=lambda one: (not one.open, one.booking.start, one.id))


def question(act: Act, id: str, centre: str | None = None) -> Question:
    """One request within the host's scope. Raises NotFound."""
    stored = bookings.show(act, id)
    if centre not in (None, stored.state.centre):
        raise NotFound()
    return _questions(act, [stored])[0]


def answer(act: Act, id: str, said: Said) -> Receipt:
    """Do what the host says. Raises Invalid with the fields to mend, Refused, TooLate."""
    match said.word:
        case "yes":
            return bookings.accept(act, id)
        case "no":
            return bookings.decline(act, id, said.reason_code, said.reason)
        case "call":
            return bookings.want_call(act, id)
        case _:
            condition = _condition(bookings.show(act, id).state, said)
            return bookings.attach_condition(act, id, condition)


def think_again(act: Act, id: str) -> Receipt:
    """Take the answer back, while that is possible."""
    return repairs.reopen(act, id)


def _condition(booking: Booking, said: Said) -> Condition:
    errors: list[FieldError] = []
    people: int | None = None
    if said.people:
        if said.people.isascii() and said.people.isdigit() and 0 < len(said.people) <= 5:
            people = int(said.people)
        else:
            errors.append(FieldError("/people", "not_a_number"))
    hours: dict[str, datetime | None] = {}
    for name in ("start", "end"):
        typed = getattr(said, name)
        hours[name] = None
        if typed:
            try:
                clock = time.fromisoformat(typed).replace(tzinfo=None)
            except ValueError:
                errors.append(FieldError(f"/{name}", "not_an_hour"))
                continue
            day = booking.start.astimezone(KST).date()
            hours[name] = datetime.combine(day, clock, KST)
    if errors:
        raise Invalid(errors)
    return Condition(people=people, start=hours["start"], end=hours["end"])


def _questions(act: Act, found: Sequence[Stored[Booking]]) -> list[Question]:
    states = [row.state for row in found]
    parties = {state.host for state in states} | {s.school for s in states if s.school}
    names = organisations.names(act, parties | {state.campaign for state in states})
    centres = {id: organisations.card(act, id) for id in {state.centre for state in states}}
    known = offers.by_id(act, {state.offer for state in states})
    groups = _groups(act, states)
    made = []
    for row in found:
        state = row.state
        group = groups.get(state.group or "", {})
        made.append(
            Question(
                id=row.id,
                booking=state,
                centre=centres[state.centre],
                host=names.get(state.host),
                school=names.get(state.school or ""),
                campaign=names.get(state.campaign),
                level=group.get("level"),
                grade=group.get("grade"),
                offer=known.get(state.offer),
                now=act.now,
            )
        )
    return made


def _groups(act: Act, states: Sequence[Booking]) -> dict[str, dict[str, Any]]:
    """Level and grade of the groups that the host was asked about: read for it by the centre.

    A host sees of a survey what its request is about, and nothing else of it.
    """
    found: dict[str, dict[str, Any]] = {}
    for centre, campaign in {(state.centre, state.campaign) for state in states}:
        wanted = [s.group for s in states if s.group and s.campaign == campaign]
        inside = replace(act, scope=Centre(centre))
        found |= demands.described(inside, campaign, wanted)
    return found


def _key(act: Act) -> bytes:
    if act.keys is None or act.keys.links is None:
        raise Unavailable("no_link_key")
    return act.keys.links
