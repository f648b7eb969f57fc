"""Many knapsacks at once give what trying every set gives, in 64 bits and beyond."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from services.placement.verifier import knapsacks
from services.placement.verifier.knapsacks import least_costs


def brute(items: list[tuple[int, int, bool, bool]], low: int, high: int) -> int | None:
    best: int | None = None
    for chosen in product((0, 1), repeat=len(items)):
        wrong = any((m and not c) or (b and not m and c)
                    for c, (_, _, m, b) in zip(chosen, items, strict=True))  # fmt: skip
        seats = sum(c * n for c, (_, n, _, _) in zip(chosen, items, strict=True))
        if not wrong and low <= seats <= high:
            cost = sum(c * v for c, (v, _, _, _) in zip(chosen, items, strict=True))
            best = cost if best is None else min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_many_at_once_are_what_each_alone_is(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    r = random.Random(seed)
    monkeypatch.setattr(knapsacks, "CELLS", r.choice([1, 40, 2_000_000]))
    scale = r.choice([1, 1, 2**57, 2**70])
    alike = r.random() < 0.3
    blocks = []
    for _ in range(r.randint(1, 8)):
        items = [
            (scale * r.randint(-6, 6), 2 if alike else r.randint(0, 5), r.random() < 0.1,
             r.random() < 0.1)
            for _ in range(r.randint(0, 7))
        ]  # fmt: skip
        low = r.randint(0, 9)
        blocks.append((items, low, low + r.randint(0, 6)))
    flat = [item for items, _, _ in blocks for item in items]
    kind = object if scale > 1 else np.int64
    found = least_costs(
        np.array([v for v, _, _, _ in flat], dtype=kind),
        np.array([n for _, n, _, _ in flat], dtype=np.int64),
        np.cumsum([0, *(len(items) for items, _, _ in blocks)]),
        np.array([low for _, low, _ in blocks]),
        np.array([high for _, _, high in blocks]),
        np.array([m for _, _, m, _ in flat], dtype=np.bool_),
        np.array([b for _, _, _, b in flat], dtype=np.bool_),
    )
    assert found == [brute(*block) for block in blocks]
