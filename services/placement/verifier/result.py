"""The answer: its parts as columns, its stages and numbers, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.placement.verifier.files import Arrays, Ints, integers, text
from services.placement.verifier.ledger import Fault, Unusable
from services.placement.verifier.market import Market

FORMAT, VERSION = "ieum.result", 1
CLAIMS = ("proved", "bounded", "solver-claimed")


@dataclass(frozen=True)
class Stage:
    """What the answer says about one stage."""

    stage: str
    value: int
    bound: int | None
    claim: str
    schools: Any = field(default=None, compare=False)


@dataclass(eq=False)
class Result:
    """The parts in columns (`wish` is an index in the market), and what is claimed of them.

    `faults` holds what does not fit the market; the parts concerned are left out.
    """

    file: str
    market: str
    mode: str
    who: Ints
    wish: Ints
    people: Ints
    stages: list[Stage]
    numbers: dict[str, Any] = field(default_factory=dict)
    open_sessions: list[Any] | None = None
    previous: tuple[Ints, Ints, Ints] | None = None
    faults: list[Fault] = field(default_factory=list)


def read_stages(rows: Any, place: str) -> tuple[list[Stage], list[Fault]]:
    """The stages of a result, certificate or report."""
    out: list[Stage] = []
    faults: list[Fault] = []
    if not isinstance(rows, list):
        return [], [Fault(place, "a list of stages is needed")]
    for i, row in enumerate(rows):
        good = (
            isinstance(row, dict)
            and isinstance(row.get("stage"), str)
            and type(row.get("value")) is int
            and (row.get("bound") is None or type(row["bound"]) is int)
            and row.get("claim") in CLAIMS
        )
        if good:
            shown = row.get("schools")
            out.append(Stage(row["stage"], row["value"], row.get("bound"), row["claim"], shown))
        else:
            detail = f"stage, value, bound and claim ({', '.join(CLAIMS)}) are needed"
            faults.append(Fault(f"{place}/{i}", detail))
    return out, faults


class _Parts:
    """Collects parts, and what is wrong with them."""

    def __init__(self, m: Market, file: str) -> None:
        self.m, self.file = m, file
        self.index = {name: a for a, name in enumerate(m.names["applicants.id"])}
        self.rows: list[tuple[int, int, int]] = []
        self.faults: list[Fault] = []

    def fail(self, at: str, detail: str) -> None:
        self.faults.append(Fault(f"{self.file}:{at}", detail))

    def add(self, name: Any, part: Any, at: str) -> None:
        a = self.index.get(name) if isinstance(name, str) else None
        if a is None:
            self.fail(at, f"there is no applicant {name!r}")
            return
        own = self.m.own_wishes(a)
        if not isinstance(part, dict) or any(
            type(part.get(key)) is not int for key in ("wish", "people")
        ):
            self.fail(at, "a part has integers wish and people, and a list of sessions")
        elif not 0 <= part["wish"] < len(own):
            self.fail(f"{at}/wish", f"{name!r} has {len(own)} wishes only")
        elif not 0 < part["people"] <= 10**6:
            self.fail(f"{at}/people", f"{part['people']} people cannot be placed")
        else:
            w = own[part["wish"]]
            sessions = [self.m.names["sessions.id"][s] for s in self.m.stops(w)]
            if part.get("sessions") != sessions:
                self.fail(f"{at}/sessions", f"this wish is for {', '.join(sessions)}")
            self.rows.append((a, w, part["people"]))

    def columns(self) -> tuple[Ints, Ints, Ints]:
        rows = np.array(self.rows, dtype=np.int64).reshape(-1, 3)
        return rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy()


def from_json(m: Market, document: Any, file: str) -> Result:
    """The answer of a JSON document; raises `Unusable` if it is none."""
    faults: list[Fault] = []
    if not isinstance(document, dict):
        raise Unusable([Fault(file, "an answer is an object")])
    for key, value in (("format", FORMAT), ("version", VERSION)):
        if document.get(key) != value:
            faults.append(Fault(f"{file}:/{key}", f"must be {value!r}"))
    for key in ("placements", "stages"):
        if not isinstance(document.get(key), list):
            faults.append(Fault(f"{file}:/{key}", "a list is needed"))
    if faults:
        raise Unusable(faults)
    parts = _Parts(m, file)
    for i, row in enumerate(document["placements"]):
        at = f"/placements/{i}"
        if not isinstance(row, dict) or not isinstance(row.get("parts"), list) or not row["parts"]:
            parts.fail(at, "a placement has an applicant and a list of parts")
            continue
        for k, part in enumerate(row["parts"]):
            parts.add(row.get("applicant"), part, f"{at}/parts/{k}")
    stages, wrong = read_stages(document["stages"], f"{file}:/stages")
    numbers = document.get("numbers")
    if not isinstance(numbers, dict):
        parts.fail("/numbers", "an object is needed")
        numbers = {}
    previous = None
    if document.get("previous") is not None:
        before = _Parts(m, file)
        rows = document["previous"] if isinstance(document["previous"], list) else [None]
        for i, row in enumerate(rows):
            pair = row if isinstance(row, list) and len(row) == 2 else [None, None]
            before.add(pair[0], pair[1], f"/previous/{i}")
        previous = before.columns()
        parts.faults.extend(before.faults)
    opened = document.get("open_sessions")
    if not isinstance(opened, list):
        parts.fail("/open_sessions", "a list of session ids is needed")
        opened = None
    return Result(
        file, str(document.get("market")), str(document.get("mode")), *parts.columns(),
        stages, numbers, opened, previous, [*parts.faults, *wrong],
    )  # fmt: skip


def from_arrays(m: Market, arrays: Arrays, file: str) -> Result:
    """The answer of a .npz file; raises `Unusable` if it is none."""
    faults: list[Fault] = []
    if text(arrays.get("format")) != FORMAT:
        faults.append(Fault(f"{file}:/format", f"must be {FORMAT!r}"))
    columns: dict[str, Ints] = {}
    names = ("part_applicant", "part_wish", "part_people", "stage_values", "stage_bounds")
    for name in names:
        column = integers(arrays.get(name))
        if column is None:
            faults.append(Fault(f"{file}:/{name}", "a column of integers is needed"))
        else:
            columns[name] = column
    labels: dict[str, list[str]] = {}
    for name in ("stage_names", "stage_claims"):
        array = arrays.get(name)
        try:
            if array is None or array.dtype.kind != "S" or array.ndim != 1:
                raise ValueError
            labels[name] = [value.decode() for value in array.tolist()]
        except ValueError:
            faults.append(Fault(f"{file}:/{name}", "a column of byte strings is needed"))
    lengths = {len(columns[n]) for n in names[:3] if n in columns}
    lengths_stage = {len(v) for v in labels.values()} | {len(columns[n]) for n in names[3:]
                                                         if n in columns}  # fmt: skip
    if len(lengths) > 1 or len(lengths_stage) > 1:
        faults.append(Fault(file, "columns of one table have different lengths"))
    if faults:
        raise Unusable(faults)
    parts = [columns[name] for name in names[:3]]
    parts, wrong = _fitting(m, parts, file, "part_wish")
    stages: list[Stage] = []
    bounds = columns["stage_bounds"].tolist()
    for i, name in enumerate(labels["stage_names"]):
        claim, value = labels["stage_claims"][i], int(columns["stage_values"][i])
        if claim not in CLAIMS:
            wrong.append(Fault(f"{file}:/stage_claims/{i}", f"{claim!r} is no claim"))
        # A claim without evidence has no bound; the column then repeats the value.
        bound = None if claim == "solver-claimed" and bounds[i] == value else int(bounds[i])
        stages.append(Stage(name, value, bound, claim))
    before = [integers(arrays.get(f"previous_{k}")) for k in ("applicant", "wish", "people")]
    previous = None
    if all(b is not None for b in before):
        kept, late = _fitting(m, [b for b in before if b is not None], file, "previous_wish")
        previous = (kept[0], kept[1], kept[2])
        wrong.extend(late)
    return Result(
        file, str(text(arrays.get("market"))), str(text(arrays.get("mode"))),
        parts[0], parts[1], parts[2], stages, previous=previous, faults=wrong,
    )  # fmt: skip


def _fitting(
    m: Market, parts: list[Ints], file: str, column: str
) -> tuple[list[Ints], list[Fault]]:
    """The parts whose wish belongs to their applicant; a fault for each other one."""
    who, wish, people = parts
    good = (who >= 0) & (who < m.applicants) & (wish >= 0) & (wish < m.wishes)
    good &= (people > 0) & (people <= 10**6)
    good[good] = m.owner[wish[good]] == who[good]
    faults = [
        Fault(f"{file}:/{column}/{i}", "no part of this market: applicant, wish or people")
        for i in np.nonzero(~good)[0].tolist()
    ]
    return [who[good], wish[good], people[good]], faults
