"""Reading the files of an answer's directory. Nothing in them is trusted."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.placement.verifier.ledger import Fault, Unusable

Ints = NDArray[np.int64]
Arrays = dict[str, NDArray[Any]]


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON value")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers disagree about which of two equal keys counts, so a file may not have them.
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [k for k, _ in pairs]
        twice = next(k for k in names if names.count(k) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def read_json(path: Path) -> Any:
    """The document of a JSON file; raises `Unusable`."""
    try:
        return json.loads(path.read_bytes(), parse_constant=_no_constant, object_pairs_hook=_object)
    except OSError as error:
        raise Unusable([Fault(path.name, error.strerror or str(error))]) from error
    except (ValueError, RecursionError) as error:
        raise Unusable([Fault(path.name, f"this is not JSON: {error}")]) from error


def read_arrays(path: Path) -> Arrays:
    """The arrays of a .npz file, without pickled objects; raises `Unusable`."""
    wrong = (ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except OSError as error:
        raise Unusable([Fault(path.name, error.strerror or str(error))]) from error
    except (*wrong, AttributeError, NotImplementedError) as error:
        detail = f"this is no readable .npz file: {error}"
        raise Unusable([Fault(path.name, detail)]) from error


def integers(array: NDArray[Any] | None) -> Ints | None:
    """A column of integers or booleans as int64; None if it is no such column."""
    if array is None or array.ndim != 1 or array.dtype.kind not in "iub":
        return None
    if array.dtype.kind == "u" and len(array) and int(array.max()) >= 2**63:
        return None
    return array.astype(np.int64, copy=False)


def text(array: NDArray[Any] | None) -> str | None:
    """A one-element text array as a string."""
    if array is None or array.size != 1 or array.dtype.kind not in "US":
        return None
    value = array.reshape(-1)[0]
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return None


def choose(folder: Path, name: str) -> Path:
    """The one of NAME.json and NAME.npz that is there; raises `Unusable` for none or both."""
    there = [folder / f"{name}{suffix}" for suffix in (".json", ".npz")]
    there = [path for path in there if path.is_file()]
    if len(there) == 1:
        return there[0]
    what = "is missing" if not there else "is there as .json and as .npz; one must count"
    raise Unusable([Fault(name, f"{name}.json or {name}.npz {what}")])


def gather(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run every task; raises `Unusable` with the faults of all that failed."""
    found: list[Any] = []
    faults: list[Fault] = []
    for task in tasks:
        try:
            found.append(task())
        except Unusable as error:
            faults.extend(error.faults)
    if faults:
        raise Unusable(faults)
    return found
