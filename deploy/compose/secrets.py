"""`make secrets`: every key and password that Compose mounts, made once, in one directory.

What is there already stays as it is. The containers run as another user than the one who makes the
files, and a mounted secret keeps its owner and mode, so the files are readable and the directory is
closed instead: only its owner and the Docker engine get in.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

from chassis import secrets as keys
from chassis.contracts import SERVICES

# MongoDB's limit for a key file is 1,024 characters.
KEY_FILE_BYTES = 564


def make(directory: Path) -> list[str]:
    """Make what is missing; returns the names of the new files."""
    directory.mkdir(parents=True, exist_ok=True)
    before = {path.name for path in directory.iterdir()}
    keys.make(directory)
    for service in SERVICES:
        for server in ("kafka", "mongo"):
            _once(directory / f"{server}_{service}", secrets.token_urlsafe(24))
    _once(directory / "mongo_root", secrets.token_urlsafe(24))
    _once(directory / "mongo_key_file", base64.b64encode(os.urandom(KEY_FILE_BYTES)).decode())
    for path in directory.iterdir():
        path.chmod(0o444)
    directory.chmod(0o700)
    return sorted(path.name for path in directory.iterdir() if path.name not in before)


def _once(path: Path, content: str) -> None:
    if not path.exists():
        path.write_text(content, encoding="ascii")


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "secrets")
    made = make(target)
    sys.stdout.write(f"{len(made)} secrets made in {target}/\n" if made else "")
