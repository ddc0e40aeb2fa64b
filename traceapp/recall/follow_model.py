"""The table of how far the scope of a decided case was followed."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class ScopeFollow(Base):
    """When the rules of a decided case were last followed; events that were recorded since may have brought lots.
    `whole_at`: when all that they find was looked at, and not only what came since. `returns_at`: after the end, when
    what came back was looked for last. `told_at`: when despatches that only others' events tell of were looked
    for last, with the case at `told_revision`: another one may have other lots."""

    __tablename__ = "recall_scope_follow"

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(UtcTime)
    whole_at: Mapped[datetime | None] = mapped_column(UtcTime)
    returns_at: Mapped[datetime | None] = mapped_column(UtcTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcTime)
    told_revision: Mapped[int | None] = mapped_column(Integer)
