"""All checks of one directory, in the order in which they are printed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from services.placement.verifier import files, lottery, market, market_json, result
from services.placement.verifier.blocking import blocking_pairs
from services.placement.verifier.claimed import answer_faults, same_stages
from services.placement.verifier.claims import check_claims
from services.placement.verifier.files import Arrays
from services.placement.verifier.flow import envious, is_flow
from services.placement.verifier.ledger import Fault, Ledger, Unusable
from services.placement.verifier.market import Market
from services.placement.verifier.numbers import (
    draw_places,
    recompute,
    school_rows,
    stage_values,
)
from services.placement.verifier.other import EVIDENCE, check_other
from services.placement.verifier.reasons import check_reasons
from services.placement.verifier.result import Result, read_stages
from services.placement.verifier.rules import check_rules

CERTIFICATE = "certificate.json"


def verify(folder: Path) -> Ledger:
    """Check a directory; raises `Unusable` when market or answer cannot be read at all."""
    if not folder.is_dir():
        raise Unusable([Fault(str(folder), "there is no such directory")])
    paths = files.gather([partial(files.choose, folder, name) for name in ("market", "result")])
    read = [files.read_arrays if p.suffix == ".npz" else files.read_json for p in paths]
    raw = files.gather([partial(r, p) for r, p in zip(read, paths, strict=True)])
    extra: dict[str, Any] = {}
    names = (CERTIFICATE, "reasons.json", "report.json", lottery.FILE, "other.json", EVIDENCE)
    there = [name for name in names if (folder / name).is_file()]
    columns = ("certificate.npz", "reasons.npz", "other.npz", "other-certificate.npz")
    tables = [n for n in columns if (folder / n).is_file()]
    tasks = [partial(files.read_json, folder / name) for name in there]
    tasks += [partial(files.read_arrays, folder / name) for name in tables]
    extra = dict(zip([*there, *tables], files.gather(tasks), strict=True))
    m = (market.from_arrays if paths[0].suffix == ".npz" else market_json.from_json)(
        raw[0], paths[0].name
    )
    r = (result.from_arrays if paths[1].suffix == ".npz" else result.from_json)(
        m, raw[1], paths[1].name
    )
    ledger = Ledger()
    counts = f"{m.sessions} sessions, {m.applicants} applicants, {m.wishes} wishes"
    ledger.add(f"{paths[0].name} keeps its format", [], counts)
    ledger.add(f"{r.file} fits its market", r.faults, f"{len(r.who)} parts")
    hashes = {p.name: files.sha256(p) for p in [*paths, *(folder / n for n in extra)]}
    _hashes(m, r, extra, hashes, ledger)
    check_rules(m, r, ledger)
    draw = draw_places(m.rules["seed"], m.names["applicants.id"])
    values = stage_values(m, r, draw)
    _numbers(m, r, values, extra.get("report.json"), ledger)
    if r.mode == "stable":
        _stable(m, r, draw, ledger)
    _evidence(m, r, values, draw, extra, ledger)
    report = extra.get("report.json")
    said = {"report.json:/other_mode": report.get("other_mode")} if isinstance(report, dict) else {}
    if r.file.endswith(".json"):
        said[f"{r.file}:/other_mode"] = raw[1].get("other_mode")
    check_other(m, r, draw, extra, said, ledger)
    check_reasons(m, r, draw, extra, ledger)
    if lottery.FILE in extra:
        lottery.check_lottery(m, extra[lottery.FILE], hashes[paths[1].name], ledger)
    else:
        detail = f"no {lottery.FILE}; places were recomputed from the market's seed"
        ledger.unverified("where the lottery's seed comes from", detail)
    return ledger


def _hashes(
    m: Market, r: Result, extra: dict[str, Any], hashes: dict[str, str], ledger: Ledger
) -> None:
    own = m.own_hash
    faults: list[Fault] = []

    def same(place: str, said: Any, found: str) -> None:
        if said != found:
            faults.append(Fault(place, f"{said} is written, {found} is true"))

    same(f"{r.file}:/market", r.market, own)
    others = [hashes[name] for name in ("other.json", "other.npz") if name in hashes]
    belongs = {CERTIFICATE: hashes[r.file], "reasons.json": hashes[r.file]}
    belongs[EVIDENCE] = others[0] if len(others) == 1 else ""
    for name, answer in belongs.items():
        document = extra.get(name)
        if document is None:
            continue
        if not isinstance(document, dict):
            faults.append(Fault(name, "an object is needed"))
            continue
        kind = f"ieum.{name.removesuffix('.json').removeprefix('other-')}"
        if document.get("format") != kind or document.get("version") != 1:
            faults.append(Fault(f"{name}:/format", f"must be {kind}, version 1"))
        same(f"{name}:/market", document.get("market"), own)
        same(f"{name}:/result", document.get("result"), answer)
    report = extra.get("report.json")
    if report is not None:
        listed = report.get("hashes") if isinstance(report, dict) else None
        if not isinstance(listed, dict):
            faults.append(Fault("report.json:/hashes", "an object is needed"))
            listed = {}
        covered = {k: v for k, v in hashes.items() if k not in ("report.json", lottery.FILE)}
        for name, found in {**covered, "market": own}.items():
            same(f"report.json:/hashes/{name}", listed.get(name), found)
        for name in sorted(set(listed) - set(covered) - {"market"}):
            faults.append(Fault(f"report.json:/hashes/{name}", "there is no such file"))
    ledger.add("hashes", faults, f"market {own}, result {hashes[r.file]}")


def _numbers(m: Market, r: Result, values: dict[str, int], report: Any, ledger: Ledger) -> None:
    known = recompute(m, r)
    faults = answer_faults(m, r, values)
    if isinstance(report, dict):
        _report(r, known, school_rows(m, r), report, faults)
    detail = ", ".join(f"{k} {known[k]}" for k in ("placed", "rank", "cost", "worst_school"))
    ledger.add("claimed numbers", faults, detail)


def _report(
    r: Result,
    known: dict[str, int],
    rows: list[dict[str, Any]],
    report: dict[str, Any],
    faults: list[Fault],
) -> None:
    if report.get("format") != "ieum.report" or report.get("version") != 1:
        faults.append(Fault("report.json:/format", "must be ieum.report, version 1"))
    numbers = report.get("numbers")
    for key, found in known.items():
        said = numbers.get(key) if isinstance(numbers, dict) else None
        if said != found:
            faults.append(Fault(f"report.json:/numbers/{key}", f"{said}; recomputed {found}"))
    if report.get("mode") != r.mode:
        faults.append(Fault("report.json:/mode", f"the answer says {r.mode}"))
    stages, wrong = read_stages(report.get("stages"), "report.json:/stages")
    faults.extend(wrong)
    faults += same_stages(r, stages, "report.json")
    schools = report.get("schools")
    for i, row in enumerate(rows):
        said = schools[i] if isinstance(schools, list) and i < len(schools) else None
        if said != row:
            faults.append(Fault(f"report.json:/schools/{i}", f"recomputed {row}"))


def _stable(m: Market, r: Result, draw: Any, ledger: Ledger) -> None:
    if is_flow(m):
        detail = "serial acceptance of groups; blocking pairs are counted, there may be some"
        ledger.unverified("stability", detail)
        return
    envy = envious(m, r, draw)
    names = m.names["applicants.id"]
    faults = [
        Fault(f"{r.file}: applicant {names[a]}", "has justified envy")
        for a in np.nonzero(envy)[0].tolist()
    ]
    ledger.add("stability", faults, "nobody has justified envy")


def _evidence(
    m: Market, r: Result, values: dict[str, int], draw: Any, extra: dict[str, Any], ledger: Ledger
) -> None:
    document, faults = extra.get(CERTIFICATE), list[Fault]()
    evidence: dict[int, dict[str, Any]] = {}
    if isinstance(document, dict):
        stages, faults = read_stages(document.get("stages"), f"{CERTIFICATE}:/stages")
        faults += same_stages(r, stages, CERTIFICATE)
        rows = document.get("stages")
        for i, row in enumerate(rows if isinstance(rows, list) else []):
            own = row.get("evidence") if isinstance(row, dict) else None
            if isinstance(own, dict):
                evidence[i] = own
            else:
                faults.append(Fault(f"{CERTIFICATE}:/stages/{i}/evidence", "an object is needed"))
        ledger.add("certificate fits the answer", faults, f"{len(stages)} stages")
    else:
        ledger.unverified("certificate", f"no {CERTIFICATE}: no claim can be checked")
    arrays: Arrays | None = extra.get("certificate.npz")
    if not faults:
        check_claims(m, r, values, draw, evidence, arrays, CERTIFICATE, ledger)
    if extra.get("report.json") is not None or r.numbers:
        _envy_number(m, r, draw, ledger)


def _envy_number(m: Market, r: Result, draw: Any, ledger: Ledger) -> None:
    said = r.numbers.get("justified_envy")
    if said is None:
        return
    if is_flow(m):
        pairs = blocking_pairs(m, r, draw)
        place = f"{r.file}:/numbers/justified_envy"
        off = [] if said == pairs else [Fault(place, f"{pairs} pairs block")]
        ledger.add("blocking pairs", off, f"{pairs} pairs")
        return
    found = int(envious(m, r, draw).sum())
    wrong = [] if said == found else [Fault(f"{r.file}:/numbers/justified_envy", f"is {found}")]
    ledger.add("justified envy", wrong, f"{found} applicants")
