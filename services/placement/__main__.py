"""`python -m services.placement ROLE`."""

from chassis import cli
from services.placement.app import service

if __name__ == "__main__":
    cli.main(service)
