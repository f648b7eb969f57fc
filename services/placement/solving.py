"""The role `solve`: runs that wait for a solver, then repairs that wait for their preview.

The engine and its compiled kernels are imported here alone, so that no other role pays for them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from chassis.context import Context
from chassis.leases import stable_name

R = TypeVar("R")
IDLE_SECONDS = 0.3
BEAT_SECONDS = 1.0


def run(context: Context) -> None:
    """Solve what there is until asked to stop."""
    from services.placement.engine import warm
    from services.placement.repairs.answering import answer_next
    from services.placement.repairs.previews import preview_next
    from services.placement.runs.solving import work

    def look() -> bool:
        """Somebody who waits before a page comes first."""
        return answer_next(context.act()) or preview_next(context.act())

    owner = stable_name(context.settings.replica, "solve")
    # What a process pays once, it pays before somebody waits for a run.
    beating(context, warm.groups)
    while not context.stopping():
        context.beat()
        if work(context, owner):
            continue
        if not beating(context, look):
            context.wait(IDLE_SECONDS)


def beating(context: Context, work: Callable[[], R]) -> R:
    """Do the work in a thread, so that this one can tell the parent that the role is alive."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        while not doing.done():
            wait([doing], timeout=BEAT_SECONDS)
            context.beat()
        return doing.result()
