"""Tables of codes: where they lead, which serial numbers were given out, and scans. Scans are counted in batches,
beside the answer, never before it."""
from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .policy import Doubt
from .serials import Run


class SerialRange(Base):
    """Serial numbers given out for the packs of a lot: one row, however many. `prefix` never ends in a digit, so the
    row that could hold a serial number is found by one look. `key_id` names the key that signs; None: not signed."""

    __tablename__ = "serial_range"
    append_only = True
    __table_args__ = (
        UniqueConstraint("lot_key", "prefix", "width", "first"),
        Index("ix_serial_range_number", "prefix", "width", "first"),
        CheckConstraint("count BETWEEN 1 AND 10000000", name="count_is_bounded"),
        CheckConstraint("width BETWEEN 1 AND 18 AND LENGTH(prefix) + width <= 20", name="serial_fits_ai_21"),
        CheckConstraint("first >= 0 AND first + count <= 1000000000000000000", name="numbers_have_18_digits"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(20), default="")
    width: Mapped[int] = mapped_column(Integer)
    first: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[str | None] = mapped_column(String(1))
    purpose: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(80))

    @property
    def run(self) -> Run:
        """Its serial numbers."""
        return Run(self.prefix, self.width, self.first, self.count)

    @property
    def first_serial(self) -> str:
        return self.run.text(self.first)

    @property
    def last_serial(self) -> str:
        return self.run.text(self.run.end - 1)

    @property
    def is_signed(self) -> bool:
        return self.key_id is not None


class Scan(Base):
    """One scan; the address is cut to its network, the row lives thirty days. `region` is a country or a part of one,
    empty where it is not known; `doubt` is what the scanned code gave reason to."""

    __tablename__ = "scan"
    __table_args__ = (Index("ix_scan_scanned_at", "scanned_at"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    serial: Mapped[str | None] = mapped_column(String(20))
    scanned_at: Mapped[datetime] = mapped_column(UtcTime)
    network: Mapped[str] = mapped_column(String(50), default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    region: Mapped[str] = mapped_column(String(6), default="", server_default="")
    doubt: Mapped[str] = mapped_column(String(16), default="", server_default="")


class ScanCount(Base):
    """How often the codes of a lot were scanned so far, and the first time."""

    __tablename__ = "scan_count"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    scans: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcTime)


class ScanDay(Base):
    """How often the codes of a lot were scanned on a day."""

    __tablename__ = "scan_day"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    scans: Mapped[int] = mapped_column(Integer)


class SerialCount(Base):
    """How often a serial number that we gave out was scanned. `seen` lists the last scan from each of a few networks,
    as [time, network, region], the oldest of them at `seen_since`; they are forgotten as scans are."""

    __tablename__ = "serial_count"
    __table_args__ = (Index("ix_serial_count_seen_since", "seen_since"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    serial: Mapped[str] = mapped_column(String(20), primary_key=True)
    scans: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    seen: Mapped[Any] = mapped_column(JsonText)
    seen_since: Mapped[datetime | None] = mapped_column(UtcTime)


class ScanDoubt(Base):
    """How often codes of a lot gave reason to doubt, for each reason and serial number; the serial number is empty for
    what concerns the lot, and for those beyond the bound of how many are told apart."""

    __tablename__ = "scan_doubt"
    __table_args__ = (enum_check("reason", Doubt), Index("ix_scan_doubt_last_at", "last_at"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16), primary_key=True)
    serial: Mapped[str] = mapped_column(String(20), primary_key=True)
    scans: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)


class DefaultUse(StrEnum):
    """`default`: where a code leads that asks for nothing; `variant`: the same for one language, form or context."""

    no = "no"
    default = "default"
    variant = "variant"


_ONE_DEFAULT = text("default_use = 'default' AND withdrawn_at IS NULL")


class Link(Revisioned, Base):
    """Where the code of a thing leads besides our own pages. `anchor` and `key` are canonical URIs: of the thing, and
    of its GS1 key alone. A link that is withdrawn stays, with the reason."""

    __tablename__ = "link"
    __table_args__ = (
        enum_check("default_use", DefaultUse),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_is_whole"),
        Index("ux_link_one_default", "anchor_key", unique=True, sqlite_where=_ONE_DEFAULT,
              postgresql_where=_ONE_DEFAULT),
        Index("ix_link_id", "id"), Index("ix_link_key", "key"), Index("ix_link_created", "created_at"))

    anchor_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    anchor: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(120))
    link_type: Mapped[str] = mapped_column(String(40))
    href: Mapped[str] = mapped_column(String(2000))
    title: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100), default="")
    languages: Mapped[Any] = mapped_column(JsonText, default=list)
    contexts: Mapped[Any] = mapped_column(JsonText, default=list)
    default_use: Mapped[str] = mapped_column(String(8), default=DefaultUse.no)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))
    withdrawal_reason: Mapped[str] = mapped_column(String(1000), default="")
