"""Programmes in MongoDB."""

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Page
from services.registration.programmes.model import Programme

programmes: Aggregates[Programme] = Aggregates(
    "programmes",
    "registration.programmes",
    Programme,
    lambda state: Owners(centre=state.centre, public=True),
)


def page(act: Act, limit: int, after: str | None) -> Page[Programme]:
    """A page of the programmes within scope."""
    return programmes.find(act, limit=limit, after=after)
