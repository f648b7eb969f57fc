"""Who hears something, by which way, and when."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.errors import Invalid
from chassis.facts import KST
from services.notifications.recipients.model import (
    Channel,
    Preferences,
    QuietHours,
    Recipient,
    addressed,
    channel_for,
    masked_email,
    masked_telephone,
    not_before,
)

CENTRE, OTHER = "centre-1", "centre-2"


def recipient(**changes: object) -> Recipient:
    return Recipient.model_validate(
        {"organisation": "school-1", "name": "너른뜰중학교", "roles": ["school"], **changes}
    )


clocks = st.times(timezones=st.none()).map(lambda one: one.replace(second=0, microsecond=0))
moments = st.datetimes(
    min_value=datetime(2024, 1, 1),
    max_value=datetime(2026, 12, 31),
    timezones=st.just(UTC),
)


@given(moments, clocks, clocks)
def test_nothing_is_sent_inside_quiet_hours_and_nothing_waits_longer_than_they_last(
    moment: datetime, start: time, end: time
) -> None:
    if start == end:
        return
    quiet = QuietHours(start=start, end=end)
    sent = not_before(moment, quiet)
    assert moment <= sent < moment + timedelta(days=1)
    clock = sent.astimezone(KST).time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    assert not inside
    assert not_before(sent, quiet) == sent


def test_without_quiet_hours_a_message_goes_at_once() -> None:
    moment = datetime(2024, 9, 13, 15, tzinfo=UTC)
    assert not_before(moment, None) == moment


def test_quiet_hours_through_midnight_end_in_the_morning_of_seoul() -> None:
    quiet = QuietHours(start=time(21), end=time(8))
    night = datetime(2024, 9, 13, 23, 30, tzinfo=KST)
    assert not_before(night, quiet).astimezone(KST) == datetime(2024, 9, 14, 8, tzinfo=KST)


def test_quiet_hours_of_a_whole_day_are_refused() -> None:
    with pytest.raises((Invalid, ValidationError)):
        QuietHours(start=time(8), end=time(8))


@pytest.mark.parametrize(
    ("email", "telephone", "bounced", "wish", "call", "expected"),
    [
        (b"e", None, False, None, True, "email"),
        (b"e", b"t", False, None, True, "email"),
        (None, b"t", False, None, True, "telephone"),
        (None, b"t", False, None, False, "inbox"),
        (b"e", b"t", True, None, True, "telephone"),
        (b"e", None, True, None, True, "inbox"),
        (b"e", b"t", False, "telephone", True, "telephone"),
        (b"e", b"t", False, "telephone", False, "email"),
        (b"e", b"t", False, "inbox", True, "inbox"),
        (None, None, False, "email", True, "inbox"),
    ],
)
def test_a_contact_is_reached_as_it_wishes_or_as_it_can_be(
    email: bytes | None,
    telephone: bytes | None,
    bounced: bool,
    wish: Channel | None,
    call: bool,
    expected: Channel,
) -> None:
    contact = recipient(email=email, telephone=telephone, bounced=bounced)
    preferences = Preferences(organisation="school-1", channel=wish)
    assert channel_for(contact, preferences, call) == expected


def test_a_contact_kept_by_another_centre_is_left_out_while_there_is_one_of_ours() -> None:
    ours, theirs = recipient(centre=CENTRE), recipient(centre=OTHER)
    common = recipient()
    found = [
        id for id, _ in addressed([("a", ours), ("b", theirs), ("c", common)], "school", CENTRE)
    ]
    assert found == ["a", "c"]


def test_if_only_another_centres_contact_is_left_it_hears_rather_than_nobody() -> None:
    assert [id for id, _ in addressed([("b", recipient(centre=OTHER))], "school", CENTRE)] == ["b"]


def test_a_contact_of_another_role_or_a_removed_one_hears_nothing() -> None:
    both = [("a", recipient(roles=["host"])), ("b", recipient(removed=True))]
    assert addressed(both, "school", CENTRE) == []


@given(st.emails())
def test_a_masked_address_does_not_show_who_it_is(address: str) -> None:
    masked = masked_email(address)
    local = address.rpartition("@")[0]
    assert masked is not None
    assert masked.rpartition("@")[2] == address.rpartition("@")[2]
    assert len(local) < 2 or local not in masked.rpartition("@")[0]


def test_a_masked_number_keeps_its_ends() -> None:
    assert masked_telephone("+821012345678") == "010-****-5678"
    assert masked_telephone("+82310001004") == "031-****-1004"
    assert masked_telephone(None) is None
