"""Why a session is refused to a group: the hard filters, in their published order.

The first filter that a session fails is its reason; the codes are those of the catalogues
(`reason.<code>`) and of the market file's `excluded` rows. Facts are integers, codes and dates.
To refuse a session for a new reason, add a function to `BY_DAY` or `BY_OFFER` and its sentence to
both catalogues.
"""

from collections.abc import Callable, Iterable
from datetime import date

from services.placement.demands.wished import Excluded, Facts, Frame, Group, Offered, Session

Reason = tuple[str, Facts]


def _window(group: Group, frame: Frame, day: date) -> Reason | None:
    if frame.first <= day <= frame.last:
        return None
    return "date", {
        "date": day.isoformat(),
        "first": frame.first.isoformat(),
        "last": frame.last.isoformat(),
    }


def _unusable(group: Group, frame: Frame, day: date) -> Reason | None:
    return ("unusable_date", {"date": day.isoformat()}) if day in frame.unusable else None


def _blackout(group: Group, frame: Frame, day: date) -> Reason | None:
    return ("blackout", {"date": day.isoformat()}) if day in group.blackout else None


def _weekday(group: Group, frame: Frame, day: date) -> Reason | None:
    if not group.weekdays or day.isoweekday() in group.weekdays:
        return None
    return "weekday", {"weekday": day.isoweekday()}


def _level(group: Group, offer: Offered) -> Reason | None:
    if not offer.levels or group.level in offer.levels:
        return None
    return "level", {"level": group.level}


def _grade(group: Group, offer: Offered) -> Reason | None:
    if not offer.grades or group.grade is None or group.grade in offer.grades:
        return None
    return "grade", {"grade": group.grade}


def _kind(group: Group, offer: Offered) -> Reason | None:
    if not group.kinds or offer.kind in group.kinds:
        return None
    return "kind", {"kind": offer.kind}


def _place(group: Group, offer: Offered) -> Reason | None:
    if group.place is None or offer.setting == "both" or offer.setting == group.place:
        return None
    return "place", {"setting": offer.setting}


def _travel(group: Group, offer: Offered) -> Reason | None:
    """A way that nobody has stated excludes nothing: an empty table must not cost a school."""
    if group.travel_limit is None or group.place == "in_school" or group.district is None:
        return None
    way = offer.travel_minutes.get(group.district)
    if way is None or way <= group.travel_limit:
        return None
    return "travel_limit", {"minutes": way, "limit": group.travel_limit}


def _access(group: Group, offer: Offered) -> Reason | None:
    """Which need is not met stays unsaid here: the rows of a market may be read by others."""
    return None if group.needs <= offer.accessible else ("access", {})


def _too_small(group: Group, offer: Offered) -> Reason | None:
    if group.alone or group.people >= offer.minimum:
        return None
    return "too_small", {"people": group.people, "minimum": offer.minimum}


BY_DAY: tuple[Callable[[Group, Frame, date], Reason | None], ...] = (
    _window,
    _unusable,
    _blackout,
    _weekday,
)
BY_OFFER: tuple[Callable[[Group, Offered], Reason | None], ...] = (
    _level,
    _grade,
    _kind,
    _place,
    _travel,
    _access,
    _too_small,
)
CODES = (
    "not_open",
    "date",
    "unusable_date",
    "blackout",
    "weekday",
    "lead_time",
    "level",
    "grade",
    "kind",
    "place",
    "travel_limit",
    "access",
    "too_small",
    "too_big",
    # What is left out when visits are put together or a school orders by itself:
    "no_partner",
    "beyond_list",
    "stops",
    "other_day",
    "same_team",
    "order_clash",
    "not_listed",
)
"""Every reason code, in the order in which the filters are asked."""


class Verdicts:
    """The filters for one group, remembering what holds for a whole day or a whole offer.

    A national campaign asks millions of times; most answers depend on the day or the offer only.
    """

    def __init__(self, group: Group, frame: Frame) -> None:
        self.group, self.frame = group, frame
        self.days: dict[date, Reason | None] = {}
        self.offers: dict[str, Reason | None] = {}

    def sift(self, sessions: Iterable[Session]) -> tuple[list[Session], list[Excluded]]:
        """The sessions to which the group can come, and every other one with its reason."""
        fit: list[Session] = []
        excluded: list[Excluded] = []
        days, offers = self.days, self.offers
        fewest, notice_from = self.group.fewest, self.frame.notice_from
        for session in sessions:
            day, offer = session.day, session.offer
            if day not in days:
                days[day] = self._by_day(day)
            if offer.id not in offers:
                offers[offer.id] = self._by_offer(offer)
            by_day, by_offer = days[day], offers[offer.id]
            if session.open and by_day is None and by_offer is None:
                most = min(offer.maximum, session.maximum)
                if fewest <= most and (day - notice_from).days >= offer.lead_days:
                    fit.append(session)
                    continue
            reason = self._first(session, by_day, by_offer)
            excluded.append(Excluded(session.id, *reason))
        return fit, excluded

    def _first(self, session: Session, by_day: Reason | None, by_offer: Reason | None) -> Reason:
        """The first reason in the published order; called only where there is one."""
        if not session.open:
            return "not_open", {}
        return by_day or self._lead_time(session) or by_offer or self._too_big(session)

    def _by_day(self, day: date) -> Reason | None:
        found = (rule(self.group, self.frame, day) for rule in BY_DAY)
        return next((reason for reason in found if reason), None)

    def _by_offer(self, offer: Offered) -> Reason | None:
        found = (rule(self.group, offer) for rule in BY_OFFER)
        return next((reason for reason in found if reason), None)

    def _lead_time(self, session: Session) -> Reason | None:
        days = (session.day - self.frame.notice_from).days
        if days >= session.offer.lead_days:
            return None
        return "lead_time", {"days": days, "lead_days": session.offer.lead_days}

    def _too_big(self, session: Session) -> Reason:
        most = min(session.offer.maximum, session.maximum)
        return "too_big", {"people": self.group.fewest, "maximum": most}
