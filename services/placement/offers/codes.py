"""The code lists that offers share with surveys (`contracts/fields.yaml`)."""

from functools import cache

import yaml

from chassis.contracts import CONTRACTS

LISTS = ("fields", "kinds", "levels", "needs")


@cache
def listed() -> dict[str, tuple[str, ...]]:
    """The codes of each list in their order, read once per process."""
    found = yaml.safe_load((CONTRACTS / "fields.yaml").read_text())
    return {name: tuple(found[name]) for name in LISTS}


@cache
def codes() -> dict[str, frozenset[str]]:
    """The codes of each list."""
    return {name: frozenset(found) for name, found in listed().items()}
