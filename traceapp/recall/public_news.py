"""What a mail or message about an event of a recall says, read from the records at the moment of delivery."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .announcing import REVISION, Event
from .model import Recall
from .public import PublicRecall
from .public_letters import CORRECTED, GROWN, PUBLISHED, WITHDRAWN, NewsFacts
from .public_model import RecallRevision, RevisionKind
from .states import RecallState

_MOST_NUMBERS = 50
_KINDS = {RevisionKind.correction: CORRECTED, RevisionKind.withdrawal: WITHDRAWN}


def news_facts(session: Session, recall: PublicRecall, event: Event, *, base_url: str, answer: str = "",
               leave: str = "") -> NewsFacts:
    """The facts of one event; `answer` is the reader's own page, `leave` the way to end such mail."""
    kind, said = PUBLISHED if event.number == 1 else GROWN, {}
    if event.kind == REVISION:
        row = session.get_one(RecallRevision, (event.recall_id, event.number))
        kind, said = _KINDS[RevisionKind(row.kind)], {"zh": row.said_zh, "en": row.said_en}
    facts = recall.facts
    return NewsFacts(
        kind=kind, reference=facts.reference, title=facts.title, said=said, risk=facts.risk, action=facts.action,
        remedy=facts.remedy, contact=facts.contact, page=f"{base_url}/recalls/{facts.reference}",
        answer=answer, leave=leave,
        lots={language: recall.lots_text(language, _MOST_NUMBERS) for language in ("zh", "en")})


def withdrawal_of(session: Session, recall: Recall) -> dict[str, str]:
    """What people are told of the withdrawal of a notice, by language; nothing where it stands or nobody had read
    it."""
    if recall.state != RecallState.cancelled or recall.approved_at is None:
        return {}
    row = session.scalar(select(RecallRevision).where(
        RecallRevision.recall_id == recall.id, RecallRevision.kind == RevisionKind.withdrawal))
    return {"zh": row.said_zh, "en": row.said_en} if row is not None else {}
