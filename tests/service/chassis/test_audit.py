"""The chain of acts and reads: each once, in order, and no change of it unseen."""

from dataclasses import replace
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from chassis import audit
from chassis.context import Context
from tests.service.chassis.programmes import change, create, relay_all


@pytest.fixture
def chained(context: Context) -> Context:
    """Some acts and a read of personal data, all in the chain."""
    for name in ("audit", "published", "access", "programmes"):
        context.database[name].delete_many({})
    id = create(context, 1)
    change(context, id, 2, 3)
    relay_all(context)
    act = replace(context.act(), actor="account-1")
    audit.read_personal_data(act, "contacts", [id], "a call to the school")
    assert audit.chain(context.database) == 4
    return context


def link(context: Context, number: int) -> dict[str, Any]:
    found = context.database["audit"].find_one({"number": number})
    assert found is not None
    return found


def test_every_act_and_every_read_stands_in_the_chain_once(chained: Context) -> None:
    assert audit.verify(chained.database) is None
    assert audit.chain(chained.database) == 0
    records = [row["record"] for row in chained.database["audit"].find().sort("number", 1)]
    assert [record["what"] for record in records] == [*["programme.published"] * 3, "contacts"]
    assert records[3]["actor"] == "account-1"
    assert records[3]["reason"] == "a call to the school"


def test_a_crash_between_link_and_mark_adds_nothing_twice(chained: Context) -> None:
    chained.database["published"].update_many({}, {"$set": {"audited": False}})
    assert audit.chain(chained.database) == 0
    assert audit.verify(chained.database) is None
    assert chained.database["published"].count_documents({"audited": False}) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"record.actor": "nobody"},
        {"record.at": "2020-01-01T00:00:00.000Z"},
        {"record.ids": []},
        {"hash": "0" * 64},
        {"previous": "0" * 64},
    ],
)
def test_a_changed_link_is_found_by_its_number(chained: Context, change: dict[str, Any]) -> None:
    chained.database["audit"].update_one({"number": 2}, {"$set": change})
    assert audit.verify(chained.database) == "link 2 was changed"


def test_a_removed_link_is_found_by_its_number(chained: Context) -> None:
    chained.database["audit"].delete_one({"number": 2})
    assert audit.verify(chained.database) == "link 2 is missing"


def test_two_links_that_changed_places_are_found(chained: Context) -> None:
    second, third = link(chained, 2), link(chained, 3)
    audits = chained.database["audit"]
    audits.update_one({"_id": second["_id"]}, {"$set": {"number": 3}})
    audits.update_one({"_id": third["_id"]}, {"$set": {"number": 2}})
    assert audit.verify(chained.database) == "link 2 was changed"


def test_a_link_recomputed_after_a_change_does_not_fit_the_next(chained: Context) -> None:
    second = link(chained, 2)
    record = {**second["record"], "actor": "nobody"}
    forged = audit.linked(second["previous"], 2, record)
    chained.database["audit"].update_one({"number": 2}, {"$set": forged})
    assert audit.verify(chained.database) == "link 3 was changed"


def test_a_read_is_not_answered_where_it_could_not_be_put_on_record(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def insert_one(self, *_: Any, **__: Any) -> None:
            raise PyMongoError("away")

    act = replace(context.act(), database={"access": Away()})  # type: ignore[arg-type]
    with pytest.raises(PyMongoError):
        audit.read_personal_data(act, "contacts", ["c"], "a call")
