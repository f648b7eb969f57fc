"""The background role `send`: plans what is due, then sends it, again and again.

While nobody listens at the mail server, planning goes on (telephone tasks and the inbox need no
server), and the server is asked again with growing pauses.
"""

import time
from typing import get_args

from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.context import Context
from chassis.leases import Lease, lowest, stable_name
from chassis.logs import logger
from services.notifications.deliveries.model import Outcome
from services.notifications.deliveries.planning import BATCH, plan_due
from services.notifications.deliveries.post import Away, Post
from services.notifications.deliveries.sending import Sender, send_due

IDLE_SECONDS = 0.25
SMALLEST_BATCH = 20
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SLOT = "send"
SLOT_SECONDS = 30.0
"""Several senders may work at once, each on messages of its own. The slot that each holds says that
somebody does; nothing waits for it."""


def run(context: Context) -> None:
    """Work until asked to stop."""
    settings = context.settings
    owner = stable_name(settings.replica, SLOT)
    sender = Sender(
        post=Post(settings.smtp_host, settings.smtp_port, settings.smtp_from),
        name=owner,
        address=settings.public_address,
        links=context.keys.links,
        beat=context.beat,
    )
    for outcome in get_args(Outcome):
        # A number that begins at its first refusal has not grown, and no rate sees it.
        metrics.SENT.labels(settings.service, "email", outcome).inc(0)
    pause, next_try, batch = SHORTEST_PAUSE, 0.0, BATCH
    slot: Lease | None = None
    while not context.stopping():
        context.beat()
        if slot is None or not slot.take():
            found = lowest(context.database, SLOT, owner, SLOT_SECONDS)
            slot = found[0] if found else None
        busy, batch = _plan(context, batch)
        if time.monotonic() >= next_try:
            try:
                busy += send_due(context.act(), sender)
                pause = SHORTEST_PAUSE
            except Away as away:
                logger().warning("mail_server_away", why=str(away), pause=pause)
                next_try = time.monotonic() + pause
                pause = min(pause * 2, LONGEST_PAUSE)
        if not busy:
            context.wait(IDLE_SECONDS)
    if slot is not None:
        slot.leave()
    sender.post.close()


def _plan(context: Context, batch: int) -> tuple[int, int]:
    """Plan one batch; how many were looked at, and how large the next may be.

    A database too slow for the transaction's time limit gets smaller batches, down to the
    smallest; if even that is too much, the role ends and is started again later.
    """
    try:
        looked_at = plan_due(context.act(), batch)
    except PyMongoError as error:
        if not error.timeout or batch <= SMALLEST_BATCH:
            raise
        logger().warning("planning_slow", batch=batch)
        return batch, max(batch // 2, SMALLEST_BATCH)
    return looked_at, min(batch * 2, BATCH)
