"""The Compose system as a handle of the same shape as `deploy.local.stack.Stack`.

    from deploy.compose.stack import ComposeStack

    with ComposeStack() as stack:                # builds, starts, waits until all is healthy
        stack.addresses["public"], stack.addresses["mail"], stack.mail_api
        stack.command("registration", "user", "create", …)

The addresses can be given, for a system that runs elsewhere or on other ports: IEUM_DEMO_ADDRESS
(the origin) and IEUM_DEMO_MAIL (the mailbox, which speaks Mailpit's API). `mail_api` is Mailpit's
list; a whole mail is at `<mail>/api/v1/message/<ID>`, which the local stack's mailbox has as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from deploy.compose import secrets
from deploy.local.machine import ROOT
from deploy.local.refusal import Refusal

Progress = Callable[[str], None]


def _silent(_line: str) -> None:
    return None


class ComposeStack:
    """`docker compose` for this tree, with the demo profile's mailbox."""

    def __init__(self, *, root: Path = ROOT) -> None:
        self._root = root

    def __enter__(self) -> ComposeStack:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> dict[str, str]:
        """What to connect to: public and mail."""
        origin = f"http://127.0.0.1:{os.environ.get('IEUM_HTTP_PORT', '8080')}"
        mail = f"http://127.0.0.1:{os.environ.get('IEUM_MAIL_PORT', '8025')}"
        return {
            "public": os.environ.get("IEUM_DEMO_ADDRESS", origin),
            "mail": os.environ.get("IEUM_DEMO_MAIL", mail),
        }

    @property
    def mail_api(self) -> str:
        """Address of Mailpit's list of caught mails."""
        return self.addresses["mail"] + "/api/v1/messages"

    def start(
        self, *, fresh: bool = False, follow: bool = False, progress: Progress = _silent
    ) -> ComposeStack:
        """Build and start; returns when every container is healthy.

        `fresh` throws the volumes away first. `follow` is of no meaning here: Compose keeps its
        containers until `stop`.
        """
        del follow
        if shutil.which("docker") is None:
            raise Refusal(
                "docker was not found: install Docker Engine 25 or newer with its compose plugin, "
                "or use the local stack (`make demo` without TARGET=compose)."
            )
        secrets.make(self._root / "secrets")
        if fresh:
            progress("removing the old data")
            self._compose("down", "--volumes")
        progress("building the images")
        self._compose("build", "--quiet")
        progress("starting the containers")
        self._compose("up", "--detach", "--wait")
        progress("ready")
        return self

    def stop(self) -> None:
        """Stop within the grace period; the data stays in its volumes."""
        self._compose("down")

    release = stop

    def command(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an operator's command in the service's own container, to its end."""
        inside = ["exec", "-T", f"{service}-web", "python", "-m", f"services.{service}"]
        return self._docker(*inside, *arguments)

    def _docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", "--profile", "demo", *arguments],
            cwd=self._root,
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
                f"({lines[-1][:200] if lines else 'no reason'}): see `docker compose logs`."
            )
