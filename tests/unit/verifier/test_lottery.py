"""The published lottery is recomputed: commitment, seed, places and numbers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.placement.engine import Market
from services.placement.engine import lottery as engine
from services.placement.runs import lottery as service
from services.placement.verifier.check import verify
from tests.unit.verifier.answers import Doc, load, persons, publish, seal, sha256, status, store

SECRET = bytes(range(32))
Make = Callable[[Doc], tuple[str, Doc]]


def by_the_service(document: Doc) -> tuple[str, Doc]:
    """As the campaign's page publishes it."""
    frozen = Market.from_json(document).hash()
    seed = service.seed(SECRET.hex(), frozen, "r" * 64)
    return seed, {
        "commitment": service.commitment(SECRET.hex()),
        "secret": SECRET.hex(),
        "frozen_hash": frozen,
        "rules_hash": "r" * 64,
        "seed": seed,
    }


def by_nonces(document: Doc) -> tuple[str, Doc]:
    """With the schools' nonces as public randomness; the school c1 withholds its own."""
    frozen = Market.from_json(document).hash()
    nonces = {f"c{i}": hashlib.sha256(bytes([i])).digest() for i in range(3)}
    promised = {c: engine.digest("ieum.lottery.nonce.v1", n) for c, n in nonces.items()}
    revealed = {c: n for c, n in nonces.items() if c != "c1"}
    joined = engine.join_nonces(promised, revealed)
    commitment = engine.commit(SECRET)
    seed = engine.seed(SECRET, commitment, bytes.fromhex(frozen), joined.randomness).hex()
    return seed, {
        "commitment": commitment.hex(),
        "secret": SECRET.hex(),
        "frozen_hash": frozen,
        "randomness": joined.randomness.hex(),
        "withheld": list(joined.withheld),
        "nonces": {
            c: {"commitment": promised[c].hex(), "nonce": revealed[c].hex() if c != "c1" else ""}
            for c in nonces
        },
        "seed": seed,
    }


@pytest.fixture(params=[by_the_service, by_nonces], ids=["service", "nonces"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Make = request.param
    document = persons(random.Random(9))
    document["rules"]["seed"] = ""
    seed, shown = make(document)
    document["rules"]["seed"] = seed
    assert publish(document, tmp_path)
    market = Market.from_json(document)
    numbers = {a: engine.number(seed.encode(), a).hex() for a in market.applicants.id}
    order = sorted(numbers, key=lambda a: numbers[a])
    shown |= {
        "market_hash": market.hash(),
        "result_hash": sha256(tmp_path / "result.json"),
        "numbers": numbers,
        "places": {a: i for i, a in enumerate(order)},
    }
    store(tmp_path / "lottery.json", shown)
    return tmp_path


def test_a_true_lottery_is_accepted(folder: Path) -> None:
    ledger = verify(folder)
    assert not ledger.refused
    assert status(ledger)["lottery"] == "ok"


def test_every_field_of_the_lottery_counts(folder: Path) -> None:
    shown = load(folder / "lottery.json")
    forged: list[Doc] = []
    for key, value in shown.items():
        if isinstance(value, str):
            forged.append({**shown, key: ("1" if value[0] == "0" else "0") + value[1:]})
        elif isinstance(value, list):
            forged.append({**shown, key: [*value, "c2"]})
        else:
            for name, own in value.items():
                other = own + 1 if isinstance(own, int) else "00" * 32
                forged.append({**shown, key: {**value, name: other}})
    for document in forged:
        store(folder / "lottery.json", document)
        assert status(verify(folder))["lottery"] == "refused"


def test_a_seed_that_was_chosen_after_the_fact_is_refused(folder: Path) -> None:
    market = load(folder / "market.json")
    market["rules"]["seed"] = "a seed that suits somebody"
    assert publish(market, folder)
    shown: Any = load(folder / "lottery.json")
    shown |= {
        "market_hash": Market.from_json(market).hash(),
        "result_hash": sha256(folder / "result.json"),
    }
    store(folder / "lottery.json", shown)
    seal(folder)
    ledger = verify(folder)
    assert [line.check for line in ledger.lines if line.status == "refused"] == ["lottery"]


def test_before_the_reveal_nothing_is_verified_and_nothing_refused(folder: Path) -> None:
    store(folder / "lottery.json", {"commitment": load(folder / "lottery.json")["commitment"]})
    ledger = verify(folder)
    assert not ledger.refused
    assert status(ledger)["lottery"] == "not verified"
