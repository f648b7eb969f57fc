"""What a campaign allows and who answers the telephone: gathered for surveys and applications."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import NotFound, Refused, TooLate
from services.registration.acting import today
from services.registration.campaigns import days
from services.registration.campaigns.model import Campaign
from services.registration.campaigns.model import Status as CampaignStatus
from services.registration.codes import codes
from services.registration.organisations.model import Organisation, Relation
from services.registration.programmes.model import Kind, Programme
from services.registration.surveys.around import Around, around, brought, stage
from services.registration.surveys.model import Survey
from services.registration.surveys.rules import Rules
from services.registration.surveys.store import surveys


@dataclass(frozen=True, slots=True)
class Terms:
    """One campaign as a school meets it. `contact` is the centre as people would call it."""

    id: str
    campaign: Campaign
    rules: Rules
    centre: Organisation
    phone: str | None
    day: date
    """The day on which the campaign is met: whom the centre serves is asked of it."""

    @property
    def contact(self) -> str:
        """The centre's name with its telephone number, for a sentence."""
        return f"{self.centre.name}({self.phone})" if self.phone else self.centre.name

    def serves(self, school: str) -> bool:
        """Whether the school is one of the centre's own today."""
        return any(
            tie.other == school and tie.relation is Relation.SCHOOL and tie.holds(self.day)
            for tie in self.centre.ties
        )


def terms(act: Act, campaign: str) -> Terms:
    """The terms of a campaign that the actor may see. Raises NotFound."""
    return _of(act, campaign, around(act, campaign))


def with_terms(act: Act, survey: str) -> tuple[Stored[Survey], Terms]:
    """A survey ready to be changed, as `surveys.load`, and its campaign's terms: one question."""
    stored, row = surveys.load_with(act, survey, [stage(act)])
    return stored, _of(act, stored.state.campaign, brought(act, row))


def _of(act: Act, campaign: str, there: Around) -> Terms:
    return of(campaign, there.campaign, there.programme, there.centre, today(act))


def of(id: str, found: Campaign, programme: Programme, centre: Organisation, day: date) -> Terms:
    """The terms of a campaign whose programme and centre are known."""
    rules = Rules(
        opens_at=found.opens_at,
        deadline=found.deadline,
        first=found.window.first,
        last=found.window.last,
        codes=codes(),
        closed=days.closed(found),
        fields=found.fields,
        level=programme.level.value,
        grades=programme.grades,
    )
    return Terms(
        id,
        found,
        rules,
        centre,
        found.phone or centre.phone,
        day,
    )


def check_school(there: Terms, school: str, unwanted: Kind) -> None:
    """Refuse a school that the centre does not serve, and a campaign of another kind.

    `unwanted` is the kind of campaign in which this way of answering has no place.
    """
    if there.campaign.status in (CampaignStatus.DRAFT, CampaignStatus.CANCELLED):
        raise Refused("campaign_takes_no_answers", contact=there.contact)
    if there.campaign.kind is unwanted:
        raise Refused(f"campaign_is_for_{there.campaign.kind.value}", contact=there.contact)
    if not there.serves(school):
        raise Refused("school_not_served", contact=there.contact)


def own_campaign(act: Act, campaign: str, centre: str) -> Terms:
    """The terms of a campaign of this very centre. Raises NotFound for another's."""
    found = terms(act, campaign)
    if found.campaign.centre != centre:
        raise NotFound()
    return found


@contextmanager
def in_time(there: Terms, code: str) -> Iterator[None]:
    """Turn a passed deadline into the sentence that names it and whom to call."""
    try:
        yield
    except TooLate:
        raise TooLate(
            code, deadline=there.rules.deadline, contact=there.contact, phone=there.phone
        ) from None
