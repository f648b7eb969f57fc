"""`python -m services.placement.verifier DIR`."""

from services.placement.verifier.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
