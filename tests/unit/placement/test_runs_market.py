"""Result rows, the market of a repair, and who fits a free seat; on random small markets."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.engine import Market, solve
from services.placement.engine.market_draws import draw_places
from services.placement.runs import market
from services.placement.waitlists.model import Room, first_fit

SESSIONS = ("s0", "s1", "s2", "s3")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A market of up to six groups and four sessions of two teams."""
    sessions = [
        {
            "id": id,
            "start": 600 + 120 * draw(st.integers(0, 1)),
            "end": 840,
            "min": draw(st.integers(0, 10)),
            "max": draw(st.integers(10, 50)),
            "clash": [f"t{number % 2}"],
        }
        for number, id in enumerate(SESSIONS)
    ]
    applicants = []
    for number in range(draw(st.integers(1, 6))):
        wished = draw(st.permutations(SESSIONS))[: draw(st.integers(1, 4))]
        applicants.append(
            {
                "id": f"a{number}",
                "school": f"c{draw(st.integers(0, 3))}",
                "people": draw(st.integers(5, 30)),
                "wishes": [{"stops": [id], "rank": rank} for rank, id in enumerate(wished)],
            }
        )
    return {
        "format": "ieum.market",
        "version": 1,
        "clashes": {"t0": 1, "t1": 1},
        "sessions": sessions,
        "applicants": applicants,
        "rules": {
            "caps": {"schools": draw(st.sampled_from([None, 1, 2])), "students": None},
            "seed": "seed",
        },
    }


def rows_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = Market.from_json(document)
    persons = {row["id"]: market.Person("group", 1, 2) for row in document["applicants"]}
    draw = dict(zip(found.applicants.id, draw_places(found).tolist(), strict=True))
    return market.rows_of(solve(found, compare=False).to_json(), document, persons, draw)


@settings(max_examples=40, deadline=None)
@given(documents())
def test_everyone_has_one_row_and_the_waitlist_has_no_gaps(document: dict[str, Any]) -> None:
    rows = rows_of(document)
    assert [row["applicant"] for row in rows] == [row["id"] for row in document["applicants"]]
    positions = sorted(row["position"] for row in rows if row["state"] == "waitlisted")
    assert positions == list(range(1, len(positions) + 1))
    for row in rows:
        assert (row["state"] == "placed") == bool(row["parts"])
        assert (row["state"] == "not_selected") == (row["reserve_rank"] is not None)
        assert row["state"] == "placed" or row["reason"]["code"]
        for part in row["parts"]:
            assert row["wishes"][part["wish"]]["stops"] == part["sessions"]


@settings(max_examples=40, deadline=None)
@given(documents(), st.data())
def test_a_repair_keeps_those_who_stay_and_seats_nobody_above_the_maximum(
    document: dict[str, Any], data: st.DataObject
) -> None:
    rows = [row for row in rows_of(document) if row["state"] == "placed"]
    if not rows:
        return
    lost = data.draw(st.sampled_from(rows))
    stays = [row for row in rows if row is not lost and data.draw(st.booleans())]
    moves = [row for row in rows if row is not lost and row not in stays]
    gone = lost["parts"][0]["sessions"][0]
    held: dict[str, int] = {}
    for row in stays:
        for part in row["parts"]:
            for session in part["sessions"]:
                held[session] = held.get(session, 0) + part["people"]
    by_id = {row["id"]: row for row in document["sessions"]}
    teams = {team for session in held for team in by_id[session]["clash"]}
    rooms = {
        session: market.Room(row["min"], row["max"] - held.get(session, 0), session in held)
        for session, row in by_id.items()
        if session != gone and (session in held or not teams.intersection(row["clash"]))
    }
    movable = [
        market.Movable(row["applicant"], (tuple(row["parts"][0]["sessions"]),), False)
        for row in moves
    ]
    movable.append(market.Movable(lost["applicant"], (), True))
    repaired = market.residual(document, movable, rooms)
    answer = solve(Market.from_json(repaired), compare=False).result_json()
    assert {row["applicant"] for row in answer["placements"]} <= {m.applicant for m in movable}
    total = dict(held)
    for row in answer["placements"]:
        for part in row["parts"]:
            for session in part["sessions"]:
                assert session != gone
                total[session] = total.get(session, 0) + part["people"]
    for session, people in total.items():
        assert people <= by_id[session]["max"]


@given(
    st.lists(st.tuples(st.sampled_from(SESSIONS), st.integers(0, 5)), max_size=5),
    st.integers(1, 30),
    st.integers(1, 30),
    st.dictionaries(
        st.sampled_from(SESSIONS),
        st.builds(Room, free=st.integers(0, 40), minimum=st.integers(0, 20), running=st.booleans()),
    ),
    st.frozensets(st.sampled_from(SESSIONS), max_size=2),
)
def test_a_free_seat_goes_to_a_wish_that_has_room_for_the_group(
    listed: list[tuple[str, int]],
    people: int,
    smallest: int,
    rooms: dict[str, Room],
    freed: frozenset[str],
) -> None:
    wishes = [{"stops": [session], "rank": rank} for session, rank in listed]
    fit = first_fit(wishes, people, min(smallest, people), freed, rooms)
    fitting = [
        rank
        for session, rank in listed
        if session in freed
        and session in rooms
        and min(people, rooms[session].free) >= max(1, min(smallest, people))
        and (rooms[session].running or min(people, rooms[session].free) >= rooms[session].minimum)
    ]
    if fit is None:
        assert fitting == []
        return
    assert fit.rank == min(fitting)
    assert min(smallest, people) <= fit.people <= people
    for session in fit.sessions:
        assert fit.people <= rooms[session].free
