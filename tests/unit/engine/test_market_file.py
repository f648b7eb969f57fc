"""A market file that breaks the format is refused with every fault and its place."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from services.placement.engine import Market, MarketErrors
from services.placement.engine.market_json import parse_market
from services.placement.engine.market_npz import from_arrays, to_arrays
from tests.unit.engine.markets import random_market, small_markets


def faults(document: object) -> set[tuple[str, str]]:
    with pytest.raises(MarketErrors) as caught:
        Market.from_json(document)
    return {(e.pointer, e.code) for e in caught.value.errors}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(small_markets())
def test_writing_and_reading_again_gives_the_same_market(doc: dict[str, Any]) -> None:
    market = Market.from_json(doc)
    again = Market.from_json(market.to_json())
    assert again.hash() == market.hash()
    assert again.to_json() == market.to_json()


def test_every_fault_is_reported_not_only_the_first() -> None:
    doc = random_market(random.Random(1))
    doc["sessions"] = [
        {"id": "s0", "min": 9, "max": 3},
        {"id": "s0", "max": 1.5, "colour": "red"},
        {"max": True, "start": 10, "end": 5},
        {"id": "s3", "max": 4, "clash": ["nobody"], "day_limit": "never", "start": 1},
    ]
    doc["applicants"] = [
        {
            "id": "a0",
            "people": 0,
            "split": {"smallest": 9, "parts": 1},
            "wants": 2,
            "wishes": [
                {"stops": ["s9"], "rank": 0},
                {"stops": [], "rank": -1},
                {"stops": ["s0", "s0"], "travel": [1, 2]},
                "s0",
            ],
        },
        {"id": "a0", "busy": [{"start": 5}]},
    ]
    doc["excluded"] = [["a9", "s9", "", 3], ["a0"]]
    doc["rules"] = {
        "stages": ["placed", "speed", "placed"],
        "mode": "random",
        "caps": {"schools": -1, "hosts": 3},
        "fixed": [{"applicant": "zz", "wish": 0}, {"applicant": "a0", "wish": 7}],
    }
    assert faults(doc) == {
        ("/sessions/0/min", "min_above_max"),
        ("/sessions/1/id", "duplicate_id"),
        ("/sessions/1/max", "type"),
        ("/sessions/1/colour", "unknown_field"),
        ("/sessions/2/id", "required"),
        ("/sessions/2/max", "type"),
        ("/sessions/2/end", "empty_slot"),
        ("/sessions/3/clash/0", "unknown_key"),
        ("/sessions/3/day_limit", "unknown_key"),
        ("/sessions/3/end", "required"),
        ("/applicants/0/people", "range"),
        ("/applicants/0/split/smallest", "smallest_above_people"),
        ("/applicants/0/split", "split_and_wants"),
        ("/applicants/0/wishes/0/stops/0", "unknown_session"),
        ("/applicants/0/wishes/1/stops", "empty"),
        ("/applicants/0/wishes/1/rank", "range"),
        ("/applicants/0/wishes/2/rank", "required"),
        ("/applicants/0/wishes/2/stops/1", "duplicate_stop"),
        ("/applicants/0/wishes/2/travel", "length"),
        ("/applicants/0/wishes/3", "type"),
        ("/applicants/0/wishes/3/rank", "required"),
        ("/applicants/0/wishes/3/stops", "required"),
        ("/applicants/1/id", "duplicate_id"),
        ("/applicants/1/busy/0/end", "required"),
        ("/excluded/0/0", "unknown_applicant"),
        ("/excluded/0/1", "unknown_session"),
        ("/excluded/0/2", "type"),
        ("/excluded/0/3", "type"),
        ("/excluded/1", "type"),
        ("/rules/stages/1", "unknown_stage"),
        ("/rules/stages/2", "duplicate_stage"),
        ("/rules/mode", "unknown_mode"),
        ("/rules/caps/schools", "range"),
        ("/rules/caps/hosts", "unknown_field"),
        ("/rules/fixed/0/applicant", "unknown_applicant"),
        ("/rules/fixed/1/wish", "unknown_wish"),
    }


@pytest.mark.parametrize("document", [None, 3, "x", [], {}])
def test_what_is_no_market_at_all_is_refused_with_a_place(document: object) -> None:
    assert faults(document)


def test_a_fixed_part_outside_the_bounds_of_its_group_is_refused() -> None:
    doc = random_market(random.Random(3))
    doc["applicants"][0].update(people=5, wants=1, split=None)
    doc["rules"]["fixed"] = [{"applicant": "a0", "wish": 0, "people": 2}]
    assert ("/rules/fixed/0/people", "not_split") in faults(doc)


def test_another_seed_is_another_market() -> None:
    doc = random_market(random.Random(3))
    first = Market.from_json(doc).hash()
    doc["rules"]["seed"] += "!"
    assert Market.from_json(doc).hash() != first


@settings(max_examples=40, deadline=None, derandomize=True)
@given(small_markets())
def test_the_columnar_form_is_the_same_market(doc: dict[str, Any]) -> None:
    market = Market.from_json(doc)
    again = from_arrays(to_arrays(market))
    assert again.hash() == market.hash()
    assert again.to_json() == market.to_json()


def test_broken_columns_are_reported_all_at_once() -> None:
    arrays = to_arrays(Market.from_json(random_market(random.Random(2))))
    del arrays["sessions.max"]
    arrays["applicants.people"] = arrays["applicants.people"].astype(float)
    arrays["format"] = np.array("other")
    with pytest.raises(MarketErrors) as caught:
        from_arrays(arrays)
    assert {(e.pointer, e.code) for e in caught.value.errors} == {
        ("/format", "format"),
        ("/sessions.max", "required"),
        ("/applicants.people", "type"),
    }


def test_columns_with_foreign_references_are_refused() -> None:
    arrays = to_arrays(Market.from_json(random_market(random.Random(2))))
    arrays["wishes.stop_session"] = arrays["wishes.stop_session"] + 99
    arrays["applicants.wish_ptr"] = arrays["applicants.wish_ptr"] + 1
    with pytest.raises(MarketErrors) as caught:
        from_arrays(arrays)
    assert {e.code for e in caught.value.errors} == {"range", "pointer"}


def text_faults(text: bytes) -> set[tuple[str, str]]:
    with pytest.raises(MarketErrors) as caught:
        parse_market(text)
    return {(e.pointer, e.code) for e in caught.value.errors}


@pytest.mark.parametrize("text", [b"", b"[" * 10**5, b'{"a":' * 10**5, b"\xff", b"{", b"9" * 5000])
def test_what_cannot_be_read_as_json_is_one_fault(text: bytes) -> None:
    assert text_faults(text)


def test_a_key_that_stands_twice_is_a_fault_with_its_place() -> None:
    text = b'{"format": "ieum.market", "rules": {"caps": {"schools": 1, "schools": 2}}}'
    assert text_faults(text) == {("/rules/caps/schools", "duplicate_key")}


@pytest.mark.parametrize("facts", ["\ud800", {"a": ["\udfff"]}, {"x": 1.5}, 10**400])
def test_facts_that_no_file_can_hold_are_refused(facts: object) -> None:
    doc = random_market(random.Random(3))
    doc["excluded"] = [["a0", "s0", "date", {"why": facts}]]
    if isinstance(facts, int):
        assert Market.from_json(doc).excluded[0].facts == {"why": facts}
    else:
        assert ("/excluded/0/3", "type") in faults(doc)


def test_facts_nested_without_end_are_refused() -> None:
    doc, facts = random_market(random.Random(3)), {"a": 1}
    for _ in range(900):
        facts = {"a": facts}  # type: ignore[dict-item]
    doc["excluded"] = [["a0", "s0", "date", facts]]
    assert faults(doc) == {("/excluded/0/3", "type")}


BROKEN_COLUMNS: dict[str, Callable[[Any], Any]] = {
    "version": lambda a: np.array([1, 1]),
    "sessions.start": lambda a: a * 0 + 2**61,
    "sessions.end": lambda a: a * 0 - 5,
    "sessions.id": lambda a: np.array([b"\n"] * len(a)),
    "applicants.id": lambda a: np.array([b"x"] * len(a)),
    "applicants.split_parts": lambda a: a * 0 + 3,
    "wishes.stop_ptr": lambda a: a * 0,
    "wishes.stop_travel": lambda a: a + 1,
    "clash_capacity": lambda a: a[:0],
    "day_capacity": lambda a: a - 10,
    "budget_names": lambda a: np.concatenate([a, a]),
    "schools": lambda a: np.concatenate([a, a]),
    "rules": lambda a: np.array(3),
    "excluded": lambda a: np.array('[[0, 0, "", {}], [0, 99, "x", {}], 4]'),
}


@pytest.mark.parametrize("name", BROKEN_COLUMNS)
def test_a_broken_column_is_a_fault_of_that_column_and_nothing_else_goes_wrong(name: str) -> None:
    doc = random_market(random.Random(2))
    for key, limit in (("clashes", "t"), ("day_limits", "d"), ("budgets", "b")):
        doc[key] = {**doc.get(key, {}), limit: 9}
    doc["sessions"][0] |= {"clash": ["t"], "day_limit": "d", "budget": "b", "start": 1, "end": 9}
    arrays = to_arrays(Market.from_json(doc))
    column = arrays[name]
    wide = column.astype(np.int64) if column.dtype.kind in "iu" else column
    arrays[name] = BROKEN_COLUMNS[name](wide)
    with pytest.raises(MarketErrors) as caught:
        from_arrays(arrays)
    assert all(e.pointer for e in caught.value.errors)
