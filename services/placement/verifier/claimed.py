"""What an answer says of itself, compared with what its parts give: the chosen mode's answer and
the other mode's alike."""

from __future__ import annotations

from typing import Any

from services.placement.verifier.ledger import Fault
from services.placement.verifier.market import MODES, Market
from services.placement.verifier.numbers import REPAIR, recompute, school_rows
from services.placement.verifier.result import Result


def answer_faults(m: Market, r: Result, values: dict[str, int]) -> list[Fault]:
    """Numbers, values of stages, shares of schools, order of stages, and the mode's name."""
    known = recompute(m, r)
    faults: list[Fault] = []
    vector = [
        [row["school"], row["people"] - row["placed"], row["people"]] for row in school_rows(m, r)
    ]
    for key, said in r.numbers.items():
        if key in known and (type(said) is not int or said != known[key]):
            faults.append(Fault(f"{r.file}:/numbers/{key}", f"{said}; recomputed {known[key]}"))
    if r.file.endswith(".json"):
        for key in sorted(set(known) - set(r.numbers)):
            faults.append(Fault(f"{r.file}:/numbers/{key}", f"missing; recomputed {known[key]}"))
    for i, stage in enumerate(r.stages):
        found = values.get(stage.stage)
        if found is None:
            detail = "there is no such stage, or the parts before the change are missing"
            faults.append(Fault(f"{r.file}:/stages/{i}", detail))
        elif stage.value != found:
            detail = f"{stage.value}; recomputed {found}"
            faults.append(Fault(f"{r.file}:/stages/{i}/value", detail))
        for k, row in enumerate(stage.schools if isinstance(stage.schools, list) else []):
            if row not in vector:
                place = f"{r.file}:/stages/{i}/schools/{k}"
                faults.append(Fault(place, f"{row}: school, unplaced and size are others"))
    expected = list(REPAIR if r.previous is not None else m.rules["stages"])
    if [s.stage for s in r.stages] != expected:
        faults.append(Fault(f"{r.file}:/stages", f"must be {', '.join(expected)}"))
    if r.mode not in MODES:
        faults.append(Fault(f"{r.file}:/mode", f"must be one of {', '.join(MODES)}"))
    return faults


def same_stages(r: Result, stages: list[Any], file: str) -> list[Fault]:
    """Whether another file says the same of every stage as the answer does."""
    faults: list[Fault] = []
    for i, stage in enumerate(r.stages):
        other = stages[i] if i < len(stages) else None
        # The columnar answer has no place for "no bound": it repeats the value.
        same = other is not None and (
            (other.stage, other.value, other.claim) == (stage.stage, stage.value, stage.claim)
            and (other.bound == stage.bound or (stage.claim == "solver-claimed"))
        )
        if not same:
            faults.append(Fault(f"{file}:/stages/{i}", f"the answer says {stage}"))
    if len(stages) != len(r.stages):
        faults.append(Fault(f"{file}:/stages", f"the answer has {len(r.stages)} stages"))
    return faults
