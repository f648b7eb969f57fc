"""The lottery, recomputed from what was published: commitment, secret, randomness, seed, numbers.

`lottery.json` is what the service publishes of a campaign's lottery: the commitment before the
deadline; after it the secret and the hashes that went into the seed. Two schemes are known, told
apart by the fields: the service's (`rules_hash`) and the engine's with public randomness
(`randomness`, or the schools' `nonces`).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from services.placement.verifier.ledger import Fault, Ledger
from services.placement.verifier.market import Market
from services.placement.verifier.numbers import draw_places, lottery_number

FILE = "lottery.json"
ZERO = bytes(32)


def digest(tag: str, *parts: bytes) -> bytes:
    """SHA-256 of a tag, a zero byte, and each part after its length in eight bytes."""
    h = hashlib.sha256(tag.encode() + b"\0")
    for part in parts:
        h.update(len(part).to_bytes(8, "big") + part)
    return h.digest()


def join_nonces(rows: dict[str, Any]) -> tuple[bytes, list[str]]:
    """The schools' joint randomness, and whose nonce is withheld or wrong and counts as zero."""
    parts: list[bytes] = []
    withheld: list[str] = []
    for school in sorted(rows):
        nonce = bytes.fromhex(rows[school]["nonce"] or "")
        promised = bytes.fromhex(rows[school]["commitment"])
        if not nonce or not hmac.compare_digest(digest("ieum.lottery.nonce.v1", nonce), promised):
            withheld.append(school)
            nonce = ZERO
        parts += [school.encode(), nonce]
    return digest("ieum.lottery.nonces.v1", *parts), withheld


def check_lottery(m: Market, document: Any, result_hash: str, ledger: Ledger) -> None:
    """Commitment, seed, hashes and the published numbers."""
    faults: list[Fault] = []

    def same(key: str, found: Any) -> None:
        if document.get(key) != found:
            faults.append(Fault(f"{FILE}:/{key}", f"should be {found}"))

    if not isinstance(document, dict) or "secret" not in document:
        ledger.unverified("lottery", "the secret is not published yet")
        return
    try:
        secret = bytes.fromhex(document["secret"])
        frozen = m.hash(seed="")
        same("frozen_hash", frozen)
        if "rules_hash" in document:
            same("commitment", hashlib.sha256(secret).hexdigest())
            parts = (secret, frozen.encode(), str(document["rules_hash"]).encode())
            seed = hashlib.sha256(b"\x1f".join(parts)).hexdigest()
        else:
            same("commitment", digest("ieum.lottery.commit.v1", secret).hex())
            if "nonces" in document:
                joined, withheld = join_nonces(document["nonces"])
                same("randomness", joined.hex())
                same("withheld", withheld)
            randomness = bytes.fromhex(document["randomness"])
            market_hash = bytes.fromhex(frozen)
            seed = digest("ieum.lottery.seed.v1", secret, market_hash, randomness).hex()
        same("seed", seed)
        if m.rules["seed"] != seed:
            faults.append(Fault("market: /rules/seed", f"should be {seed}"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        faults.append(Fault(FILE, f"secret, commitment and randomness are hexadecimal: {error!r}"))
    for key, found in (("market_hash", m.own_hash), ("result_hash", result_hash)):
        if key in document:
            same(key, found)
    faults.extend(_numbers(m, document))
    ledger.add("lottery", faults, f"seed and the places of {m.applicants} applicants recomputed")


def _numbers(m: Market, document: dict[str, Any]) -> list[Fault]:
    """Published numbers and places of single applicants, as far as there are any."""
    faults: list[Fault] = []
    names, seed = m.names["applicants.id"], str(m.rules["seed"])
    for key in ("numbers", "places"):
        rows = document.get(key, {})
        if not isinstance(rows, dict):
            faults.append(Fault(f"{FILE}:/{key}", "an object of applicant to value is needed"))
            continue
        place = draw_places(seed, names).tolist() if key == "places" and rows else []
        index = {name: i for i, name in enumerate(names)}
        for name, value in rows.items():
            if name not in index:
                faults.append(Fault(f"{FILE}:/{key}/{name}", "there is no such applicant"))
                continue
            found = place[index[name]] if key == "places" else lottery_number(seed, name)
            if value != found:
                faults.append(Fault(f"{FILE}:/{key}/{name}", f"should be {found}"))
    return faults
