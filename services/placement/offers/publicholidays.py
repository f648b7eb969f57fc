"""The public holidays of Korea, with substitute days, from the `holidays` library."""

from datetime import date
from functools import cache


@cache
def of_year(year: int) -> frozenset[date]:
    """The public holidays of one year.

    The library is read at first use: most processes of the service never expand a rule.
    """
    import holidays

    return frozenset(holidays.country_holidays("KR", years=year))


def between(first: date, last: date) -> frozenset[date]:
    """The public holidays from the first to the last day."""
    years = range(first.year, last.year + 1)
    return frozenset(day for year in years for day in of_year(year) if first <= day <= last)
