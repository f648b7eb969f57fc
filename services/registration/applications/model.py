"""Individual applications: one person, named by a pseudonym, wishes for sessions in an order.

No student's datum is kept. The school gives each person a running number of its own list (the
*reference*); from it comes the pseudonym, the same whenever that person applies to this school's
centre again, so that withdrawing and applying anew keeps the lottery number.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.errors import FieldError, Refused, TooLate
from chassis.facts import Event, derived_id, stamp
from services.registration.surveys.answers import Code, Count, Id
from services.registration.surveys.rules import Rules, who

MOST_WISHES = 10

Reference = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{1,5}$")]
"""A running number such as `17`: short and digits only, so that neither a name nor a class with
a number nor a telephone number can be written here."""


class Status(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"


class Wanted(BaseModel):
    """What is wished for one person: sessions in an order, first wish first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Reference
    level: Code | None = None
    grade: Count | None = None
    wishes: tuple[Id, ...] = Field(default=(), max_length=50)


class Step(BaseModel):
    """One change: who, when, and the wishes from then on."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    deed: Literal["submitted", "amended", "withdrawn"]
    level: str | None
    grade: int | None
    wishes: tuple[str, ...]


class Application(BaseModel):
    """State of one application."""

    model_config = ConfigDict(frozen=True)

    centre: str
    campaign: str
    school: str
    person: str
    reference: str
    level: str | None
    grade: int | None
    wishes: tuple[str, ...]
    status: Status
    submitted_at: datetime
    history: tuple[Step, ...] = ()

    def says(self, wanted: Wanted) -> bool:
        """Whether it wishes exactly this already."""
        return (self.level, self.grade, self.wishes) == (wanted.level, wanted.grade, wanted.wishes)


def person_id(school: str, reference: str) -> str:
    """The permanent pseudonym of the person behind a school's running number."""
    return derived_id("person", school, reference)


def application_id(campaign: str, school: str, reference: str) -> str:
    """One application for each campaign and person."""
    return derived_id("application", campaign, person_id(school, reference))


def faults(rows: Sequence[Wanted], rules: Rules, prefix: str = "/rows/{row}") -> list[FieldError]:
    """Everything wrong with these rows; each pointer begins with `prefix` for its row."""
    found = []
    seen: dict[str, int] = {}
    for row, wanted in enumerate(rows):
        place = prefix.format(row=row)
        if wanted.reference in seen:
            first = seen[wanted.reference] + 1
            found.append(FieldError(f"{place}/reference", "reference_twice", {"row": first}))
        seen.setdefault(wanted.reference, row)
        for pointer, code, facts in who(wanted.level, wanted.grade, rules):
            found.append(FieldError(place + pointer, code, facts))
        found.extend(_wishes(place, wanted.wishes))
    return found


def _wishes(place: str, wishes: Sequence[str]) -> Iterable[FieldError]:
    if not wishes:
        yield FieldError(f"{place}/wishes", "wishes_missing", {"most": MOST_WISHES})
    if len(wishes) > MOST_WISHES:
        yield FieldError(f"{place}/wishes", "wishes_many", {"most": MOST_WISHES})
    for number, session in enumerate(wishes):
        if session in wishes[:number]:
            rank = wishes.index(session) + 1
            yield FieldError(f"{place}/wishes/{number}", "ranked_twice", {"rank": rank})


def open_for(rules: Rules, now: datetime) -> None:
    """Raise Refused before the campaign opens and TooLate after its deadline."""
    if now < rules.opens_at:
        raise Refused("applications_not_open", opens_at=rules.opens_at)
    if now >= rules.deadline:
        raise TooLate()


def begun(
    centre: str, campaign: str, school: str, wanted: Wanted, now: datetime, by: str
) -> tuple[Application, Sequence[Event]]:
    """A new application and what is told about it."""
    blank = Application(
        centre=centre,
        campaign=campaign,
        school=school,
        person=person_id(school, wanted.reference),
        reference=wanted.reference,
        level=None,
        grade=None,
        wishes=(),
        status=Status.WITHDRAWN,
        submitted_at=now,
    )
    return changed(blank, wanted, now, by)


def changed(
    state: Application, wanted: Wanted, now: datetime, by: str
) -> tuple[Application, Sequence[Event]]:
    """The application with other wishes; nothing is told if it says them already.

    A withdrawn one is submitted again.
    """
    if state.status is Status.WITHDRAWN:
        return _told(state, wanted, now, by, Status.SUBMITTED)
    if state.says(wanted):
        return state, ()
    return _told(state, wanted, now, by, Status.AMENDED)


def withdrawn(state: Application, now: datetime, by: str) -> tuple[Application, Sequence[Event]]:
    """The application taken back; twice is once."""
    if state.status is Status.WITHDRAWN:
        return state, ()
    step = Step(
        at=now, by=by, deed="withdrawn", level=state.level, grade=state.grade, wishes=state.wishes
    )
    gone = state.model_copy(update={"status": Status.WITHDRAWN, "history": (*state.history, step)})
    return gone, [Event("application.withdrawn", _ids(state))]


def _told(
    state: Application, wanted: Wanted, now: datetime, by: str, status: Status
) -> tuple[Application, Sequence[Event]]:
    deed: Literal["submitted", "amended"] = "submitted" if status is Status.SUBMITTED else "amended"
    step = Step(
        at=now, by=by, deed=deed, level=wanted.level, grade=wanted.grade, wishes=wanted.wishes
    )
    after = state.model_copy(
        update={
            "level": wanted.level,
            "grade": wanted.grade,
            "wishes": wanted.wishes,
            "status": status,
            "submitted_at": now,
            "history": (*state.history, step),
        }
    )
    fact = {
        **_ids(after),
        "level": after.level,
        "grade": after.grade,
        "wishes": list(after.wishes),
        "submitted_at": stamp(now),
    }
    return after, [Event(f"application.{deed}", fact)]


def _ids(state: Application) -> dict[str, str]:
    return {
        "centre": state.centre,
        "campaign": state.campaign,
        "school": state.school,
        "person": state.person,
    }
