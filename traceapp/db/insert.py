"""Adding a row unless it is already there, without an error that would end the transaction."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .base import Base


def insert_if_new(session: Session, model: type[Base], values: Mapping[str, Any]) -> bool:
    """Whether the row was added; False when one with the same key stands there already.

    On PostgreSQL this waits for another writer of the same key to end, so the answer holds.
    """
    session.flush()
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = make(model).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.execute(added).first() is not None
