"""A part of a unit of work that can fail alone."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .database import Taken, is_taken


@contextmanager
def attempt(session: Session) -> Iterator[None]:
    """What the block writes is undone when it raises, with what it noted for the trail and for after the commit; the
    unit of work around it goes on. Raises Taken where another writer was faster."""
    session.flush()
    marks = {name: len(value) for name, value in session.info.items() if isinstance(value, list)}
    point = session.begin_nested()
    try:
        yield
        session.flush()
        point.commit()
    except BaseException as error:
        if point.is_active:
            point.rollback()
        for name, value in session.info.items():
            if isinstance(value, list):
                del value[marks.get(name, 0):]
        if isinstance(error, IntegrityError) and is_taken(error):
            raise Taken("Somebody else recorded the same at the same moment, or the number is taken. Nothing was "
                        "saved. Reload the page and look before you try again.") from error
        raise
