"""Reading what one has just written elsewhere: `?after=<aggregate>:<sequence>`.

The reader waits until this service has seen that event, at most two seconds; then it is answered
with what there is. The answer is never an error: the view says *as of*.
"""

import time

from chassis.context import Context

MOST_SECONDS = 2.0
STEP_SECONDS = 0.02


def until_seen(context: Context, after: str | None) -> bool:
    """Wait for the event to be projected. True if it was, or if nothing was asked."""
    if not after or ":" not in after:
        return True
    aggregate, _, number = after.rpartition(":")
    if not number.isdigit():
        return True
    group = f"{context.settings.service}-project"
    wanted = {"group": group, "key": aggregate, "sequence": {"$gte": int(number)}}
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        if context.database["guards"].count_documents(wanted, limit=1):
            return True
        time.sleep(STEP_SECONDS)
    return False
