"""Examples under every operator's command: a `--help` that shows the call, not only its parts."""

from collections.abc import Mapping, Sequence

import click

EXAMPLES: Mapping[str, Sequence[str]] = {
    "migrate": ("", "--json"),
    "config": ("", "--json"),
    "topics": ("", "--mine --json"),
    "status": ("", "--json"),
    "verify": ("", "--age 300 --json"),
    "dead-letters list": ("", "--json"),
    "dead-letters waiting": ("", "--json"),
    "dead-letters show": ("'{letter}'", "'{letter}' --json"),
    "dead-letters replay": ("'{letter}'",),
    "dead-letters discard": ("'{letter}' --reason 'sent twice by mistake'",),
    "audit-head sign": ("", "--json"),
    "audit-head check": ("heads.jsonl",),
    "outbox list": ("", "--json"),
    "outbox amend": (
        "{collection} {aggregate}:7",
        "{collection} {aggregate}:7 --data shorter.json",
    ),
    "outbox skip": ("{collection} {aggregate}:7",),
    "backup note": ("{own}.archive.gz", "{own}.archive.gz --json"),
    "backup last": ("", "--json"),
    "rebuild": ("", "{projection} --json"),
    "republish": ("--topic {own}", "--key {aggregate}"),
    "offsets rewind": ("{topic}", "{topic} --to 1200"),
    "recover": ("--check", "--json"),
}
"""What follows each command that all services have; names in braces are those of the service."""


def teach(commands: click.Group, program: str, names: Mapping[str, str]) -> None:
    """Put examples under the `--help` of the commands that all services have."""
    for path, endings in EXAMPLES.items():
        command: click.Command = commands
        for word in path.split():
            if not isinstance(command, click.Group):
                raise LookupError(path)
            command = command.commands[word]
        calls = (f"{program} {path} {ending.format(**names)}".rstrip() for ending in endings)
        command.epilog = examples(*calls)


def examples(*calls: str) -> str:
    """The end of a `--help`: calls as they are typed."""
    # The sign \b keeps click from filling the lines into one paragraph.
    return "\n".join(("\b", "Examples:", *(f"  {call}" for call in calls)))
