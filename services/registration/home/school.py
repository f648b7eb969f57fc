"""What waits for a school: its next act, what follows, for whom it waits, and its next visits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from chassis.act import Act
from chassis.facts import KST, moment
from chassis.together import answers
from services.registration.acting import own_organisation, today
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.model import Campaign
from services.registration.organisations import operations as organisations
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Kind
from services.registration.sessions import operations as sessions
from services.registration.surveys import store_glance as glance
from services.registration.surveys import store_standings as stand
from services.registration.surveys.answers import Answers
from services.registration.surveys.form import filled
from services.registration.surveys.rules import faults
from services.registration.surveys.sheet import PARTS, part_of, to_mend
from services.registration.surveys.store_glance import Kept
from services.registration.surveys.store_standings import Standing
from services.registration.surveys.terms import Terms, of

VISITS_SHOWN = 5
OVER_AFTER = timedelta(days=60)
"""How long after its last day a campaign still stands here with all that came of it.

Later only what still needs an act of the school does: a visit whose attendance was never told.
"""

DONE = "placement.confirmed"
OFFERED, APPROVED, MOVED = "placement.offered", "placement.approved", "placement.moved"
COMING = (DONE, OFFERED, APPROVED, MOVED)
"""What was told last of a group that has a visit ahead of it."""
WAITING = ("placement.waitlisted", APPROVED, MOVED)


@dataclass(frozen=True, slots=True)
class Writing:
    """A survey that is to be submitted: how many of its parts are done, and when it was saved."""

    id: str
    there: Terms
    stored: Kept | None
    done: int
    open: bool

    @property
    def by(self) -> datetime:
        """Until when."""
        return self.there.rules.deadline

    @property
    def again(self) -> bool:
        """Whether it was submitted and has been changed since."""
        return self.stored is not None and self.stored.counts

    parts = len(PARTS)


@dataclass(frozen=True, slots=True)
class Visit:
    """A group's visit or its place in the queue, as placement told it last."""

    placement: str
    what: str
    campaign: Campaign
    group: str
    number: int
    """Its place among the groups of its survey, by which one without a name is called; 0 where
    the survey does not know it any more."""
    people: int
    start: datetime | None
    host: str
    by: datetime
    position: int | None
    asks: bool
    """Whether the school has to say yes to what is offered."""
    decide_by: datetime | None
    """Until when it may take or leave what a host would accept instead."""


@dataclass(frozen=True, slots=True)
class Home:
    """The page: whose it is, surveys to submit, what to confirm or report, what others do."""

    name: str
    writing: tuple[Writing, ...]
    deciding: tuple[Visit, ...]
    confirming: tuple[Visit, ...]
    attending: tuple[Visit, ...]
    sent: tuple[Writing, ...]
    waiting: tuple[Visit, ...]
    coming: tuple[Visit, ...]
    centre: str
    phone: str
    last: datetime | None
    """When the reader signed in the time before."""

    @property
    def acts(self) -> int:
        """How many things there are to do."""
        asked = len(self.deciding) + len(self.confirming)
        return len(self.writing) + asked + len(self.attending)


def home(act: Act) -> Home:
    """Everything on the start page of the acting school, asked in one question."""
    school = own_organisation(act)
    serving, began, stands, visited, named, signed_in = answers(
        act,
        organisations.serving_question(act, school, campaigns.beneath(act)),
        glance.own_question(act, school),
        stand.question(act, school),
        stand.hosts_question(act, school, organisations.naming(act)),
        organisations.names_question(act, [school]),
        sessions.before_question(act.actor),
    )
    told = stand.standings(act, school, stands)
    around = _around(act, school, serving, told)
    begun = glance.own(began)
    writing, sent, visits = _stand(act, around, begun, told)
    hosts = organisations.named(visited)
    # A change in passing may have brought a host that no step before it named.
    hosts |= organisations.names(act, {one.host for one in visits if one.host} - hosts.keys())
    visits = [replace(visit, host=hosts.get(visit.host, "")) for visit in visits]
    dated = sorted((v for v in visits if v.start), key=lambda v: v.start or act.now)
    past = [v for v in dated if v.what == DONE and v.start and v.start < act.now]
    deciding = [v for v in visits if v.decide_by and act.now < v.decide_by]
    confirming = [v for v in visits if v.asks and v not in deciding and act.now < v.by]
    answering = [*deciding, *confirming]
    contact = next(iter(around.values()), None)
    return Home(
        name=next((row["name"] for row in named), ""),
        writing=tuple(sorted(writing, key=lambda one: one.by)),
        deciding=tuple(sorted(deciding, key=lambda v: v.decide_by or v.by)),
        confirming=tuple(sorted(confirming, key=lambda v: v.by)),
        attending=tuple(past),
        sent=tuple(sent),
        waiting=tuple(v for v in visits if v.what in WAITING and v not in answering),
        coming=tuple(v for v in dated if v.what in COMING and v not in past)[:VISITS_SHOWN],
        centre=contact.centre.name if contact else "",
        phone=(contact.phone or "") if contact else "",
        last=sessions.before_in(signed_in),
    )


def _stand(
    act: Act,
    around: Mapping[str, Terms],
    begun: Mapping[str, Kept],
    told: Mapping[str, Sequence[Standing]],
) -> tuple[list[Writing], list[Writing], list[Visit]]:
    """Surveys to be submitted, those that were, and what came of each group."""
    writing: list[Writing] = []
    sent: list[Writing] = []
    visits: list[Visit] = []
    for id, there in around.items():
        found, stored = there.campaign, begun.get(id)
        if found.takes_answers and found.kind is not Kind.INDIVIDUALS:
            done = stored is not None and stored.counts and not stored.dirty
            (sent if done else writing).append(_writing(id, there, stored, act.now))
        elif stored is not None:
            over = _over(found, today(act))
            own = [
                _visit(one, there, *stored.names.get(one.group, ("", 0)))
                for one in told.get(id, ())
                if not over or _confirmed(one)
            ]
            visits += own
            if stored.counts and not own:
                sent.append(Writing(id, there, stored, Writing.parts, False))
    return writing, sent, visits


def _around(
    act: Act,
    school: str,
    serving: Sequence[Mapping[str, Any]],
    told: Mapping[str, Sequence[Standing]],
) -> dict[str, Terms]:
    """The terms of the campaigns of the school's centres, by id, as far as they stand here."""
    day = today(act)
    centres = organisations.serving(act, school, serving)
    own = [row for row in serving if row["_id"] in centres]
    known = campaigns.of_centres(act, own)
    found = {
        id: one
        for id, one in sorted(known.items())
        if not _over(one, day) or any(map(_confirmed, told.get(id, ())))
    }
    of_programme = programmes.brought(act, own)
    return {
        id: of(id, one, of_programme[one.programme], centres[one.centre], day)
        for id, one in found.items()
        if one.programme in of_programme
    }


def _over(campaign: Campaign, day: date) -> bool:
    """Whether a campaign's last day lies so far back that only open acts of it are shown."""
    return campaign.window.last < day - OVER_AFTER


def _confirmed(one: Standing) -> bool:
    """Whether a group's visit is settled, and nobody has told who came."""
    return one.what == DONE or (one.what == MOVED and one.codes.get("status") == "confirmed")


def _writing(id: str, there: Terms, stored: Kept | None, now: datetime) -> Writing:
    done = Writing.parts
    if stored is None or stored.dirty:
        draft = (stored.draft if stored else None) or Answers()
        found = faults(draft, there.rules)
        # What is complete need not be laid out as a form to say in which of its parts a fault lies.
        left = {part_of(one.pointer) for one in to_mend(found, filled(draft))} if found else set()
        done = len([part for part in PARTS if part not in left]) if draft.groups else 0
    return Writing(id, there, stored, done, now >= there.rules.opens_at)


def _visit(one: Standing, there: Terms, name: str, number: int) -> Visit:
    codes = one.codes
    first = codes.get("first")
    by = codes.get("confirm_by")
    offered = codes.get("status") == "offered"
    return Visit(
        placement=one.subject,
        what=DONE if _confirmed(one) else one.what,
        campaign=there.campaign,
        group=name,
        number=number,
        people=codes.get("people") or 0,
        start=moment(first["start"]) if first else None,
        host=first["host"] if first else "",
        by=moment(by) if by else there.campaign.schools_confirm_by,
        position=codes.get("position"),
        # Before `asks` was told, a visit that had moved was always asked for again.
        asks=offered and (one.what == OFFERED or (one.what == MOVED and codes.get("asks", True))),
        decide_by=min(map(moment, one.conditions), default=None) if offered else None,
    )


def day_of(at: datetime) -> date:
    """The day of a visit in Seoul."""
    return at.astimezone(KST).date()
