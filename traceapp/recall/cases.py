"""Finding a recall, changing its state by the table, and who may do so."""
from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select, true, update
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.audit.trail import canonical
from traceapp.catalog.model import Party
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Name, NotFound
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot

from .letter_templates import template_hash
from .model import Recall, RecallLedger, RecallLot, RecallSignature
from .states import ENDED, TRANSITIONS, UNTOLD, next_state

# What the public and consignees read; these are linted and signed.
PUBLIC_TEXTS = ("title_zh", "title_en", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en")


def recall_by_id(session: Session, recall_id: str, *, lock: bool = False) -> Recall:
    """The recall, locked for a change when asked. Raises NotFound."""
    recall = session.get(Recall, recall_id, with_for_update=True if lock else None)
    if recall is None:
        raise NotFound("There is no such recall.", code="unknown-recall", place="recall_id")
    return recall


def note_first_capa(session: Session, recall_id: str, capa_id: str) -> None:
    """A CAPA was linked to a recall; the first one is what its end asks for."""
    session.execute(update(Recall).where(Recall.id == recall_id, Recall.capa_id.is_(None)).values(capa_id=capa_id))


def note_other_capa(session: Session, recall_id: str, capa_id: str, instead: str | None) -> None:
    """The CAPA that the end of a recall asked for was cancelled; `instead`: another one that is linked to it."""
    session.execute(update(Recall).where(Recall.id == recall_id, Recall.capa_id == capa_id).values(capa_id=instead))


def recall_stream(recall: Recall) -> str:
    """The name of its chain in the trail, and what tasks about it are about."""
    return stream_of("recall", recall.id)


def notice_stream(notice_id: str) -> str:
    """The name of the chain of one consignee's notice and answers, and what tasks about it are about."""
    return stream_of("notice", notice_id)


def hold_source(recall_id: str) -> str:
    """The `source` of the holds that a recall places."""
    return f"recall:{recall_id}"


def plan_source(recall_id: str) -> str:
    """The `source` of the holds of a decided recall of which nobody was told yet."""
    return f"plan:{recall_id}"


def lot_keys_of(session: Session, recall: Recall) -> tuple[str, ...]:
    """The lots in scope, by key."""
    return tuple(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)
                                 .order_by(RecallLot.lot_key)))


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


MEANINGS = ("evaluated_quality", "evaluated_medical", "decided", "no_action", "submitted", "approved", "terminated",
            "disposed", "corrected", "withdrawn")
_DONE = {"assess": "assessing", "evaluated": "evaluated", "reassess": "reassessing", "decide": "decided",
         "decide_none": "decided_none", "submit": "submitted", "return": "returned", "approve": "approved",
         "execute": "executing", "check": "checking", "conclude": "concluded", "terminate": "terminated",
         "extend": "extended", "reopen": "reopened", "cancel": "cancelled",
         "withdraw": "withdrawn"}
TOLD: ColumnElement[bool] = Recall.approved_at.is_not(None) & Recall.is_drill.is_(False)
RUNS: ColumnElement[bool] = TOLD & Recall.state.not_in(ENDED)
# A line of the ledger that its consignee is told of, joined to its recall: not what a growing scope adds.
IS_TOLD_LINE: ColumnElement[bool] = Recall.state.not_in(UNTOLD) | (RecallLedger.scope_number < Recall.scope_number)


def is_told(recall: Recall) -> bool:
    """Whether consignees and the public know of it; of a drill nobody does. TOLD is the same as a condition."""
    return recall.approved_at is not None and not recall.is_drill


def told_lines(recall: Recall) -> ColumnElement[bool]:
    """The lines of this recall's ledger that consignees are told of: IS_TOLD_LINE for a recall that was read."""
    is_growing = recall.state in UNTOLD
    return and_(RecallLedger.recall_id == recall.id,
                RecallLedger.scope_number < recall.scope_number if is_growing else true())


def is_begun(recall: Recall) -> bool:
    """Whether its scope and texts were approved once: people were told, or a drill plays that they were."""
    return recall.approved_at is not None


def is_running(recall: Recall) -> bool:
    """Whether people were told and the books are open: answers count, letters go out; also of a drill, whose letters
    go nowhere. RUNS is the same as a condition, without drills."""
    return recall.approved_at is not None and recall.state not in ENDED


def signed_hash(recall: Recall) -> str:
    """SHA-256 of what the signatures of submission and approval cover: class, strategy, every text, the hash of the
    frozen scope, and the templates of the letters."""
    body = {name: getattr(recall, name) for name in (
        "id", "reference", "recall_class", "reason", "contact", "scope_hash", "depth", "check_level", "needs_proof",
        *PUBLIC_TEXTS)} | {"check_share": None if recall.check_share is None else repr(recall.check_share)}
    if recall.letter_version is not None:
        body |= {"letter_version": recall.letter_version, "letter_hash": template_hash(recall.letter_version)}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def sign(session: Session, clock: Clock, recall: Recall, signer: User, meaning: tuple[str, str] | tuple[str, str, str],
         covered: str = "") -> RecallSignature:
    """Add a signature; `meaning` is (one of MEANINGS, the reason in the signer's words, for medicine the signer's
    qualification), `covered` the hash of what is signed where it is not scope and texts.

    Source: 21 CFR 11.50 (name, time, meaning) and 11.70 (bound to what was signed).
    """
    last = session.scalar(select(func.max(RecallSignature.position)).where(RecallSignature.recall_id == recall.id))
    signature = RecallSignature(recall_id=recall.id, position=(last or 0) + 1, user_id=signer.id,
                                user_name=signer.name, meaning=meaning[0], reason=meaning[1], at=clock.now(),
                                signed_hash=covered or signed_hash(recall), qualification="".join(meaning[2:]))
    session.add(signature)
    session.flush()
    return signature


def signatures_of(session: Session, recall_id: str, meaning: str, covered: str) -> list[RecallSignature]:
    """Who signed exactly this with this meaning, in order."""
    return list(session.scalars(select(RecallSignature).where(
        RecallSignature.recall_id == recall_id, RecallSignature.meaning == meaning,
        RecallSignature.signed_hash == covered).order_by(RecallSignature.position)))


def line_names(session: Session, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """{(lot key, consignee id): `lot number · consignee`} for messages about lines of the ledger; two statements."""
    numbers = {key: number for key, number in session.execute(
        select(Lot.lot_key, Lot.number).where(Lot.lot_key.in_({key for key, _consignee in pairs})))}
    names = {key: (chinese, english or chinese) for key, chinese, english in session.execute(
        select(Party.id, Party.name_zh, Party.name_en).where(Party.id.in_({consignee for _key, consignee in pairs})))}
    return {(key, consignee): Name(*(f"{numbers.get(key, key)} · {name}" for name in names.get(
        consignee, (consignee, consignee)))) for key, consignee in pairs}
