"""Entry point: `python -m services.placement.verifier DIR`."""

import os
import sys
from pathlib import Path

#: Files from this size on, in bytes, are worth starting again for.
LARGE = 50_000_000
TUNABLE = "GLIBC_TUNABLES"


def large_pages() -> None:
    """Start again with large pages for all memory where a file of the directory is large.

    The kernel's work for small pages is half of the time at 2.6 million persons. glibc reads the
    wish only when a process begins; other systems ignore it.
    """
    folders = [Path(word) for word in sys.argv[1:]]
    try:
        files = [f for d in folders if d.is_dir() for f in d.iterdir() if f.is_file()]
        largest = max((f.stat().st_size for f in files), default=0)
    except OSError:
        # Whatever is wrong with a path, the checks themselves say it.
        return
    if TUNABLE not in os.environ and largest > LARGE:
        os.environ[TUNABLE] = "glibc.malloc.hugetlb=1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


if __name__ == "__main__":
    large_pages()
    from services.placement.verifier.cli import main

    sys.exit(main())
