"""Tables of the vault: persons, encrypted; who looked, and why; what must not be erased."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class Person(Base):
    """A complainant or patient under a random subject id. `sealed` is AES-256-GCM under the key named by `key_id`;
    the hashes are keyed, so that the same telephone or e-mail can be found without being readable: `contact_hash` of
    the telephone, else of the e-mail; `mail_hash` of the e-mail beside a telephone, empty where there are not both,
    None where nobody has looked yet."""

    __tablename__ = "vault_person"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[str | None]
    contact_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    mail_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    is_minor: Mapped[bool] = mapped_column(Boolean, default=False)
    has_guardian: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcTime)


class PersonAccess(Base):
    """Somebody read a person's identity: who, when, why."""

    __tablename__ = "vault_access"
    append_only = True

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    actor_id: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str]


class LegalHold(Base):
    """Why a person's details must be kept, by whom it was decided, and its end."""

    __tablename__ = "vault_hold"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    placed_at: Mapped[datetime] = mapped_column(UtcTime)
    placed_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str]
    lifted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lifted_by: Mapped[str | None] = mapped_column(String(80))
    lifted_reason: Mapped[str] = mapped_column(default="")
