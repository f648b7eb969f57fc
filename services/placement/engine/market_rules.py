"""Reading the `rules` object of a market file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.engine.market import MODES, STAGES, Fixed
from services.placement.engine.market_read import Reader

COUNT = (0, 1_000_000_000)


def read_rules(r: Reader, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Stages, mode, caps and seed, checked; the fixed placements are read apart."""
    at = "/rules"
    r.unknown(rules, at, {"stages", "mode", "must_place_all", "caps", "seed", "fixed"})
    stages = r.array(rules, "stages", at, required=False) if "stages" in rules else list(STAGES)
    for i, stage in enumerate(stages):
        if stage not in STAGES:
            detail = f"{stage!r} is no stage; the stages are {', '.join(STAGES)}"
            r.fail(f"{at}/stages/{i}", "unknown_stage", detail)
        elif stage in stages[:i]:
            r.fail(f"{at}/stages/{i}", "duplicate_stage", f"stage {stage!r} is named twice")
    if "stages" in rules and not stages:
        r.fail(f"{at}/stages", "empty", "at least one stage is needed")
    mode = rules.get("mode", "max")
    if mode not in MODES:
        r.fail(f"{at}/mode", "unknown_mode", f"the mode is one of {', '.join(MODES)}")
    caps = rules.get("caps", {})
    if not isinstance(caps, Mapping):
        r.fail(f"{at}/caps", "type", "caps must be an object")
        caps = {}
    r.unknown(caps, f"{at}/caps", {"schools", "students"})
    seed = rules.get("seed", "")
    if not isinstance(seed, str) or not seed.isprintable() or len(seed) > 200:
        r.fail(f"{at}/seed", "type", "the seed is a string of at most 200 printable characters")
    return {
        "stages": tuple(s for s in stages if isinstance(s, str)),
        "mode": mode,
        "must_place_all": r.flag(rules, "must_place_all", at, False),
        "max_schools": _cap(r, caps, "schools"),
        "max_students": _cap(r, caps, "students"),
        "seed": seed,
    }


def _cap(r: Reader, caps: Mapping[str, Any], key: str) -> int | None:
    if caps.get(key) is None:
        return None
    return r.number(caps[key], f"/rules/caps/{key}", COUNT)


def read_fixed(
    r: Reader,
    rules: Mapping[str, Any],
    who: dict[str, int],
    wish_ptr: list[int],
    people: list[int],
    smallest: list[int],
) -> tuple[Fixed, ...]:
    """Fixed placements: {applicant, wish (position in its own list), people (split groups)}."""
    out: list[Fixed] = []
    seen: set[tuple[int, int]] = set()
    for i, item in enumerate(r.objects(rules, "fixed", "/rules")):
        at = f"/rules/fixed/{i}"
        r.unknown(item, at, {"applicant", "wish", "people"})
        name = r.identifier(item, "applicant", at)
        if name not in who:
            if "applicant" in item:
                detail = f"there is no applicant {name!r}"
                r.fail(f"{at}/applicant", "unknown_applicant", detail)
            continue
        a = who[name]
        count = wish_ptr[a + 1] - wish_ptr[a]
        wish = r.integer(item, "wish", at, None, COUNT)
        if wish >= count:
            r.fail(f"{at}/wish", "unknown_wish", f"applicant {name!r} has {count} wishes only")
            continue
        if (a, wish) in seen:
            r.fail(f"{at}/wish", "duplicate_fixed", f"wish {wish} of {name!r} is fixed twice")
        seen.add((a, wish))
        part = r.integer(item, "people", at, people[a], COUNT)
        if part != people[a] and smallest[a] == 0:
            detail = f"{name!r} may not be split, so all {people[a]} people are placed"
            r.fail(f"{at}/people", "not_split", detail)
        elif smallest[a] and not smallest[a] <= part <= people[a]:
            detail = f"a part has {smallest[a]} to {people[a]} people, not {part}"
            r.fail(f"{at}/people", "part_size", detail)
        out.append(Fixed(a, wish_ptr[a] + wish, part))
    return tuple(out)
