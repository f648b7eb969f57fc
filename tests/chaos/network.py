"""Faults of the network on the loopback: blocked ports (F5) and slow ones (F6).

The kernel's own delay (`tc netem`) is not on every machine, and would be for the whole loopback.
So a slow port is a small proxy of ours: connections to the port are led through it by address
translation, and what clients send is handed on late.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

IPTABLES = "/usr/sbin/iptables"
MARK = "ieum-chaos-"
"""On every rule with the id of its process, so that what a killed run has left is found."""
OWN_ADDRESS = "127.0.0.2"
"""From where the proxy itself connects, and is not led back to itself."""
RESET_SECONDS = 0.4
CHUNK = 65536
CHAINS = (("filter", "INPUT"), ("nat", "OUTPUT"))


@cache
def possible() -> bool:
    """Whether this process may block ports of the loopback and lead connections elsewhere."""
    if os.geteuid() != 0 or not Path(IPTABLES).exists():
        return False
    return all(_iptables("-t", table, "-S", chain) == 0 for table, chain in CHAINS)


def _iptables(*arguments: str) -> int:
    return _run(*arguments).returncode


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [IPTABLES, "-w", "5", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=20, text=True)


def sweep() -> None:
    """Remove the rules that a killed run has left; those of one that runs stay."""
    for table, chain in CHAINS if possible() else ():
        for line in _run("-t", table, "-S", chain).stdout.splitlines():
            found = re.search(rf"{MARK}(\d+)", line)
            if found and not Path(f"/proc/{found[1]}").exists():
                _iptables("-t", table, *shlex.split(line.replace("-A", "-D", 1)))


@contextmanager
def _rule(table: str, chain: str, *rest: str) -> Iterator[None]:
    mark = ["-m", "comment", "--comment", f"{MARK}{os.getpid()}"]
    if _iptables("-t", table, "-I", chain, *mark, *rest) != 0:
        raise OSError(f"the kernel takes no rule in {table} {chain}")
    try:
        yield
    finally:
        _iptables("-t", table, "-D", chain, *mark, *rest)


@contextmanager
def cut(port: int, refuse: bool) -> Iterator[None]:
    """Nothing reaches the port while the block runs: silence, or a refusal."""
    target = ["-p", "tcp", "--dport", str(port), "-i", "lo"]
    if refuse:
        target += ["-j", "REJECT", "--reject-with", "tcp-reset"]
    else:
        target += ["-j", "DROP"]
    with _rule("filter", "INPUT", *target):
        yield


@contextmanager
def slowed(port: int, seconds: float) -> Iterator[None]:
    """What is sent to the port arrives so much later while the block runs.

    Connections that were open are reset, so that those who use them open new ones, which are slow;
    at the end these are reset in turn.
    """
    to = ["!", "-s", OWN_ADDRESS, "-o", "lo", "-p", "tcp", "--dport", str(port)]
    with Slow(port, seconds) as slow:
        lead = [*to, "-j", "REDIRECT", "--to-ports", str(slow.port)]
        with _rule("nat", "OUTPUT", *lead):
            old = ["!", "-s", OWN_ADDRESS, "-i", "lo", "-p", "tcp", "--dport", str(port)]
            with _rule("filter", "INPUT", *old, "-j", "REJECT", "--reject-with", "tcp-reset"):
                threading.Event().wait(RESET_SECONDS)
            yield


class Slow:
    """A proxy to a port of the loopback that hands on late what clients send.

    `carried` counts the bytes that it made late.
    """

    def __init__(self, target: int, seconds: float) -> None:
        self._target = target
        self._seconds = seconds
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.carried = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])

    def __enter__(self) -> Slow:
        threading.Thread(target=self._accept, daemon=True, name="slow").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for one in (self._door, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._door.accept()
                target = ("127.0.0.1", self._target)
                server = socket.create_connection(target, 5, source_address=(OWN_ADDRESS, 0))
            except OSError:
                # The door was closed, or the server is away: its client finds that out itself.
                continue
            server.settimeout(None)
            with self._lock:
                self._open += [client, server]
            for source, sink, late in ((client, server, self._seconds), (server, client, 0.0)):
                threading.Thread(target=self._carry, args=(source, sink, late), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, late: float) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if late:
                    self._ended.wait(late)
                    self.carried += len(data)
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
