"""Alerts, metrics and the runbook say the same: no alert without its page and its number."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from chassis import cli, metrics
from chassis.contracts import SERVICES

ROOT = Path(__file__).resolve().parents[3]
NAME = re.compile(r"ieum_[a-z_]+")
PAGE = re.compile(r"^### (\w+)$", re.MULTILINE)
SPOKEN = re.compile(r"`([^`]+)`|^    (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:python -m services\.(\w+|<\w+>)|\bR) ([^|#\n]+)")


def rules() -> list[dict[str, Any]]:
    """Every alert rule."""
    found = yaml.safe_load((ROOT / "deploy/alerts/ieum.yaml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def shown() -> dict[str, MetricWrapperBase]:
    """Every metric by the names of its samples."""
    found: dict[str, MetricWrapperBase] = {}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            name = next(iter(one.describe())).name
            endings = ("", "_total", "_bucket", "_count", "_sum")
            found |= {f"{name}{ending}": one for ending in endings}
    return found


def test_every_number_of_an_alert_is_measured() -> None:
    used = {name for rule in rules() for name in NAME.findall(rule["expr"])}
    assert used
    assert used - shown().keys() == set()


def test_every_alert_has_its_page_in_the_runbook_and_every_page_its_alert() -> None:
    pages = PAGE.findall((ROOT / "docs/runbook.md").read_text())
    assert sorted(pages) == sorted(rule["alert"] for rule in rules())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_how_urgent_it_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")


def stories() -> list[dict[str, Any]]:
    """What `make alerts` plays to a real Prometheus."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy/alerts/ieum.test.yaml").read_text())
    return list(found["tests"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_story_in_which_it_fires_and_one_in_which_it_must_not(
    rule: dict[str, Any],
) -> None:
    told = [case for one in stories() for case in one["alert_rule_test"]]
    mine = [bool(case["exp_alerts"]) for case in told if case["alertname"] == rule["alert"]]
    assert set(mine) == {True, False}


def test_the_stories_are_told_in_series_that_the_services_show() -> None:
    series = [row["series"].replace(" ", "") for one in stories() for row in one["input_series"]]
    for one in series:
        name, _, labels = one.rstrip("}").partition("{")
        given = {label.partition("=")[0] for label in labels.split(",")}
        assert given <= {*shown()[name]._labelnames, "le", "instance"}, one


def test_every_metric_is_defined_once_and_explained_by_a_sentence() -> None:
    said = {
        next(iter(one.describe())).name: next(iter(one.describe())).documentation
        for one in shown().values()
    }
    assert all(sentence.endswith(".") and " " in sentence for sentence in said.values())
    assert len(set(said.values())) == len(said)


def named() -> Iterator[tuple[str, list[str]]]:
    """Every command that the runbook writes out: its service, or all of them, and its words."""
    text = (ROOT / "docs/runbook.md").read_text()
    for within_ticks, indented in SPOKEN.findall(text):
        for service, said in COMMAND.findall(within_ticks or indented):
            for one in SERVICES if service not in SERVICES else (service,):
                yield one, [word for word in said.split() if word != "…"]


def fault(command: click.Command, words: list[str]) -> str | None:
    """The first word that is neither a command, nor an option, nor something to be filled in."""
    if not words:
        return None
    if isinstance(command, click.Group):
        found = command.commands.get(words[0])
        return fault(found, words[1:]) if found else " ".join(words)
    options = {option for one in command.params for option in one.opts}
    return next((word for word in words if word.startswith("--") and word not in options), None)


def test_every_command_of_the_runbook_exists() -> None:
    groups = {
        name: cli.group(importlib.import_module(f"services.{name}.app").service)
        for name in SERVICES
    }
    found = list(named())
    assert len(found) > 20
    for service, words in found:
        wrong = fault(groups[service], words)
        assert wrong is None, f"{service} {' '.join(words)}: {wrong}"
