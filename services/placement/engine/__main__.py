"""`python -m services.placement.engine`."""

import sys

from services.placement.engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
