"""The public form of a market: pseudonyms, merged small schools, no word about needs."""

from typing import Any

from services.placement.runs.public import UNSUITED, published

SALT = bytes(32)


def document(caps: int | None = None) -> dict[str, Any]:
    people = {"a": ("big", 5), "b": ("small", 2), "c": ("tiny", 1)}
    return {
        "sessions": [{"id": "s"}],
        "applicants": [
            {"id": id, "school": school, "people": n, "wishes": [{"stops": ["s"]}]}
            for id, (school, n) in people.items()
        ],
        "excluded": [["a", "s", "access", {}], ["b", "s", "grade", {"grade": 2}]],
        "rules": {"caps": {"schools": caps, "students": None}, "fixed": []},
    }


def test_applicants_stand_in_the_order_of_names_that_only_the_salt_gives() -> None:
    shown, names = published(document(), SALT)
    ids = [row["id"] for row in shown["applicants"]]
    assert ids == sorted(names.of.values())
    assert not set(ids) & {"a", "b", "c"}
    assert published(document(), bytes([1] * 32))[1].of != names.of
    assert names.inner({"x": [names.of["a"], 7]}) == {"x": ["a", 7]}


def test_schools_of_fewer_than_five_people_are_one_line() -> None:
    shown, names = published(document(), SALT)
    school = {names.whose[row["id"]]: row["school"] for row in shown["applicants"]}
    assert school["a"] == "big"
    assert school["b"] == school["c"] not in ("small", "tiny")


def test_under_a_cap_on_schools_each_counts_for_itself_without_its_name() -> None:
    shown, names = published(document(caps=2), SALT)
    school = {names.whose[row["id"]]: row["school"] for row in shown["applicants"]}
    assert len(set(school.values())) == 3
    assert names.inner(school["b"]) == "small"
    assert school["b"] not in ("small", "tiny")


def test_an_exclusion_for_access_cannot_be_told_from_others() -> None:
    shown, names = published(document(), SALT)
    rows = {names.whose[row[0]]: row[2:] for row in shown["excluded"]}
    assert rows == {"a": [UNSUITED, {}], "b": ["grade", {"grade": 2}]}
