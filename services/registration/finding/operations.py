"""One search over what the acting centre looks after: organisations, groups, campaigns.

The database looks for the names and answers with a few of them, whatever the centre holds: two
to four questions a search. Messages belong to a sibling, which is asked by the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chassis.act import Act
from chassis.korean import found, pattern, plain, tail_pattern
from services.registration.acting import own_centre
from services.registration.campaigns import operations as campaigns
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Relation
from services.registration.surveys import operations as surveys

What = Literal["school", "host", "group", "campaign"]
MOST = 30
QUERY_MOST = 40
CAMPAIGNS_MOST = 500
"""A centre announces a few campaigns a year; their titles are read together."""

TAIL_LEAST, SCHOOLS_MOST = 2, 50
"""Of how many letters of its school's name a group is known, and how many schools that may be."""

KINDS: dict[Relation, What] = {Relation.SCHOOL: "school", Relation.HOST: "host"}


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
    title: str = ""
    """What a group's campaign is called."""


def find(act: Act, query: str) -> list[Hit]:
    """What the query is found in, those that begin with it first; at most `MOST`."""
    centre = own_centre(act)
    wanted = plain(query[:QUERY_MOST])
    if not wanted:
        return []
    titles = campaigns.titles(act, CAMPAIGNS_MOST)
    hits = [
        *_organisations(act, centre, wanted, next(iter(titles), None)),
        *_campaigns(titles, wanted),
        *_groups(act, centre, wanted, titles),
    ]
    newest = {id: place for place, id in enumerate(titles)}
    return sorted(
        hits,
        key=lambda hit: (hit.place, hit.name, newest.get(hit.campaign or "", 0), hit.class_name),
    )[:MOST]


def _organisations(act: Act, centre: str, wanted: str, latest: str | None) -> Iterator[Hit]:
    rows = organisations.matching(act, centre, tuple(KINDS), pattern(wanted), MOST)
    for relation, id, name in rows:
        place = found(wanted, plain(name))
        if place is not None:
            school = relation is Relation.SCHOOL
            yield Hit(KINDS[relation], id, name, place, latest if school else None)


def _campaigns(titles: dict[str, str], wanted: str) -> Iterator[Hit]:
    for id, name in titles.items():
        place = found(wanted, plain(name))
        if place is not None:
            yield Hit("campaign", id, name, place)


def _groups(act: Act, centre: str, wanted: str, titles: dict[str, str]) -> Iterator[Hit]:
    """Groups by their own name, and by their school's and their own together."""
    rows = dict.fromkeys(surveys.called(act, pattern(wanted), MOST))
    if len(wanted) > TAIL_LEAST:
        tail = tail_pattern(wanted, TAIL_LEAST)
        schools = organisations.matching(act, centre, (Relation.SCHOOL,), tail, SCHOOLS_MOST)
        if schools:
            ids = [id for _, id, _ in schools]
            rows |= dict.fromkeys(surveys.groups_of(act, ids, SCHOOLS_MOST))
    names = organisations.names(act, {one.school for one in rows})
    for one in rows:
        school = names.get(one.school, "")
        place = found(wanted, plain(f"{school}{one.grade or ''}{one.class_name}"))
        own = found(wanted, plain(one.class_name))
        if place is None or (own is None and place + len(wanted) <= len(plain(school))):
            continue
        yield Hit(
            "group",
            one.school,
            school,
            place,
            one.campaign,
            one.grade,
            one.people,
            one.class_name,
            titles.get(one.campaign, ""),
        )
