"""The unit of work of the whole story, for use cases that open one of their own for every step."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy.orm import Session

from traceapp.db import Database


class ThisTransaction:
    """In place of a database with a unit of work of its own for every letter or step."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The story's own session."""
        self.session.flush()
        yield self.session
        self.session.flush()

    read = write

    @property
    def as_database(self) -> Database:
        """The same, for who asks for a database."""
        return cast(Database, self)
