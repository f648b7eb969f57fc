"""Freezing a run's market: as it stands now, under public names, with the lottery's seed.

The hash before the seed goes into the seed, so that neither can be chosen to suit the other.
This room imports the engine; it is loaded by the solver's role alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.logs import logger
from services.placement.engine import Market, MarketErrors
from services.placement.engine.market_draws import draw_places
from services.placement.runs import inputs, lottery, public, store
from services.placement.runs.market import Person
from services.placement.runs.model import Run
from services.placement.runs.operations import commit_lottery


class Unsolvable(Exception):
    """The market cannot be solved as it stands; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Frozen:
    """The market of a run: as the house knows it, and as it is solved and published."""

    document: dict[str, Any]
    """With the ids of the house; it never leaves it."""
    persons: Mapping[str, Person]
    names: public.Names
    hash: str
    """Of the public market before the lottery's seed."""
    market: Market
    """What is solved: the public market with its seed."""

    def draw(self) -> dict[str, int]:
        """Each applicant's place in the lottery, 0 first, by the house's id."""
        places = draw_places(self.market).tolist()
        drawn = zip(self.market.applicants.id, places, strict=True)
        return {self.names.whose[name]: place for name, place in drawn}


def freeze(act: Act, run: Run) -> Frozen:
    """The market as it stands now.

    Raises Unsolvable when there is nothing to place, or when the file breaks its contract.
    """
    document, persons = inputs.market_of(act, run.campaign, run.mode)
    if not document["applicants"]:
        raise Unsolvable("no_applicants")
    if not document["sessions"]:
        raise Unsolvable("no_sessions")
    shown, names = public.published(document, store.campaign_salt(act, run.campaign))
    try:
        frozen_hash = Market.from_json(shown).hash()
        commit_lottery(act, run.campaign)
        kept = store.lottery(act, run.campaign)
        if kept is None:
            raise Unsolvable("no_lottery")
        seed = lottery.seed(kept["secret"], frozen_hash, run.rules_hash)
        solved = Market.from_json({**shown, "rules": {**shown["rules"], "seed": seed}})
    except MarketErrors as faults:
        logger().error("market_broken", faults=[fault.to_json() for fault in faults.errors[:20]])
        raise Unsolvable("market_broken") from faults
    document = {**document, "rules": {**document["rules"], "seed": seed}}
    return Frozen(document, persons, names, frozen_hash, solved)
