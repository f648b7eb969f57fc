"""How much of the mail server's own rate is left when every message is planned, leased, rendered
and written into the ledger: `python -m bench.sending [--messages 10000]`.

The ceiling is measured in the same run, on the same server: the same e-mails as ready bytes over
one reused connection, with nothing else done. The mail server is a process of its own.
"""

import argparse
import gc
import json
import multiprocessing
import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chassis.context import Context
from chassis.facts import derived_id
from services.notifications.app import service
from services.notifications.deliveries.planning import plan_due
from services.notifications.deliveries.post import Letter, Post, compose
from services.notifications.deliveries.sending import Sender, send_due
from services.notifications.messages.operations import take_up
from services.notifications.messages.planning import rules
from services.notifications.messages.rendering import render
from services.notifications.recipients import operations as recipients
from tests.support.house import context_of
from tests.support.notices import message_of, notice, planned_by_intent, received
from tests.support.stack import Servers, fresh_database, running_servers

CENTRE = derived_id("bench", "centre")


def _serve(port: int) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    while True:
        time.sleep(60)


@contextmanager
def mail_server() -> Iterator[int]:
    """A mail server in a process of its own that forgets what it is given; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    server.start()
    try:
        for _ in range(200):
            try:
                smtplib.SMTP("127.0.0.1", port, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()


def bare(port: int, messages: int) -> float:
    """Seconds for as many e-mails as bytes that are ready."""
    message = message_of("booking_asked", notice(planned_by_intent()["booking_asked"]))
    rendered = render(message, "ko", "http://localhost")
    content = compose(
        Letter(
            message_id=f"<{derived_id('bench')}@localhost>",
            sender="ieum@localhost",
            sender_name=message.common["centre"],
            to="someone@host.example",
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            language="ko",
            list_id="<bench.localhost>",
            at=notice(planned_by_intent()["booking_asked"]).due_at,
        )
    )
    server = smtplib.SMTP("127.0.0.1", port)
    began = time.perf_counter()
    for _ in range(messages):
        server.sendmail("ieum@localhost", ["someone@host.example"], content)
    spent = time.perf_counter() - began
    server.quit()
    return spent


def prepare(context: Context, hosts: int, messages: int) -> None:
    """Contacts of hosts, an offer's words, and as many notices as messages."""
    act = context.act()
    for number in range(hosts):
        recipients.keep(
            act,
            derived_id("bench", "contact", str(number)),
            {
                "organisation": derived_id("bench", "host", str(number)),
                "name": f"체험처 {number}",
                "person": "김하늘",
                "email": f"host{number}@host.example",
                "telephone": None,
                "language": "ko",
                "roles": ["host"],
                "centre": CENTRE,
                "centre_phone": "+82310001004",
            },
        )
    recipients.keep(
        act,
        derived_id("bench", "centre contact"),
        {
            "organisation": CENTRE,
            "name": "한들시 진로직업체험지원센터",
            "email": "centre@centre.example",
            "roles": ["centre", "school"],
            "centre": CENTRE,
        },
    )
    database = context.database
    example = received("booking.asked").data
    database["offer_labels"].insert_one(
        {"_id": example["offer"], "title": "디자인", "team_name": "팀", "place": "본관"}
    )
    database["groups"].insert_one(
        {"_id": example["group"], "level": "middle", "grade": 2, "people": 24}
    )
    campaigns: set[str] = set()
    for start in range(0, messages, 1000):
        planned = []
        for number in range(start, min(start + 1000, messages)):
            event = received(
                "booking.asked",
                derived_id("bench", "booking", str(number)),
                preaccepted=False,
                centre=CENTRE,
                school=CENTRE,
                host=derived_id("bench", "host", str(number % hosts)),
            )
            planned.append((event, rules.plan(event)))
        new = {one.campaign for _, rows in planned for one in rows if one.campaign} - campaigns
        campaigns |= new
        titles = [{"_id": id, "name": "가을 시청 속 직업 탐험"} for id in sorted(new)]
        if titles:
            database["campaign_labels"].insert_many(titles)
        for event, notices in planned:
            # Without its bundle every notice is a message of its own: the dearest case.
            take_up(act, event.id, [replace(one, bundle=None) for one in notices], timedelta())


def measure(context: Context, port: int) -> dict[str, float]:
    """Seconds for planning and for sending all that is due."""
    sender = Sender(Post("127.0.0.1", port, "ieum@localhost"), "bench", "http://localhost")
    # As a worker does for its roles: what was imported is not looked through again and again.
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    while plan_due(context.act()):
        pass
    planned = time.perf_counter()
    sent = 0
    while count := send_due(context.act(), sender):
        sent += count
    ended = time.perf_counter()
    sender.post.close()
    return {"sent": sent, "planning": planned - began, "sending": ended - planned}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    wanted = parser.parse_args()
    with running_servers() as servers:
        print(json.dumps(figures_of(servers, wanted.messages, wanted.hosts), indent=2))


def figures_of(servers: Servers, messages: int, hosts: int) -> dict[str, Any]:
    """Measure on running servers, the bare rate before and after."""
    with fresh_database(servers) as name, mail_server() as port:
        context = context_of(service, servers, name)
        prepare(context, hosts, messages)
        before = bare(port, messages // 2)
        found = measure(context, port)
        after = bare(port, messages // 2)
        context.database.client.drop_database(context.database.name)
    if found["sent"] != messages:
        raise RuntimeError(f"{found['sent']} of {messages} were sent: the rates would say nothing")
    ours = found["planning"] + found["sending"]
    return figures(messages, before + after, found, ours)


def figures(messages: int, ceiling: float, found: dict[str, float], ours: float) -> dict[str, Any]:
    """Rates, and the ratio that the house promises to keep at or above one half."""
    return {
        "messages": messages,
        "sent": found["sent"],
        "bare_per_second": round(messages / ceiling),
        "planned_per_second": round(messages / found["planning"]),
        "sent_per_second": round(messages / found["sending"]),
        "planned_and_sent_per_second": round(messages / ours),
        "ratio_sending": round(ceiling / found["sending"], 2),
        "ratio_planning_and_sending": round(ceiling / ours, 2),
    }


if __name__ == "__main__":
    main()
