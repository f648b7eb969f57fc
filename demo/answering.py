"""The demand survey: nine schools answer, each in its own way, and it closes by its timer."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from demo.client import Json, refused, wait_for
from demo.world import World

CLOSE_SECONDS = 2


def group_body(row: Json, school: Json) -> Json:
    """A group as the survey's form sends it."""
    body: Json = {
        "level": school["level"],
        "grade": row["grade"],
        "class_name": row["class"],
        "people": row["people"],
        "fields": row["fields"],
        "kinds": [],
        "dates": [{"date": day} for day in row["dates"]],
        "stops": row.get("stops", 1),
        "needs": row.get("needs", []),
        "blackout": row.get("blackout", []),
        "travel_limit": 60,
    }
    for name in ("smallest", "split", "weekdays"):
        if name in row:
            body[name] = row[name]
    return body


def act_of(school: str) -> str:
    """The name that a school's submission has in every log."""
    return f"survey-of-{school}"


def answers(school: Json) -> Json:
    """All groups of a school."""
    return {"groups": [group_body(row, school) for row in school["groups"]]}


class Answering:
    """How each school answers. The method is named in the data file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.path = f"/api/v1/campaigns/{world.ids['campaign']}/survey"

    def draft(self, school: Json, body: Json) -> str:
        """Save a draft. Returns the survey's id."""
        id: str = self.world.people[school["key"]].put(self.path, body)["id"]
        self.world.ids[f"survey:{school['key']}"] = id
        return id

    def submit(self, school: Json, key: str | None = None) -> Json:
        """Submit what stands in the draft."""
        id = self.world.ids[f"survey:{school['key']}"]
        teacher = self.world.people[school["key"]]
        return teacher.post(
            f"/api/v1/surveys/{id}/submit", key=key, correlation=act_of(school["key"])
        )

    def plain(self, school: Json) -> None:
        """Fills in the form and submits it."""
        self.draft(school, answers(school))
        self.submit(school)

    def draft_continued(self, school: Json) -> None:
        """Leaves a draft after the first group and continues it later."""
        whole = answers(school)
        self.draft(school, {"groups": whole["groups"][:1]})
        kept = self.world.people[school["key"]].get(self.path)
        groups = kept["draft"]["groups"] if "draft" in kept else kept["groups"]
        self.draft(school, {"groups": [groups[0], *whole["groups"][1:]]})
        self.submit(school)

    def corrected(self, school: Json) -> None:
        """Submits, finds a wrong head-count, and corrects it before the deadline."""
        wrong = answers(school)
        right = wrong["groups"][0]["people"]
        wrong["groups"][0]["people"] = right + 3
        id = self.draft(school, wrong)
        first = self.submit(school)
        teacher = self.world.people[school["key"]]
        groups = teacher.get(self.path)["draft"]["groups"]
        groups[0]["people"] = right
        teacher.put(f"/api/v1/surveys/{id}", {"groups": groups}, version=first["version"])
        self.submit(school)

    def double_click(self, school: Json) -> None:
        """Clicks twice out of impatience: one effect, and the same answer."""
        self.draft(school, answers(school))
        key = uuid.uuid4().hex
        with ThreadPoolExecutor(2) as both:
            done = list(both.map(lambda _: self.submit(school, key), range(2)))
        if done[0] != done[1]:
            raise AssertionError(f"two clicks had two answers: {done}")
        self.world.notes["double_click"] = done[0]["sequence"]

    def field_errors(self, school: Json) -> None:
        """Is told which fields to mend, mends them, and submits."""
        wrong = answers(school)
        wrong["groups"][0] |= {"people": 0, "fields": []}
        wrong["groups"][1] |= {"smallest": 90}
        self.draft(school, wrong)
        problem = refused(lambda: self.submit(school), 422)
        self.world.notes["field_errors"] = problem["errors"]
        self.plain(school)

    def late(self, school: Json) -> None:
        """Has its draft, and lets the deadline pass."""
        self.draft(school, answers(school))

    def by_telephone(self, school: Json) -> None:
        """Telephones; the centre records the answers (대리 입력)."""
        world = self.world
        done = world.centre.post(
            f"/api/v1/campaigns/{world.ids['campaign']}/surveys",
            {
                **answers(school),
                "school": world.ids[f"school:{school['key']}"],
                "by_telephone": {
                    "spoken_with": school["person"],
                    "at": world.now().isoformat(),
                },
            },
        )
        world.ids[f"survey:{school['key']}"] = done["id"]


def close(world: World) -> None:
    """The centre brings the deadline forward; the timer closes and publishes the manifest."""
    path = f"/api/v1/campaigns/{world.ids['campaign']}"
    deadline = world.now() + timedelta(seconds=CLOSE_SECONDS)
    world.centre.patch(path, {"deadline": deadline.isoformat()})
    found = wait_for(
        lambda: (one := world.centre.get(path))["status"] == "closed" and one,
        "the survey to close by its timer",
    )
    world.notes["manifest"] = found["manifest"]


def admit(world: World, school: Json) -> None:
    """The late school is refused with the deadline and a number to call; the centre lets it in."""
    problem = refused(lambda: Answering(world).submit(school), 409)
    world.notes["late"] = problem
    id = world.ids[f"survey:{school['key']}"]
    world.centre.post(
        f"/api/v1/surveys/{id}/admit",
        {"reason_code": "illness", "reason": "담당 교사가 병가 중이었습니다."},
    )


def remember_groups(world: World, school: Json) -> None:
    """Keep the ids of a school's groups under the names of the data file."""
    found = world.centre.get(f"/api/v1/surveys/{world.ids['survey:' + school['key']]}")
    groups: list[Any] = (found.get("submitted") or found["draft"])["groups"]
    for number, group in enumerate(groups, 1):
        world.ids[f"group:{school['key']}/{number}"] = group["id"]
        world.notes.setdefault("class", {})[group["id"]] = group.get("class_name", "")


def play(world: World) -> None:
    """All of it, in order."""
    answering = Answering(world)
    for school in world.data["schools"]:
        getattr(answering, school["answers"])(school)
    mended = len(world.notes.get("field_errors", []))
    world.say(f"the schools answered; one was told {mended} fields to mend, one clicked twice")
    close(world)
    world.say("the survey closed by its timer, with its manifest")
    for school in world.data["schools"]:
        if school["answers"] == "late":
            admit(world, school)
            world.say(f"late: “{world.notes['late']['title']}” Then admitted with a reason.")
        remember_groups(world, school)
