"""The directory of an answer as `docs/market-file.md` describes it, as bytes by file name.

It is what the engine's command line writes, so that anyone can run the verifier on what a run
published. This room imports the engine; it is loaded by the solver's role alone.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from services.placement.engine.answer import Answer
from services.placement.engine.cli_files import write_answer

#: Above this many applicants market and result are written as columns.
COLUMNS_ABOVE = 20_000


def files_of(answer: Answer, seconds: dict[str, float]) -> dict[str, bytes]:
    """Market, result, certificate, reasons and report of an answer."""
    columnar = len(answer.market.applicants) > COLUMNS_ABOVE
    with TemporaryDirectory(prefix="ieum-run-") as name:
        folder = Path(name)
        write_answer(folder, answer, seconds, columnar=columnar)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
