"""One search over what the acting centre looks after: organisations, groups, campaigns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chassis.act import Act
from chassis.documents import PAGE_MOST
from chassis.korean import found, plain
from services.registration.acting import own_centre
from services.registration.campaigns import operations as campaigns
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from services.registration.surveys import operations as surveys

What = Literal["school", "host", "group", "campaign"]
MOST = 30
QUERY_MOST = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `campaign` is where a school or group stands, if anywhere."""

    what: What
    id: str
    name: str
    place: int
    campaign: str | None = None
    grade: int | None = None
    people: int | None = None
    class_name: str = ""


def find(act: Act, query: str) -> list[Hit]:
    """What the query is found in, those that begin with it first; at most `MOST`."""
    wanted = plain(query[:QUERY_MOST])
    if not wanted:
        return []
    hits = [*_organisations(act, wanted), *_campaigns(act, wanted), *_groups(act, wanted)]
    return sorted(hits, key=lambda hit: (hit.place, hit.name, hit.class_name))[:MOST]


def _organisations(act: Act, wanted: str) -> Iterator[Hit]:
    centre = own_centre(act)
    latest = _latest(act)
    kinds: tuple[tuple[What, Relation], ...] = (
        ("school", Relation.SCHOOL),
        ("host", Relation.HOST),
    )
    for what, relation in kinds:
        names = organisations.names(act, organisations.related(act, centre, relation))
        for id, name in names.items():
            place = found(wanted, plain(name))
            if place is not None:
                yield Hit(what, id, name, place, latest if what == "school" else None)


def _campaigns(act: Act, wanted: str) -> Iterator[Hit]:
    for one in campaigns.listed(act, None, PAGE_MOST, None).items:
        place = found(wanted, plain(one.state.name))
        if place is not None:
            yield Hit("campaign", one.id, one.state.name, place)


def _groups(act: Act, wanted: str) -> Iterator[Hit]:
    """Groups by their school and class together, in the campaign that closes last."""
    campaign = _latest(act)
    if campaign is None:
        return
    after: str | None = None
    while True:
        page = surveys.listed(act, campaign, None, None, PAGE_MOST, after)
        names = organisations.names(act, {one.state.school for one in page.items})
        for one in page.items:
            school = names.get(one.state.school, "")
            for group in one.state.draft.groups:
                if not group.class_name:
                    continue
                place = found(wanted, plain(f"{school}{group.grade or ''}{group.class_name}"))
                own = found(wanted, plain(group.class_name))
                if place is None or (own is None and len(wanted) <= len(plain(school))):
                    continue
                yield Hit(
                    "group",
                    one.state.school,
                    school,
                    place,
                    campaign,
                    group.grade,
                    group.people,
                    group.class_name,
                )
        after = page.next
        if after is None:
            return


def _latest(act: Act) -> str | None:
    """The campaign of the centre that closes last."""
    found_ = campaigns.listed(act, None, PAGE_MOST, None).items
    return max(found_, key=lambda one: one.state.deadline).id if found_ else None
