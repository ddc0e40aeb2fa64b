"""The names of people by their ids, for records that keep ids."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import User


def names_of_users(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """{id: name}; who is no user (the public, the service itself) is left out."""
    wanted = {one for one in ids if one}
    if not wanted:
        return {}
    return {key: name for key, name in session.execute(select(User.id, User.name).where(User.id.in_(wanted)))}
