"""What a campaign allows and who answers the telephone: gathered for surveys and applications."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from chassis.act import Act
from chassis.errors import NotFound, Refused, TooLate
from services.registration.acting import today
from services.registration.campaigns import days
from services.registration.campaigns.model import Campaign
from services.registration.campaigns.model import Status as CampaignStatus
from services.registration.codes import codes
from services.registration.organisations.model import Organisation, Relation
from services.registration.programmes.model import Kind, Programme
from services.registration.surveys.around import around
from services.registration.surveys.rules import Rules


@dataclass(frozen=True, slots=True)
class Terms:
    """One campaign as a school meets it. `contact` is the centre as people would call it.

    `schools` are those that the centre serves today.
    """

    id: str
    campaign: Campaign
    rules: Rules
    centre_name: str
    phone: str | None
    schools: frozenset[str]

    @property
    def contact(self) -> str:
        """The centre's name with its telephone number, for a sentence."""
        return f"{self.centre_name}({self.phone})" if self.phone else self.centre_name


def terms(act: Act, campaign: str) -> Terms:
    """The terms of a campaign that the actor may see. Raises NotFound."""
    there = around(act, campaign)
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
        centre.name,
        found.phone or centre.phone,
        frozenset(centre.tied(Relation.SCHOOL, day)),
    )


def check_school(there: Terms, school: str, unwanted: Kind) -> None:
    """Refuse a school that the centre does not serve, and a campaign of another kind.

    `unwanted` is the kind of campaign in which this way of answering has no place.
    """
    if there.campaign.status in (CampaignStatus.DRAFT, CampaignStatus.CANCELLED):
        raise Refused("campaign_takes_no_answers", contact=there.contact)
    if there.campaign.kind is unwanted:
        raise Refused(f"campaign_is_for_{there.campaign.kind.value}", contact=there.contact)
    if school not in there.schools:
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
