"""Captures in turn: what a capture says of others' lots is worked out from all of their events, so that no two may work
on the same lots at once. On SQLite one writer is alone anyway."""
from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_CAPTURING = text("SELECT pg_advisory_xact_lock(7243892)")


def one_at_a_time(session: Session) -> None:
    """Wait until no other transaction captures or rebuilds; ends with this one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_CAPTURING)
