"""The copy against the manifest: which bucket differs, and why."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from services.placement.demands.manifest import bucket_of, digest, holes

Lines = dict[str, list[tuple[str, int]]]


def told(lines: Lines) -> dict[str, dict[str, object]]:
    return {b: {"count": len(rows), "sha256": digest(rows)} for b, rows in lines.items()}


def test_a_bucket_is_the_first_two_digits_of_the_hash_of_the_id() -> None:
    assert bucket_of("x") == hashlib.sha256(b"x").hexdigest()[:2]


def test_an_equal_copy_has_no_holes_whatever_its_order() -> None:
    lines: Lines = {"0a": [("a", 1), ("b", 2)]}
    assert holes("surveys", told(lines), {"0a": [("b", 2), ("a", 1)]}, {}, False) == []


def test_each_cause_is_named() -> None:
    manifest = told({"01": [("a", 1)], "02": [("b", 2)], "03": [("c", 1)]})
    copy: Lines = {"02": [("b", 1)], "03": [("c", 1), ("d", 1)], "05": [("e", 1)]}
    found = holes("surveys", manifest, copy, {"01": "dead_letter", "02": "gap"}, False)
    assert [(h.bucket, h.why, h.expected, h.found) for h in found] == [
        ("01", "dead_letter", 1, 0),
        ("02", "gap", 1, 1),
        ("03", "beyond", 1, 2),
        ("05", "beyond", 0, 1),
    ]
    late = holes("surveys", manifest, {"02": [("b", 1)], "03": [("c", 1)]}, {}, False)
    assert [(h.bucket, h.why) for h in late] == [("01", "lag"), ("02", "lag")]


def test_unreadable_messages_are_a_cause_only_where_something_is_missing() -> None:
    manifest = told({"01": [("a", 1)], "02": [("b", 2)]})
    found = holes("surveys", manifest, {"02": [("b", 1)]}, {}, True)
    assert [(h.bucket, h.why) for h in found] == [("01", "dead_letter"), ("02", "lag")]


ids = st.dictionaries(st.uuids().map(str), st.integers(1, 9), max_size=30)


@given(ids, st.data())
def test_any_single_difference_makes_exactly_its_bucket_a_hole(
    known: dict[str, int], data: st.DataObject
) -> None:
    def lines(rows: dict[str, int]) -> Lines:
        found: Lines = {}
        for id, sequence in rows.items():
            found.setdefault(bucket_of(id), []).append((id, sequence))
        return found

    manifest = told(lines(known))
    assert holes("surveys", manifest, lines(known), {}, False) == []
    if known:
        changed = data.draw(st.sampled_from(sorted(known)))
        found = holes("surveys", manifest, lines({**known, changed: 99}), {}, False)
        assert [h.bucket for h in found] == [bucket_of(changed)]
