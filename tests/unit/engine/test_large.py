"""Large markets of groups: prices by steps bound them, pieces improve them. Tried on small ones."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from services.placement.engine import (
    Market,
    breaches,
    groups,
    groups_pieces,
    groups_serial,
    groups_tree,
    solve,
)
from services.placement.engine import stages as stages_room
from services.placement.engine.answer import stage_value
from services.placement.engine.cli_files import write_answer
from services.placement.engine.generate import generate
from services.placement.engine.groups_pieces import Pieces, cut, divisible, whole
from services.placement.engine.groups_serial import serial
from services.placement.engine.groups_serial_kernel import plain
from services.placement.engine.groups_state import Static
from services.placement.engine.market_draws import draw_places
from services.placement.verifier.check import verify
from tests.unit.engine.markets import random_market


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markets of some sixty columns take the way of the large ones, in pieces of their own."""
    for room in (groups, groups_tree, stages_room):
        monkeypatch.setattr(room, "LARGE", 50)
    monkeypatch.setattr(groups_pieces, "PIECE_WISHES", 20)


@pytest.mark.usefixtures("small_is_large")
def test_a_large_market_ends_in_a_good_answer_with_true_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = generate("groups-13", 2, 90)
    answer = solve(market)
    assert breaches(market, answer.parts) == []
    write_answer(tmp_path, answer, {}, columnar=False)
    ledger = verify(tmp_path)
    assert not ledger.refused, [line for line in ledger.lines if line.faults]
    for room in (groups, groups_tree, stages_room):
        monkeypatch.setattr(room, "LARGE", 10**6)
    exact = solve(market, compare=False)
    placed = answer.stages[0]
    assert placed.bound is not None
    assert placed.value <= exact.stages[0].value <= placed.bound
    assert {s.claim for s in answer.stages[:2]} <= {"proved", "bounded"}


@pytest.mark.usefixtures("small_is_large")
def test_a_large_market_without_a_clock_is_solved_alike_every_time() -> None:
    market = generate("groups-13", 5, 100)
    market = replace(market, rules=replace(market.rules, stages=("placed", "rank")))
    assert solve(market).parts == solve(market).parts


def test_pieces_keep_the_rules_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_pieces, "PIECE_WISHES", 20)
    market = generate("groups-13", 4, 90)
    state = serial(market, draw_places(market), Static.of(market))
    assert state is not None and divisible(market)
    parts = state.parts()
    for sessions in cut(market):
        piece = Pieces(market).of(sessions, parts)
        assert breaches(piece.market, piece.start) == []
        found = solve(piece.market, compare=False).parts
        gone = set(piece.applicant.tolist())
        again = tuple(
            sorted([*(p for p in parts if p.applicant not in gone), *whole(piece, found)])
        )
        assert breaches(market, again) == []
        draw = draw_places(market)
        assert stage_value(market, "placed", again, draw) >= stage_value(
            market, "placed", parts, draw
        )
        parts = again


@pytest.mark.parametrize("seed", range(40))
def test_the_compiled_pass_closes_what_the_general_one_closes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = random_market(random.Random(seed))
    doc["budgets"], doc["day_limits"] = {}, {}
    for session in doc["sessions"]:
        session["budget"] = session["day_limit"] = None
    for applicant in doc["applicants"]:
        applicant["split"], applicant["wants"] = None, 1
        for wish in applicant["wishes"]:
            wish["stops"], wish["travel"] = wish["stops"][:1], []
            wish["seats"] = None if wish["seats"] is None else wish["seats"][:1]
    doc["rules"]["caps"] = {"schools": None, "students": None}
    market = Market.from_json(doc)
    assert plain(market)
    draw, static = draw_places(market), Static.of(market)
    quick = serial(market, draw, static)
    monkeypatch.setattr(groups_serial, "plain", lambda _: False)
    slow = serial(market, draw, static)
    assert (quick is None) == (slow is None)
    if quick is not None and slow is not None:
        assert quick.parts() == slow.parts()
