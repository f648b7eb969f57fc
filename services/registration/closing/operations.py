"""Where a campaign meets its answers: who has answered, and the manifest when it closes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from chassis.act import Act
from services.registration.acting import own_centre
from services.registration.applications import operations as applications
from services.registration.campaigns import operations as campaigns
from services.registration.closing import model
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from services.registration.programmes import operations as programmes
from services.registration.surveys import operations as surveys


@dataclass(frozen=True, slots=True)
class Answer:
    """One school that the centre serves, and the status of its survey; None: not begun."""

    school: str
    name: str
    status: str | None


def close_with_manifest(act: Act, campaign: str) -> None:
    """Close a campaign with what had arrived; called shortly after its deadline."""
    campaigns.seal(act, campaign, model.manifest(_lines(act, campaign)))


def amend_manifest(act: Act, campaign: str, cause: str) -> None:
    """Give a closed campaign a new manifest, since `cause` came or went after the deadline.

    Before the campaign is closed nothing has to be done: its manifest will hold the late one.
    """
    campaigns.amend(act, campaign, model.manifest(_lines(act, campaign)), cause)


def leave(act: Act, campaign: str, school: str, cause: str) -> None:
    """A school left after the deadline: its single applications go too, and the manifest says so.

    Otherwise each new run would place its students again, and could not be released.
    """
    applications.leave(act, campaign, school)
    amend_manifest(act, campaign, cause)


def answers(act: Act, campaign: str) -> list[Answer]:
    """Who has answered and who has not, of the schools that the acting centre serves.

    Schools of another level than the programme's are not asked, so they are not missing; one that
    has answered nevertheless is shown.
    """
    centre = own_centre(act)
    found = campaigns.own(act, campaign).state
    level = programmes.shown(act, found.programme).state.level
    statuses = surveys.answered(act, campaign)
    served = organisations.several(
        act, {*organisations.related(act, centre, Relation.SCHOOL), *statuses}
    )
    rows = [
        Answer(school, state.name, statuses.get(school))
        for school, state in served.items()
        if state.level is level or school in statuses
    ]
    return sorted(rows, key=lambda row: (row.status is not None, row.name))


def _lines(act: Act, campaign: str) -> Iterator[tuple[str, str, int]]:
    return chain(surveys.manifest_lines(act, campaign), applications.manifest_lines(act, campaign))
