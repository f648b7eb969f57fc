"""Containers start in any order: a web process does not need its database to begin with."""

from __future__ import annotations

from pathlib import Path

from chassis import secrets
from chassis.context import open_context
from chassis.http import app as http
from chassis.settings import Settings
from deploy.local import ports
from services.notifications.app import service


def test_without_a_database_a_web_process_starts_and_says_that_it_is_not_ready(
    tmp_path: Path,
) -> None:
    secrets.make(tmp_path)
    nobody = ports.choose(["mongo"], {})["mongo"]
    settings = Settings(
        service=service.name,
        mongo_uri=f"mongodb://127.0.0.1:{nobody}/?replicaSet=rs0",
        secrets=tmp_path,
    )
    app = http.create_app(service, open_context(settings))
    asking = app.test_client()
    mount = settings.mount
    assert asking.get(f"{mount}/health/live").status_code == 200
    waiting = asking.get(f"{mount}/health/ready")
    assert (waiting.status_code, waiting.text) == (503, "no database\n")
