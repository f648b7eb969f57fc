"""Posts and the accounts that hold them.

Rights belong to a post (진로 담당, 팀 담당), since teachers change in March: drafts and history
belong to the organisation and stay, whoever holds the post. An account signs in and holds one or
more posts of one organisation; without a post it may do nothing.
"""

import re
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import Event, stamp

_LOGIN = re.compile(r"^[a-z0-9][a-z0-9._-]{2,39}$")
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128


DUTIES = (
    "career_teacher",
    "grade_head",
    "homeroom_teacher",
    "approver",
    "team_lead",
    "coordinator",
)
"""The duties that a holder may name a post by; an inviter may use any code."""


class Role(StrEnum):
    """What a post may do; the same codes as in a token."""

    SCHOOL = "school"
    HOST = "host"
    CENTRE = "centre"
    OFFICE = "office"
    ADMIN = "admin"


class PostStatus(StrEnum):
    """Whether someone holds the post now."""

    VACANT = "vacant"
    HELD = "held"


class Post(BaseModel):
    """A post of an organisation. `duty` is a code (career_teacher, team_lead, coordinator …)."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    centre: str | None = None
    role: Role
    duty: str
    holder: str | None = None
    held_since: datetime | None = None
    status: PostStatus = PostStatus.VACANT


def speaks_for(organisation: str, centre: str | None, role: Role) -> str:
    """On whose behalf the holder of a post acts.

    The staff of a contracted operator stay its own people and act for the centre that it runs, as
    long as the term lasts; everybody else acts for the own organisation.
    """
    return centre if role is Role.CENTRE and centre is not None else organisation


class AccountStatus(StrEnum):
    """A pending account waits for the centre's approval; an ended one has given up its posts."""

    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Account(BaseModel):
    """The state of an account. `sealed` holds the person's name, e-mail and telephone."""

    model_config = ConfigDict(frozen=True)

    login: str
    password: str
    organisation: str
    centre: str | None = None
    role: Role
    posts: tuple[str, ...]
    sealed: dict[str, bytes] = {}
    language: str = "ko"
    status: AccountStatus = AccountStatus.ACTIVE
    tokens_not_before: datetime

    @property
    def acts_for(self) -> str:
        """The organisation whose rights the account has."""
        return speaks_for(self.organisation, self.centre, self.role)

    @property
    def may_sign_in(self) -> bool:
        """Whether a right password opens a session."""
        return self.status is AccountStatus.ACTIVE and bool(self.posts)


def check_credentials(login: str, password: str) -> None:
    """Raise Invalid for a login or a password that cannot be taken.

    A login is a chosen name and not an e-mail address, so that it says nothing about a person.
    Length is the one rule for passwords that helps (NIST SP 800-63B, 5.1.1.2).
    """
    errors = []
    if not _LOGIN.match(login):
        errors.append(FieldError("/login", "login_shape"))
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        errors.append(FieldError("/password", "password_length", {"least": SHORTEST_PASSWORD}))
    elif login and login in password.lower():
        errors.append(FieldError("/password", "password_holds_login"))
    if errors:
        raise Invalid(errors)


def open_account(state: Account) -> list[Event]:
    """What is told about a new account; a pending one is told as inactive right after."""
    events = [
        Event(
            "account.created",
            {
                "organisation": state.organisation,
                "role": state.role.value,
                "posts": list(state.posts),
            },
        )
    ]
    if state.status is not AccountStatus.ACTIVE:
        events.append(_access(state))
    return events


def approve(state: Account) -> tuple[Account, list[Event]]:
    """The centre lets a pending account in."""
    if state.status is not AccountStatus.PENDING:
        raise Refused("account_not_pending")
    return _with(state, status=AccountStatus.ACTIVE)


def suspend(state: Account, now: datetime) -> tuple[Account, list[Event]]:
    """Shut an account out at once: no token from before counts any more."""
    if state.status is AccountStatus.ENDED:
        raise Refused("account_ended")
    return _with(state, status=AccountStatus.SUSPENDED, tokens_not_before=now)


def move(state: Account, organisation: str, now: datetime) -> tuple[Account, list[Event]]:
    """The account in another organisation, since its own turned out to be that one."""
    return _with(state, organisation=organisation, tokens_not_before=now)


def restore(state: Account) -> tuple[Account, list[Event]]:
    """Let a suspended account in again."""
    if state.status is not AccountStatus.SUSPENDED:
        raise Refused("account_not_suspended")
    return _with(state, status=AccountStatus.ACTIVE)


def sign_out_everywhere(state: Account, now: datetime) -> tuple[Account, list[Event]]:
    """Every token given out before now is void, at every service."""
    return _with(state, tokens_not_before=now)


def change_password(state: Account, hashed: str, now: datetime) -> tuple[Account, list[Event]]:
    """A new password ends what was opened with the old one."""
    return _with(state, password=hashed, tokens_not_before=now)


def leave_post(state: Account, post: str, now: datetime) -> tuple[Account, list[Event]]:
    """The account without a post. Its last post gone, it is ended and shut out."""
    if post not in state.posts:
        raise Refused("post_not_held")
    rest = tuple(one for one in state.posts if one != post)
    status = state.status if rest else AccountStatus.ENDED
    return _with(state, posts=rest, status=status, tokens_not_before=now)


def take_post(post: Post, account: str, now: datetime) -> Post:
    """The post held by an account; a held post has to be handed over, not taken."""
    if post.holder is not None:
        raise Refused("post_held")
    return post.model_copy(update={"holder": account, "held_since": now, "status": PostStatus.HELD})


def named(post: Post, duty: str) -> Post:
    """The post under the name that its holder gives it."""
    return post.model_copy(update={"duty": duty})


def vacate(post: Post) -> Post:
    """The post with nobody in it."""
    return post.model_copy(update={"holder": None, "held_since": None, "status": PostStatus.VACANT})


def _with(state: Account, **update: object) -> tuple[Account, list[Event]]:
    changed = state.model_copy(update=update)
    return changed, [_access(changed)]


def _access(state: Account) -> Event:
    return Event(
        "account.access_changed",
        {
            "organisation": state.organisation,
            "role": state.role.value,
            "active": state.may_sign_in,
            "tokens_not_before": stamp(state.tokens_not_before),
        },
    )
