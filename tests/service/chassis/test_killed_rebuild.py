"""A rebuild that is killed while it holds the projector: the projector goes on by itself."""

from threading import Thread

import pytest

from chassis.context import Context
from chassis.events import rebuild, roles
from chassis.events.rebuild import NotCaughtUp, Rebuild
from tests.service.chassis.programmes import TOPIC, create, relay_all
from tests.service.chassis.test_killed_consumer import following
from tests.service.chassis.victim import service
from tests.support.house import context_of, eventually
from tests.support.stack import Servers


@pytest.fixture
def reader(servers: Servers, database: str) -> Context:
    """A consumer with its offsets, not yet running."""
    context = context_of(service(), servers, database)
    roles.projector(context, service())._prepare()
    return context


def held_by_a_dead_rebuild(reader: Context) -> None:
    """As `Rebuild._hold` leaves it when its process ends there."""
    own = service()
    killed = Rebuild(reader, own, own.projections.all["copies"])
    killed._renew({})


def test_the_projector_goes_on_when_the_hold_has_run_out(
    context: Context, reader: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "HOLD_SECONDS", 0.5)
    held_by_a_dead_rebuild(reader)
    id = create(context, 1)
    relay_all(context)
    thread = Thread(target=following, args=(reader,), daemon=True)
    thread.start()
    copies = reader.database["copies"]
    eventually(lambda: copies.find_one({"_id": id}), seconds=60, what="the effect")
    reader.stop()
    thread.join(30)


def test_a_living_rebuild_is_not_taken_for_a_dead_one(reader: Context) -> None:
    held_by_a_dead_rebuild(reader)
    roles.projector(reader, service())._prepare()
    assert reader.database["offsets"].count_documents({"topic": TOPIC, "held": False}) == 0


def test_a_rebuild_whose_hold_ran_out_swaps_nothing(
    reader: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "HOLD_SECONDS", 0.0)
    own = service()
    reader.database["copies"].insert_one({"_id": "living", "times": 1})
    with pytest.raises(NotCaughtUp):
        Rebuild(reader, own, own.projections.all["copies"]).run()
    assert reader.database["copies"].find_one({"_id": "living"}) is not None
    assert reader.database["offsets"].count_documents({"held": True}) == 0
