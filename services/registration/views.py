"""What several features' endpoints share: paths, pages of a list, and the length of texts."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=30)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]


class Paged(BaseModel):
    """Where a page of a list begins, and how long it is."""

    cursor: Id | None = Field(None, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=100)
