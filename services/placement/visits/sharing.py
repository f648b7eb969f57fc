"""Links to one visit: for whoever is to see it, and for the escort on its day."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from chassis import links
from chassis.act import Act
from chassis.documents import Receipt
from chassis.errors import NotFound, Refused, Unavailable
from chassis.facts import KST
from chassis.links import Link, Purpose
from chassis.scope import Link as Only
from services.placement.organisations import operations as organisations
from services.placement.organisations.operations import Card
from services.placement.placements import operations as placements
from services.placement.visits.operations import Visit, attend, gathered, visit


def shown_by(act: Act, id: str, purpose: Purpose) -> str:
    """A link that shows one visit of the act's own school; an escort's is good on its day."""
    found = visit(act, id)
    if found.day is None:
        raise Refused("nothing_to_show")
    ends = datetime.combine(found.day + timedelta(days=1), time(), KST)
    link = Link(
        purpose=purpose,
        holder=id,
        subject=found.state.school,
        centre=found.state.centre,
        until=ends,
    )
    return links.written(_key(act), link)


def linked(act: Act, text: str) -> Link | None:
    """The link, for whichever of the two purposes it was made."""
    for purpose in (Purpose.ESCORT, Purpose.VISIT):
        if (link := links.read(_key(act), text, purpose)) is not None:
            return link
    return None


def of_link(act: Act, link: Link) -> Visit:
    """The visit that a link shows. Raises NotFound, or Refused once its day is over."""
    if act.now >= link.until:
        raise Refused("link_over")
    own = replace(act, scope=Only((link.holder,)))
    found = placements.show(own, link.holder)
    if found.state.school != link.subject or not found.state.released:
        raise NotFound()
    return gathered(own, [found])[0]


def centre_of(act: Act, link: Link) -> Card:
    """Whom the holder of a link may call."""
    return organisations.card(act, link.centre)


def is_today(found: Visit) -> bool:
    """Whether the visit is today."""
    return found.day == found.now.astimezone(KST).date()


def attend_by_link(act: Act, link: Link, absent: int) -> Receipt:
    """The escort records who is missing, on the day of the visit."""
    found = of_link(act, link)
    if link.purpose is not Purpose.ESCORT or not is_today(found):
        raise Refused("not_the_day")
    own = replace(act, scope=Only((link.holder,)), actor=link.holder)
    return attend(own, found, absent)


def _key(act: Act) -> bytes:
    if act.keys is None or act.keys.links is None:
        raise Unavailable("no_link_key")
    return act.keys.links
