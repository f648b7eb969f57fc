"""What can go wrong in a rule or an operation, in words that a page or an API can pass on.

These exceptions are raised by `model`, `store` and `operations` and turned into answers in one
place (`chassis.http.problems`). Each carries a stable code; its sentence comes from a catalogue.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing to mend: a JSON pointer into what was sent, a code, and the numbers behind it."""

    pointer: str
    code: str
    facts: dict[str, Any] = field(default_factory=dict)


class Problem(Exception):
    """Base of all that is answered instead of done. `status` is the HTTP status it becomes."""

    status = 500

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
        self.errors: list[FieldError] = []


class Refused(Problem):
    """A rule or the state of the thing forbids the act."""

    status = 409


class TooLate(Refused):
    """The deadline has passed; facts name it and whom to call."""

    def __init__(self, code: str = "too_late", **facts: Any) -> None:
        super().__init__(code, **facts)


class Invalid(Problem):
    """What was sent breaks rules of its own shape; every error at once, not the first one."""

    status = 422

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("invalid")
        self.errors = errors


class NotFound(Problem):
    """Nothing there, or nothing there for this reader: both look the same."""

    status = 404

    def __init__(self, code: str = "not_found", **facts: Any) -> None:
        super().__init__(code, **facts)


class Unauthenticated(Problem):
    """Nobody is signed in, or the token is not good any more."""

    status = 401

    def __init__(self, code: str = "sign_in", **facts: Any) -> None:
        super().__init__(code, **facts)


class Forbidden(Problem):
    """Signed in, but this role may not do this."""

    status = 403

    def __init__(self, code: str = "forbidden", **facts: Any) -> None:
        super().__init__(code, **facts)


class Malformed(Problem):
    """The request itself is not well formed (a header is missing, the body does not parse)."""

    status = 400


class Stale(Problem):
    """The reader's version is older than the stored one (If-Match)."""

    status = 412

    def __init__(self, expected: int, found: int) -> None:
        super().__init__("stale", expected=expected, found=found)


class KeyReused(Problem):
    """The same Idempotency-Key came with another body."""

    status = 422

    def __init__(self) -> None:
        super().__init__("key_reused")


class Overloaded(Problem):
    """Too much is waiting to be published; asking again later is right."""

    status = 503


class Unavailable(Problem):
    """Something that is needed does not answer; nothing was changed."""

    status = 503


class Conflict(Exception):
    """Another write came between load and save; the caller of the operation tries again."""
