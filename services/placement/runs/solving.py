"""Solving a run under a fenced attempt: claim, wait for the manifest, freeze, solve, write, finish.

A solver that dies leaves an attempt whose lease runs out; the next one claims the run with a
higher attempt. Whatever the dead one wrote carries its own attempt number and is never read, and
its last update is refused: the result and the attempt are checked in one transaction.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from chassis.act import Act
from chassis.context import Context
from chassis.documents import Stored
from chassis.errors import Conflict, Problem
from chassis.logs import logger
from services.placement.engine import Infeasible, Progress, solve
from services.placement.runs import (
    directory,
    files,
    freezing,
    inputs,
    market,
    model,
    result_rows,
    store,
)
from services.placement.runs.freezing import Unsolvable
from services.placement.runs.model import Result, Run
from services.placement.runs.operations import noted

LOOK_SECONDS = 0.25
MOST_ATTEMPTS = 5
EVENT_NUMBERS = ("placed", "rank", "cost", "worst_school")


class Fenced(Exception):
    """A later attempt has taken the run over: this one must leave no trace in its result."""


class Stopped(Exception):
    """The operator cancelled the run."""


@dataclass(slots=True)
class Attempt:
    """One attempt at a run, and what its solver tells from its own thread."""

    run: str
    number: int
    stop: threading.Event = field(default_factory=threading.Event)
    latest: Progress | None = None
    phase: str = "freezing"
    result: Result | None = None
    error: BaseException | None = None

    def tell(self, progress: Progress) -> bool:
        """Called by the engine; answers whether to go on."""
        self.latest = progress
        return not self.stop.is_set()


def work(context: Context, owner: str) -> bool:
    """Look for a run to solve and solve it. False if there was none."""
    for stored in store.open_runs(context.act()):
        if _ready(context.act(correlation=None), stored) and _try(context, stored, owner):
            return True
    return False


def _ready(act: Act, stored: Stored[Run]) -> bool:
    """Whether the copy of the demands is whole, or the operator goes on without; else show why."""
    run = stored.state
    if run.status == "solving" or run.go_on is not None:
        return True
    missing = inputs.missing(act, run.campaign)
    if missing != run.missing:
        try:
            store.runs.save(act, stored, model.wait_for(run, missing))
        except Conflict:
            return False
        # The run is read again at the next look, with the version it has now.
        return False
    return not missing


def _try(context: Context, stored: Stored[Run], owner: str) -> bool:
    act = context.act()
    number = store.claim(act, stored.id, owner)
    if number is None:
        return False
    attempt = Attempt(stored.id, number)
    try:
        _begin(act, attempt)
        if number > MOST_ATTEMPTS:
            raise Unsolvable("solver_died")
        _solve(context, attempt)
    except Fenced:
        logger().warning("run_fenced", run=stored.id, attempt=number)
    except Stopped:
        _end(context.act(), attempt, "cancelled", None)
    except Unsolvable as why:
        _end(context.act(), attempt, "failed", why.code)
    except Conflict:
        store.give_up(act, stored.id, number)
        return False
    return True


def _begin(act: Act, attempt: Attempt) -> None:
    stored = store.runs.get(act, attempt.run)
    if stored.state.cancel_requested:
        raise Stopped
    try:
        state = model.begin(stored.state, attempt.number)
    except Problem:
        raise Fenced from None
    store.runs.save(act, stored, noted(act, state, "solving"))


def _end(act: Act, attempt: Attempt, how: str, code: str | None) -> None:
    """Cancelled or failed: checked against the attempt like a result."""

    def write(inner: Act) -> None:
        if not store.renew(inner, attempt.run, attempt.number):
            return
        stored = store.runs.get(inner, attempt.run)
        if how == "cancelled":
            state, events = model.cancelled(stored.state)
        else:
            state, events = model.fail(stored.state, code or "unknown")
        store.runs.save(inner, stored, noted(inner, state, how, code or ""), events)

    act.together(write)


def _solve(context: Context, attempt: Attempt) -> None:
    """Everything that takes long happens in a thread; this one watches over it and finishes."""
    run = store.runs.get(context.act(), attempt.run).state
    _watch(context, attempt, lambda: _work(context, attempt, run))
    if attempt.result is None:
        raise LookupError("the solver ended without a result")
    finish(context.act(), attempt, attempt.result)


def _work(context: Context, attempt: Attempt, run: Run) -> None:
    """Freeze the market, solve it, and write files and rows under this attempt's number."""
    attempt.phase = "freezing"
    frozen = freezing.freeze(context.act(), run)
    attempt.phase = "solving"
    begin = time.monotonic()
    answer = solve(
        frozen.market,
        mode=run.mode,
        time_limit=run.time_limit,
        on_progress=attempt.tell,
        now=time.monotonic,
    )
    if attempt.stop.is_set():
        return
    attempt.phase = "writing"
    contents = directory.files_of(answer, {"solve": time.monotonic() - begin})
    found = frozen.names.inner(answer.to_json())
    rows = market.rows_of(found, frozen.document, frozen.persons, frozen.draw(), frozen.names.of)
    act = context.act()
    contents[files.FROZEN] = orjson.dumps(frozen.document)
    hashes = {
        name: files.write(act, attempt.run, attempt.number, run.centre, name, content)
        for name, content in contents.items()
    }
    result_rows.write(act, attempt.run, attempt.number, run.centre, rows)
    placed = {row["school"] for row in rows if row["state"] == "placed"}
    attempt.result = Result(
        attempt=attempt.number,
        numbers=_numbers(answer.numbers),
        other_mode=_other(answer.other_mode),
        claims=tuple(_code(stage.claim) for stage in answer.stages),
        chosen_schools=tuple(sorted(placed)),
        rows=len(rows),
        frozen_hash=frozen.hash,
        market_hash=frozen.market.hash(),
        result_hash=hashes["result.json" if "result.json" in hashes else "result.npz"],
        reproducible=answer.reproducible,
    )


def _watch(context: Context, attempt: Attempt, work: Callable[[], None]) -> None:
    """Run `work` in a thread; meanwhile renew the lease, show progress, and hear a cancel.

    Raises Fenced, Stopped, Unsolvable, or what the work raised.
    """

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            attempt.error = error

    thread = threading.Thread(target=guarded, name="solve", daemon=True)
    thread.start()
    fenced = cancelled = leaving = False
    while thread.is_alive():
        thread.join(LOOK_SECONDS)
        context.beat()
        act = context.act()
        if not store.renew(act, attempt.run, attempt.number):
            fenced = True
        elif context.stopping():
            leaving = True
        elif store.runs.get(act, attempt.run).state.cancel_requested:
            cancelled = True
        if fenced or cancelled or leaving:
            attempt.stop.set()
        store.show_progress(act, attempt.run, attempt.number, shown(attempt))
    if fenced:
        raise Fenced
    if leaving and attempt.result is None:
        # The process was asked to end: the next solver begins again at once, nothing is lost.
        store.give_up(context.act(), attempt.run, attempt.number)
        raise Fenced
    if cancelled:
        raise Stopped
    if isinstance(attempt.error, Infeasible):
        raise Unsolvable("infeasible")
    if attempt.error is not None:
        raise attempt.error


def shown(attempt: Attempt) -> dict[str, Any]:
    """What is told of the solver's progress."""
    progress = attempt.latest
    if progress is None:
        return {"phase": attempt.phase, "stage": None}
    return {
        "phase": attempt.phase,
        "stage": progress.stage,
        "stage_number": progress.index + 1,
        "stages": progress.stages,
        "value": progress.value,
        "bound": progress.bound,
        "gap": progress.gap,
        "best": dict(progress.best),
    }


def finish(act: Act, attempt: Attempt, result: Result) -> None:
    """One fenced update makes the attempt's rows the run's result. Raises Fenced."""

    def write(inner: Act) -> None:
        if not store.renew(inner, attempt.run, attempt.number):
            raise Fenced
        stored = store.runs.get(inner, attempt.run)
        if stored.state.attempt != attempt.number or stored.state.status != "solving":
            raise Fenced
        state, events = model.complete(stored.state, result)
        store.runs.save(inner, stored, noted(inner, state, "completed"), events)

    act.together(write)
    result_rows.drop_losers(act, attempt.run, attempt.number)
    files.drop_losers(act, attempt.run, attempt.number)


def _numbers(found: dict[str, Any]) -> dict[str, int | None]:
    return {name: None if found.get(name) is None else int(found[name]) for name in EVENT_NUMBERS}


def _other(found: dict[str, Any]) -> dict[str, int | None] | None:
    return None if not found or found.get("placed") is None else _numbers(found)


def _code(claim: str) -> str:
    return claim.replace("-", "_")
