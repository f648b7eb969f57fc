"""A host's visit as an entry of its calendar."""

from collections.abc import Callable

from chassis.http.calendars import Entry, calendar
from services.placement.answers.operations import Question


def of(one: Question, text: Callable[..., str]) -> str:
    """The visit of a request. `text` writes in the reader's language."""
    content = one.offer.content if one.offer else None
    title = text(
        "page.ask.calendar_title", school=one.school or "", people=one.booking.people
    ).strip()
    entry = Entry(
        id=one.id,
        start=one.booking.start,
        end=one.booking.end,
        title=title,
        place=content.place if content else "",
        words=content.title if content else "",
    )
    return calendar([entry], one.now)
