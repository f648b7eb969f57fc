"""The lottery can be recomputed by anyone and bent by nobody."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from services.placement.engine.lottery import (
    LotteryError,
    commit,
    digest,
    draw_order,
    join_nonces,
    number,
    numbers,
    pseudonym,
    seed,
)

SECRET = bytes(range(32))


def test_numbers_are_sha256_of_seed_and_pseudonym() -> None:
    drawn = numbers(b"seed", ["a", "나"])
    for got, name in zip(drawn.tolist(), ["a", "나"], strict=True):
        whole = hashlib.sha256(b"seed" + name.encode()).digest()
        assert got == int.from_bytes(whole[:8], "big")
        assert number(b"seed", name) == whole


def test_withdrawing_and_applying_again_keeps_the_number() -> None:
    everyone = numbers(b"seed", ["a", "b", "c"])
    again = numbers(b"seed", ["c", "d", "a"])
    assert again[0] == everyone[2]
    assert again[2] == everyone[0]


def test_the_seed_follows_from_what_was_published() -> None:
    one = seed(SECRET, commit(SECRET), b"market", b"beacon")
    assert one == seed(SECRET, commit(SECRET), b"market", b"beacon")
    assert one != seed(SECRET, commit(SECRET), b"marke", b"tbeacon")
    with pytest.raises(LotteryError, match="void"):
        seed(SECRET[::-1], commit(SECRET), b"market", b"beacon")
    with pytest.raises(LotteryError, match="32"):
        commit(b"short")


def test_a_withheld_or_false_nonce_counts_as_zero_and_is_named() -> None:
    held = {name: digest("ieum.lottery.nonce.v1", name.encode()) for name in ("x", "y", "z")}
    full = join_nonces(held, {"x": b"x", "y": b"y", "z": b"z"})
    assert full.withheld == ()
    part = join_nonces(held, {"x": b"x", "z": b"other"})
    assert part.withheld == ("y", "z")
    assert part.randomness != full.randomness
    with pytest.raises(LotteryError, match="no commitment"):
        join_nonces(held, {"w": b"w"})


def test_equal_numbers_are_drawn_by_pseudonym() -> None:
    drawn = np.array([5, 3, 5, 1], np.uint64)
    assert draw_order(drawn, ["b", "x", "a", "y"]).tolist() == [3, 1, 2, 0]


def test_a_pseudonym_hides_the_permanent_name() -> None:
    assert pseudonym(b"salt", "s1") == pseudonym(b"salt", "s1")
    assert pseudonym(b"salt", "s1") != pseudonym(b"pepper", "s1")
    assert len(pseudonym(b"salt", "s1")) == 32
