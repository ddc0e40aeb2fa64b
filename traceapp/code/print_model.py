"""Tables of printing: jobs that make a file of labels, and the log of what was printed."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check
from traceapp.making.model import MadeByJob

from .print_states import FileState
from .serials import Run


class _Numbered:
    """The serial numbers that labels bear, as one run; all four are NULL for labels without."""

    prefix: Mapped[str | None] = mapped_column(String(20))
    width: Mapped[int | None] = mapped_column(Integer)
    first: Mapped[int | None] = mapped_column(BigInteger)
    count: Mapped[int | None] = mapped_column(Integer)

    @property
    def run(self) -> Run | None:
        """The serial numbers; None for labels without."""
        if self.prefix is None or self.width is None or self.first is None or self.count is None:
            return None
        return Run(self.prefix, self.width, self.first, self.count)

    @property
    def first_serial(self) -> str | None:
        return None if self.run is None else self.run.text(self.run.first)

    @property
    def last_serial(self) -> str | None:
        return None if self.run is None else self.run.text(self.run.end - 1)


_ALL_OR_NONE = ("(prefix IS NULL) = (width IS NULL) AND (width IS NULL) = (first IS NULL) "
                "AND (first IS NULL) = (count IS NULL)")


class PrintJob(_Numbered, MadeByJob, Base):
    """A file of labels that is made, or was: forgotten with its file after a week. `options` are a `PrintChoice`;
    `total` and `done` count labels."""

    __tablename__ = "print_job"
    __table_args__ = (
        enum_check("state", FileState), Index("ix_print_job_state", "state", "created_at"),
        CheckConstraint("total > 0 AND done BETWEEN 0 AND total", name="done_is_a_part"),
        CheckConstraint(_ALL_OR_NONE, name="serials_are_a_run"),
        CheckConstraint("state <> 'done' OR (done = total AND sha256 IS NOT NULL AND size_bytes IS NOT NULL)",
                        name="done_has_a_file"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    options: Mapped[Any] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(String(400), default="")

    @property
    def template(self) -> str:
        return str(self.options["template"])

    @property
    def format(self) -> str:
        return str(self.options["format"])


class PrintLog(_Numbered, Base):
    """What was printed: which labels, which serial numbers, by whom and when; `reason` where some were printed
    before."""

    __tablename__ = "print_log"
    append_only = True
    __table_args__ = (
        CheckConstraint("copies > 0 AND labels > 0", name="something_was_printed"),
        CheckConstraint(_ALL_OR_NONE, name="serials_are_a_run"),
        Index("ix_print_log_serials", "lot_key", "prefix", "width", "first"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    template: Mapped[str] = mapped_column(String(20))
    format: Mapped[str] = mapped_column(String(8))
    copies: Mapped[int] = mapped_column(Integer)
    labels: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(400), default="")
    job_id: Mapped[str | None] = mapped_column(String(32))
    printed_at: Mapped[datetime] = mapped_column(UtcTime)
    printed_by: Mapped[str] = mapped_column(String(80))
