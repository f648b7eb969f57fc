"""The Compose system as a handle of the same shape as `deploy.local.stack.Stack`, for the demo.

    from deploy.compose.stack import ComposeStack

    stack = ComposeStack()
    stack.start(fresh=True, progress=print)      # builds, starts, waits until all is healthy
    stack.addresses["public"], stack.addresses["mail"]
    stack.mails()                                # every caught mail, whole
    stack.command("registration", "user", "create", …)
    stack.release()                              # stops it and throws its data away

It is a Compose project of its own, `ieum-demo`, so that it never touches the data of the `ieum`
that an operator runs. Ports are 8080 and 8025 when they are free; IEUM_HTTP_PORT and IEUM_MAIL_PORT
choose others. A system that runs elsewhere is played against when IEUM_DEMO_ADDRESS (the origin)
and IEUM_DEMO_MAIL (the mailbox, which speaks Mailpit's API) name it; it is then neither started nor
stopped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3

from deploy.compose import secrets
from deploy.local import ports
from deploy.local.machine import ROOT
from deploy.local.refusal import Refusal

Progress = Callable[[str], None]
PROJECT = "ieum-demo"
PAGE = 500
# Compose may write a terminal's escapes before a name, also where it was told of no terminal.
_CONTAINER = re.compile(r"(?:\x1b\[[0-9;]*[A-Za-z])*([a-z-]+)-\d+ *\|")


def _silent(_line: str) -> None:
    return None


class ComposeStack:
    """`docker compose` for this tree, with the demo profile's mailbox."""

    def __init__(self, *, root: Path = ROOT) -> None:
        self._root = root
        self._elsewhere = os.environ.get("IEUM_DEMO_ADDRESS")
        self._ports = _ports() if self._elsewhere is None else {}
        self._whole: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> ComposeStack:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def addresses(self) -> dict[str, str]:
        """What to connect to: public and mail."""
        if self._elsewhere is not None:
            mail = os.environ.get("IEUM_DEMO_MAIL", "http://127.0.0.1:8025")
            return {"public": self._elsewhere, "mail": mail}
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    @property
    def mail_api(self) -> str:
        """Address of Mailpit's list of caught mails."""
        return self.addresses["mail"] + "/api/v1/messages"

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return every caught mail whole, newest first; `to` narrows to a recipient.

        Mailpit lists summaries; a mail never changes, so each is asked for once.
        """
        listed: list[dict[str, Any]] = []
        while True:
            page = _json(f"{self.mail_api}?start={len(listed)}&limit={PAGE}")["messages"]
            listed += page
            if len(page) < PAGE:
                break
        for one in listed:
            if one["ID"] not in self._whole:
                address = f"{self.addresses['mail']}/api/v1/message/{one['ID']}"
                self._whole[one["ID"]] = _json(address)
        found = [self._whole[one["ID"]] for one in listed]
        return [m for m in found if to is None or to in {r["Address"] for r in m["To"]}]

    def start(
        self, *, fresh: bool = False, follow: bool = False, progress: Progress = _silent
    ) -> ComposeStack:
        """Build and start; returns when every container is healthy.

        `fresh` throws this project's volumes away first. `follow` is of no meaning here: Compose
        keeps its containers until `release`.
        """
        del follow
        if self._elsewhere is not None:
            progress(f"playing against {self._elsewhere}, which runs already")
            return self
        if shutil.which("docker") is None:
            raise Refusal(
                "docker was not found: install Docker Engine 25 or newer with its compose plugin, "
                "or use the local stack (`make demo` without TARGET=compose)."
            )
        secrets.make(self._root / "secrets")
        if fresh:
            progress("removing the data of an earlier demo")
            self._compose("down", "--volumes")
        progress("building the images")
        self._compose("build", "--quiet")
        progress("starting the containers")
        self._compose("up", "--detach", "--wait")
        progress("ready")
        return self

    def release(self) -> None:
        """Stop within the grace period and throw the demo's data away."""
        if self._elsewhere is None:
            self._compose("down", "--volumes")

    def logs_with(self, text: str) -> set[str] | None:
        """The names of the containers whose logs hold a text; None where none can be read."""
        if self._elsewhere is not None:
            return None
        return containers_that_say(text, self._docker("logs", "--no-color").stdout)

    def command(
        self, service: str, *arguments: str, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run an operator's command in the service's own container, to its end.

        A file that it is to read can be given as `stdin` and named `/dev/stdin`.
        """
        inside = ["exec", "-T", f"{service}-web", "python", "-m", f"services.{service}"]
        return self._docker(*inside, *arguments, stdin=stdin)

    def _docker(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        settings = dict(os.environ)
        if self._ports:
            settings["IEUM_HTTP_PORT"] = str(self._ports["public"])
            settings["IEUM_MAIL_PORT"] = str(self._ports["mail"])
            settings["IEUM_PUBLIC_ADDRESS"] = self.addresses["public"]
            # Who tries the system out does not wait two minutes for a digest.
            settings.setdefault("IEUM_DIGEST_SECONDS", "3")
        return subprocess.run(
            ["docker", "compose", "--project-name", PROJECT, "--profile", "demo", *arguments],
            cwd=self._root,
            env=settings,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _compose(self, *arguments: str) -> None:
        done = self._docker(*arguments)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise Refusal(
                f"`docker compose {' '.join(arguments)}` failed "
                f"({lines[-1][:200] if lines else 'no reason'}): "
                f"see `docker compose -p {PROJECT} logs`."
            )


def containers_that_say(text: str, logs: str) -> set[str]:
    """The services whose lines of `docker compose logs` hold a text."""
    found = (_CONTAINER.match(line) for line in logs.splitlines() if text in line)
    return {match[1] for match in found if match is not None}


def _ports() -> dict[str, int]:
    """Return the ports that were named, else the usual ones, else free ones."""
    chosen = {}
    for name, variable, usual in (
        ("public", "IEUM_HTTP_PORT", 8080),
        ("mail", "IEUM_MAIL_PORT", 8025),
    ):
        value = os.environ.get(variable)
        if value:
            # It may be taken by this project's own containers, which `start` replaces.
            chosen[name] = ports.named(value, variable)
        else:
            chosen[name] = ports.choose([name], {name: usual})[name]
    return chosen


def _json(address: str) -> Any:
    return urllib3.request("GET", address, timeout=30.0, retries=3).json()
