"""A consumer is killed between effect, commit and Kafka; nothing is lost and nothing doubled."""

import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from pymongo.errors import PyMongoError

from chassis.context import Context
from chassis.events import roles
from chassis.events.consumer import Twin
from tests.service.chassis.programmes import change, create, relay_all
from tests.service.chassis.victim import service
from tests.support.house import context_of, eventually
from tests.support.stack import Servers

ROOT = Path(__file__).resolve().parents[3]


def following(context: Context) -> None:
    """A projector that is started again when it ends, like by its parent."""
    while not context.stopping():
        try:
            roles.projector(context, service()).run()
        except (Twin, PyMongoError):
            context.wait(0.2)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_consumer_killed_around_its_commit_loses_and_doubles_nothing(
    context: Context, servers: Servers, database: str, moment: str
) -> None:
    placement = context_of(service(), servers, database)
    ids = [create(context, 1) for _ in range(20)]
    for id in ids:
        change(context, id, 2)
    relay_all(context)
    settings = placement.settings.model_dump_json()
    victim = subprocess.run(
        [sys.executable, "-m", "tests.service.chassis.victim", settings, moment, ids[-1]],
        cwd=ROOT,
        timeout=90,
        check=False,
    )
    assert victim.returncode == -signal.SIGKILL
    copies = placement.database["copies"]
    committed = moment == "after"
    assert copies.count_documents({"_id": ids[-1]}) == (1 if committed else 0)
    later = create(context, 7)
    relay_all(context)
    thread = Thread(target=following, args=(placement,), daemon=True)
    thread.start()
    eventually(lambda: copies.find_one({"_id": later}), seconds=60, what="the heir")
    placement.stop()
    thread.join(30)
    found = {row["_id"]: (row["rounds"], row["times"]) for row in copies.find()}
    assert {id: found.get(id) for id in ids} == dict.fromkeys(ids, (2, 2))
    assert found[later] == (7, 1)
