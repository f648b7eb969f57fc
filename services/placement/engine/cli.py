"""The engine's command line: solve, repair, explain, what-if, verify, convert, generate."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services.placement.engine import cli_files as files
from services.placement.engine.answer import Answer, Progress
from services.placement.engine.answer_check import Infeasible
from services.placement.engine.generate import SIZES, generate
from services.placement.engine.market import MODES, MarketErrors
from services.placement.engine.reasons import Reasons
from services.placement.engine.reasons_text import LANGUAGES
from services.placement.engine.repair import Repair, repair, what_if
from services.placement.engine.solve import solve

OK, NOT_VERIFIED, USAGE, BAD_MARKET, NO_ANSWER, BAD_FILE, STOPPED = 0, 1, 2, 3, 4, 5, 130
EPILOG = """exit codes:
  0    done (an answer cut short by the time limit is still an answer; its stages say so)
  1    verify: something in the directory does not hold
  2    wrong use of the command
  3    the market or the change breaks its format; every fault is printed with its place
  4    no placement keeps every rule (must_place_all, fixed placements), or none was found in time
  5    a file is missing, unreadable or cannot be written
  130  stopped by Ctrl-C; the best answer found is in the directory (a second Ctrl-C ends at once)

files: docs/market-file.md describes the market file and every file of DIR.
example:
  python -m services.placement.engine generate groups-13 --seed 1 --out market.json
  python -m services.placement.engine solve market.json --out answer
  python -m services.placement.engine explain answer --applicant a3 --lang ko
  python -m services.placement.engine verify answer"""
LIMIT_HELP = (
    "the search ends S seconds after the market was read; reasons and files follow, and "
    "report.json tells the seconds of each"
)


class Interrupt:
    """Turns the first Ctrl-C into a wish to stop; a second one ends the process as usual."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Interrupt:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def parser() -> argparse.ArgumentParser:
    """The argument parser, with help for every command."""
    top = argparse.ArgumentParser(
        prog="python -m services.placement.engine",
        description="Places groups and persons into sessions: provably best, explained, repaired.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.add_argument("--json", action="store_true", help="print the outcome as JSON")
        return one

    one = command("solve", "Solve a market and write answer, certificate, reasons and report.")
    one.add_argument("market", type=Path, metavar="MARKET", help="market file, .json or .npz")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory to write")
    one.add_argument("--mode", choices=MODES, help="override the market's mode")
    one.add_argument("--time-limit", type=_seconds, metavar="S", help=LIMIT_HELP)
    one.add_argument("--npz", action="store_true", help="write market and result as columns")
    one.add_argument("--quiet", action="store_true", help="no progress on standard error")
    for name, text in (
        ("repair", "Repair an answer after a change and write the repaired answer."),
        ("what-if", "Show what a change would do; writes nothing."),
    ):
        one = command(name, text)
        one.add_argument("dir", type=Path, metavar="DIR", help="directory of an answer")
        one.add_argument(
            "--change", type=Path, required=True, help="JSON file: one change or a list"
        )
        one.add_argument("--frozen", default="", help="applicant ids that must stay, by commas")
        one.add_argument("--time-limit", type=_seconds, metavar="S", help=LIMIT_HELP)
        if name == "repair":
            one.add_argument("--out", type=Path, help="directory to write (default DIR/repaired)")
    one = command("explain", "Why an applicant was not placed, or not as wished.")
    one.add_argument("dir", type=Path, metavar="DIR", help="directory of an answer")
    one.add_argument("--applicant", required=True, metavar="ID", help="applicant id")
    one.add_argument("--lang", choices=LANGUAGES, default="ko", help="language of the sentences")
    one = command("verify", "Check a directory with the separate verifier program.")
    one.add_argument("dir", type=Path, metavar="DIR", help="directory of an answer")
    one = command("convert", "Convert a market between .json and .npz, by the files' names.")
    one.add_argument("source", type=Path, metavar="IN")
    one.add_argument("target", type=Path, metavar="OUT")
    one = command("generate", "Make a synthetic market.")
    one.add_argument("size", choices=sorted(SIZES), metavar="SIZE", help=", ".join(SIZES))
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--load", type=int, default=90, help="seats in percent of the people")
    one.add_argument("--out", type=Path, help="file to write (default SIZE-SEED.npz)")
    return top


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 10**7:
        raise argparse.ArgumentTypeError("a positive number of seconds is needed")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    args = parser().parse_args(arguments)
    try:
        outcome: int = _COMMANDS[args.command](args)
    except MarketErrors as error:
        return _trouble(args, BAD_MARKET, "market", [e.to_json() for e in error.errors])
    except Infeasible as error:
        return _trouble(args, NO_ANSWER, error.code, [{"code": error.code, "facts": error.facts}])
    except files.FileTrouble as error:
        return _trouble(args, BAD_FILE, "file", [{"detail": str(error)}])
    except KeyboardInterrupt:
        detail = "stopped at once: the directory may lack files"
        return _trouble(args, STOPPED, "stopped", [{"detail": detail}])
    return outcome


def _trouble(args: argparse.Namespace, code: int, kind: str, errors: list[dict[str, Any]]) -> int:
    if args.json:
        print(json.dumps({"error": kind, "errors": errors}, ensure_ascii=False))
    else:
        for e in errors:
            place = e.get("pointer", "")
            words = e.get("detail") or f"{e['code']} {json.dumps(e['facts'], ensure_ascii=False)}"
            print(f"{place}: {words}" if place else words, file=sys.stderr)
    return code


def _show(args: argparse.Namespace, document: dict[str, Any], lines: list[str]) -> None:
    if args.json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        print("\n".join(lines))


def _progress(stop: Interrupt, quiet: bool) -> Callable[[Progress], bool]:
    begin = time.monotonic()

    def report(progress: Progress) -> bool:
        if not quiet and not stop.asked:
            known = {"value": progress.value, "bound": progress.bound}
            said = [f"{name} {number}" for name, number in known.items() if number is not None]
            if progress.gap is not None:
                said.append(f"gap {progress.gap:.3%}")
            said.extend(f"best {stage} {value}" for stage, value in progress.best.items())
            stage = f"[{progress.index + 1}/{progress.stages}] {progress.stage}"
            line = f"{stage}, {time.monotonic() - begin:.1f} s: {', '.join(said)}"
            print(line.rstrip(": "), file=sys.stderr, flush=True)
        return not stop.asked

    return report


def _solve(args: argparse.Namespace) -> int:
    begin = time.monotonic()
    market = files.read_market(args.market)
    read = time.monotonic()
    with Interrupt() as stop:
        answer = solve(
            market,
            mode=args.mode,
            time_limit=args.time_limit,
            on_progress=_progress(stop, args.quiet),
            now=time.monotonic,
        )
        solved = time.monotonic()
        columnar = args.npz or args.market.suffix == ".npz"
        seconds = {"read": read - begin, "solve": solved - read}
        document = files.write_answer(args.out, answer, seconds, columnar=columnar)
    _show(args, document, _summary(answer, args.out))
    return STOPPED if stop.asked else OK


def _summary(answer: Answer, folder: Path) -> list[str]:
    n = answer.numbers
    lines = [f"{n['placed']} of {n['people']} placed, rank sum {n['rank']}, mode {answer.mode}"]
    for s in answer.stages:
        lines.append(f"  {s.stage:8} {s.value:>12}  bound {s.bound}  {s.claim}")
    if answer.other_mode:
        rest = ", ".join(f"{k} {v}" for k, v in answer.other_mode.items() if k != "mode")
        lines.append(f"  other mode {answer.other_mode['mode']}: {rest}")
    if not answer.reproducible:
        lines.append("  cut short: another run may give another answer (reproducible: false)")
    return [*lines, f"written to {folder}"]


def _run_repair(args: argparse.Namespace, run: Callable[..., Repair]) -> Repair:
    answer = files.read_answer(args.dir)
    frozen = [name for name in args.frozen.split(",") if name]
    change = files.read_json(args.change)
    if not isinstance(change, (dict, list)):
        raise files.FileTrouble(f"{args.change}: a change is an object or a list of objects")
    return run(
        answer.market,
        answer,
        change,
        frozen=frozen,
        time_limit=args.time_limit,
        now=time.monotonic,
    )


def _preview(done: Repair) -> list[str]:
    before, after = done.before, done.answer.numbers
    kept = "everybody seated before keeps a seat" if done.kept_all else "some lose their seat"
    numbers = [f"{k} {before[k]} -> {after[k]}" for k in ("placed", "rank")]
    lines = [", ".join([*numbers, kept])]
    for row in done.preview:
        was, now = (
            " + ".join(",".join(p["sessions"]) for p in row[key]) or "-"
            for key in ("before", "after")
        )
        lines.append(f"  {row['change']:7} {row['applicant']} ({row['people']}): {was} -> {now}")
    return lines


def _repair(args: argparse.Namespace) -> int:
    begin = time.monotonic()
    done = _run_repair(args, repair)
    out = args.out or args.dir / "repaired"
    columnar = (args.dir / "market.npz").exists()
    files.write_answer(out, done.answer, {"repair": time.monotonic() - begin}, columnar=columnar)
    files.write_bytes(out / "preview.json", files.json_bytes(done.to_json()))
    _show(args, done.to_json(), [*_preview(done), f"written to {out}"])
    return OK


def _what_if(args: argparse.Namespace) -> int:
    done = _run_repair(args, what_if)
    _show(args, done.to_json(), _preview(done))
    return OK


def _explain(args: argparse.Namespace) -> int:
    answer = files.read_answer(args.dir)
    a = answer.market.applicant_index.get(args.applicant)
    if a is None:
        raise files.FileTrouble(f"{args.dir}: there is no applicant {args.applicant!r}")
    document = Reasons(answer).explain(a)
    lines = [f"{args.applicant}:"]
    if "reason" in document:
        lines.append(f"  {document['reason']['sentences'][args.lang]}")
    for row in document["wishes"]:
        lines.append(f"  [{row['wish'] + 1}] {row['sentences'][args.lang]}")
    _show(args, document, lines if len(lines) > 1 else [f"{args.applicant}: -"])
    return OK


def _verify(args: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "services.placement.verifier", str(args.dir)]
    if args.json:
        command.append("--json")
    return subprocess.run(command, check=False).returncode


def _convert(args: argparse.Namespace) -> int:
    market = files.read_market(args.source)
    files.write_market(args.target, market)
    document = {"market": market.hash(), "file": str(args.target)}
    _show(args, document, [f"{args.target}: market {market.hash()}"])
    return OK


def _generate(args: argparse.Namespace) -> int:
    market = generate(args.size, args.seed, args.load)
    target = args.out or Path(f"{args.size}-{args.seed}.npz")
    files.write_market(target, market)
    x = market.applicants
    counts = {"applicants": len(x), "people": int(x.people.sum()), "sessions": len(market.sessions)}
    document = {"market": market.hash(), "file": str(target), **counts}
    _show(args, document, [", ".join(f"{k} {v}" for k, v in document.items())])
    return OK


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "solve": _solve,
    "repair": _repair,
    "what-if": _what_if,
    "explain": _explain,
    "verify": _verify,
    "convert": _convert,
    "generate": _generate,
}
