"""Signing keys: made once, published ahead, replaced and revoked."""

from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest
from click.testing import CliRunner

from chassis.errors import Unauthenticated
from chassis.tokens import Verifier
from services.registration import commands
from services.registration.keys import operations as keys
from services.registration.keys.model import AHEAD, LIFE
from tests.service.registration.conftest import PASSWORD, Registration


def verifier(registration: Registration) -> Verifier:
    """Another service's eyes: it knows what was published and the root's public half."""
    return Verifier(registration.context.database, registration.context.keys)


def test_two_copies_that_need_the_first_key_at_once_make_one(registration: Registration) -> None:
    together, found = Barrier(2), []

    def ensure() -> None:
        act = registration.act()
        together.wait()
        found.append(keys.ensure(act).id)

    threads = [Thread(target=ensure) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert registration.context.database["issuing_keys"].count_documents({}) == 1


def test_the_next_key_is_known_before_it_signs(registration: Registration) -> None:
    act = registration.act()
    first = keys.ensure(act)
    begun = first.state.not_before
    assert registration.due("issuing_keys", first.id)["succeed"] == begun + LIFE - AHEAD
    eve = replace(act, now=first.state.signs_until - AHEAD)
    keys.succeed(eve, first.id)
    assert keys.ensure(eve).id == first.id
    after = keys.ensure(replace(act, now=first.state.signs_until))
    assert after.id != first.id
    assert after.state.not_before == first.state.signs_until


def test_after_a_rotation_old_tokens_run_out_and_new_ones_are_signed_anew(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    old = keys.ensure(registration.act()).id
    made = keys.rotate(registration.act())
    registration.follow_access()
    assert made.id != old
    assert centre.token is not None
    assert verifier(registration).verify(centre.token).account == centre.account
    again = registration.sign_in("centre")
    assert again.token is not None
    assert verifier(registration).verify(again.token).account == centre.account


def test_a_revoked_key_voids_every_token_that_it_signed(registration: Registration) -> None:
    centre = registration.user("centre")
    old = keys.ensure(registration.act()).id
    keys.rotate(registration.act())
    keys.revoke(registration.act(), old)
    registration.follow_access()
    assert centre.token is not None
    with pytest.raises(Unauthenticated):
        verifier(registration).verify(centre.token)


def test_a_key_that_the_root_did_not_sign_is_not_trusted(registration: Registration) -> None:
    centre = registration.user("centre")
    registration.context.database["signing_keys"].update_many(
        {}, {"$set": {"not_after": "2099-01-01T00:00:00.000Z"}}
    )
    assert centre.token is not None
    with pytest.raises(Exception, match="no_keys"):
        verifier(registration).verify(centre.token)


def test_the_operators_command_makes_a_centre_and_its_account_once(
    registration: Registration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "opened", lambda: registration.context)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    arguments = ["create", "--login", "goyang", "--password-file", str(secret)]
    arguments += ["--organisation-name", "고양진로센터", "--phone", "031-900-0000", "--json"]
    first = CliRunner().invoke(commands.user, arguments, catch_exceptions=False)
    again = CliRunner().invoke(commands.user, arguments, catch_exceptions=False)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.output == again.output
    assert PASSWORD not in first.output
    registration.follow_access()
    caller = registration.sign_in("goyang")
    shown = caller.done("GET", f"/api/v1/organisations/{caller.organisation}")
    assert (shown["name"], shown["phone"]) == ("고양진로센터", "031-900-0000")
