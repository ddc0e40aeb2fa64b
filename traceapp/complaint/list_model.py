"""Tables of code lists that were imported: releases beside each other, and their terms."""
from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check


class CodeSystem(StrEnum):
    """Whose codes: the IMDRF annexes, the FDA's problem codes, MedDRA under the subscriber's own licence."""

    imdrf = "imdrf"
    fda = "fda"
    meddra = "meddra"


class TermStatus(StrEnum):
    """Whether a code may be chosen; `retired` was one, `not_selectable` only heads others."""

    selectable = "selectable"
    not_selectable = "not_selectable"
    retired = "retired"


class CodeRelease(Base):
    """A version of a list, in force from a day until the next one begins (None: still)."""

    __tablename__ = "code_release"
    __table_args__ = (enum_check("system", CodeSystem),)

    system: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    imported_at: Mapped[datetime] = mapped_column(UtcTime)
    imported_by: Mapped[str] = mapped_column(String(80))


class CodeTerm(Base):
    """A term of a release. `annex`: A to G of IMDRF, `device` or `patient` of the FDA, the level (`llt`, `pt`, …) of
    MedDRA; `parent`: the code above it at home, "" at the top; `folded`: the name as it is searched."""

    __tablename__ = "code_term"
    __table_args__ = (enum_check("status", TermStatus),)

    system: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    annex: Mapped[str] = mapped_column(String(10), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name_en: Mapped[str] = mapped_column(String(300))
    name_zh: Mapped[str] = mapped_column(String(300), default="")
    parent: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(16), default=TermStatus.selectable)
    folded: Mapped[str] = mapped_column(String(700))


class CodePlace(Base):
    """Where a term stands in the tree of its annex: under its home, and under others that show it too."""

    __tablename__ = "code_place"

    system: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    annex: Mapped[str] = mapped_column(String(10), primary_key=True)
    parent: Mapped[str] = mapped_column(String(20), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
