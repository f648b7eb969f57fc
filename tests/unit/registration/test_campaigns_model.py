"""Rules of campaigns: their plan, their states, and the manifest."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import faults
from chassis.errors import Invalid, Refused, TooLate
from services.registration.campaigns import model
from services.registration.campaigns.model import Campaign, Status
from services.registration.campaigns.plan import Caps, Mode, Plan, Window, rules_hash
from services.registration.campaigns.plan import faults as plan_faults
from services.registration.closing.model import bucket_of, manifest

FIELDS = frozenset({"drones", "sports"})
OPENS = datetime(2024, 9, 1, tzinfo=UTC)
DEADLINE = datetime(2024, 9, 20, 9, tzinfo=UTC)
CENTRE = "0192f0c1-0000-7000-8000-000000000001"
PROGRAMME = "0192f0c1-0000-7000-8000-000000000002"


def plan(**change: Any) -> Plan:
    return Plan.model_validate(
        {
            "programme": PROGRAMME,
            "name": "2024 가을",
            "opens_at": OPENS,
            "deadline": DEADLINE,
            "hosts_reply_by": DEADLINE + timedelta(days=7),
            "schools_confirm_by": DEADLINE + timedelta(days=12),
            "window": Window(first=date(2024, 10, 7), last=date(2024, 11, 29)),
            "unusable_dates": (date(2024, 11, 14),),
            "caps": Caps(schools=6, students=320),
            "fields": ("drones", "sports"),
            **change,
        }
    )


def campaign(status: Status = Status.DRAFT, **change: Any) -> Campaign:
    return Campaign(**plan(**change).model_dump(), centre=CENTRE, status=status)


def test_every_event_of_a_campaigns_life_fits_its_contract() -> None:
    state = campaign()
    told = []
    for step in (
        model.announce(state, OPENS - timedelta(days=1)),
        model.open_(campaign(Status.ANNOUNCED), OPENS),
        model.close(campaign(Status.OPEN), DEADLINE),
        model.seal(campaign(Status.CLOSING), manifest([("surveys", CENTRE, 1)])),
        model.cancel(campaign(Status.OPEN), "예산"),
        model.replan(
            campaign(Status.OPEN), plan(deadline=DEADLINE + timedelta(days=1)), OPENS, FIELDS
        ),
        model.amend(campaign(Status.CLOSED), manifest([("surveys", CENTRE, 2)]), CENTRE),
    ):
        assert step is not None
        told += step[1]
    assert {event.type for event in told} == {
        "campaign.announced",
        "label.changed",
        "campaign_label.changed",
        "campaign.opened",
        "campaign.closing",
        "campaign.closed",
        "campaign.cancelled",
        "campaign.changed",
        "campaign.manifest_amended",
    }
    assert [faults(event.type, event.data) for event in told] == [[] for _ in told]


def test_the_clock_moves_a_campaign_only_when_its_time_has_come() -> None:
    early = timedelta(milliseconds=1)
    assert model.open_(campaign(Status.ANNOUNCED), OPENS - early) is None
    assert model.close(campaign(Status.OPEN), DEADLINE - early) is None
    assert model.close(campaign(Status.ANNOUNCED), DEADLINE) is not None
    for status in (Status.DRAFT, Status.CLOSING, Status.CLOSED, Status.CANCELLED):
        assert model.open_(campaign(status), OPENS) is None
        assert model.close(campaign(status), DEADLINE) is None


def test_a_state_that_waits_for_the_clock_has_due_times_and_no_other() -> None:
    assert [due.name for due in model.due(campaign(Status.ANNOUNCED))] == ["open", "close"]
    assert [due.name for due in model.due(campaign(Status.OPEN))] == ["close"]
    assert [due.name for due in model.due(campaign(Status.CLOSING))] == ["manifest"]
    for status in (Status.DRAFT, Status.CLOSED, Status.CANCELLED):
        assert model.due(campaign(status)) == []


def test_after_the_deadline_it_cannot_be_moved() -> None:
    later = plan(deadline=DEADLINE + timedelta(days=1))
    with pytest.raises(TooLate) as late:
        model.replan(campaign(Status.OPEN), later, DEADLINE, FIELDS)
    assert late.value.facts == {"deadline": DEADLINE}
    with pytest.raises(TooLate):
        model.replan(campaign(Status.CLOSED), later, DEADLINE + timedelta(days=1), FIELDS)


def test_the_deadline_cannot_be_moved_into_the_past() -> None:
    sooner = plan(deadline=OPENS + timedelta(days=1))
    with pytest.raises(Invalid) as error:
        model.replan(campaign(Status.OPEN), sooner, OPENS + timedelta(days=2), FIELDS)
    assert [row.code for row in error.value.errors] == ["deadline_in_future"]


def test_a_closed_campaign_cannot_be_called_off() -> None:
    with pytest.raises(Refused):
        model.cancel(campaign(Status.CLOSED), "늦었습니다")


def test_the_rules_hash_names_the_rules_and_nothing_else() -> None:
    base = rules_hash(plan())
    assert rules_hash(plan(name="다른 이름", phone="031-900-0000")) == base
    assert rules_hash(plan(fields=("sports", "drones"))) == base
    assert rules_hash(plan(mode=Mode.STABLE)) != base
    assert rules_hash(plan(caps=Caps(schools=7, students=320))) != base
    assert rules_hash(plan(unusable_dates=())) != base


def test_dates_are_read_in_seoul_when_the_window_is_checked() -> None:
    midnight = datetime(2024, 11, 28, 15, tzinfo=UTC)
    late = plan(
        deadline=midnight,
        hosts_reply_by=midnight,
        schools_confirm_by=midnight,
    )
    assert [row.code for row in plan_faults(dict(late), FIELDS)] == ["window_after_deadline"]


def test_a_plan_of_which_something_is_missing_is_judged_by_what_there_is() -> None:
    said = {"name": " ", "opens_at": OPENS, "deadline": OPENS - timedelta(days=1)}
    found = [(row.pointer, row.code) for row in plan_faults(said, FIELDS)]
    assert found == [("/name", "name_missing"), ("/deadline", "deadline_after_opening")]
    assert plan_faults({}, FIELDS) == []


def test_what_schools_rely_on_is_named_beside_what_breaks_a_rule() -> None:
    with pytest.raises(Invalid) as error:
        model.replan(campaign(Status.OPEN), plan(name=" ", programme=CENTRE), OPENS, FIELDS)
    named = [row.code for row in error.value.errors]
    assert named == ["name_missing", "announced_fixed"]


IDS = st.uuids().map(str)


@given(st.dictionaries(IDS, st.integers(1, 9), max_size=40), st.randoms())
def test_the_manifest_does_not_depend_on_the_order_of_reading(
    rows: dict[str, int], random: Any
) -> None:
    lines = [("surveys", id, sequence) for id, sequence in rows.items()]
    shuffled = list(lines)
    random.shuffle(shuffled)
    found = manifest(lines)
    assert manifest(shuffled) == found
    assert sum(row["count"] for row in found["surveys"].values()) == len(rows)


@given(st.dictionaries(IDS, st.integers(1, 9), min_size=1, max_size=40))
def test_one_changed_sequence_changes_exactly_its_own_bucket(rows: dict[str, int]) -> None:
    changed = dict(rows)
    id = sorted(rows)[0]
    changed[id] += 1
    before = manifest(("surveys", one, number) for one, number in rows.items())["surveys"]
    after = manifest(("surveys", one, number) for one, number in changed.items())["surveys"]
    assert {bucket for bucket in before if before[bucket] != after[bucket]} == {bucket_of(id)}
    assert bucket_of(id) == hashlib.sha256(id.encode()).hexdigest()[:2]


def test_the_fullest_manifest_fits_into_one_event() -> None:
    lines = [
        (kind, f"0192f0c1-0000-7000-8000-{number:012d}", 12)
        for kind in ("surveys", "needs", "applications")
        for number in range(20_000)
    ]
    found = manifest(lines)
    assert all(len(buckets) == 256 for buckets in found.values())
    state = campaign(Status.CLOSING, fields=tuple(f"field-{number:030d}" for number in range(60)))
    step = model.seal(state, found)
    assert step is not None
    assert len(orjson.dumps(step[1][0].data)) < 64 * 1024
