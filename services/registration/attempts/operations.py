"""Slowing down those who guess passwords and codes."""

import hashlib
import hmac
from datetime import datetime

from chassis.act import Act
from chassis.errors import Unavailable
from services.registration.attempts import model, store
from services.registration.attempts.model import BY_ADDRESS, BY_LOGIN, TooManyAttempts


def refuse_guessing(act: Act, login: str, address: str) -> None:
    """Raise TooManyAttempts if the login or the address has failed too often lately."""
    by_login, by_address, ends = _names(act, login, address)
    found = store.failures(act, [by_login, by_address])
    if found.get(by_login, 0) >= BY_LOGIN or found.get(by_address, 0) >= BY_ADDRESS:
        raise TooManyAttempts(ends)


def failed(act: Act, login: str, address: str) -> None:
    """Count a failure."""
    by_login, by_address, ends = _names(act, login, address)
    store.count(act, by_login, ends)
    store.count(act, by_address, ends)


def succeeded(act: Act, login: str, address: str) -> None:
    """A success clears the login's counter; the address keeps its own."""
    store.forget(act, _names(act, login, address)[0])


def _names(act: Act, login: str, address: str) -> tuple[str, str, datetime]:
    if act.keys is None or act.keys.kek is None:
        raise Unavailable("no_vault_key")
    key = act.keys.kek
    number, ends = model.window(act.now)

    def name(kind: str, value: str) -> str:
        digest = hmac.digest(key, f"{kind}|{value}".encode(), hashlib.sha256)
        return f"{number}:{kind}:{digest.hex()[:32]}"

    return name("login", login), name("address", address), ends
