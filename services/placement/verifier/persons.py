"""Markets of persons: what the evidence of each stage proves, as a chain of prices or a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.placement.verifier.files import Arrays, Ints, integers
from services.placement.verifier.flow import Chain, check_flow, is_flow
from services.placement.verifier.ledger import Fault, Proven
from services.placement.verifier.market import Market
from services.placement.verifier.relaxed import Relaxed
from services.placement.verifier.result import Result
from services.placement.verifier.shares import wished_share
from services.placement.verifier.weak import seated_bound, weak_bound

Prove = Callable[[int], Proven]
Evidence = dict[int, dict[str, Any]]
#: Evidence of a bound that asks nothing of its numbers.
LOOSE = ("prices", "worth")


def persons_claims(
    m: Market, r: Result, draw: Ints, evidence: Evidence, arrays: Arrays | None,
    values: dict[str, int],
) -> Prove | None:  # fmt: skip
    """What each stage's evidence proves; None where none of it is about persons."""
    kinds = {i: str(e.get("kind")) for i, e in evidence.items()}
    if not {"flow", *LOOSE} & set(kinds.values()):
        return None
    flows = {i: e for i, e in evidence.items() if kinds[i] == "flow"}
    if flows and all(e.get("relaxed") == "min" for e in flows.values()):
        first, chain = _relaxed(m, r, flows, arrays or {}, values), _everything(m, r, draw)
    else:
        first, chain = _chained(m, r, draw, flows, arrays or {}, values)
    loose = _Loose(m, r, chain, arrays or {}, values)

    def prove(number: int) -> Proven:
        if kinds.get(number) in LOOSE:
            return loose.bound(number, evidence[number])
        if kinds.get(number) == "wishes" and r.stages[number].stage == "leximin":
            return Proven(wished_share(m), whole=False)
        return first(number)

    return prove


def _everything(m: Market, r: Result, draw: Ints) -> Chain | None:
    """All answers, minimum sizes left out; None where that is no flow."""
    return None if is_flow(m, minimums=True, everybody=True) else Chain(m, r, draw)


def _chained(
    m: Market, r: Result, draw: Ints, flows: Evidence, arrays: Arrays, values: dict[str, int]
) -> tuple[Prove, Chain | None]:
    """Stages proved one after another, and the answers that they leave."""
    if not flows:
        return lambda _: Proven(None), _everything(m, r, draw)
    # A column of prices follows from the stages before it, so the chain has no gaps.
    leading = [i for i in sorted(flows) if all(j in flows for j in range(i))]
    names = {r.stages[i].stage: str(flows[i].get("array")) for i in leading if i < len(r.stages)}
    faults, chain = check_flow(m, r, draw, arrays, names)

    def prove(number: int) -> Proven:
        stage = r.stages[number].stage
        if stage not in faults:
            return Proven(None)
        wrong = faults[stage]
        return Proven(None, wrong[0]) if wrong else Proven(values[stage])

    return prove, chain


class _Loose:
    """Bounds of stages that were not finished, among the answers that `chain` leaves."""

    def __init__(
        self, m: Market, r: Result, chain: Chain | None, arrays: Arrays, values: dict[str, int]
    ) -> None:
        self.m, self.r, self.chain, self.arrays, self.values = m, r, chain, arrays, values

    def bound(self, number: int, evidence: dict[str, Any]) -> Proven:
        """What the prices of one stage prove."""
        stage, name = self.r.stages[number].stage, str(evidence.get("array"))
        before = [row.stage for row in self.r.stages[:number]]
        column, charge = integers(self.arrays.get(name)), evidence.get("charge", 0)
        scale = evidence.get("scale", 1)
        found: int | str = "a column of integers is needed"
        if self.chain is None:
            found = "prices prove nothing here, or a stage before it is not proved"
        elif type(charge) is not int or type(scale) is not int:
            found = "charge and scale must be integers"
        elif column is not None:
            placed = self.values["placed"] if "placed" in before else None
            if evidence.get("kind") == "worth":
                found = seated_bound(self.chain, stage, column, scale, charge, placed)
            else:
                found = weak_bound(self.chain, stage, column, charge, placed)
        if isinstance(found, str):
            return Proven(None, Fault(f"certificate.npz:/{name}", found))
        return Proven(found)


def _relaxed(
    m: Market, r: Result, flows: Evidence, arrays: Arrays, values: dict[str, int]
) -> Prove:
    """Bounds of persons with minimum sizes, from prices of the market without them."""
    why = is_flow(m, minimums=True)
    relaxed, found = Relaxed(m), dict[int, Proven]()
    for number in range(len(r.stages)):
        if number not in flows:
            break
        stage, name = r.stages[number].stage, str(flows[number].get("array"))
        price = integers(arrays.get(name))
        if not why and (stage != ("placed", "rank")[number] if number < 2 else True):
            why = "only placed, and rank after it, can be bounded so"
        bound: int | str = why or "a column of integers is needed"
        if not why and price is not None:
            bound = relaxed.bound(stage, price)
        if isinstance(bound, str):
            found[number] = Proven(None, Fault(f"certificate.npz:/{name}", bound))
            why = bound
        else:
            found[number] = Proven(bound)
            if bound != values[stage]:
                why = f"the answer does not attain the bound of {stage}, so later ones have none"
    return lambda number: found.get(number, Proven(None))
