"""The city's story, chapter by chapter."""

from demo import answering, confirming, opening, placing
from demo.showing import show
from demo.world import World

__all__ = ["CHAPTERS", "check", "show"]

CHAPTERS = [
    ("opening", opening.play),
    ("survey", answering.play),
    ("placing", placing.play),
    ("confirming", confirming.play),
]


def check(world: World) -> list[str]:
    """What does not hold."""
    return []
