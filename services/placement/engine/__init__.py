"""The placement engine: from a market to a placement that is proved, explained and repairable.

Pure computation: no files, network, clock or environment. `solve` takes the clock and the
progress callback as arguments; reading and writing files is the command line's work.
"""

from services.placement.engine.answer import Answer, Part, Progress, StageResult
from services.placement.engine.answer_check import Breach, Infeasible, breaches
from services.placement.engine.market import Fixed, Market, MarketError, MarketErrors
from services.placement.engine.reasons import Reason, Reasons
from services.placement.engine.repair import Move, Repair, repair, what_if
from services.placement.engine.solve import solve

__all__ = [
    "Answer",
    "Breach",
    "Fixed",
    "Infeasible",
    "Market",
    "MarketError",
    "MarketErrors",
    "Move",
    "Part",
    "Progress",
    "Reason",
    "Reasons",
    "Repair",
    "StageResult",
    "breaches",
    "repair",
    "solve",
    "what_if",
]
