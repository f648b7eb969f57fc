"""Which tokens speak for someone, and which do not, however well they are made."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from chassis import secrets
from chassis.act import Documents
from chassis.errors import Unauthenticated, Unavailable
from chassis.roles import Role
from chassis.secrets import Keys
from chassis.tokens import (
    ALGORITHM,
    ISSUER,
    MINUTES,
    Identity,
    Verifier,
    issue,
    sign_key,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WHO = Identity("account-1", "school-1", Role.SCHOOL, centres=("centre-1",), session="session-1")


class Rows:
    """As much of a collection as the verifier asks for."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked = 0

    def find(self) -> Iterator[dict[str, Any]]:
        self.asked += 1
        return iter(self.rows)

    def find_one(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        self.asked += 1
        return next((row for row in self.rows if row["_id"] == wanted["_id"]), None)


class House:
    """A service that has heard of one signing key, and the registration that signs with it."""

    def __init__(self, folder: Path) -> None:
        secrets.make(folder)
        self.root = secrets.load(folder, "registration")
        self.keys: Keys = secrets.load(folder, "placement")
        self.signing_keys, self.revocations = Rows(), Rows()
        self.key = self.publish("kid-1")
        self.now = NOW
        rows = {"signing_keys": self.signing_keys, "revocations": self.revocations}
        self.verifier = Verifier(cast(Documents, rows), self.keys, lambda: self.now.timestamp())

    def publish(self, kid: str) -> OKPKey:
        """A new signing key, countersigned by the root, in the service's copy."""
        key = OKPKey.generate_key("Ed25519")
        jwk = {name: str(value) for name, value in key.as_dict(private=False).items()}
        begin, end = (NOW - timedelta(days=1)).isoformat(), (NOW + timedelta(days=30)).isoformat()
        self.signing_keys.rows.append(
            {
                "_id": kid,
                "kid": kid,
                "jwk": jwk,
                "not_before": begin,
                "not_after": end,
                "signature": sign_key(self.root, kid, jwk, begin, end),
            }
        )
        return key

    def token(self, kid: str = "kid-1", who: Identity = WHO) -> str:
        return issue(kid, self.key, who, NOW)[0]

    def made(self, header: dict[str, Any], key: Any, **change: Any) -> str:
        """A token with claims of choice, signed by whatever is given."""
        stamp = int(NOW.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": [ISSUER],
            "sub": "account-1",
            "role": "school",
            "iat": stamp,
            "nbf": stamp,
            "exp": stamp + 600,
            **change,
        }
        full = {"kid": "kid-1", "typ": "at+jwt", **header}
        return jwt.encode(full, claims, key, algorithms=[full["alg"]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture
def house(folder: Path) -> House:
    return House(folder)


def refused(house: House, token: str) -> str:
    with pytest.raises(Unauthenticated) as found:
        house.verifier.verify(token)
    return found.value.code


def test_a_good_token_speaks_for_its_account(house: House) -> None:
    found = house.verifier.verify(house.token())
    assert replace(found, expires=0) == WHO


def test_an_expired_token_is_refused_and_says_that_it_can_be_renewed(house: House) -> None:
    token = house.token()
    house.now = NOW + timedelta(minutes=MINUTES, seconds=30)
    assert refused(house, token) == "token_expired"


def test_a_token_from_the_future_is_refused(house: House) -> None:
    token = house.token()
    house.now = NOW - timedelta(minutes=5)
    refused(house, token)


@pytest.mark.parametrize(
    "change",
    [{"aud": ["elsewhere"]}, {"iss": "elsewhere"}, {"role": "root"}, {"exp": None}, {"sub": None}],
)
def test_a_token_with_another_claim_than_ours_is_refused(
    house: House, change: dict[str, Any]
) -> None:
    house.verifier.verify(house.made({"alg": ALGORITHM}, house.key))
    refused(house, house.made({"alg": ALGORITHM}, house.key, **change))


def test_another_type_of_token_signed_with_our_key_is_refused(house: House) -> None:
    refused(house, house.made({"alg": ALGORITHM, "typ": "JWT"}, house.key))


def test_a_token_whose_algorithm_was_swapped_is_refused(house: House) -> None:
    # The public key is known to all: used as a shared secret it must open nothing.
    known = OctKey.import_key(house.signing_keys.rows[0]["jwk"]["x"])
    refused(house, house.made({"alg": "HS256"}, known))


def test_an_unsigned_token_is_refused(house: House) -> None:
    header, claims, _ = house.token().split(".")
    refused(house, f"{header}.{claims}.")


def test_a_token_that_was_altered_is_refused(house: House) -> None:
    header, _, signature = house.token().split(".")
    other = house.token(who=replace(WHO, account="account-2")).split(".")[1]
    refused(house, f"{header}.{other}.{signature}")


def test_an_unknown_key_is_looked_for_once_in_five_seconds(house: House) -> None:
    house.verifier.verify(house.token())
    before = house.signing_keys.asked
    house.now += timedelta(seconds=6)
    for number in range(20):
        refused(house, house.token(kid=f"made-up-{number}"))
    assert house.signing_keys.asked == before + 1


def test_a_key_that_arrived_meanwhile_is_found(house: House) -> None:
    house.verifier.verify(house.token())
    house.key = house.publish("kid-2")
    house.now += timedelta(seconds=6)
    assert house.verifier.verify(house.token(kid="kid-2")).account == WHO.account


def test_a_key_that_the_root_did_not_sign_is_as_good_as_none(house: House) -> None:
    house.signing_keys.rows[0]["signature"] = "00" * 64
    with pytest.raises(Unavailable):
        house.verifier.verify(house.token())


def test_a_revoked_account_is_refused_at_once(house: House) -> None:
    token = house.token()
    before = (NOW - timedelta(days=1)).isoformat()
    house.revocations.rows.append(
        {"_id": WHO.account, "active": False, "tokens_not_before": before}
    )
    assert refused(house, token) == "token_expired"


def test_tokens_from_before_a_sign_out_everywhere_are_refused_and_later_ones_are_not(
    house: House,
) -> None:
    row = {"_id": WHO.account, "active": True, "tokens_not_before": NOW.isoformat()}
    house.revocations.rows.append(row)
    house.verifier.verify(house.token())
    row["tokens_not_before"] = (NOW + timedelta(seconds=1)).isoformat()
    refused(house, house.token())


def test_a_token_that_was_good_is_refused_when_its_time_is_over(house: House) -> None:
    token = house.token()
    house.verifier.verify(token)
    house.now = NOW + timedelta(minutes=MINUTES, seconds=30)
    assert refused(house, token) == "token_expired"


def test_a_token_that_was_good_is_refused_when_its_key_is_no_longer(house: House) -> None:
    token = house.token()
    house.verifier.verify(token)
    house.publish("kid-2")
    del house.signing_keys.rows[0]
    house.now += timedelta(seconds=6)
    refused(house, house.token(kid="kid-3"))
    refused(house, token)
