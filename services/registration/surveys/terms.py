"""What a campaign allows and who answers the telephone: gathered for surveys and applications."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from chassis.act import Act
from chassis.errors import NotFound, Refused, TooLate
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.model import Campaign
from services.registration.campaigns.model import Status as CampaignStatus
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Kind
from services.registration.surveys.codes import codes
from services.registration.surveys.rules import Rules


@dataclass(frozen=True, slots=True)
class Terms:
    """One campaign as a school meets it. `contact` is the centre as people would call it."""

    id: str
    campaign: Campaign
    rules: Rules
    centre_name: str
    phone: str | None

    @property
    def contact(self) -> str:
        """The centre's name with its telephone number, for a sentence."""
        return f"{self.centre_name}({self.phone})" if self.phone else self.centre_name


def terms(act: Act, campaign: str) -> Terms:
    """The terms of a campaign that the actor may see. Raises NotFound."""
    found = campaigns.shown(act, campaign).state
    programme = programmes.shown(act, found.programme).state
    centre = organisations.shown(act, found.centre).state
    closed = dict.fromkeys(found.unusable_dates, "unusable")
    closed |= dict.fromkeys(holidays_between(found.window.first, found.window.last), "holiday")
    rules = Rules(
        opens_at=found.opens_at,
        deadline=found.deadline,
        first=found.window.first,
        last=found.window.last,
        codes=codes(),
        closed=closed,
        fields=found.fields,
        level=programme.level.value,
        grades=programme.grades,
    )
    return Terms(campaign, found, rules, centre.name, found.phone or centre.phone)


def check_school(act: Act, there: Terms, school: str, unwanted: Kind) -> None:
    """Refuse a school that the centre does not serve, and a campaign of another kind.

    `unwanted` is the kind of campaign in which this way of answering has no place.
    """
    if there.campaign.status in (CampaignStatus.DRAFT, CampaignStatus.CANCELLED):
        raise Refused("campaign_takes_no_answers", contact=there.contact)
    if there.campaign.kind is unwanted:
        raise Refused(f"campaign_is_for_{there.campaign.kind.value}", contact=there.contact)
    if not organisations.is_related(act, there.campaign.centre, Relation.SCHOOL, school):
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


def holidays_between(first: date, last: date) -> list[date]:
    """The public holidays of Korea from `first` to `last`, both included."""
    years = range(first.year, last.year + 1)
    return [day for year in years for day in _holidays(year) if first <= day <= last]


def names_of_closed(there: Terms, language: str) -> dict[date, str]:
    """What each closed day of a campaign is called; an empty name where nobody named it."""
    first, last = there.rules.first, there.rules.last
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        found |= _named(year, "en_US" if language == "en" else "ko")
    known = _known_days()
    return {
        day: known.get(day, {}).get(language, "") if why == "unusable" else found.get(day, "")
        for day, why in there.rules.closed.items()
    }


@cache
def _named(year: int, language: str) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays("KR", years=year, language=language))


@cache
def _known_days() -> dict[date, dict[str, str]]:
    found: dict[date, dict[str, str]] = yaml.safe_load(
        (Path(__file__).parent / "known_days.yaml").read_text()
    )
    return found


@cache
def _holidays(year: int) -> tuple[date, ...]:
    # Imported when it is needed: most roles of the worker never ask for a holiday.
    import holidays

    return tuple(sorted(holidays.country_holidays("KR", years=year)))
