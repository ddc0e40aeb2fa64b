"""Reading the trail of one thing."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import AuditEntry


def entries_of(session: Session, stream: str, limit: int = 200) -> list[AuditEntry]:
    """What was done to the thing of this stream, newest first."""
    return list(session.scalars(select(AuditEntry).where(AuditEntry.stream == stream)
                                .order_by(AuditEntry.seq.desc()).limit(limit)))
