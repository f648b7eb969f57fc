"""Play each alert's stories to a real Prometheus: `python -m deploy.alerts`.

Prometheus brings a tool for that, promtool, which is in Debian's package of that name. Where it is
not installed the package is fetched and unpacked into `.local`: nothing is installed, no server
begins to run, and nobody has to be root.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.machine import STORE
from deploy.local.refusal import EXIT_CODE, Refusal

RULES = Path(__file__).with_name("ieum.yaml")
STORIES = Path(__file__).with_name("ieum.test.yaml")
PACKAGE = "prometheus"


def promtool(store: Path = STORE) -> Path:
    """The machine's own promtool, else the one of the fetched package. Raises Refusal."""
    fetched = store / PACKAGE / "usr" / "bin" / "promtool"
    own = shutil.which("promtool")
    if own is not None:
        return Path(own)
    if not fetched.exists():
        _fetch(store / PACKAGE)
    if not fetched.exists():
        raise Refusal(
            "promtool was not found and could not be fetched: apt-get install prometheus (or brew "
            "install prometheus); on Debian and Ubuntu `apt-get update` and a network do as well."
        )
    return fetched


def _fetch(folder: Path) -> None:
    """Unpack Debian's package into the folder, as far as this machine and its network can."""
    get, unpack = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if get is None or unpack is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([get, "-qq", "download", PACKAGE], cwd=folder, capture_output=True, check=False)
    for package in folder.glob("*.deb"):
        subprocess.run([unpack, "-x", package, folder], capture_output=True, check=False)
        package.unlink()


def main() -> None:
    """Check the rules, play the stories; the exit code is promtool's, or 2 without one."""
    try:
        tool = promtool()
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        raise SystemExit(EXIT_CODE) from None
    for kind, file in (("check", RULES), ("test", STORIES)):
        done = subprocess.run([tool, kind, "rules", file], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
