"""What a run publishes: whoever downloads it can run the verifier on it, and learns no names."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.placement.runs import files, store
from services.placement.verifier import check
from services.placement.verifier.ledger import Ledger
from tests.service.placement.story import STAFF, Story, one_of_each, slot, story, visitor
from tests.service.placement.world import CAMPAIGN, OTHER_SCHOOL, SCHOOL

SCHOOLS: dict[str, list[dict[str, Any]]] = {
    SCHOOL: [visitor("a")],
    OTHER_SCHOOL: [visitor("b")],
}


@pytest.fixture
def here(app: Flask) -> Story:
    """A campaign in which one of two classes finds a seat."""
    return story(app, [{**one_of_each()[0], "slots": [slot("10-12")]}], SCHOOLS)


def released(here: Story) -> str:
    run = here.solved()
    here.to_hosts(run)
    here.accept_all()
    here.to_schools(run)
    return run


def download(here: Story, run: str, folder: Path) -> list[str]:
    """Every published file, as anyone gets it; its hash must be the listed one."""
    folder.mkdir(exist_ok=True)
    rows = here.world.do("", "GET", f"/api/v1/runs/{run}/published")["files"]
    for row in rows:
        content = here.world.ask("", "GET", f"/api/v1/runs/{run}/published/{row['name']}").data
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        (folder / row["name"]).write_bytes(content)
    return [row["name"] for row in rows]


def faults(ledger: Ledger) -> list[str]:
    return [f"{line.check}: {f.place} {f.detail}" for line in ledger.lines for f in line.faults]


def test_the_verifier_accepts_what_anyone_downloads_of_a_released_run(
    here: Story, tmp_path: Path
) -> None:
    run = released(here)
    names = download(here, run, tmp_path / "answer")
    assert {"market.json", "result.json", "certificate.json", "reasons.json", "report.json",
            "lottery.json"} <= set(names)  # fmt: skip
    ledger = check.verify(tmp_path / "answer")
    assert faults(ledger) == []
    lines = {line.check: line.status for line in ledger.lines}
    assert lines["lottery"] == "ok"
    assert lines["stage placed"] == "ok"


def test_nothing_is_public_before_the_release_and_the_inner_market_never(here: Story) -> None:
    run = here.solved()
    for path in ("published", "published/market.json", "published/lottery.json"):
        assert here.world.ask("", "GET", f"/api/v1/runs/{run}/{path}").status_code == 404
    here.to_hosts(run)
    assert here.world.ask("", "GET", f"/api/v1/runs/{run}/published").status_code == 404
    here.accept_all()
    here.to_schools(run)
    inner = f"/api/v1/runs/{run}/published/{files.FROZEN}"
    assert here.world.ask("", "GET", inner).status_code == 404
    assert here.world.ask(STAFF, "GET", inner.replace("published", "files")).status_code == 404


def test_published_files_name_applicants_by_the_campaigns_pseudonym_and_each_is_told_hers(
    here: Story, tmp_path: Path
) -> None:
    run = released(here)
    download(here, run, tmp_path / "answer")
    rows = here.world.do(STAFF, "GET", f"/api/v1/runs/{run}/results")["items"]
    market = json.loads((tmp_path / "answer" / "market.json").read_text("utf-8"))
    assert sorted(row["line"] for row in rows) == [x["id"] for x in market["applicants"]]
    text = "".join(p.read_text("utf-8") for p in (tmp_path / "answer").iterdir())
    for row in rows:
        assert row["applicant"] not in text
        own = here.world.do(f"school:{row['school']}", "GET", f"/api/v1/runs/{run}/results")
        assert [x["line"] for x in own["items"]] == [row["line"]]
    assert '"access"' not in text


def test_the_same_applicant_has_the_same_public_name_in_every_run(here: Story) -> None:
    salt = store.campaign_salt(here.world.context.act(), CAMPAIGN)
    assert store.campaign_salt(here.world.context.act(), CAMPAIGN) == salt
    assert len(salt) == 32
