"""One calendar per team: what overlaps clashes, whatever the order in which it is asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.placement.offers.calendar import Taken, clash

MORNING = datetime(2024, 11, 6, 1, tzinfo=UTC)


def taken(
    session: str, start: int, minutes: int, either_or: bool = False, centre: str = "c1"
) -> Taken:
    begin = MORNING + timedelta(minutes=start)
    return Taken(
        offer=f"offer of {session}",
        session=session,
        centre=centre,
        campaign="k1",
        either_or=either_or,
        start=begin,
        end=begin + timedelta(minutes=minutes),
    )


def test_touching_sessions_do_not_clash_and_overlapping_ones_are_named() -> None:
    calendar = [taken("a", 0, 60)]
    assert clash(calendar, [taken("b", 60, 60)]) is None
    found = clash(calendar, [taken("b", 30, 60)])
    assert found is not None
    assert (found[0].session, found[1].session) == ("b", "a")


def test_two_sessions_of_the_same_offer_cannot_overlap_either() -> None:
    assert clash([], [taken("a", 0, 60), taken("b", 30, 60)]) is not None


def test_alternatives_overlap_within_one_campaign_only() -> None:
    one = taken("a", 0, 60, either_or=True)
    assert clash([one], [taken("b", 0, 60, either_or=True)]) is None
    assert clash([one], [taken("b", 0, 60)]) is not None
    assert clash([one], [taken("b", 0, 60, either_or=True, centre="c2")]) is not None


slots = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=8)


@given(slots, slots)
def test_a_clash_is_found_exactly_when_a_wanted_session_overlaps_another(
    there: list[tuple[int, int]], mine: list[tuple[int, int]]
) -> None:
    calendar = [taken(f"t{i}", s, n) for i, (s, n) in enumerate(there)]
    wanted = [taken(f"w{i}", s, n) for i, (s, n) in enumerate(mine)]

    def overlap(one: Taken, other: Taken) -> bool:
        return one.start < other.end and other.start < one.end

    expected = any(
        overlap(w, other)
        for i, w in enumerate(wanted)
        for other in [*calendar, *wanted[:i], *wanted[i + 1 :]]
    )
    found = clash(calendar, wanted)
    assert (found is not None) == expected
    if found is not None:
        assert overlap(*found)
        assert found[0] in wanted
