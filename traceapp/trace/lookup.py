"""Many lots by their keys in one go, for lists that name them."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import Lot

_CHUNK = 500


def lots_by_key(session: Session, keys: Iterable[str | None]) -> dict[str, Lot]:
    """The lots among `keys`; None and unknown keys are left out."""
    wanted = sorted({key for key in keys if key})
    found: dict[str, Lot] = {}
    for start in range(0, len(wanted), _CHUNK):
        found.update({lot.lot_key: lot for lot in session.scalars(
            select(Lot).where(Lot.lot_key.in_(wanted[start:start + _CHUNK])))})
    return found


def lots_of_number(session: Session, number: str, limit: int = 20, *, only_own: bool = True) -> list[Lot]:
    """Lots with exactly this number, of whatever product; those of others only when asked for."""
    wanted = select(Lot).where(Lot.number == number.strip())
    if only_own:
        wanted = wanted.where(Lot.is_own == 1)
    return list(session.scalars(wanted.order_by(Lot.lot_key).limit(limit)))
