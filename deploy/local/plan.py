"""What a stack consists of: the commands of its processes and the settings they get."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local import broker, database, machine
from deploy.local.children import Child
from deploy.local.processes import MARK
from deploy.local.state import Layout

SERVICES = ("registration", "placement", "notifications")
SENDER = "ieum@ieum.example"
# People type these two, so they are the same each time when they can be.
PREFERRED_PORTS = {"proxy": 8080, "mail": 8025}


def port_names(services: list[str]) -> list[str]:
    """Name every port that the stack needs."""
    names = ["kafka", "kafka_controller", "mongo"]
    if services:
        names += ["proxy", "mail", "smtp", *services]
    return names


def addresses(ports: dict[str, int]) -> dict[str, str]:
    """Return what others may connect to, by name."""
    found = {"kafka": f"127.0.0.1:{ports['kafka']}", "mongo": database.uri(ports["mongo"])}
    if "proxy" in ports:
        found["public"] = f"http://127.0.0.1:{ports['proxy']}"
        found["mail"] = f"http://127.0.0.1:{ports['mail']}"
        found["smtp"] = f"127.0.0.1:{ports['smtp']}"
        for service in SERVICES:
            if service in ports:
                found[service] = f"http://127.0.0.1:{ports[service]}"
    return found


@dataclass(frozen=True)
class Plan:
    """Everything decided before the first process starts."""

    layout: Layout
    data: Path
    ports: dict[str, int]
    services: list[str]

    @property
    def secrets(self) -> Path:
        """The directory of the services' secret files."""
        return self.data / "secrets"

    def _child(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Child:
        given = {
            MARK: str(self.layout.directory),
            "PYTHONUNBUFFERED": "1",
            # Compiled modules are kept, whatever the machine says: a start has ten processes.
            "PYTHONDONTWRITEBYTECODE": "",
            **(environment or {}),
        }
        return Child(name, command, given, self.layout.log / f"{name}.log")

    def broker(self, class_path: str) -> Child:
        """The broker; formats its storage when the data directory is new."""
        command = broker.prepare(
            self.data / "kafka", self.ports["kafka"], self.ports["kafka_controller"], class_path
        )
        return self._child("kafka", command)

    def database(self) -> Child:
        """The database."""
        command = database.command(self.data / "mongo", self.ports["mongo"])
        return self._child("mongo", command, machine.libraries())

    def mail(self) -> Child:
        """The mail server that catches everything."""
        command = [sys.executable, "-m", "deploy.local.mail", str(self.data / "mail")]
        ports = [str(self.ports["smtp"]), str(self.ports["mail"])]
        return self._child("mail", command + ports)

    def proxy(self) -> Child:
        """The one origin in front of the services."""
        targets = [f"{service}={self.ports[service]}" for service in self.services]
        command = [sys.executable, "-m", "deploy.local.proxy", str(self.ports["proxy"]), *targets]
        return self._child("proxy", command)

    def metrics(self, service: str) -> Path:
        """The directory in which the metrics of a service's processes meet."""
        return self.layout.directory / "metrics" / service

    def settings(self, service: str) -> dict[str, str]:
        """The environment of every role of a service."""
        return {
            "IEUM_MONGO_URI": database.uri(self.ports["mongo"]),
            "IEUM_DATABASE": service,
            "IEUM_KAFKA_BOOTSTRAP": f"127.0.0.1:{self.ports['kafka']}",
            "IEUM_KAFKA_SECURITY": "PLAINTEXT",
            "IEUM_PUBLIC_ADDRESS": f"http://127.0.0.1:{self.ports['proxy']}",
            "IEUM_SECRETS": str(self.secrets),
            "IEUM_SMTP_HOST": "127.0.0.1",
            "IEUM_SMTP_PORT": str(self.ports["smtp"]),
            "IEUM_SMTP_FROM": SENDER,
            "IEUM_BIND": "127.0.0.1",
            "IEUM_PORT": str(self.ports[service]),
            "IEUM_WEB_WORKERS": "1",
            "IEUM_WEB_THREADS": "8",
            # People who try the system out do not wait two minutes for a digest.
            "IEUM_DIGEST_SECONDS": os.environ.get("IEUM_DIGEST_SECONDS", "2"),
            # Web and background roles share it, so that /metrics shows both.
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics(service)),
            "NUMBA_CACHE_DIR": str(self.layout.store / "numba"),
        }

    def health(self, service: str) -> str:
        """Where a service says whether it is ready: under the prefix that it has at the origin."""
        prefix = "" if service == "registration" else f"/{service}"
        return f"http://127.0.0.1:{self.ports[service]}{prefix}/health/ready"

    def role(self, service: str, role: str) -> Child:
        """One role of one service as a process."""
        return self._service(f"{service}-{role}", service, f"services.{service}", role)

    def web(self, service: str) -> Child:
        """The web role: what `services.<name> web` becomes, without importing the service twice."""
        app = f"services.{service}.app:create_app()"
        arguments = ("gunicorn", "-c", "deploy/gunicorn.conf.py", app)
        return self._service(f"{service}-web", service, *arguments)

    def _service(self, name: str, service: str, *arguments: str) -> Child:
        child = self._child(name, [sys.executable, "-m", *arguments], self.settings(service))
        child.forked = True
        return child

    def make_secrets(self) -> Child:
        """Generates what is missing of the secret files, and ends."""
        return self._child("secrets", [sys.executable, "-m", "chassis.secrets", str(self.secrets)])
