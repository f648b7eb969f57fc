"""Passwords as argon2id hashes, with the cost that OWASP names as the least for interactive use."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Without a hash it takes as long, so that time tells nothing
    about which logins exist."""
    try:
        right = _HASHER.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(right) and stored is not None
