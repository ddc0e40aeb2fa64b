"""Finding a recall, changing its state by the table, and who may do so."""
from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.audit.trail import canonical
from traceapp.catalog.model import Party
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot

from .model import Recall, RecallSignature
from .states import TRANSITIONS, RecallState, next_state

# What the public and consignees read; these are linted and signed.
PUBLIC_TEXTS = ("title_zh", "title_en", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en")


def recall_by_id(session: Session, recall_id: str, *, lock: bool = False) -> Recall:
    """The recall, locked for a change when asked. Raises NotFound."""
    recall = session.get(Recall, recall_id, with_for_update=True if lock else None)
    if recall is None:
        raise NotFound("There is no such recall.", code="unknown-recall", place="recall_id")
    return recall


def recall_stream(recall: Recall) -> str:
    """The name of its chain in the trail, and what tasks about it are about."""
    return stream_of("recall", recall.id)


def notice_stream(notice_id: str) -> str:
    """The name of the chain of one consignee's notice and answers, and what tasks about it are about."""
    return stream_of("notice", notice_id)


def hold_source(recall_id: str) -> str:
    """The `source` of the holds that a recall places."""
    return f"recall:{recall_id}"


def for_action(session: Session, actor: Actor, action: str, recall_id: str, revision: int | None) -> Recall:
    """The recall, locked, when the table, the permissions and the revision allow `action`; its state is not changed
    yet. Raises NotFound, Forbidden, Conflict (code `wrong-state`) and Stale."""
    permit(actor, TRANSITIONS[action][2])
    recall = recall_by_id(session, recall_id, lock=True)
    next_state(recall.state, action)
    expect_revision(recall, revision)
    return recall


def move(session: Session, actor: Actor, clock: Clock, recall: Recall, action: str,
         data: dict[str, object] | None = None) -> None:
    """Change the state by the table and note it."""
    before, recall.state = recall.state, next_state(recall.state, action)
    record(session, actor, clock.now(), f"recall.{_DONE[action]}", recall_stream(recall),
           {"before": str(before), "after": str(recall.state), **(data or {})})


_DONE = {"submit": "submitted", "return": "returned", "approve": "approved", "close": "closed", "cancel": "cancelled"}


def is_told(state: str) -> bool:
    """Whether consignees and the public know of a recall in this state."""
    return state in (RecallState.notifying, RecallState.closed)


def signed_hash(recall: Recall) -> str:
    """SHA-256 of what a signature covers: class, every text, and the hash of the frozen scope."""
    body = {name: getattr(recall, name) for name in (
        "id", "reference", "recall_class", "reason", "contact", "scope_hash", *PUBLIC_TEXTS)}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def sign(session: Session, clock: Clock, recall: Recall, signer: User, meaning: tuple[str, str]) -> RecallSignature:
    """Add a signature; `meaning` is (`submitted` or `approved`, the reason in the signer's words).

    Source: 21 CFR 11.50 (name, time, meaning) and 11.70 (bound to what was signed).
    """
    last = session.scalar(select(func.max(RecallSignature.position)).where(RecallSignature.recall_id == recall.id))
    signature = RecallSignature(recall_id=recall.id, position=(last or 0) + 1, user_id=signer.id,
                                user_name=signer.name, meaning=meaning[0], reason=meaning[1], at=clock.now(),
                                signed_hash=signed_hash(recall))
    session.add(signature)
    return signature


def line_names(session: Session, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """{(lot key, consignee id): `lot number · consignee`} for messages about lines of the ledger; two statements."""
    numbers = {key: number for key, number in session.execute(
        select(Lot.lot_key, Lot.number).where(Lot.lot_key.in_({key for key, _consignee in pairs})))}
    names = {key: name for key, name in session.execute(
        select(Party.id, Party.name_zh).where(Party.id.in_({consignee for _key, consignee in pairs})))}
    return {(key, consignee): f"{numbers.get(key, key)} · {names.get(consignee, consignee)}"
            for key, consignee in pairs}
