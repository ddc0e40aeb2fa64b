"""The table of how authorities, and we for them, class a recall."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check

from .states import RecallClass


class RecallClassification(Base):
    """The class of a recall in one jurisdiction from a day on: proposed by us, or assigned by `by_whom`, and on what
    ground. A later row of the same jurisdiction changes it; none is ever rewritten."""

    __tablename__ = "recall_classification"
    __table_args__ = (enum_check("recall_class", RecallClass),)
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(8))
    recall_class: Mapped[str] = mapped_column(String(4))
    is_assigned: Mapped[bool]
    by_whom: Mapped[str] = mapped_column(String(200), default="")
    on: Mapped[date]
    basis: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(32))
