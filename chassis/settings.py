"""What a process is told from outside: environment variables with the prefix IEUM_, and files.

Secrets are never values of the environment: they are files in one directory, and each service
reads only its own. `python -m services.<name> config` prints all of it with secrets left out.
"""

import os
from functools import cached_property
from pathlib import Path

from pydantic import Field, computed_field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.clock import shift


def metrics_port() -> int | None:
    """The port on which a worker shows its metrics; None where it shows none."""
    return int(os.environ.get("IEUM_METRICS_PORT") or 0) or None


class Settings(BaseSettings):
    """Settings of one process of one service."""

    model_config = SettingsConfigDict(env_prefix="IEUM_", extra="ignore", frozen=True)

    service: str = Field(description="registration, placement or notifications")
    mongo_uri: str = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    mongo_password_file: Path | None = Field(
        default=None, description="file whose text replaces {password} in the URI"
    )
    database: str = ""
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security: str = "PLAINTEXT"
    kafka_user: str | None = None
    kafka_password_file: Path | None = None
    kafka_replication: int = 1
    public_address: str = "http://127.0.0.1:8080"
    secrets: Path = Path("secrets")
    bind: str = "127.0.0.1"
    port: int = 8000
    web_workers: int = 2
    web_threads: int = 8
    replica: str = Field(default="0", description="name of this copy; tells twins apart in logs")
    digest_seconds: float = Field(
        default=120.0, description="how long messages of one release are gathered"
    )
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 1025
    smtp_from: str = "ieum@localhost"
    rate_limits: bool = True
    recover_check: bool = Field(
        default=True,
        description="whether the relay looks for a restored database when it starts; off only "
        "where several databases share one broker, as in tests",
    )
    log_level: str = "info"

    # These two are read before there are settings, and shown with them.

    @computed_field(description="seconds by which every clock of the house is moved; 0 in service")
    def clock_shift(self) -> int:
        """What IEUM_CLOCK_SHIFT says."""
        return int(shift().total_seconds())

    @computed_field(description="where a worker shows its metrics")
    def metrics_port(self) -> int | None:
        """What IEUM_METRICS_PORT says."""
        return metrics_port()

    @cached_property
    def database_name(self) -> str:
        """The service's own database."""
        return self.database or self.service

    @cached_property
    def mount(self) -> str:
        """Where the one origin shows this service: registration is the root."""
        return "" if self.service == "registration" else f"/{self.service}"

    @cached_property
    def secure(self) -> bool:
        """Whether cookies must be `Secure`: plain http is for the loopback address only."""
        return self.public_address.startswith("https://")

    def mongo_address(self) -> str:
        """The database URI with its password from the file, if there is one."""
        if self.mongo_password_file is None:
            return self.mongo_uri
        return self.mongo_uri.replace("{password}", self.mongo_password_file.read_text().strip())

    def kafka_password(self) -> str | None:
        """The broker password, if one is set."""
        path = self.kafka_password_file
        return path.read_text().strip() if path is not None else None
