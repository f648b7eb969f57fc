"""Rules of posts, accounts, invitations, contacts, keys and sessions, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contracts import faults
from chassis.errors import Invalid, Refused
from services.registration.accounts import model as accounts
from services.registration.accounts import passwords
from services.registration.accounts.model import Account, AccountStatus, Post, Role
from services.registration.contacts import model as contacts
from services.registration.invitations import model as invitations
from services.registration.invitations.model import Invitation, Status, Way
from services.registration.keys import model as keys

NOW = datetime(2024, 9, 1, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-000000000001"
KEY = b"k" * 32


def account(
    status: AccountStatus = AccountStatus.ACTIVE, posts: tuple[str, ...] = (ID,)
) -> Account:
    return Account(
        login="sunny",
        password="hash",
        organisation=ID,
        role=Role.SCHOOL,
        posts=posts,
        status=status,
        tokens_not_before=NOW,
    )


def invitation(way: Way = Way.CODE, status: Status = Status.OPEN) -> Invitation:
    return Invitation(
        organisation=ID,
        centre=ID,
        role=Role.SCHOOL,
        post=ID,
        way=way,
        secret_hash="x",
        expires_at=NOW + timedelta(days=14),
        status=status,
    )


@pytest.mark.parametrize("login", ["ab", "Kim", "kim@school.kr", "-kim", "k" * 41, "김가온"])
def test_a_login_is_a_chosen_name_and_no_address(login: str) -> None:
    with pytest.raises(Invalid) as error:
        accounts.check_credentials(login, "correct horse battery")
    assert [row.code for row in error.value.errors] == ["login_shape"]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_length"),
        ("x" * 129, "password_length"),
        ("my-sunny-day", "password_holds_login"),
    ],
)
def test_a_password_is_long_and_does_not_hold_the_login(password: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        accounts.check_credentials("sunny", password)
    assert [row.code for row in error.value.errors] == [code]


def test_only_the_right_password_matches_and_nobodys_never_does() -> None:
    stored = passwords.hashed("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "correct horse battery")
    assert not passwords.matches(stored, "correct horse")
    assert not passwords.matches(None, "nobody has this password")


def test_every_event_of_an_accounts_life_fits_its_contract() -> None:
    told = accounts.open_account(account(AccountStatus.PENDING))
    told += accounts.approve(account(AccountStatus.PENDING))[1]
    told += accounts.suspend(account(), NOW)[1]
    told += accounts.leave_post(account(), ID, NOW)[1]
    assert [faults(event.type, event.data) for event in told] == [[] for _ in told]
    assert [event.data.get("active") for event in told] == [None, False, True, False, False]


def test_without_its_last_post_an_account_has_ended() -> None:
    other = "0192f0c1-0000-7000-8000-000000000002"
    one_left, _ = accounts.leave_post(account(posts=(ID, other)), ID, NOW)
    assert (one_left.status, one_left.may_sign_in) == (AccountStatus.ACTIVE, True)
    none_left, _ = accounts.leave_post(one_left, other, NOW)
    assert (none_left.status, none_left.may_sign_in) == (AccountStatus.ENDED, False)
    with pytest.raises(Refused):
        accounts.suspend(none_left, NOW)


def test_a_held_post_is_not_taken() -> None:
    post = Post(organisation=ID, role=Role.SCHOOL, duty="career_teacher")
    held = accounts.take_post(post, ID, NOW)
    with pytest.raises(Refused):
        accounts.take_post(held, "other", NOW)
    assert accounts.vacate(held).holder is None


@given(st.uuids().map(str))
def test_a_secret_is_the_same_each_time_and_hashed_however_it_is_typed(id: str) -> None:
    code = invitations.secret(KEY, id, Way.CODE)
    assert code == invitations.secret(KEY, id, Way.CODE)
    assert code != invitations.secret(b"other" * 8, id, Way.CODE)
    for typed in (code.lower(), code.replace("-", " "), f"  {code} "):
        assert invitations.hash_of(typed) == invitations.hash_of(code)
    token = invitations.secret(KEY, id, Way.EMAIL)
    assert invitations.hash_of(token) != invitations.hash_of(token.lower())


def test_a_link_is_accepted_at_once_and_a_code_waits_for_the_centre() -> None:
    assert invitations.enter(invitation(Way.EMAIL), ID, NOW).status is Status.ACCEPTED
    entered = invitations.enter(invitation(Way.CODE), ID, NOW)
    assert entered.status is Status.ENTERED
    assert invitations.approve(entered).status is Status.ACCEPTED
    with pytest.raises(Refused):
        invitations.enter(entered, ID, NOW)


def test_an_invitation_ends_with_its_last_day() -> None:
    state = invitation()
    with pytest.raises(Refused) as late:
        invitations.enter(state, ID, state.expires_at)
    assert late.value.code == "invitation_expired"
    assert invitations.expire(state, state.expires_at - timedelta(seconds=1)) is None
    expired = invitations.expire(state, state.expires_at)
    assert expired is not None
    assert invitations.due(expired) == []


@pytest.mark.parametrize("way", list(Way))
def test_an_invitation_tells_its_link_or_its_code_and_never_both(way: Way) -> None:
    revealed = invitations.secret(KEY, ID, way)
    email, telephone = ("a@b.kr", None) if way is Way.EMAIL else (None, "+82319001234")
    event = invitations.invited(invitation(way), "햇살중학교", email, telephone, revealed, "ko")
    assert faults(event.type, event.data) == []
    assert (revealed in event.data["link_path"]) is (way is Way.EMAIL)
    assert (event.data["code"] == revealed) is (way is Way.CODE)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("031-900-1234", "+82319001234"),
        ("010 1234 5678", "+821012345678"),
        ("+82 2 123 4567", "+8221234567"),
    ],
)
def test_a_telephone_number_is_stored_in_one_form(written: str, stored: str) -> None:
    assert contacts.telephone_number(written) == stored


def test_a_contact_needs_a_telephone_number_or_an_email_address() -> None:
    with pytest.raises(Invalid) as error:
        contacts.reach("김가온", " ", None)
    assert [row.code for row in error.value.errors] == ["telephone_or_email"]
    assert contacts.reach(None, "a@b.kr", None).email == "a@b.kr"
    assert contacts.reach(None, None, "031-900-1234").telephone == "+82319001234"


def test_a_key_verifies_longer_than_any_token_that_it_signed() -> None:
    until, not_after = keys.lifetime(NOW)
    assert not_after - until > timedelta(minutes=10)
