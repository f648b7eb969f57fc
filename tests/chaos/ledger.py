"""The house of mutants that send: planned messages, a sender that is killed, a mail catcher."""

from __future__ import annotations

import signal
import threading
import time
from datetime import timedelta

from pymongo import MongoClient

from bench.sending import prepare
from services.notifications.app import service
from services.notifications.deliveries import model, store
from tests.chaos.invariants import Client, messages
from tests.chaos.small import Keeper, Part
from tests.support.house import context_of
from tests.support.post_office import PostOffice
from tests.support.stack import Servers, fresh_database

MESSAGES, HOSTS = 400, 20
KILLS, KILL_SECONDS = 4, 0.9
LEASE = timedelta(seconds=2)
"""A killed sender's deliveries are free after this, not after the product's minute."""
DONE_SECONDS = 30.0


def mailing(servers: Servers, mutant: str) -> list[str]:
    """Every broken invariant by its name, after sends under kills."""
    office = PostOffice().open()
    try:
        with fresh_database(servers) as name:
            context = context_of(service, servers, name)
            prepare(context, HOSTS, MESSAGES)
            own = {"smtp_host": "127.0.0.1", "smtp_port": office.port, "replica": "send"}
            settings = type(context.settings).model_validate(
                {**context.settings.model_dump(), **own}
            )
            with Keeper() as keeper:
                keeper.start("send", Part("send", settings.model_dump_json(), mutant))
                for _ in range(KILLS):
                    threading.Event().wait(KILL_SECONDS)
                    keeper.send("send", signal.SIGKILL)
                end = time.monotonic() + DONE_SECONDS
                queued = {"state.status": "queued"}
                deliveries = context.database["deliveries"]
                sent = {"state.status": "sent", "state.channel": "email"}
                while time.monotonic() < end and (
                    deliveries.count_documents(queued)
                    or deliveries.count_documents(sent) < MESSAGES
                ):
                    threading.Event().wait(0.2)
            mails = [{"MessageID": str(mail["Message-ID"])} for mail in office.mails()]
            client: Client = MongoClient(servers.mongo, timeoutMS=20_000)
            domain = settings.smtp_from.partition("@")[2]
            with client:
                faults = list(messages(client[context.database.name], mails, domain))
            if deliveries.count_documents(sent) < MESSAGES:
                return [f"VOID: {deliveries.count_documents(sent)} of {MESSAGES} were sent in time"]
            return [f"I6: {one}" for one in faults]
    finally:
        office.close()


def shorten_leases() -> None:
    """Let a sender's lease end soon, in this process."""
    for module in (model, store):
        module.LEASE = LEASE  # type: ignore[attr-defined]
