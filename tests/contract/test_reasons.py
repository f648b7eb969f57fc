"""Whatever reason placement gives as a code, a message has its own sentence for it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.language import LANGUAGES
from services.notifications.messages.wording import wording
from services.placement.bookings.shape import DECLINE_REASONS
from services.placement.engine.reasons_text import catalogue

PLACEMENT = Path(__file__).resolve().parents[2] / "services" / "placement"
ENDING = {"end", "leave", "cancel", "lose_seats"}
"""Functions that take a reason's code; `WHO` are the other words among their arguments."""
WHO = {"host", "school", "centre", "repair", "system"}
CODE = re.compile(r"[a-z][a-z0-9_]+$")
NUMBERS = {"wishes": 3, "cap": 6, "placed": 320, "people": 24}


def said_in(source: str) -> Iterator[str]:
    """The codes that a module gives as reasons for an end, a loss or a full session."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ENDING:
                given = [*node.args, *(one.value for one in node.keywords)]
                words = [one.value for one in given if isinstance(one, ast.Constant)]
                # Who ends it comes first; alone, "repair" is both who and why.
                codes = [one for one in words if isinstance(one, str) and CODE.match(one)]
                yield from codes[1:] if len(codes) > 1 else set(codes) - WHO
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BoolOp):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id.startswith("reason"):
                yield from (
                    one.value
                    for one in node.value.values
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id == "REASONS":
                found = node.value.elts
                yield from (str(one.value) for one in found if isinstance(one, ast.Constant))


def full() -> set[str]:
    """Why no seats could be held; a request that meets this ends with it."""
    tree = ast.parse((PLACEMENT / "bookings" / "store.py").read_text())
    return {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Refused"
        and isinstance(node.args[0], ast.Constant)
    }


def emitted() -> set[str]:
    rooms = [path for path in PLACEMENT.glob("*/*.py") if path.parent.name not in ("engine",)]
    said = {code for path in rooms for code in said_in(path.read_text())}
    return said | full() | set(DECLINE_REASONS) | set(catalogue()["applicant"])


def test_the_walk_finds_what_is_said_anywhere() -> None:
    assert {
        "repair_no_seat",
        "repair_dismissed",
        "placement_expired",
        "condition_unanswered",
        "team_taken",
        "session_full",
        "no_room",
    } <= emitted()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_that_is_given_has_a_sentence_of_its_own(language: str) -> None:
    words = wording(language)
    general = words.word("reason", None)
    bare = sorted(code for code in emitted() if words.word("reason", code, NUMBERS) == general)
    assert not bare, f"add these under words.reason in the catalogues of notifications: {bare}"
