"""The market: one placement problem as columns of integers.

A market holds sessions, applicants, their wishes, the hard-filter exclusions and the rules of one
run. Everything is an integer, a boolean or an id; `docs/market-file.md` describes each field.
Ragged lists (wishes of an applicant, stops of a wish, busy intervals, clash keys) are stored as
one flat column and a pointer column, so that a national market stays a handful of arrays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FORMAT = "ieum.market"
VERSION = 1
#: The stages in their published order; a market may reorder or drop the later ones.
STAGES = ("placed", "rank", "leximin", "cost", "lottery")
MODES = ("max", "stable")
#: Start and end of a session without a slot: such a session never overlaps anything.
NO_SLOT = -(2**62)
#: "Not given" in optional integer columns (budget, day limit).
NONE = -1


@dataclass(frozen=True)
class MarketError:
    """One fault of a market file: where (RFC 6901 pointer), which (stable code), and in words."""

    pointer: str
    code: str
    detail: str

    def to_json(self) -> dict[str, str]:
        """The fault as the problem documents of the HTTP interface carry it."""
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class MarketErrors(ValueError):
    """A market file breaks its contract; `errors` holds every fault in file order."""

    def __init__(self, errors: Sequence[MarketError]) -> None:
        self.errors = list(errors)
        lines = [f"{e.pointer or '/'}: {e.detail} ({e.code})" for e in self.errors[:20]]
        if len(self.errors) > 20:
            lines.append(f"... and {len(self.errors) - 20} more")
        super().__init__("\n".join(lines))


@dataclass(frozen=True, eq=False)
class Sessions:
    """Columns of the sessions; all arrays have one entry per session but the clash list."""

    id: tuple[str, ...]
    host: tuple[str, ...]
    district: tuple[str, ...]
    start: Ints
    end: Ints
    min: Ints
    max: Ints
    open: Flags
    fixed_cost: Ints
    seat_cost: Ints
    day_limit: Ints
    budget: Ints
    clash_ptr: Ints
    clash_key: Ints

    def __len__(self) -> int:
        return len(self.id)

    def clashes(self, s: int) -> list[int]:
        """Indices of the clash keys (teams, rooms) that session `s` occupies."""
        keys: list[int] = self.clash_key[self.clash_ptr[s] : self.clash_ptr[s + 1]].tolist()
        return keys


@dataclass(frozen=True, eq=False)
class Applicants:
    """Columns of the applicants (groups or persons) with their busy intervals and wish ranges."""

    id: tuple[str, ...]
    school: Ints
    people: Ints
    wants: Ints
    all_or_none: Flags
    split_smallest: Ints
    split_parts: Ints
    priority: Ints
    busy_ptr: Ints
    busy_start: Ints
    busy_end: Ints
    wish_ptr: Ints

    def __len__(self) -> int:
        return len(self.id)

    def splits(self, a: int) -> bool:
        """Whether applicant `a` may be divided over several wishes."""
        return bool(self.split_parts[a] > 0)


@dataclass(frozen=True, eq=False)
class Wishes:
    """Columns of the wishes in applicant order; stops of wish `w` are `stop_ptr[w]:stop_ptr[w+1]`.

    `stop_seats` is -1 where the part's own people count as seats; `stop_travel` is the minutes
    from the previous stop (0 at the first).
    """

    rank: Ints
    cost: Ints
    priority: Ints
    stop_ptr: Ints
    stop_session: Ints
    stop_seats: Ints
    stop_travel: Ints

    def __len__(self) -> int:
        return len(self.rank)

    def stops(self, w: int) -> list[int]:
        """Session indices of wish `w` in visiting order."""
        out: list[int] = self.stop_session[self.stop_ptr[w] : self.stop_ptr[w + 1]].tolist()
        return out


@dataclass(frozen=True)
class Fixed:
    """An accepted placement that must stay: applicant index, wish index in the market, people."""

    applicant: int
    wish: int
    people: int


@dataclass(frozen=True)
class Exclusion:
    """A hard filter's verdict: this applicant cannot attend this session, for this reason code."""

    applicant: int
    session: int
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """The rules of one run, as published to the schools."""

    stages: tuple[str, ...] = STAGES
    mode: str = "max"
    must_place_all: bool = False
    max_schools: int | None = None
    max_students: int | None = None
    seed: str = ""
    fixed: tuple[Fixed, ...] = ()


@dataclass(frozen=True, eq=False)
class Market:
    """A validated market. Build one with `Market.from_json`; the columns are read-only."""

    sessions: Sessions
    applicants: Applicants
    wishes: Wishes
    schools: tuple[str, ...]
    clash_names: tuple[str, ...]
    clash_capacity: Ints
    day_names: tuple[str, ...]
    day_capacity: Ints
    budget_names: tuple[str, ...]
    budget_limit: Ints
    excluded: tuple[Exclusion, ...] = ()
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        for part in (self.sessions, self.applicants, self.wishes, self):
            for column in fields(part):
                value = getattr(part, column.name)
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False

    @staticmethod
    def from_json(document: object) -> Market:
        """Read and check a market document; raises `MarketErrors` with every fault found."""
        from services.placement.engine.market_json import read_market

        return read_market(document)

    def to_json(self) -> dict[str, Any]:
        """The market as its JSON document, every default written out."""
        from services.placement.engine.market_json import write_market

        return write_market(self)

    @cached_property
    def wish_applicant(self) -> Ints:
        """Applicant index of every wish."""
        counts = np.diff(self.applicants.wish_ptr)
        return np.repeat(np.arange(len(self.applicants), dtype=np.int64), counts)

    @cached_property
    def session_index(self) -> dict[str, int]:
        """Session id to index."""
        return {name: s for s, name in enumerate(self.sessions.id)}

    @cached_property
    def applicant_index(self) -> dict[str, int]:
        """Applicant id to index."""
        return {name: a for a, name in enumerate(self.applicants.id)}

    def wishes_of(self, a: int) -> range:
        """Wish indices of applicant `a`, in the order of its list."""
        ptr = self.applicants.wish_ptr
        return range(int(ptr[a]), int(ptr[a + 1]))

    def seats(self, w: int, people: int) -> list[int]:
        """Seats that a part of `people` needs at each stop of wish `w`."""
        own = self.wishes.stop_seats[self.wishes.stop_ptr[w] : self.wishes.stop_ptr[w + 1]]
        return [people if n < 0 else int(n) for n in own.tolist()]

    def canonical_chunks(self) -> Iterator[bytes]:
        """The bytes whose SHA-256 names this market, the same for the JSON and the .npz form.

        `docs/market-file.md` section 2 gives the layout: columns of integers as little-endian
        64-bit values, columns of ids and the rest as JSON without spaces, each with its name.
        """
        yield f"{FORMAT}\t{VERSION}\n".encode()
        for name, value in columns_of(self):
            if isinstance(value, np.ndarray):
                yield f"{name}\tint64[{len(value)}]\n".encode()
                yield value.astype("<i8").tobytes()
                yield b"\n"
            else:
                yield f"{name}\t{canonical_json(list(value))}\n".encode()
        excluded = [[e.applicant, e.session, e.code, dict(e.facts)] for e in self.excluded]
        yield f"excluded\t{canonical_json(excluded)}\n".encode()
        yield f"rules\t{canonical_json(rules_document(self.rules))}\n".encode()

    def hash(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        digest = hashlib.sha256()
        for chunk in self.canonical_chunks():
            digest.update(chunk)
        return digest.hexdigest()


#: The market's own columns, in the order in which they are hashed and kept.
KEYS = (
    *("schools", "clash_names", "clash_capacity", "day_names", "day_capacity"),
    *("budget_names", "budget_limit"),
)


def columns_of(market: Market) -> Iterator[tuple[str, NDArray[Any] | tuple[str, ...]]]:
    """Every column with its full name, in the published order."""
    parts = (
        ("sessions.", market.sessions),
        ("applicants.", market.applicants),
        ("wishes.", market.wishes),
    )
    for label, part in parts:
        for column in fields(part):
            yield label + column.name, getattr(part, column.name)
    for name in KEYS:
        yield name, getattr(market, name)


def rules_document(rules: Rules) -> dict[str, Any]:
    """The rules with indices instead of ids, as they are hashed and kept in a .npz file."""
    return {
        "stages": list(rules.stages),
        "mode": rules.mode,
        "must_place_all": rules.must_place_all,
        "max_schools": rules.max_schools,
        "max_students": rules.max_students,
        "seed": rules.seed,
        "fixed": [[f.applicant, f.wish, f.people] for f in rules.fixed],
    }


def canonical_json(value: object) -> str:
    """JSON without spaces, keys sorted, text as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
