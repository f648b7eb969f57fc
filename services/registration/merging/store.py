"""Of which pairs of organisations a centre has said that they are two."""

from chassis.act import Act, collection
from chassis.scope import within

APART = "told_apart"
INDEXES = {APART: [[("centre", 1)]]}


def tell_apart(act: Act, centre: str, one: str, other: str) -> None:
    """Remember that the two are not one; saying it again changes nothing."""
    first, second = sorted((one, other))
    collection(act, APART).update_one(
        within(act.scope, {"_id": f"{centre}:{first}:{second}"}),
        {
            "$setOnInsert": {
                "centre": centre,
                "parties": [],
                "pair": [first, second],
                "by": act.actor,
                "at": act.now,
            }
        },
        upsert=True,
        session=act.session,
    )


def apart(act: Act) -> list[tuple[str, str]]:
    """The pairs that the acting centre has told apart."""
    rows = collection(act, APART).find(within(act.scope, {}), session=act.session)
    return [(row["pair"][0], row["pair"][1]) for row in rows]
