"""Tables of people who sign in, their sessions, tokens and attempts."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .policy import Role


class User(Revisioned, Base):
    """A member of staff or a regulator. `name` is what signatures and the trail show; `email` is where calls go.
    `one_time_until`: somebody else told the password; it opens a session until then, and lets its owner do nothing but
    choose another. `jurisdictions` and `product_ids`: whose cases a regulator sees; no jurisdiction: none, no product:
    of all. `medical_qualification`: a medical assessor, and why; empty for everybody else."""

    __tablename__ = "app_user"
    __table_args__ = (enum_check("role", Role),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sign_in_name: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(24))
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="zh")
    email: Mapped[str] = mapped_column(String(254), default="")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    one_time_until: Mapped[datetime | None] = mapped_column(UtcTime)
    jurisdictions: Mapped[Any] = mapped_column(JsonText, default=list)
    product_ids: Mapped[Any] = mapped_column(JsonText, default=list)
    medical_qualification: Mapped[str] = mapped_column(String(300), default="", server_default="")


class UserSession(Base):
    """A sign-in that is still open; only the hash of its token is kept."""

    __tablename__ = "user_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("app_user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class ApiToken(Base):
    """A key of a machine: prefix in clear, secret hashed, with scopes and an end."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    user_id: Mapped[str] = mapped_column(ForeignKey("app_user.id"), index=True)
    scopes: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RateWindow(Base):
    """How often something was tried by one source within one window of time."""

    __tablename__ = "rate_window"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class IdempotencyKey(Base):
    """What a POST with this key answered, so that a repetition gets the same answer and does nothing."""

    __tablename__ = "idempotency_key"

    actor_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    headers: Mapped[str] = mapped_column(String(2000))
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
