"""How often a link may be used, and how often one that is none of ours may be tried."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.identity.rate import hit
from traceapp.vault.service import token_hash


def limit_misses(session: Session, clock: Clock, source: str) -> None:
    """Count a link that is none of ours. Raises TooMany: thirty a quarter of an hour for an address."""
    hit(session, clock, f"answer:miss:{source}", 30, 900)


def limit_answers(session: Session, clock: Clock, token: str, source: str) -> None:
    """Count an answer that was sent. Raises TooMany: sixty a quarter of an hour for a link, 300 for an address."""
    hit(session, clock, f"answer:link:{token_hash(token)[:32]}", 60, 900)
    hit(session, clock, f"answer:source:{source}", 300, 900)
