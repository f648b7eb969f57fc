"""What an operator can ask of a service and do to it, at three in the morning too."""

import json
from collections.abc import Callable
from typing import Any, TextIO

import click

from chassis import away, backups, heads, logs, standing, verify
from chassis.context import Context, open_context
from chassis.contracts import owned_by, topic_of, topics
from chassis.errors import NotFound
from chassis.events import dead_letters, rebuild, recover, roles
from chassis.events.consumer import Follower
from chassis.events.envelope import Unfit, packed
from chassis.events.inbox import SKIPPED
from chassis.events.topics import Admin
from chassis.facts import Event
from chassis.printing import as_json, tell
from chassis.service import Service
from chassis.settings import Settings
from chassis.teaching import examples

Found = dict[str, object]
Open = Callable[[], Context]


def add(commands: click.Group, service: Service) -> None:
    """Add the operators' commands of a service."""

    def opened() -> Context:
        return open_context(Settings(service=service.name))

    @commands.command(help="Show the settings; secrets are left out.")
    @as_json
    def config(as_json: bool) -> None:
        shown = Settings(service=service.name).model_dump()
        shown["mongo_uri"] = str(shown["mongo_uri"]).partition("@")[2] or shown["mongo_uri"]
        tell([{"setting": name, "value": value} for name, value in shown.items()], as_json)

    @commands.command(name="topics", help="Create the topics of contracts/topics.yaml.")
    @click.option("--mine", is_flag=True, help="Only those that this service owns.")
    @away.waiting
    @as_json
    def make_topics(mine: bool, wait: float, as_json: bool) -> None:
        logs.configure(service.name, "topics")
        admin = away.patient(lambda: Admin(Settings(service=service.name)), wait)
        wanted = owned_by(service.name) if mine else list(topics().values())
        made = admin.make(wanted)
        admin.close()
        tell({"topics": len(wanted), "made": ", ".join(made) or "none"}, as_json)

    @commands.command(help="Lag, outboxes, parked messages, dead letters and leases.")
    @as_json
    def status(as_json: bool) -> None:
        found = standing.status(opened(), service)
        tell(found, as_json)
        if any(row["state"] == "look" for row in found):
            raise SystemExit(1)

    _dead_letters(commands, service, opened)
    _audit(commands, opened)
    _outbox(commands, service, opened)
    backups.add(commands, opened)
    owner = topic_of("account.created").owner
    if owner != service.name:
        _accounts_elsewhere(commands, service.name, owner)

    @commands.command(name="rebuild", help="Rebuild read models from the log, while running.")
    @click.argument("projection", required=False)
    @as_json
    def rebuild_models(projection: str | None, as_json: bool) -> None:
        chosen = [projection] if projection else list(service.projections.all)
        unknown = [name for name in chosen if name not in service.projections.all]
        if unknown:
            known = ", ".join(service.projections.all)
            raise click.UsageError(f"no read model {unknown[0]}; there are: {known}")
        context = opened()
        try:
            rows = [
                rebuild.Rebuild(context, service, service.projections.all[name]).run()
                for name in chosen
            ]
        except rebuild.NotCaughtUp as error:
            raise click.ClickException(str(error)) from None
        tell(rows, as_json)

    @commands.command(name="republish", help="Send archived events again, with old sequences.")
    @click.option("--topic", help="Only this topic.")
    @click.option("--key", help="Only this aggregate.")
    @as_json
    def send_again(topic: str | None, key: str | None, as_json: bool) -> None:
        tell({"sent": recover.republish(opened(), topic, key)}, as_json)

    @commands.command(name="recover", help="After a restore: move past what was published.")
    @click.option("--check", is_flag=True, help="Only say whether it is needed.")
    @as_json
    def catch_up(check: bool, as_json: bool) -> None:
        context = opened()
        if check:
            unknown = recover.needed(context, service.aggregates)
            wanted = recover.flagged(context)
            tell({"unknown messages": unknown, "recover": "needed" if wanted else "no"}, as_json)
            raise SystemExit(1 if wanted else 0)
        try:
            tell(recover.recover(context, service.aggregates), as_json)
        except recover.RecoverFirst as error:
            raise click.ClickException(str(error)) from None

    @commands.group(help="The places in the log that this service has reached.")
    def offsets() -> None: ...

    @offsets.command(help="Read a topic again from an offset; the guard drops what was done.")
    @click.argument("topic")
    @click.option("--to", "offset", type=int, default=0, show_default=True)
    @as_json
    def rewind(topic: str, offset: int, as_json: bool) -> None:
        context = opened()
        admin = Admin(context.settings)
        described = admin.described([topic])
        admin.close()
        if topic not in described:
            raise click.UsageError(f"the broker has no topic {topic}")
        done = context.database["offsets"].update_many(
            {"topic": topic}, {"$set": {"next": offset, "topic_id": described[topic][0]}}
        )
        tell({"partitions": done.modified_count}, as_json)

    @commands.command(
        name="verify",
        help="Check numbers, outboxes, read models against the log, and the audit chain; "
        "one sentence per fault, exit code 1 if there is any.",
    )
    @click.option("--age", default=60.0, show_default=True, help="Seconds an event may wait.")
    @as_json
    def check(age: float, as_json: bool) -> None:
        found = verify.faults(opened(), service, age)
        tell([{"fault": fault} for fault in found], as_json)
        raise SystemExit(1 if found else 0)


def _accounts_elsewhere(commands: click.Group, here: str, owner: str) -> None:
    """`user create` where no accounts are kept: it names the service that keeps them."""
    there = f"python -m services.{owner} user create"

    @commands.group(help=f"Accounts belong to {owner}; this service hears of them by events.")
    def user() -> None: ...

    @user.command(
        help=f"Opens nothing here: says where accounts are made, which is `{there}`.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        epilog=examples(f"python -m services.{here} user create", f"{there} --help"),
    )
    @as_json
    def create(as_json: bool) -> None:
        raise click.UsageError(f"accounts belong to {owner}: `{there} --help` says how")


def _follower(context: Context, service: Service, id: str) -> Follower:
    for one in roles.followers(context, service):
        if id.startswith(f"{one.group}|"):
            return one
    raise click.UsageError(f"no dead letter {id}; see `dead-letters list`")


def _dead_letters(commands: click.Group, service: Service, opened: Open) -> None:
    @commands.group(name="dead-letters", help="What no handler could take.")
    def letters() -> None: ...

    @letters.command(name="list", help="All of them, with how many wait behind each.")
    @as_json
    def list_them(as_json: bool) -> None:
        context = opened()
        rows = [
            row for one in roles.followers(context, service) for row in dead_letters.listed(one)
        ]
        tell(rows, as_json)

    @letters.command(help="Keys whose messages wait, how many, and from which number on.")
    @as_json
    def waiting(as_json: bool) -> None:
        rows = [
            {
                "group": row["group"],
                "topic": row["topic"],
                "key": row["key"],
                "waiting": row["count"],
                "from": row["first"],
                "behind": "a dead letter" if row["poison"] else "a gap",
            }
            for row in standing.parked(opened())
        ]
        tell(rows, as_json)

    @letters.command(help="One of them with its original bytes.")
    @click.argument("id")
    @as_json
    def show(id: str, as_json: bool) -> None:
        try:
            row = dead_letters.find(_follower(opened(), service, id), id)
        except NotFound:
            raise click.UsageError(f"no dead letter {id}; see `dead-letters list`") from None
        row["value"] = bytes(row["value"]).decode(errors="replace")
        row["headers"] = {name: bytes(value).decode() for name, value in row["headers"]}
        tell(row, as_json)

    @letters.command(help="Try one again; what waited behind it follows in order.")
    @click.argument("id")
    @as_json
    def replay(id: str, as_json: bool) -> None:
        done = dead_letters.replay(_follower(opened(), service, id), id)
        tell({"id": id, "took effect": done}, as_json)
        raise SystemExit(0 if done else 1)

    @letters.command(help="Pass over one for good; what waited behind it follows.")
    @click.argument("id")
    @click.option("--reason", required=True, help="Kept on record.")
    @as_json
    def discard(id: str, reason: str, as_json: bool) -> None:
        follower = _follower(opened(), service, id)
        dead_letters.discard(follower, id, reason, actor="operator")
        tell({"id": id, "discarded": True}, as_json)


def _audit(commands: click.Group, opened: Open) -> None:
    @commands.group(name="audit-head", help="Signed heads of the chain of acts and reads.")
    def audit_head() -> None: ...

    @audit_head.command(help="Sign the chain's present head; keep what it prints elsewhere.")
    @as_json
    def sign(as_json: bool) -> None:
        context = opened()
        head = heads.sign(context)
        if head is None:
            raise click.ClickException("nothing stands in the chain yet")
        tell({**head, "public_key": heads.public_key(context.keys)}, as_json)

    @audit_head.command(
        help="Compare the chain with heads that were kept elsewhere, one JSON object a line "
        "(the log's lines `audit_head` will do)."
    )
    @click.argument("file", type=click.File())
    @as_json
    def check(file: TextIO, as_json: bool) -> None:
        context = opened()
        mine = heads.told(file, context.settings.service)
        found = list(heads.faults(context.database, context.keys, mine))
        tell([{"fault": fault} for fault in found] or {"heads that hold": len(mine)}, as_json)
        raise SystemExit(1 if found else 0)


def _outbox(commands: click.Group, service: Service, opened: Open) -> None:
    @commands.group(help="What waits to be published, and what the broker refused for good.")
    def outbox() -> None: ...

    @outbox.command(name="list", help="Waiting and quarantined entries, by aggregate.")
    @as_json
    def list_entries(as_json: bool) -> None:
        context: Context = opened()
        rows: list[Found] = []
        for one in service.aggregates:
            for row in context.database[one.name].find({"outbox.id": {"$exists": True}}):
                rows += [
                    {
                        "collection": one.name,
                        "id": entry["id"],
                        "topic": entry["topic"],
                        "since": entry["time"],
                        "quarantined": entry.get("why", "no"),
                    }
                    for entry in row["outbox"]
                ]
        tell(rows, as_json)

    @outbox.command(
        help="Put a quarantined entry back in line: as it is, once the cause is mended, or with "
        "other data that fits its schema (a shorter list, say). The aggregate's state stays."
    )
    @click.argument("collection")
    @click.argument("id")
    @click.option("--data", type=click.File(), help="A JSON file with the event's data instead.")
    @as_json
    def amend(collection: str, id: str, data: TextIO | None, as_json: bool) -> None:
        context: Context = opened()
        change: Found = {"$unset": {"outbox.$.quarantined": "", "outbox.$.why": ""}}
        if data is not None:
            entry = _quarantined(service, context, collection, id)
            event = Event(entry["type"], json.load(data), version=entry["version"])
            try:
                value = packed(context.keys, event, topics()[entry["topic"]])
            except Unfit as error:
                raise click.UsageError(str(error)) from None
            change["$set"] = {"outbox.$.data": value}
        done = _change_entry(service, context, collection, id, change)
        tell({"id": id, "back in line": done, "amended": data is not None}, as_json)

    @outbox.command(help="Publish an empty event under the entry's sequence instead.")
    @click.argument("collection")
    @click.argument("id")
    @as_json
    def skip(collection: str, id: str, as_json: bool) -> None:
        context: Context = opened()
        change = {
            "$set": {"outbox.$.type": SKIPPED, "outbox.$.version": 1, "outbox.$.data": b"{}"},
            "$unset": {"outbox.$.quarantined": "", "outbox.$.why": ""},
        }
        tell(
            {"id": id, "skipped": _change_entry(service, context, collection, id, change)}, as_json
        )


def _quarantined(service: Service, context: Context, collection: str, id: str) -> dict[str, Any]:
    """An entry that the broker refused for good."""
    names: list[str] = [one.name for one in service.aggregates]
    if collection not in names:
        raise click.UsageError(f"no collection {collection}; there are: {', '.join(names)}")
    row = context.database[collection].find_one(_holds(id), {"outbox.$": 1})
    if row is None:
        raise click.UsageError(f"no quarantined entry {id} in {collection}; see `outbox list`")
    found: dict[str, Any] = row["outbox"][0]
    return found


def _holds(id: str) -> dict[str, Any]:
    return {"outbox": {"$elemMatch": {"id": id, "quarantined": True}}}


def _change_entry(
    service: Service, context: Context, collection: str, id: str, change: dict[str, object]
) -> bool:
    _quarantined(service, context, collection, id)
    return bool(context.database[collection].update_one(_holds(id), change).matched_count)
