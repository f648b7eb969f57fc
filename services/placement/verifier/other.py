"""The numbers of the mode that was not chosen, recomputed from that mode's own answer.

The comparison is published because the choice is a policy; so the other answer lies beside the
chosen one, with its evidence, and is checked like it: every rule, its four numbers, and, where it
is called exact, that nobody has justified envy (`stable`) or that every stage is proved (`max`).
"""

from __future__ import annotations

from typing import Any

from services.placement.verifier import result
from services.placement.verifier.blocking import blocking_pairs
from services.placement.verifier.claimed import answer_faults, same_stages
from services.placement.verifier.claims import check_claims
from services.placement.verifier.files import Ints
from services.placement.verifier.flow import envious, is_flow
from services.placement.verifier.ledger import Fault, Ledger, Unusable
from services.placement.verifier.market import MODES, Market
from services.placement.verifier.numbers import recompute, stage_values
from services.placement.verifier.result import Result, read_stages
from services.placement.verifier.rules import check_rules

NAMES = ("other.json", "other.npz")
EVIDENCE = "other-certificate.json"
CHECK = "numbers of the other mode"
FOUR = ("placed", "rank", "worst_school", "justified_envy")


def check_other(
    m: Market, r: Result, draw: Ints, extra: dict[str, Any], said: dict[str, Any], ledger: Ledger
) -> None:
    """One line; `said` maps each place where the comparison is published to its document."""
    file = next((name for name in NAMES if name in extra), None)
    told = {place: row for place, row in said.items() if isinstance(row, dict) and row}
    if file is None:
        if any("placed" in row for row in told.values()):
            ledger.unverified(CHECK, "no answer of it is published")
        return
    read = result.from_json if file.endswith(".json") else result.from_arrays
    try:
        other = read(m, extra[file], file)
    except Unusable as error:
        ledger.add(CHECK, error.faults, "")
        return
    own = Ledger()
    faults = list(other.faults)
    if other.market != m.own_hash:
        faults.append(Fault(f"{file}:/market", "this is an answer to another market"))
    if other.mode not in MODES or other.mode == r.mode:
        faults.append(Fault(f"{file}:/mode", "must be the mode that was not chosen"))
    check_rules(m, other, own)
    found: dict[str, Any] = {k: recompute(m, other)[k] for k in FOUR[:3]}
    persons = not is_flow(m)
    found[FOUR[3]] = (
        int(envious(m, other, draw).sum()) if persons else blocking_pairs(m, other, draw)
    )
    for place, row in told.items():
        for key, true in {"mode": other.mode, **found}.items():
            if row.get(key) != true:
                faults.append(Fault(f"{place}/{key}", f"{row.get(key)}; recomputed {true}"))
    exact = any(row.get("status") == "exact" for row in told.values())
    proved = _proved(m, other, draw, extra, file, own)
    if exact and other.mode == "max" and not proved:
        faults.append(Fault(f"{file}:/stages", "called exact, but not every stage is proved"))
    if other.mode == "stable" and persons and found[FOUR[3]]:
        faults.append(Fault(file, "somebody has justified envy"))
    faults += [fault for line in own.lines for fault in line.faults]
    ledger.add(CHECK, faults, ", ".join(f"{k} {v}" for k, v in found.items()))


def _proved(
    m: Market, other: Result, draw: Ints, extra: dict[str, Any], file: str, own: Ledger
) -> bool:
    """Check the evidence of the other answer; whether every stage of it is proved."""
    document = extra.get(EVIDENCE)
    rows = document.get("stages") if isinstance(document, dict) else None
    evidence: dict[int, dict[str, Any]] = {}
    if rows is not None:
        stages, faults = read_stages(rows, f"{EVIDENCE}:/stages")
        faults += same_stages(other, stages, EVIDENCE)
        own.add(EVIDENCE, faults, "")
        if faults:
            return False
        for i, row in enumerate(rows):
            if isinstance(row, dict) and isinstance(row.get("evidence"), dict):
                evidence[i] = row["evidence"]
    values = stage_values(m, other, draw)
    own.add(file, answer_faults(m, other, values), "")
    arrays = extra.get("other-certificate.npz")
    check_claims(m, other, values, draw, evidence, arrays, EVIDENCE, own)
    return all(s.claim == "proved" for s in other.stages)
