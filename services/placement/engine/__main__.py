"""Entry point of the engine's command line."""

import os
import sys
from pathlib import Path

#: Files from this size on, in bytes, are worth starting again for.
LARGE = 50_000_000
TUNABLE = "GLIBC_TUNABLES"


def large_pages() -> None:
    """Start again with large pages for all memory where a named file, or one in a folder, is large.

    The kernel's work for small pages is a third of the time at 2.6 million persons. glibc reads the
    wish only when a process begins; other systems ignore it.
    """
    paths = [Path(word) for word in sys.argv[2:]]
    try:
        files = [f for p in paths for f in (p.iterdir() if p.is_dir() else [p]) if f.is_file()]
        largest = max((f.stat().st_size for f in files), default=0)
    except OSError:
        # Whatever is wrong with a path, the command itself says it.
        return
    if TUNABLE not in os.environ and largest > LARGE:
        os.environ[TUNABLE] = "glibc.malloc.hugetlb=1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


if __name__ == "__main__":
    large_pages()
    from services.placement.engine.cli import main

    sys.exit(main())
