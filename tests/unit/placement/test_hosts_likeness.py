"""Hosts that are likely one under two names."""

import pytest

from chassis.likeness import likely


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("(주)한들로봇", "한들로봇", True),
        ("주식회사 한들 로봇", "한들로봇㈜", True),
        ("한들디자인스튜디오", "한들디자인 스튜디오", True),
        ("한들시 미래산업과", "한들시 미래산업과 ", True),
        ("한들시 미래산업과", "한들시 체육정책과", False),
        ("한들로봇", "나래로봇", False),
    ],
)
def test_spellings_of_one_name_are_found_and_neighbours_are_not(
    one: str, other: str, same: bool
) -> None:
    assert bool(likely({"a": one, "b": other})) is same


def test_a_thousand_hosts_are_compared_at_once() -> None:
    names = {str(n): f"한들 {n}번째 공방" for n in range(1000)}
    assert ("x", "y") in likely({**names, "x": "별샘목공소", "y": "별샘 목공소"})
