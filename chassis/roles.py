"""Who may call a route. Every route declares its roles; a test walks the route table."""

from enum import StrEnum


class Role(StrEnum):
    """A role of a signed-in account, a signed link, or the public."""

    PUBLIC = "public"
    SCHOOL = "school"
    HOST = "host"
    CENTRE = "centre"
    OFFICE = "office"
    ADMIN = "admin"
    LINK = "link"
