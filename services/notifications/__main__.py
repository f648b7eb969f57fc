"""`python -m services.notifications web | worker | send | migrate | …`: one image, many roles."""

from chassis import cli
from services.notifications.app import service

if __name__ == "__main__":
    cli.main(service)
