"""Ports: the ones that were asked for, else free ones."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

from deploy.local.refusal import Refusal

# Below the range from which Linux takes the ports of outgoing connections, so that none of those
# can take a chosen port between the choice and the start.
LOWEST, HIGHEST = 21000, 32000


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(names: list[str], preferred: dict[str, int]) -> dict[str, int]:
    """Give every name a port.

    IEUM_LOCAL_PORT_<NAME> is obeyed or refused. A preferred port is taken when it is free. All
    others are chosen freely.
    """
    chosen: dict[str, int] = {}
    for name in names:
        variable = f"IEUM_LOCAL_PORT_{name.upper()}"
        configured = os.environ.get(variable)
        if configured is not None:
            chosen[name] = _configured(configured, variable, name)
        elif name in preferred and is_free(preferred[name]):
            chosen[name] = preferred[name]
        else:
            chosen[name] = _free(set(chosen.values()))
    return chosen


def named(value: str, variable: str) -> int:
    """The port that a variable names. Raises Refusal if it is none."""
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Refusal(f"{variable}={value} is not a port number between 1 and 65535.")
    return int(value)


def _configured(value: str, variable: str, name: str) -> int:
    port = named(value, variable)
    if not is_free(port):
        raise Refusal(
            f"Port {port} for {name} is taken{holder(port)}: stop that process, "
            f"or choose another port with {variable}, or unset it to let the stack choose."
        )
    return port


def _free(taken: set[int]) -> int:
    for port in random.sample(range(LOWEST, HIGHEST), 500):
        if port not in taken and is_free(port):
            return port
    raise Refusal(f"No free port was found between {LOWEST} and {HIGHEST}: stop other servers.")


def holder(port: int) -> str:
    """Return " by <command> (process <id>)" when this user may know who listens, else ""."""
    inode = _listening_inode(port)
    if inode is None:
        return ""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            for descriptor in (entry / "fd").iterdir():
                if str(descriptor.readlink()) == f"socket:[{inode}]":
                    command = (entry / "comm").read_text(encoding="utf-8").strip()
                    return f" by {command} (process {entry.name})"
        except OSError:
            continue
    return ""


def _listening_inode(port: int) -> str | None:
    listening = "0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                return fields[9]
    return None
