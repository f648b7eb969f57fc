"""Vetting: no path to approval leaves out a visit."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid, Refused
from services.placement.hosts.model import NEXT, Status, Step, Vetting, begun, changed

NOW = datetime(2024, 9, 1, tzinfo=UTC)
STATUSES: list[Status] = ["found", "contacted", "visited", "approved", "held"]


def step(status: Status) -> Step:
    reason = "unsafe" if status == "held" else None
    return Step.model_validate({"status": status, "at": NOW, "by": "a1", "reason_code": reason})


def found() -> Vetting:
    return begun("c1", "h1", step("found"))


def test_the_straight_way_ends_with_an_approved_host() -> None:
    vetting = found()
    for status in STATUSES[1:4]:
        vetting = vetting.moved(step(status))
    assert vetting.status == "approved"
    assert changed(vetting).data["status"] == "approved"


def test_a_hold_needs_its_reason_and_a_step_forward_has_none() -> None:
    bare = Step(status="held", at=NOW, by="a1")
    with pytest.raises(Invalid):
        found().moved(bare)
    odd = Step(status="contacted", at=NOW, by="a1", reason_code="unsafe")
    with pytest.raises(Invalid):
        found().moved(odd)


@given(st.lists(st.sampled_from(STATUSES), max_size=12))
def test_whoever_is_approved_was_visited_after_the_last_hold(path: list[Status]) -> None:
    vetting = found()
    for status in path:
        if status in NEXT[vetting.status]:
            vetting = vetting.moved(step(status))
        else:
            with pytest.raises(Refused):
                vetting.moved(step(status))
    steps = [s.status for s in vetting.steps]
    if vetting.status == "approved":
        assert steps[-2] == "visited"
    assert (vetting.status == "held") == (vetting.reason_code is not None)
