"""The days of a campaign's window on which nobody can come, and what they are called."""

from datetime import date
from functools import cache
from pathlib import Path

import yaml

from services.registration.campaigns.model import Campaign


def closed(campaign: Campaign) -> dict[date, str]:
    """Why nobody can come on a day: `unusable` as the campaign says, or a public `holiday`."""
    found = dict.fromkeys(campaign.unusable_dates, "unusable")
    window = campaign.window
    return found | dict.fromkeys(holidays_between(window.first, window.last), "holiday")


def holidays_between(first: date, last: date) -> list[date]:
    """The public holidays of Korea from `first` to `last`, both included."""
    years = range(first.year, last.year + 1)
    return [day for year in years for day in _holidays(year) if first <= day <= last]


def names_of_closed(campaign: Campaign, language: str) -> dict[date, str]:
    """What each closed day of a campaign is called; an empty name where nobody named it."""
    first, last = campaign.window.first, campaign.window.last
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        found |= _named(year, "en_US" if language == "en" else "ko")
    known = _known_days()
    return {
        day: known.get(day, {}).get(language, "") if why == "unusable" else found.get(day, "")
        for day, why in closed(campaign).items()
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
