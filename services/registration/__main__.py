"""`python -m services.registration ROLE`: every process and command of registration."""

from chassis import cli
from services.registration.app import service

if __name__ == "__main__":
    cli.main(service)
