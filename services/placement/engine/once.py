"""What is computed of a market once, for as long as the market lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from services.placement.engine.market import Market

T = TypeVar("T")


def once(function: Callable[[Market], T]) -> Callable[[Market], T]:
    """Remember the answer beside the market, which never changes; nobody may change the answer.

    A market that `dataclasses.replace` makes of another remembers nothing.
    """
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered(market: Market) -> T:
        kept = market.__dict__
        if key not in kept:
            kept[key] = function(market)
        found: T = kept[key]
        return found

    return remembered
