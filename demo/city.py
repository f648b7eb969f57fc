"""The city's story, chapter by chapter."""

from demo import answering, opening
from demo.world import World

CHAPTERS = [("opening", opening.play), ("survey", answering.play)]


def show(world: World, steps: list[tuple[str, float]]) -> None:
    """Print what happened."""
    for name, seconds in steps:
        print(f"{name}: {seconds:.1f} s")


def check(world: World) -> list[str]:
    """What does not hold."""
    return []
