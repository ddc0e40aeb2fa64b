"""Many products and parties by their ids in one go, for lists that name them; and ourselves."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import Party, Product, Site

_CHUNK = 500
_Named = TypeVar("_Named", Product, Party)


def products_by_id(session: Session, ids: Iterable[str | None]) -> dict[str, Product]:
    """The products among `ids`; None and unknown ids are left out."""
    return _by_id(session, Product, ids)


def parties_by_id(session: Session, ids: Iterable[str | None]) -> dict[str, Party]:
    """The parties among `ids`; None and unknown ids are left out."""
    return _by_id(session, Party, ids)


def own_party(session: Session) -> Party | None:
    """Ourselves: whose first own site it is; None before there is one."""
    return session.scalar(select(Party).join(Site, Site.party_id == Party.id).where(Site.is_own)
                          .order_by(Site.code).limit(1))


def _by_id(session: Session, kind: type[_Named], ids: Iterable[str | None]) -> dict[str, _Named]:
    wanted = sorted({one for one in ids if one})
    found: dict[str, _Named] = {}
    for start in range(0, len(wanted), _CHUNK):
        found.update({row.id: row for row in session.scalars(
            select(kind).where(kind.id.in_(wanted[start:start + _CHUNK])))})
    return found
