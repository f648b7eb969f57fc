"""What is claimed of every stage against what the files prove of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.placement.verifier.files import Arrays, Ints
from services.placement.verifier.ledger import OPEN, Fault, Ledger, Line, Proven
from services.placement.verifier.levels import Levels
from services.placement.verifier.market import Market
from services.placement.verifier.numbers import MAXIMISED
from services.placement.verifier.persons import Prove, persons_claims
from services.placement.verifier.program import NoRow, Program, Row, make_row
from services.placement.verifier.result import Result, Stage
from services.placement.verifier.shares import least_placed, wished_share
from services.placement.verifier.tree import Broken, Prover, Rows


class Programs:
    """Checks tree and level evidence stage by stage; each stage is held for the next ones."""

    def __init__(self, m: Market, r: Result, values: dict[str, int], draw: Ints, file: str) -> None:
        self.m, self.r, self.values, self.draw, self.file = m, r, values, draw, file
        self.prover: Prover | None = None
        self.held: dict[str, Row] = {}
        self.find: Rows = self._base
        self.extra = 0

    def _base(self, name: str) -> Row:
        held = self.held.get(name)
        if held is not None:
            return held
        return self.ready().program.row(name)

    def ready(self) -> Prover:
        """The prover, built when the first evidence needs it."""
        if self.prover is None:
            self.prover = Prover(Program(self.m))
        return self.prover

    def check(self, number: int, stage: str, evidence: dict[str, Any]) -> Proven:
        """What this stage's evidence proves."""
        place = f"{self.file}:/stages/{number}/evidence"
        try:
            if evidence.get("kind") == "tree" and stage != "leximin":
                return Proven(self._tree(stage, evidence))
            if evidence.get("kind") == "levels" and stage == "leximin":
                return self._levels(evidence)
            if evidence.get("kind") == "wishes" and stage == "leximin":
                return Proven(wished_share(self.m), whole=False)
            return Proven(None, Fault(place, "evidence of a kind that cannot be checked"))
        except (Broken, NoRow) as error:
            return Proven(None, Fault(f"{place}/{error}", "the proof does not hold"))

    def _objective(self, stage: str) -> tuple[Ints, int]:
        if stage in {"kept", "moved"} and self.r.previous is None:
            raise Broken("the answer lacks the parts before the change")
        cost, constant = self.ready().program.objective(stage, self.draw, self.r.previous)
        return np.concatenate([cost, np.zeros(self.extra, np.int64)]), constant

    def _tree(self, stage: str, evidence: dict[str, Any]) -> int:
        cost, constant = self._objective(stage)
        target = self.ready().check(evidence, cost, self.find)
        sign = -1 if stage in MAXIMISED else 1
        bound = sign * target + constant
        # A bound beyond what the answer attains would disprove the answer, or the proof.
        value = self.values[stage]
        if (bound < value) if stage in MAXIMISED else (bound > value):
            raise Broken(f"the proof shows {bound}, yet the answer has {value}")
        return bound

    def _levels(self, evidence: dict[str, Any]) -> Proven:
        levels = Levels(self.m, self.r, self.ready())
        value = self.values["leximin"]
        try:
            levels.read(evidence.get("levels"), self.find)
        except (Broken, NoRow):
            # A scheme that was cut short still proves that the worst school cannot be better.
            if evidence.get("complete") is True or not levels.worst_proved:
                raise
            return Proven(value, whole=False)
        if evidence.get("complete") is not True:
            return Proven(value if levels.worst_proved else None, whole=False)
        self.find = levels.rows({}, self.find)
        self.extra = levels.extra
        self.complete = True
        return Proven(value)

    complete = False

    def hold(self, stage: str) -> None:
        """Keep what the answer reached in a stage, for the proofs of the later ones."""
        if stage == "leximin":
            if not self.complete:
                self._hold_shares()
            return
        if stage in {"kept", "moved"} and self.r.previous is None:
            return
        cost, constant = self._objective(stage)
        sign = -1 if stage in MAXIMISED else 1
        value = sign * self.values[stage] - (constant if sign > 0 else 0)
        there = np.nonzero(cost)[0].tolist()
        self.held[f"stage:{stage}"] = make_row([(j, int(cost[j])) for j in there], None, value)

    def _hold_shares(self) -> None:
        """No school below the worst: what every answer as good as this one keeps."""
        program = self.ready().program
        for c, people in enumerate(least_placed(self.m, self.r)):
            self.held[f"share:{c}"] = make_row(program.school_terms(c), people, None)


def check_claims(
    m: Market,
    r: Result,
    values: dict[str, int],
    draw: Ints,
    evidence: dict[int, dict[str, Any]],
    arrays: Arrays | None,
    file: str,
    ledger: Ledger,
) -> None:
    """One line per stage; `evidence` maps a stage's position to its evidence."""
    prove = persons_claims(m, r, draw, evidence, arrays, values)
    if prove is None:
        prove = _programs(m, r, values, draw, evidence, file)
    for number, stage in enumerate(r.stages):
        if stage.stage in values:
            _judge(stage, prove(number), f"{r.file}:/stages/{number}", ledger)


def _programs(
    m: Market, r: Result, values: dict[str, int], draw: Ints, evidence: dict[int, dict[str, Any]],
    file: str,
) -> Prove:  # fmt: skip
    programs = Programs(m, r, values, draw, file)
    last = max((i for i, e in evidence.items() if e), default=-1)

    def prove(number: int) -> Proven:
        stage = r.stages[number].stage
        found = Proven(None)
        if evidence.get(number):
            found = programs.check(number, stage, evidence[number])
        if number < last:
            programs.hold(stage)
        return found

    return prove


def _judge(stage: Stage, found: Proven, place: str, ledger: Ledger) -> None:
    """Refuse every claim that says more than was proved."""
    up = stage.stage in MAXIMISED
    name = f"stage {stage.stage}"
    said = f"{stage.value}, claimed {stage.claim}"
    if stage.bound is not None:
        said += f", bound {stage.bound}"
        if (stage.bound < stage.value) if up else (stage.bound > stage.value):
            detail = f"the bound {stage.bound} contradicts the value {stage.value}"
            ledger.add(name, [Fault(place, detail)], said)
            return
    faults: list[Fault] = []
    if found.fault is not None:
        faults.append(found.fault)
    if stage.claim == "proved":
        if stage.bound is not None and stage.bound != stage.value:
            faults.append(Fault(place, "what is proved has a bound equal to its value"))
        if found.bound != stage.value:
            shown = "no bound" if found.bound is None else f"the bound {found.bound}"
            faults.append(Fault(place, f"claimed proved; the evidence proves {shown}"))
        elif not found.whole:
            detail = "claimed proved; the evidence is about the worst school only"
            faults.append(Fault(place, detail))
    elif stage.claim == "bounded":
        if found.bound is None or stage.bound is None:
            faults.append(Fault(place, "claimed bounded; the evidence proves no bound"))
        elif (found.bound > stage.bound) if up else (found.bound < stage.bound):
            detail = f"the claimed bound {stage.bound} is stronger than the proved {found.bound}"
            faults.append(Fault(place, detail))
    if faults:
        ledger.add(name, faults, said)
    elif found.bound is None:
        ledger.lines.append(Line(name, OPEN, f"{stage.value}, solver-claimed", []))
    elif not found.whole and found.bound == stage.value:
        ledger.add(name, [], f"{stage.value} cannot be better; further schools not verified")
    elif found.bound == stage.value:
        ledger.add(name, [], f"{stage.value} is proved optimal")
    else:
        gap = abs(found.bound - stage.value)
        share = f"{100 * gap / max(abs(found.bound), abs(stage.value)):.3f} %"
        ledger.add(name, [], f"{stage.value}, proved bound {found.bound}, gap {gap} ({share})")
