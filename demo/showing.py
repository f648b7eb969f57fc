"""What happened, as tables a person can read."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.client import REQUESTS, Json
from demo.confirming import placements
from demo.world import KST, PASSWORD, World

STATES = {
    "planned": "체험처 확인 중",
    "offered": "학교 확정 전",
    "confirmed": "확정",
    "waitlisted": "대기",
    "not_selected": "미선정",
    "withdrawn": "신청 취소",
    "cancelled": "취소",
    "postponed": "연기",
    "expired": "확정 기한 지남",
}
FIELDS = {
    "broadcasting": "방송·영상",
    "drones": "드론",
    "environment": "환경",
    "sports": "체육",
    "design": "디자인",
}


def when(text: str) -> str:
    """A time as people write it in a table."""
    moment = datetime.fromisoformat(text).astimezone(KST)
    return f"{moment.month}/{moment.day}({'월화수목금토일'[moment.weekday()]}) {moment:%H:%M}"


def sessions(world: World) -> dict[str, str]:
    """Title of each session by its id."""
    found: dict[str, str] = {}
    path = f"/placement/api/v1/campaigns/{world.ids['campaign']}/offers"
    for offer in world.centre.all(path):
        for one in offer["sessions"]:
            found[one["id"]] = f"{offer['team_name'] or offer['title']} {when(one['start'])}"
    return found


def groups_table(world: World) -> Table:
    """Every group: school, size, wish, sessions, state, and the reason if it has no place."""
    names = sessions(world)
    current = {one["group"]: one for one in placements(world)} if "run" in world.ids else {}
    table = Table(title=world.data["campaign"]["name"], title_justify="left")
    for name in ("학교", "모둠", "인원", "희망", "회차", "상태", "이유"):
        table.add_column(name, overflow="fold")
    for school in world.data["schools"]:
        for number, group in enumerate(school["groups"], 1):
            key = f"{school['key']}/{number}"
            id = world.ids.get(f"group:{key}", "")
            row = world.notes.get("by_group", {}).get(id, {})
            placement = current.get(id, {})
            table.add_row(
                school["name"],
                group["class"],
                str(group["people"]),
                ", ".join(FIELDS[one] for one in group["fields"]),
                _visit(row, placement, names),
                STATES.get(placement.get("status", ""), row.get("state", "")),
                _reason(row, placement),
            )
    return table


def _visit(row: Json, placement: Json, names: dict[str, str]) -> str:
    parts = [
        (part["people"], [one["session"] for one in part["stops"]])
        for part in placement.get("parts", [])
    ] or [(part["people"], part["sessions"]) for part in row.get("parts", [])]
    told = []
    for people, ids in parts:
        visit = " → ".join(names.get(one, one) for one in ids)
        told.append(f"{visit} ({people}명)" if len(parts) > 1 else visit)
    return "; ".join(told)


def _reason(row: Json, placement: Json) -> str:
    if placement.get("status") in ("confirmed", "offered", "planned"):
        return ""
    if placement.get("reason"):
        return str(placement["reason"])
    reason = row.get("reason") or {}
    sentences = reason.get("sentences") or {}
    told = str(sentences.get("ko") or placement.get("reason_code") or reason.get("code") or "")
    rank = placement.get("reserve_rank") or row.get("reserve_rank")
    return f"{told} 예비 {rank}번" if rank and "예비" not in told else told


def show(world: World, steps: list[tuple[str, float]]) -> None:
    """Print everything."""
    console = Console(width=150)
    console.print(groups_table(world))
    console.print(_counts(world))
    for name, seconds in steps:
        console.print(f"  {name:<12} {seconds:6.1f} s")
    slow = sorted(REQUESTS)
    median, late = slow[len(slow) // 2], slow[int(len(slow) * 0.99)]
    console.print(
        f"  {len(slow)} requests: median {median * 1000:.0f} ms, p99 {late * 1000:.0f} ms"
    )
    console.print(f"\n[bold]{world.origin}[/bold]   mailbox {world.mail_api.partition('/api')[0]}")
    console.print(f"  password of every account: {PASSWORD}")
    console.print(f"  {'센터 담당자':<12} {world.centre.login}")
    for key, person in world.people.items():
        console.print(f"  {key:<12} {person.login}")


def _counts(world: World) -> str:
    found = placements(world)
    states = Counter(str(STATES.get(one["status"], one["status"])) for one in found)
    people: Counter[str] = Counter()
    for one in found:
        seated = sum(part["people"] for part in one["parts"])
        people[str(STATES.get(one["status"], one["status"]))] += seated or one["people"]
    told = ", ".join(f"{name} {number}모둠 {people[name]}명" for name, number in states.items())
    mails: list[Any] = world.notes["mails"]()
    return f"  {told}; {len(mails)} mails, {len(world.notes.get('tasks', []))} telephone tasks"
