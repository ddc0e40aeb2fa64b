"""The class of a recall in each jurisdiction, as it was written down."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .classification_model import RecallClassification
from .states import RecallClass

_GRAVEST_FIRST = list(RecallClass)


def classifications_of(session: Session, recall_id: str) -> list[RecallClassification]:
    """Every class that was ever written down, in order."""
    return list(session.scalars(select(RecallClassification).where(RecallClassification.recall_id == recall_id)
                                .order_by(RecallClassification.position)))


def classifications_now(session: Session, recall_id: str) -> dict[str, RecallClassification]:
    """{jurisdiction: the class that counts}: the last one that was assigned, else the last one proposed."""
    found: dict[str, RecallClassification] = {}
    for row in classifications_of(session, recall_id):
        standing = found.get(row.jurisdiction)
        if standing is None or row.is_assigned or not standing.is_assigned:
            found[row.jurisdiction] = row
    return found


def assigned_classes(session: Session, recall_id: str) -> dict[str, RecallClass]:
    """{jurisdiction: the class that its authority assigned}."""
    return {key: RecallClass(row.recall_class) for key, row in classifications_now(session, recall_id).items()
            if row.is_assigned}


def is_graver(recall_class: str, than: str) -> bool:
    """Whether a class is graver than another one; I is the gravest."""
    return _GRAVEST_FIRST.index(RecallClass(recall_class)) < _GRAVEST_FIRST.index(RecallClass(than))
