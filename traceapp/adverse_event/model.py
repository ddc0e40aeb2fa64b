"""Tables of adverse events: what happened, assessed; with every earlier version."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .states import AdverseEventState, Causality, Expectedness, Outcome


class AdverseEvent(Revisioned, Base):
    """One event in one person. `onset_precision` says how far `onset_on` is known: day, month, year. `details` holds
    the fields of `details.fields()`; `latest_awareness_at`: when the latest news came, None: none since then."""

    __tablename__ = "adverse_event"
    __table_args__ = (
        enum_check("state", AdverseEventState), enum_check("outcome", Outcome), enum_check("causality", Causality),
        enum_check("onset_precision", ("day", "month", "year")),
        Index("ix_adverse_event_id", "id"), Index("ix_adverse_event_awareness", "awareness_at"),
        Index("ix_adverse_event_reference", "reference"),
        Index("ix_adverse_event_product", "product_id", "awareness_at"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    complaint_id: Mapped[str | None] = mapped_column(String(32), index=True)
    product_id: Mapped[str | None] = mapped_column(String(32))
    consignee_id: Mapped[str | None] = mapped_column(String(32))
    person_id: Mapped[str | None] = mapped_column(String(32))
    awareness_at: Mapped[datetime] = mapped_column(UtcTime)
    latest_awareness_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    onset_on: Mapped[date | None]
    onset_precision: Mapped[str] = mapped_column(String(8), default="day")
    age_band: Mapped[str] = mapped_column(String(16), default="unknown")
    sex: Mapped[str] = mapped_column(String(10), default="unknown")
    terms: Mapped[Any] = mapped_column(JsonText, default=list)
    seriousness: Mapped[Any] = mapped_column(JsonText, default=list)
    is_serious: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str] = mapped_column(String(16), default=Outcome.unknown)
    causality: Mapped[str] = mapped_column(String(16), default=Causality.unassessable)
    expectedness: Mapped[str] = mapped_column(String(12), default=Expectedness.unknown)
    narrative: Mapped[str] = mapped_column(Text, default="")
    use_text: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[Any] = mapped_column(JsonText, default=dict)
    state: Mapped[str] = mapped_column(String(10), default=AdverseEventState.draft)


class AdverseEventVersion(Base):
    """The fields of an adverse event as they stood before a change, with who changed it and why. A version stays
    under the lot that the event had then. `kind` is the change that ended it, as in `ChangeKind`, or an action;
    `learned_at`: when we learned of what a follow-up brought."""

    __tablename__ = "adverse_event_version"
    append_only = True
    __table_args__ = (Index("ix_adverse_event_version_event", "adverse_event_id", "version"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    adverse_event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(12), default="")
    learned_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text)
    fields: Mapped[Any] = mapped_column(JsonText)
