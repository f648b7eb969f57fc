"""What a centre finds by a few letters: its schools, hosts, groups and campaigns, and no others."""

from collections.abc import Iterator

import pytest

from chassis.scope import Centre
from services.registration.finding import operations as finding
from services.registration.finding.operations import Hit
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, one_registration, world
from tests.support.stack import Servers


@pytest.fixture(scope="module")
def registration(servers: Servers) -> Iterator[Registration]:
    """One service for the tests of this file; each makes a centre of its own."""
    with one_registration(servers) as found:
        yield found


@pytest.fixture
def city(registration: Registration) -> World:
    """A centre with an open campaign."""
    return world(registration)


def search(city: World, query: str, centre: Caller | None = None) -> list[Hit]:
    """What a centre finds (by default the city's own)."""
    whose = (centre or city.centre).organisation
    return finding.find(city.registration.act(scope=Centre(whose)), query)


def said(hits: list[Hit]) -> list[tuple[str, str]]:
    """What was found, in words."""
    return [(hit.what, f"{hit.name} {hit.class_name}".strip()) for hit in hits]


def host(city: World, name: str) -> None:
    """A host of the city's centre."""
    body = {"kinds": ["company"], "name": name, "relation": {"relation": "centre_host"}}
    city.centre.done("POST", "/api/v1/organisations", body)


@pytest.mark.parametrize("query", ["가람", "ㄱㄹㅈ", "양 가람중", "가ㄹ중"])
def test_a_school_is_found_by_letters_inside_its_name(city: World, query: str) -> None:
    school = city.school("고양가람중학교")
    city.school("너른뜰중학교")
    hits = search(city, query)
    assert said(hits) == [("school", "고양가람중학교")]
    assert (hits[0].id, hits[0].campaign) == (school.organisation, city.campaign)


def test_what_begins_with_the_letters_comes_first(city: World) -> None:
    city.school("고양가람중학교")
    host(city, "가람목공방")
    assert said(search(city, "ㄱㄹ")) == [("host", "가람목공방"), ("school", "고양가람중학교")]


def test_another_centre_finds_nothing_of_it(city: World, registration: Registration) -> None:
    school = city.school("고양가람중학교")
    city.draft(school, city.group(class_name="가람반"))
    host(city, "가람디자인")
    assert len(search(city, "가람")) == 3
    assert search(city, "가람", world(registration).centre) == []


def test_a_school_that_the_centre_no_longer_serves_is_not_found(city: World) -> None:
    school = city.school("고양가람중학교")
    ties = f"/api/v1/organisations/{city.centre.organisation}/relations"
    city.centre.done("DELETE", f"{ties}/centre_school/{school.organisation}")
    assert search(city, "가람") == []


@pytest.mark.parametrize("query", ["4반", "2학년4", "가람중학교 2 2학년", "ㄱㄹㅈㅎㄱ22학년"])
def test_a_group_is_found_by_its_name_alone_or_after_its_schools(city: World, query: str) -> None:
    school = city.school("고양가람중학교")
    city.draft(school, city.group(class_name="2학년 4반"), city.group(class_name="드론 동아리"))
    city.draft(city.school("너른뜰중학교"), city.group(class_name="1학년 1반"))
    groups = [hit for hit in search(city, query) if hit.what == "group"]
    assert said(groups) == [("group", "고양가람중학교 2학년 4반")]
    assert (groups[0].campaign, groups[0].title) == (city.campaign, "가을 사업")


def test_a_schools_name_alone_does_not_list_all_its_groups(city: World) -> None:
    city.draft(city.school("고양가람중학교"), city.group(class_name="2학년 4반"))
    assert said(search(city, "가람중학교")) == [("school", "고양가람중학교")]


def test_groups_of_earlier_campaigns_are_found_too_those_of_the_newest_first(city: World) -> None:
    school, first = city.school("고양가람중학교"), city.campaign
    city.draft(school, city.group(class_name="드론 동아리"))
    plan = city.centre.done("GET", f"/api/v1/campaigns/{first}")
    taken = ("programme", "kind", "opens_at", "window", "fields")
    wanted = {name: plan[name] for name in (*taken, "hosts_reply_by", "schools_confirm_by")}
    wanted |= {"name": "겨울 사업", "deadline": plan["hosts_reply_by"]}
    wanted["hosts_reply_by"] = plan["schools_confirm_by"]
    city.campaign = city.centre.done("POST", "/api/v1/campaigns", wanted)["id"]
    city.centre.done("POST", f"/api/v1/campaigns/{city.campaign}/announce", {})
    city.draft(school, city.group(class_name="드론 동아리"))
    assert [hit.title for hit in search(city, "드론")] == ["겨울 사업", "가을 사업"]
    assert said(search(city, "ㄱㅇ ㅅㅇ")) == [("campaign", "가을 사업"), ("campaign", "겨울 사업")]


def test_a_search_never_answers_with_more_than_fit_a_page(city: World) -> None:
    for number in range(12):
        groups = [city.group(class_name=f"가람 {number}-{n}") for n in range(4)]
        city.draft(city.school(f"가람중 {number}"), *groups)
    assert len(search(city, "가람")) == finding.MOST


@pytest.mark.parametrize("query", ["", "  ", ".*", "(", "[가", "\\", "$where"])
def test_letters_are_never_taken_for_a_pattern(city: World, query: str) -> None:
    city.school("고양가람중학교")
    assert search(city, query) == []
