"""The survey's form: whatever is stored can be shown and read back; what was typed decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from services.registration.daytext import Window
from services.registration.surveys.answers import Answers, Group, Split, WishedDate, with_ids
from services.registration.surveys.calendar import calendar
from services.registration.surveys.form import Filled, dates_line, filled
from services.registration.surveys.moves import moved, swapped
from services.registration.surveys.reading import answers_of, form_of

WINDOW = Window(date(2024, 10, 2), date(2024, 11, 29))
DAYS = st.dates(WINDOW.first, WINDOW.last).map(date.isoformat)
FIELDS = ("drones", "sports", "design", "broadcasting")


def an_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def sent(form: Filled, **changed: str | list[str]) -> MultiDict[str, str]:
    """The form as a browser sends it, with some controls used."""
    wishes = form.wishes
    said: list[tuple[str, str]] = [("groups", str(len(form.groups))), ("remarks", form.remarks)]
    for place, group in enumerate(form.groups):
        for name in ("id", "who", "class_name", "people", "smallest", "remarks"):
            said.append((f"g{place}-{name}", getattr(group, name)))
        said += [(f"g{place}-needs", code) for code in group.needs]
        if group.split:
            said += [(f"g{place}-split", "1"), (f"g{place}-split_parts", group.split_parts)]
            said.append((f"g{place}-split_smallest", group.split_smallest))
        if group.apart:
            said.append((f"g{place}-apart", "1"))
    said += [("fields", code) for code in wishes.fields]
    said += [(f"rank{n}", code) for n, code in enumerate((*wishes.fields, "", "", "")[:3], 1)]
    said += [("dates", day) for day in wishes.dates]
    said += [("shown", day[:10]) for day in wishes.dates]
    said += [("date", day[:10]) for day in wishes.dates]
    said += [("dates_text", dates_line(wishes.dates)), ("blackout", wishes.blackout)]
    said += [("weekdays", day) for day in wishes.weekdays]
    said += [("kinds", code) for code in wishes.kinds]
    for name in ("first", "stops", "wants", "place", "travel_limit"):
        said.append((name, getattr(wishes, name)))
    said += [(name, "1") for name in ("bus", "lunch") if getattr(wishes, name)]
    kept = [pair for pair in said if pair[0] not in changed]
    for name, value in changed.items():
        kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
    return MultiDict(kept)


def read(said: MultiDict[str, str], known: Answers) -> tuple[Answers, list[str]]:
    form, unread = form_of(said, WINDOW)
    answers, more = answers_of(form, known, WINDOW)
    return answers, [one.pointer for one in (*unread, *more)]


groups = st.builds(
    Group,
    level=st.just("middle"),
    grade=st.integers(1, 3),
    class_name=st.sampled_from(["", "2반", "A"]),
    people=st.none() | st.integers(1, 40),
    smallest=st.none() | st.integers(1, 40),
    split=st.none() | st.builds(Split, smallest=st.integers(1, 9), parts=st.integers(2, 4)),
    needs=st.sampled_from([(), ("step_free",)]),
    fields=st.lists(st.sampled_from(FIELDS), unique=True, max_size=4).map(tuple),
    dates=st.lists(
        st.builds(WishedDate, date=DAYS, start=st.sampled_from([None, "10:00"])),
        max_size=3,
        unique_by=lambda one: one.date,
    ).map(tuple),
    blackout=st.lists(DAYS, unique=True, max_size=4).map(lambda days: tuple(sorted(days))),
    bus=st.booleans(),
    first=st.sampled_from(["field", "date"]),
    travel_limit=st.none() | st.integers(5, 90),
)


@given(st.lists(groups, min_size=1, max_size=4))
def test_whatever_is_stored_is_shown_and_read_back_unchanged(found: list[Group]) -> None:
    named = [group.model_copy(update={"id": an_id(n)}) for n, group in enumerate(found)]
    stored = Answers(groups=tuple(named), remarks="말씀")
    assert read(sent(filled(stored)), stored) == (stored, [])


def stored(*fields: str, days: tuple[str, ...] = ()) -> Answers:
    dates = tuple(WishedDate(date=day) for day in days)
    group = Group(id=an_id(1), level="middle", grade=2, people=24, fields=fields, dates=dates)
    return Answers(groups=(group,))


def test_boxes_that_were_changed_win_over_the_ranked_list() -> None:
    known = stored("drones", "sports")
    found, _ = read(sent(filled(known), rank1="sports", rank2="drones"), known)
    assert found.groups[0].fields == ("sports", "drones")


def test_a_ticked_day_is_ranked_last_and_one_that_is_no_longer_ticked_is_gone() -> None:
    known = stored("drones", days=("2024-11-07", "2024-11-05"))
    said = sent(
        filled(known), date=["2024-11-07", "2024-10-15"], shown=["2024-11-07", "2024-11-05"]
    )
    found, _ = read(said, known)
    assert [day.date for day in found.groups[0].dates] == ["2024-11-07", "2024-10-15"]


def test_dates_as_text_win_where_they_were_changed_and_keep_their_hours() -> None:
    known = stored("drones", days=("2024-11-07",))
    found, unread = read(sent(filled(known), dates_text="11/6 9:30-12:00, 11.7, someday"), known)
    assert found.groups[0].dates == (
        WishedDate(date="2024-11-06", start="09:30", end="12:00"),
        WishedDate(date="2024-11-07"),
    )
    assert unread == ["dates_text"]


@pytest.mark.parametrize("text", ["10/10-10/12", "10/10~12", "2024-10-10, 10/11, 10/12"])
def test_days_in_a_row_may_be_written_as_a_span(text: str) -> None:
    known = stored("drones")
    found, unread = read(sent(filled(known), blackout=text), known)
    assert found.groups[0].blackout == ("2024-10-10", "2024-10-11", "2024-10-12")
    assert unread == []


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2024-10-10", "2024-10-11", ("2024-10-10", "2024-10-11", "2024-11-01")),
        ("2024-10-31", "", ("2024-10-31", "2024-11-01")),
        ("", "2024-10-31", ("2024-10-31", "2024-11-01")),
        ("2024-09-20", "2024-10-03", ("2024-10-02", "2024-10-03", "2024-11-01")),
    ],
)
def test_days_of_two_fields_are_taken_in_by_every_button(
    first: str, last: str, days: tuple[str, ...]
) -> None:
    known = stored("drones")
    fields = {"blackout": "11/1", "own_first": first, "own_last": last}
    found, unread = read(sent(filled(known), do="next", **fields), known)
    assert (found.groups[0].blackout, unread) == (days, [])


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("2024-10-11", "2024-10-10", "own_last"),
        ("2025-01-10", "", "own_first"),
        ("2024-13-10", "", "own_first"),
    ],
)
def test_days_of_two_fields_that_mean_nothing_are_named_and_stay_in_them(
    first: str, last: str, name: str
) -> None:
    said = sent(filled(stored("drones")), do="next", own_first=first, own_last=last)
    form, unread = form_of(said, WINDOW)
    assert [one.pointer for one in unread] == [name]
    assert (form.wishes.own_first, form.wishes.own_last) == (first, last)


def test_a_form_that_saves_itself_waits_until_both_fields_are_chosen() -> None:
    known = stored("drones")
    found, unread = read(sent(filled(known), own_first="2024-10-10"), known)
    assert (found.groups[0].blackout, unread) == ((), [])


def test_days_are_taken_out_of_the_line_and_what_cannot_be_read_stays_in_it() -> None:
    form = filled(stored("drones"))
    line = "10/10-12, someday, 11/1"
    form = replace(form, wishes=replace(form.wishes, blackout=line))
    left = moved(form, "own_drop:2024-10-10/2024-10-12", WINDOW)
    assert left.wishes.blackout == "11/1, someday"
    assert moved(left, "own_drop:2024-11-01/2024-11-01", WINDOW).wishes.blackout == "someday"
    assert moved(form, "own_drop:nonsense", WINDOW).wishes.blackout == "10/10-10/12, 11/1, someday"


def test_more_days_than_are_kept_are_not_dropped_without_a_word() -> None:
    known = stored("drones")
    found, unread = read(sent(filled(known), blackout="9/1-10/30, 11/1-12/30"), known)
    assert (len(found.groups[0].blackout), unread) == (100, ["blackout"])


def test_words_where_a_number_belongs_are_named_and_nothing_is_guessed() -> None:
    known = stored("drones")
    found, unread = read(sent(filled(known), **{"g0-people": "스물넷"}), known)
    assert (found.groups[0].people, unread) == (None, ["g0-people"])


def test_wishes_of_a_group_that_stands_apart_are_left_alone() -> None:
    one, other = stored("drones").groups[0], stored("sports").groups[0]
    known = Answers(groups=(one, one.model_copy(update={"id": an_id(2)}), other))
    found, _ = read(sent(filled(known), rank1="design"), known)
    assert [group.fields for group in found.groups] == [("design",), ("design",), ("sports",)]


def test_an_own_order_of_sessions_does_not_outlive_the_wishes_it_was_made_from() -> None:
    ordered = stored("drones", "sports").groups[0].model_copy(update={"order": ((an_id(9),),)})
    known = Answers(groups=(ordered,))
    same, _ = read(sent(filled(known), **{"g0-people": "20"}), known)
    other, _ = read(sent(filled(known), rank1="design"), known)
    assert (same.groups[0].order, other.groups[0].order) == (ordered.order, ())


def test_a_form_from_before_the_first_save_means_the_groups_in_their_places() -> None:
    known = stored("drones")
    said = sent(filled(known), **{"g0-id": "", "g0-people": "30"})
    found, _ = read(said, known)
    assert with_ids(found, known, repeat("")).groups[0].id == an_id(1)


def test_hostile_values_are_read_as_nothing() -> None:
    known = stored("drones")
    said = sent(
        filled(known),
        fields=["<b>", "drones"],
        weekdays=["0", "9", "x"],
        date=["2024-99-99x"],
        place="moon",
        groups="99999",
    )
    found, _ = read(said, known)
    assert found.groups[0].fields == ("drones",)
    assert found.groups[0].weekdays == ()
    assert found.groups[0].place == "on_site"


def test_buttons_move_add_and_take_out() -> None:
    form = filled(stored("drones", "sports"))
    assert moved(form, "field_up:sports", WINDOW).wishes.fields == ("sports", "drones")
    assert moved(form, "field_up:drones", WINDOW).wishes.fields == ("drones", "sports")
    assert moved(form, "field_drop:drones", WINDOW).wishes.fields == ("sports",)
    assert moved(form, "field_add", WINDOW, "design").wishes.fields == (
        "drones",
        "sports",
        "design",
    )
    assert moved(form, "add_group", WINDOW).groups[1].who == "middle:2"
    assert len(moved(moved(form, "add_group", WINDOW), "drop_group:0", WINDOW).groups) == 1
    assert moved(form, "nonsense:1", WINDOW) == form
    assert swapped("abc", "down", 2) == ("a", "b", "c")


def test_the_calendar_names_closed_days_and_shows_weekends_only_where_something_opens() -> None:
    days = {date(2024, 11, day): int(day in (5, 9)) for day in range(1, 15)}
    closed = {date(2024, 11, 14): "수능"}
    found = calendar(days, closed, {date(2024, 11, 1)}, [date(2024, 11, 5)])
    cells = {cell.day.day: cell for week in found.months[0].weeks for cell in week if cell}
    assert found.weekdays == (1, 2, 3, 4, 5, 6)
    assert (cells[5].kind, cells[5].rank) == ("open", 1)
    assert (cells[14].kind, cells[14].note) == ("holiday", "수능")
    assert (cells[1].kind, cells[4].kind) == ("own", "plain")
