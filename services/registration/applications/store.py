"""Every query on applications and on the jobs that submit many of them."""

from collections.abc import Iterable, Iterator

from chassis.act import Act, collection
from chassis.clock import database_now
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.errors import TooLate
from chassis.scope import within
from services.registration.applications.jobs import Job
from services.registration.applications.model import Application, Status
from services.registration.surveys.rules import Rules


def _owners(row: Application | Job) -> Owners:
    return Owners(centre=row.centre, parties=(row.school,))


applications = Aggregates(
    "applications",
    "registration.applications",
    Application,
    _owners,
    indexes=[[("state.campaign", 1), ("_id", 1)]],
)
jobs = Aggregates("application_jobs", None, Job, _owners)


def several(act: Act, ids: Iterable[str]) -> dict[str, Stored[Application]]:
    """The applications with these ids that are there and in scope, by id."""
    return {row.id: row for row in applications.each(act, {"_id": {"$in": list(ids)}})}


def standing(act: Act, campaign: str, school: str) -> Iterable[Stored[Application]]:
    """A school's applications in a campaign that were not taken back."""
    wanted = {"state.campaign": campaign, "state.school": school}
    gone = {"state.status": {"$ne": Status.WITHDRAWN.value}}
    return applications.each(act, {**wanted, **gone})


def page(
    act: Act,
    campaign: str | None,
    status: Status | None,
    limit: int,
    after: str | None,
) -> Page[Application]:
    """Applications in scope."""
    wanted = {}
    if campaign is not None:
        wanted["state.campaign"] = campaign
    if status is not None:
        wanted["state.status"] = status.value
    return applications.find(act, wanted, limit=limit, after=after)


def published(act: Act, campaign: str) -> Iterator[tuple[str, int]]:
    """Id and sequence of every application of the campaign."""
    rows = collection(act, applications.name).find(
        within(act.scope, {"state.campaign": campaign, "sequence": {"$gt": 0}}),
        {"sequence": 1},
        session=act.session,
    )
    for row in rows:
        yield row["_id"], row["sequence"]


def check_in_time(act: Act, id: str, rules: Rules) -> None:
    """Raise TooLate if the database's own clock says that the deadline has passed.

    An insert has no filter, so the check follows it inside its transaction: TooLate ends both.
    """
    found = collection(act, applications.name).find_one(
        within(act.scope, {"_id": id, "$expr": {"$lt": [database_now(), rules.deadline]}}),
        {"_id": 1},
        session=act.session,
    )
    if found is None:
        raise TooLate()
