"""Make `.venv` from requirements/dev.txt, or find that it is there; run by the system's Python.

Standard library only, and no syntax newer than Python 3.7, so that an old Python can still say that
it is too old. Where packages come from is the machine's matter: pip's configuration is honoured,
also by uv, which does the work when it can because it is several times as fast.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
STAMP = VENV / ".requirements"
MINIMUM_FREE_BYTES = 2 * 1024**3


class Refusal(Exception):
    """What stands in the way and the way out, in one sentence."""


def check() -> None:
    """Refuse a Python or a machine with which no environment can be made."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this file may have an older one
        raise Refusal(
            f"Python 3.11 or newer is needed, {sys.executable} is {platform.python_version()}: "
            "install a newer one, or name it with `make PYTHON=/path/to/python3`."
        )
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise Refusal(
            f"Linux on x86-64 is needed, this is {platform.system()} on {platform.machine()}: "
            "use `docker compose` instead (see README.md)."
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        raise Refusal(
            f"This Python has no {missing.name}: install its venv package (on Debian and Ubuntu "
            f"`apt-get install python3.{sys.version_info[1]}-venv`) and try again."
        ) from None
    free = shutil.disk_usage(ROOT).free
    if free < MINIMUM_FREE_BYTES:
        raise Refusal(
            f"Only {free // 1024**2} MB are free at {ROOT}, 2048 MB are needed: make room "
            "(`make clean` removes what earlier runs left) and try again."
        )


def fingerprint() -> str:
    """Return what an environment was made from: the lock's hash and the Python's version."""
    lock = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    return f"{lock} {platform.python_version()}\n"


def is_current() -> bool:
    """Tell whether the environment there is was made from the lock as it is now."""
    try:
        return PYTHON.exists() and STAMP.read_text(encoding="ascii") == fingerprint()
    except OSError:
        return False


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a command; returns its exit code and what it wrote."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def make_venv() -> None:
    """Make an empty environment, in place of one that another Python made or that is broken."""
    works = False
    if PYTHON.exists():
        code, version = run(
            [str(PYTHON), "-c", "import platform, pip; print(platform.python_version())"]
        )
        works = code == 0 and version.strip() == platform.python_version()
    if not works:
        code, output = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        if code != 0:
            raise Refusal(f"The environment .venv could not be made ({last_line(output)}).")


def install() -> None:
    """Install the locked requirements, every file checked against its hash."""
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as only_uv:
        only_uv.write(entry("uv"))
        only_uv.flush()
        code, output = run([*pip, "--require-hashes", "--no-deps", "-r", only_uv.name])
    if code != 0:
        raise Refusal(explain(output))
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "-q", "--python", str(PYTHON)]
    locked = ["--require-hashes", "-r", str(REQUIREMENTS)]
    code, output = run([*uv, *locked], uv_settings())
    if code != 0 and "hash" not in output.lower():
        # uv knows fewer ways than pip to reach an index; what pip cannot reach, nothing can.
        code, output = run([*pip, *locked])
    if code != 0:
        raise Refusal(explain(output))


def entry(package: str) -> str:
    """Return the lock's lines for one package: its pin and its hashes."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = start + 1
    while end < len(lines) and lines[end].lstrip().startswith("--hash"):
        end += 1
    return "\n".join(lines[start:end]) + "\n"


def uv_settings() -> dict[str, str]:
    """Translate the machine's pip configuration (files and variables) for uv."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "trusted-host": "UV_INSECURE_HOST",
        "no-index": "UV_NO_INDEX",
        "proxy": "HTTPS_PROXY",
        "cert": "SSL_CERT_FILE",
    }
    _, output = run([str(PYTHON), "-m", "pip", "config", "list"])
    # pip trusts what the machine trusts; uv does so only when told.
    settings = {"UV_HTTP_TIMEOUT": "180", "UV_SYSTEM_CERTS": "true"}
    for line in output.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.strip().rpartition(".")
        target = names.get(name)
        if target is not None and section in ("global", "install", ":env:"):
            settings[target] = value.strip().strip("'\"").replace("\\n", " ").strip()
    return {key: value for key, value in settings.items() if key not in os.environ}


def explain(output: str) -> str:
    """Return one sentence for what a package manager wrote."""
    if "hash" in output.lower() and "match" in output.lower():
        return (
            "A downloaded package is not the one that requirements/dev.txt names (its hash "
            f"differs: {last_line(output)}): do not use that package source."
        )
    if os.strerror(errno.ENOSPC).lower() in output.lower():
        return (
            f"The disk became full while the packages were installed ({last_line(output)}): make "
            "room (`make clean` removes what earlier runs left) and try again."
        )
    return (
        f"The packages could not be installed ({last_line(output)}): check the network and pip's "
        "configuration (`python3 -m pip config list`), and try again."
    )


def last_line(output: str) -> str:
    """Return the last line that says something, shortened."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no reason was given"])[-1][:200]


def main() -> int:
    """Make the environment if need be; returns the exit code."""
    try:
        check()
        (ROOT / ".local").mkdir(exist_ok=True)
        with (ROOT / ".local" / "environment.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if is_current():
                return 0
            began = time.monotonic()
            sys.stderr.write("installing the packages of requirements/dev.txt into .venv …\n")
            with contextlib.suppress(FileNotFoundError):
                STAMP.unlink()
            make_venv()
            install()
            STAMP.write_text(fingerprint(), encoding="ascii")
            sys.stderr.write(f"installed in {time.monotonic() - began:.0f} s\n")
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except OSError as error:
        # A directory that may not be written, a disk that became full.
        place = f" at {error.filename}" if error.filename else ""
        sys.stderr.write(
            f"The environment .venv could not be made ({error.strerror}{place}): mend that and "
            "try again.\n"
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
