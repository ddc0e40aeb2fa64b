"""What the signature of the end covers: the case as it was approved, the books as they stand, what is said of them."""
from __future__ import annotations

import hashlib
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit.trail import canonical
from traceapp.core.quantity import plain

from .book_model import DispositionState, LotDifference, RecallDisposition
from .cases import signed_hash
from .model import Recall, RecallLedger
from .policy import PLACES

_NUMBERS = ("shipped", "received", *PLACES, "came_back", "unproved")


def books_hash(session: Session, recall: Recall) -> str:
    """SHA-256 over what was approved, every line of the ledger with the reasons given for it, the explained
    differences, what was decided about units in our hands, and the words of the end."""
    row = RecallLedger
    lines = session.execute(select(
        row.lot_key, row.consignee_id, row.explanation, row.accepted_reason, row.settled_reason,
        *(getattr(row, name) for name in _NUMBERS)).where(row.recall_id == recall.id)
        .order_by(row.lot_key, row.consignee_id))
    differences = session.execute(select(LotDifference.lot_key, LotDifference.difference, LotDifference.reason).where(
        LotDifference.recall_id == recall.id).order_by(LotDifference.lot_key))
    decided = session.scalars(select(RecallDisposition.content_hash).where(
        RecallDisposition.recall_id == recall.id, RecallDisposition.state == DispositionState.decided).distinct())
    body = {"approved": signed_hash(recall), "lines": [[_text(one) for one in line] for line in lines],
            "differences": [[_text(one) for one in line] for line in differences], "dispositions": sorted(decided),
            "said": [recall.closing_note, recall.ended_without, recall.lessons, recall.authority_letter]}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def _text(value: str | Decimal | None) -> str | None:
    return plain(value) if isinstance(value, Decimal) else value
