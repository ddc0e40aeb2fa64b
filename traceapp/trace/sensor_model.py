"""Tables of what sensors read, and of the times when goods were outside their limits. Both are derived from events."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check

from .sensor_values import ReadingKind


class Side(StrEnum):
    """Where it was outside; `alarm`: the sender says so, whatever the limits are."""

    above = "above"
    below = "below"
    both = "both"
    alarm = "alarm"


class SensorReading(Base):
    """One reading, under the key of what it was bound to: an item, or a place (`place:` and its URI) and what was
    there. In °C or percent; `low` and `high` are the bounds over the time from `at` to `until`."""

    __tablename__ = "sensor_reading"
    # On SQLite a series lies in the order of time in the key itself: a chart reads nothing else.
    __table_args__ = (
        enum_check("kind", ReadingKind),
        Index("ix_sensor_reading_alarm", "source_key", sqlite_where=text("is_alarm = 1"),
              postgresql_where=text("is_alarm")),
        {"sqlite_with_rowid": False})

    source_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    device: Mapped[str] = mapped_column(String(300), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    until: Mapped[datetime | None] = mapped_column(UtcTime)
    low: Mapped[Decimal | None]
    high: Mapped[Decimal | None]
    mean: Mapped[Decimal | None]
    is_alarm: Mapped[bool] = mapped_column(default=False)


class Excursion(Base):
    """A time during which a lot was outside the limits of its product, by one device. `ended_at` None: outside by the
    last reading, which was at `last_at`. `silence`: the longest time in it, in seconds, of which nobody knows."""

    __tablename__ = "excursion"
    __table_args__ = (enum_check("kind", ReadingKind), enum_check("side", Side),
                      Index("ix_excursion_series", "source_key", "began_at"),
                      Index("ix_excursion_began", "began_at", "id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source_key: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(12))
    device: Mapped[str] = mapped_column(String(300))
    side: Mapped[str] = mapped_column(String(8))
    began_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lowest: Mapped[Decimal | None]
    highest: Mapped[Decimal | None]
    lower: Mapped[Decimal | None]
    upper: Mapped[Decimal | None]
    readings: Mapped[int] = mapped_column(Integer)
    silence: Mapped[int] = mapped_column(Integer)
    event_id: Mapped[str] = mapped_column(String(32))
