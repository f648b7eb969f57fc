"""Pages: templates, static files and the few things that every template may ask for."""

from pathlib import Path

from flask import Flask, g
from flask import render_template as render
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from chassis.facts import fresh_id
from chassis.http import problems
from chassis.service import Service

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

__all__ = ["STATIC", "TEMPLATES", "register", "render"]


def register(app: Flask, service: Service) -> None:
    """Let templates find the house's layouts, the service's own pages, and the texts."""
    folders = [TEMPLATES, *service.templates]
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(str(folder)) for folder in folders])
    app.jinja_env.undefined = StrictUndefined

    @app.context_processor
    def _given() -> dict[str, object]:
        return {
            "t": problems.text,
            "lang": problems.lang(),
            "identity": g.get("identity"),
            "service": service.name,
            "fresh_id": fresh_id,
        }
