"""A bulk submission as one job: its rows are deterministic, so that it can be taken up again."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

MOST_ROWS = 500
CHUNK = 100
"""Rows in one transaction: short enough to stay far below the five seconds it may last."""


class Status(StrEnum):
    """A job runs until all its rows are written."""

    RUNNING = "running"
    DONE = "done"


class Job(BaseModel):
    """How far a bulk submission has come. `body_hash` guards against another body on one key."""

    model_config = ConfigDict(frozen=True)

    centre: str
    campaign: str
    school: str
    body_hash: str
    total: int
    done: int = 0
    created: int = 0
    amended: int = 0
    unchanged: int = 0
    status: Status = Status.RUNNING

    def counts(self) -> dict[str, int]:
        """What has been done so far."""
        return self.model_dump(include={"total", "done", "created", "amended", "unchanged"})


def advanced(job: Job, created: int, amended: int, unchanged: int) -> Job:
    """The job after one more chunk."""
    done = job.done + created + amended + unchanged
    return job.model_copy(
        update={
            "done": done,
            "created": job.created + created,
            "amended": job.amended + amended,
            "unchanged": job.unchanged + unchanged,
            "status": Status.DONE if done >= job.total else Status.RUNNING,
        }
    )


def chunk(job: Job, rows: Sequence[BaseModel]) -> range:
    """Which rows come next."""
    return range(job.done, min(job.done + CHUNK, len(rows)))
