"""The peer of a command over HTTP: one Flask route, one majority insert, nothing else."""

from __future__ import annotations

import os
import uuid
from typing import Any

from flask import Flask, request
from pymongo import MongoClient


def create_app() -> Flask:
    """The app that gunicorn serves; the database is named by BENCH_MONGO and BENCH_DATABASE."""
    app = Flask(__name__)
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["BENCH_MONGO"], w="majority")
    rows = client[os.environ["BENCH_DATABASE"]]["bare"]

    @app.post("/")
    def take() -> tuple[dict[str, str], int]:
        id = uuid.uuid4().hex
        rows.insert_one({"_id": id, "state": request.get_json()})
        return {"id": id}, 201

    return app
