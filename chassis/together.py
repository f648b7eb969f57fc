"""Several questions to the database as one.

A page that asks one thing after the other spends its time on the way there and back, and in the
driver. Questions that do not depend on each other's answers travel together; each keeps its own
scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.vouching import REVOCATIONS

_NUMBER = "question"


@dataclass(frozen=True, slots=True)
class Question:
    """The stages of an aggregation over a collection; the first of them matches within a scope."""

    collection: str
    stages: Sequence[dict[str, Any]]


def answers(act: Act, *questions: Question) -> list[list[dict[str, Any]]]:
    """The documents that answer each question, in the order of the questions."""
    vouch = act.unvouched()
    if vouch is not None:
        questions = (*questions, Question(REVOCATIONS, vouch.question()))
    numbered = [[*one.stages, {"$set": {_NUMBER: number}}] for number, one in enumerate(questions)]
    stages = [
        *numbered[0],
        *(
            {"$unionWith": {"coll": one.collection, "pipeline": own}}
            for one, own in zip(questions[1:], numbered[1:], strict=True)
        ),
    ]
    found: list[list[dict[str, Any]]] = [[] for _ in questions]
    for row in act.database[questions[0].collection].aggregate(stages, session=act.session):
        found[row.pop(_NUMBER)].append(row)
    if vouch is not None:
        vouch.heard(found.pop())
    return found
