"""The city's story, chapter by chapter."""

from demo import answering, confirming, holding, opening, placing
from demo.holding import check
from demo.showing import show

__all__ = ["CHAPTERS", "check", "show"]

CHAPTERS = [
    ("opening", opening.play),
    ("survey", answering.play),
    ("placing", placing.play),
    ("confirming", confirming.play),
    ("messages", holding.play),
]
