"""The background role `send`: plans what is due, then sends it, again and again.

While nobody listens at the mail server, planning goes on (telephone tasks and the inbox need no
server), and the server is asked again with growing pauses.
"""

import time

from chassis.context import Context
from chassis.leases import stable_name
from chassis.logs import logger
from services.notifications.deliveries.planning import plan_due
from services.notifications.deliveries.post import Away, Post
from services.notifications.deliveries.sending import Sender, send_due

IDLE_SECONDS = 0.25
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


def run(context: Context) -> None:
    """Work until asked to stop."""
    settings = context.settings
    sender = Sender(
        post=Post(settings.smtp_host, settings.smtp_port, settings.smtp_from),
        name=stable_name(settings.replica, "send"),
        address=settings.public_address,
        beat=context.beat,
    )
    pause, next_try = SHORTEST_PAUSE, 0.0
    while not context.stopping():
        context.beat()
        busy = plan_due(context.act())
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
    sender.post.close()
