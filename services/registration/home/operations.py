"""How the campaigns of a centre stand, and what its next act is; what waits for a school."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from chassis.act import Act
from chassis.documents import PAGE_MOST, Stored
from chassis.facts import KST
from services.registration.acting import own_centre
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.model import Campaign, Status
from services.registration.invitations import operations as invitations
from services.registration.invitations.model import Status as Entered
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from services.registration.programmes.model import Kind
from services.registration.surveys import operations as surveys

STAGES = ("survey", "placing", "hosts", "schools", "visits", "closing")
"""The stages of a campaign as the centre counts them."""

OPEN_BOOKINGS = ("booking.asked", "booking.conditioned", "booking.reopened")
OPEN_PLACEMENTS = ("placement.offered",)
RELEASED = (
    *OPEN_PLACEMENTS,
    "placement.approved",
    "placement.confirmed",
    "placement.waitlisted",
    "placement.not_selected",
    "attendance.recorded",
)
SUBMITTED = ("submitted", "amended")


@dataclass(frozen=True, slots=True)
class School:
    """A school that was asked: its name, and how its survey stands (None: not begun)."""

    id: str
    name: str
    status: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign with its stage, its next act and the schools that were asked.

    `act` is the key of the next act, or None when others are to act; `count` belongs to it.
    """

    id: str
    campaign: Campaign
    stage: int
    act: str | None
    count: int
    schools: tuple[School, ...]

    @property
    def answered(self) -> tuple[School, ...]:
        """The schools that have submitted."""
        return tuple(one for one in self.schools if one.status in SUBMITTED)

    @property
    def begun(self) -> tuple[School, ...]:
        """The schools whose draft is not submitted, or was taken back."""
        return tuple(one for one in self.schools if one.status and one.status not in SUBMITTED)

    @property
    def silent(self) -> tuple[School, ...]:
        """The schools that have not begun."""
        return tuple(one for one in self.schools if one.status is None)

    @property
    def by_survey(self) -> bool:
        """Whether schools answer with groups, so that each of them is expected to."""
        return self.campaign.kind is not Kind.INDIVIDUALS


def overview(act: Act) -> list[Standing]:
    """The campaigns of the acting centre, those that need it most first."""
    centre = own_centre(act)
    found = [one for one in _all(act) if one.state.status is not Status.CANCELLED]
    asked = organisations.names(act, organisations.related(act, centre, Relation.SCHOOL))
    standing = surveys.standing(act, [one.id for one in found])
    rows = [_standing(act, one, asked, standing.get(one.id, Counter())) for one in found]
    return sorted(rows, key=lambda row: (row.act is None, row.stage, row.campaign.deadline))


def one(act: Act, campaign: str) -> Standing:
    """One campaign of the acting centre. Raises NotFound."""
    centre = own_centre(act)
    found = campaigns.own(act, campaign)
    asked = organisations.names(act, organisations.related(act, centre, Relation.SCHOOL))
    told = surveys.standing(act, [campaign]).get(campaign, Counter())
    return _standing(act, found, asked, told)


def entered(act: Act) -> list[tuple[str, str]]:
    """The organisations, by id and name, for which somebody waits to be let in by the centre."""
    page = invitations.listed(act, Entered.ENTERED, PAGE_MOST, None)
    names = organisations.names(act, {one.state.organisation for one in page.items})
    return sorted(names.items(), key=lambda one: one[1])


def announced(act: Act) -> list[Stored[Campaign]]:
    """The campaigns that the reader may see, by deadline."""
    return sorted(_all(act), key=lambda one: one.state.deadline)


def _all(act: Act) -> list[Stored[Campaign]]:
    rows: list[Stored[Campaign]] = []
    after: str | None = None
    while True:
        page = campaigns.listed(act, None, PAGE_MOST, after)
        rows += page.items
        after = page.next
        if after is None:
            return rows


def _standing(
    act: Act, found: Stored[Campaign], asked: dict[str, str], told: Counter[str]
) -> Standing:
    campaign = found.state
    status = surveys.answered(act, found.id)
    names = {**asked, **organisations.names(act, set(status) - set(asked))}
    schools = tuple(
        School(id, name, status.get(id)) for id, name in sorted(names.items(), key=lambda n: n[1])
    )
    stage = _stage(campaign, told, act.now)
    missing = sum(1 for one in schools if one.status not in SUBMITTED)
    key, count = _next(campaign, stage, told, missing)
    return Standing(found.id, campaign, stage, key, count, schools)


def _stage(campaign: Campaign, told: Counter[str], now: datetime) -> int:
    """Where the campaign stands: by its own state, then by what placement has told of it."""
    if campaign.status not in (Status.CLOSING, Status.CLOSED):
        return 0
    if not any(what.startswith("booking.") for what in told):
        return 1
    if not any(told[what] for what in RELEASED):
        return 2
    if now.astimezone(KST).date() > campaign.window.last:
        return 5
    return 3 if any(told[what] for what in OPEN_PLACEMENTS) else 4


def _next(
    campaign: Campaign, stage: int, told: Counter[str], missing: int
) -> tuple[str | None, int]:
    """The next act of the centre and the number in it; None when others are to act."""
    if stage == 0:
        if campaign.status is Status.DRAFT:
            return "announce", 0
        by_survey = campaign.kind is not Kind.INDIVIDUALS
        waits = campaign.status is Status.OPEN and missing and by_survey
        return ("remind", missing) if waits else (None, 0)
    if stage == 1:
        return "place", 0
    requests = sum(told[what] for what in OPEN_BOOKINGS)
    if requests:
        return "requests", requests
    if stage == 2:
        return "release", 0
    confirming = sum(told[what] for what in OPEN_PLACEMENTS)
    return ("confirming", confirming) if stage == 3 and confirming else (None, 0)
