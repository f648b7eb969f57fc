"""Who waits is told how far last time's list moved."""

from typing import Any

from flask import Flask

from tests.service.placement.story import STAFF, one_of_each, story, visitor
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    OTHER_SCHOOL,
    SCHOOL,
    an_id,
    campaign,
)

NEXT = an_id("the campaign after")


def test_the_next_campaign_tells_everybody_how_far_this_list_moved(app: Flask) -> None:
    groups: dict[str, list[dict[str, Any]]] = {
        SCHOOL: [visitor("a"), visitor("b")],
        OTHER_SCHOOL: [visitor("c")],
    }
    here = story(app, [{**one_of_each()[0], "maximum": 24}], groups)
    run = here.solved()
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    here.world.told("campaign.announced", NEXT, campaign(centre=CENTRE))

    def last(of: str, who: str = STAFF) -> Any:
        return here.world.do(who, "GET", f"/api/v1/waitlists?campaign={of}")["last_time"]

    assert last(CAMPAIGN) is None
    assert last(NEXT) == {"campaign": CAMPAIGN, "waited": 2, "seated": 0, "furthest": 0}
    offered = next(row for row in here.placements() if row["status"] == "offered")
    path = f"/api/v1/placements/{offered['id']}/withdraw"
    body = {"reason_code": "school_event", "reason": "시험 일정"}
    confirm = f"/api/v1/placements/{offered['id']}/confirm"
    assert here.world.ask(f"school:{offered['school']}", "POST", confirm, {}).status_code == 200
    here.pump()
    here.world.do(f"school:{offered['school']}", "POST", path, body)
    here.pump()
    moved = {"campaign": CAMPAIGN, "waited": 2, "seated": 1, "furthest": 1}
    assert last(NEXT) == moved == last(NEXT, f"school:{OTHER_SCHOOL}")
