"""The command: `python -m services.placement.verifier DIR [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.placement.verifier.check import verify
from services.placement.verifier.ledger import Ledger, Unusable

ACCEPTED, REFUSED, UNUSABLE = 0, 1, 2
EPILOG = """exit codes:
  0  accepted: nothing in the directory is wrong; "not verified" lines say what nothing proves
  1  refused: something is wrong, or a claim says more than its evidence proves
  2  unusable: market or answer is missing, unreadable or breaks its format

docs/verifier.md says what every line means."""
MARKS = {"ok": "ok     ", "refused": "REFUSED", "not verified": "-      "}


def parser() -> argparse.ArgumentParser:
    """The argument parser."""
    top = argparse.ArgumentParser(
        prog="python -m services.placement.verifier",
        description="Checks a published placement from its files alone.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("dir", type=Path, metavar="DIR", help="directory of an answer")
    top.add_argument("--json", action="store_true", help="print the outcome as JSON")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one directory; answers the exit code."""
    args = parser().parse_args(arguments)
    try:
        ledger = verify(args.dir)
    except Unusable as error:
        _unusable(error, as_json=args.json)
        return UNUSABLE
    if args.json:
        print(json.dumps(ledger.to_json(), ensure_ascii=False))
    else:
        _lines(ledger)
    return REFUSED if ledger.refused else ACCEPTED


def _unusable(error: Unusable, *, as_json: bool) -> None:
    if as_json:
        rows = [{"place": f.place, "detail": f.detail} for f in error.faults]
        print(json.dumps({"verdict": "unusable", "faults": rows}, ensure_ascii=False))
        return
    for fault in error.faults:
        print(f"{fault.place}: {fault.detail}", file=sys.stderr)
    print("unusable input", file=sys.stderr)


def _lines(ledger: Ledger) -> None:
    for line in ledger.lines:
        print(f"{MARKS[line.status]} {line.check}: {line.detail}")
        for fault in line.faults:
            print(f"        {fault.place}: {fault.detail}")
    print("verdict: refused" if ledger.refused else "verdict: accepted")
