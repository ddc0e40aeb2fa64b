"""What somebody who got units from a consignee sees behind its link, and what it answers."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party, Product
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Stale
from traceapp.core.quantity import plain
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault, token_hash
from traceapp.worklist.tasks import drop_tasks

from .answer import NO_NAME, NO_REASON, AnswerLine, consignee_actor
from .cases import is_running, is_told, notice_stream
from .model import Notice, Recall
from .passing_on import PassOn, lines_of, pass_on, passed_by
from .states import NoticeState
from .telling_model import PassedLine, PassedNotice

_NUMBERS = ("on_hand", "used", "returned")


@dataclass(frozen=True, slots=True)
class PassedView:
    """All that the page shows; `lines` as (line, lot number, names, use by, unit)."""

    recall: Recall
    notice: PassedNotice
    giver: Mapping[str, str]
    lines: tuple[PassedShown, ...]

    @property
    def is_closed(self) -> bool:
        """Whether answers count no more."""
        return not is_running(self.recall)

    @property
    def is_complete(self) -> bool:
        """Whether every lot is answered."""
        return all(shown.line.on_hand is not None for shown in self.lines)


@dataclass(frozen=True, slots=True)
class PassedShown:
    """One lot, as people know it."""

    line: PassedLine
    number: str
    name: Mapping[str, str]
    expires_on: date | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class AnswerPassed:
    """Some lots or all; `received` of a line is not looked at. `seen`: how many answers the form knew of."""

    lines: tuple[AnswerLine, ...]
    answered_by: str
    explanation: str = ""
    seen: int | None = None


def passed_of_token(session: Session, token: str, *, lock: bool = False) -> PassedNotice:
    """Whose link this is. Raises NotFound for a secret that is none of ours."""
    wanted = select(PassedNotice).where(PassedNotice.token_hash == token_hash(token))
    notice = session.scalar(wanted.with_for_update() if lock else wanted)
    recall = session.get(Recall, notice.recall_id) if notice else None
    if notice is None or recall is None or not is_told(recall):
        raise NotFound("This link does not lead to a notice. Copy the whole link from the letter, or contact the "
                       "sender of the letter.", code="unknown-link")
    return notice


def view_of(session: Session, notice: PassedNotice) -> PassedView:
    """What its page shows; a fixed number of statements."""
    lines = lines_of(session, [notice.id])[notice.id]
    lots = {lot.lot_key: (lot, product) for lot, product in session.execute(
        select(Lot, Product).outerjoin(Product, Product.id == Lot.product_id)
        .where(Lot.lot_key.in_([line.lot_key for line in lines])))}
    party = session.get(Party, notice.consignee_id)
    shown = [_shown(line, *lots.get(line.lot_key, (None, None))) for line in lines]
    return PassedView(session.get_one(Recall, notice.recall_id), notice,
                      {"zh": party.name_zh, "en": party.name_en} if party else {"zh": "", "en": ""},
                      tuple(sorted(shown, key=lambda one: (one.name["en"], one.number))))


def _shown(line: PassedLine, lot: Lot | None, product: Product | None) -> PassedShown:
    name = lot.name if lot else ""
    return PassedShown(line, lot.number if lot else line.lot_key,
                       {"zh": product.name_zh, "en": product.name_en} if product else {"zh": name, "en": name},
                       lot.expires_on if lot else None, lot.unit if lot else None)


def note_passed_opened(session: Session, clock: Clock, notice: PassedNotice) -> None:
    """Note when the link was first opened; `notice` is locked."""
    if notice.opened_at is None:
        notice.opened_at = clock.now()
        record(session, _itself(notice), clock.now(), "notice.opened", notice_stream(notice.id),
               {"recall": notice.recall_id})


def answer_passed(session: Session, clock: Clock, notice: PassedNotice, command: AnswerPassed) -> PassedNotice:
    """What it says of its lots, by its own link; `notice` is locked. Sent twice it changes nothing, and it may be
    corrected while the recall runs. Raises InvalidInput with `errors` by field, Conflict after the end, Stale."""
    return _write(session, _itself(notice), clock, notice, command)


def answer_passed_by_staff(session: Session, actor: Actor, clock: Clock, passed_id: str,
                           command: AnswerPassed) -> PassedNotice:
    """The same, told to staff by telephone. Raises as answer_passed, NotFound and Forbidden."""
    permit(actor, "recall.write")
    return _write(session, actor, clock, passed_by_id(session, passed_id, lock=True), command)


def pass_on_by_link(session: Session, clock: Clock, token: str, command: PassOn, *, vault: Vault) -> PassedNotice:
    """What a consignee says behind its own link; as `passing_on.pass_on`. Raises NotFound for another secret too."""
    notice = _consignee(session, token, lock=True)
    return pass_on(session, consignee_actor(notice), clock, notice, command, vault=vault)


def passed_by_link(session: Session, token: str) -> list[tuple[PassedNotice, list[tuple[str, Decimal]]]]:
    """Whom the consignee behind a link named, with units by lot. Raises NotFound."""
    notice = _consignee(session, token)
    named = passed_by(session, notice.recall_id, notice.consignee_id)
    lines = lines_of(session, [one.id for one in named])
    return [(one, [(line.lot_key, line.units) for line in lines[one.id]]) for one in named]


def _consignee(session: Session, token: str, *, lock: bool = False) -> Notice:
    wanted = select(Notice).where(Notice.token_hash == token_hash(token))
    notice = session.scalar(wanted.with_for_update() if lock else wanted)
    recall = session.get(Recall, notice.recall_id) if notice else None
    if notice is None or recall is None or not is_told(recall):
        raise NotFound("This link does not lead to a notice. Copy the whole link from the letter, or contact the "
                       "sender of the letter.", code="unknown-link")
    return notice


def passed_by_id(session: Session, passed_id: str, *, lock: bool = False) -> PassedNotice:
    """The notice. Raises NotFound."""
    notice = session.get(PassedNotice, passed_id, with_for_update=True if lock else None)
    if notice is None:
        raise NotFound("There is no such notice.", code="unknown-notice")
    return notice


def _itself(notice: PassedNotice) -> Actor:
    return Actor(id=f"passed:{notice.id}", role="consignee", source="link")


def _write(session: Session, actor: Actor, clock: Clock, notice: PassedNotice, command: AnswerPassed) -> PassedNotice:
    recall = session.get_one(Recall, notice.recall_id)
    if not is_running(recall):
        raise Conflict("This recall is closed, so numbers can no longer be changed here. If something is not right, "
                       "please contact %(contact)s.", code="recall-closed", contact=recall.contact)
    rows = {line.lot_key: line for line in lines_of(session, [notice.id])[notice.id]}
    _check(rows, command)
    changed = [line for line in command.lines if _numbers(rows[line.lot_key]) != _said(line)
               or rows[line.lot_key].explanation != command.explanation.strip()]
    if not changed:
        return notice
    if command.seen is not None and command.seen != notice.answers:
        raise Stale("Somebody else at your organisation answered in the meantime. Their numbers are shown beside "
                    "yours; check them and send again. Nothing was lost.", code="answered-meanwhile")
    now, before = clock.now(), {line.lot_key: _numbers(rows[line.lot_key]) for line in changed}
    for line in changed:
        _set(rows[line.lot_key], line, command, now)
    notice.answers += 1
    if all(row.on_hand is not None for row in rows.values()):
        notice.answered_at, notice.state = now, NoticeState.answered
        drop_tasks(session, actor, clock, notice_stream(notice.id))
    record(session, actor, now, "notice.answered", notice_stream(notice.id), {
        "recall": recall.id, "before": before, "after": {line.lot_key: _said(line) for line in changed}})
    session.flush()
    return notice


def _check(rows: Mapping[str, PassedLine], command: AnswerPassed) -> None:
    errors: dict[str, str] = {}
    for line in command.lines:
        if line.lot_key not in rows:
            raise InvalidInput("This lot was not sent to you by this recall's records.", code="unknown-lot",
                               place="lines")
        errors |= {f"{name}:{line.lot_key}": "A number cannot be below zero." for name in _NUMBERS
                   if getattr(line, name) < 0}
    if not command.lines:
        errors["lines"] = "Fill in the numbers of at least one batch."
    if not command.answered_by.strip():
        errors["answered_by"] = NO_NAME
    if not command.explanation.strip() and any(
            line.on_hand + line.used + line.returned != rows[line.lot_key].units for line in command.lines):
        errors["explanation"] = NO_REASON
    if errors:
        place, message = next(iter(errors.items()))
        raise InvalidInput(message, code="answer-incomplete", place=place, errors=errors)
    required_text(short_text(command.answered_by, 200, place="answered_by"), place="answered_by")
    short_text(command.explanation, 2000, place="explanation")


def _set(row: PassedLine, line: AnswerLine, command: AnswerPassed, now: datetime) -> None:
    row.on_hand, row.used, row.returned = line.on_hand, line.used, line.returned
    row.answered_at, row.answered_by = now, command.answered_by.strip()
    row.explanation = command.explanation.strip()


def _said(line: AnswerLine) -> dict[str, str]:
    return {name: plain(getattr(line, name)) for name in _NUMBERS}


def _numbers(row: PassedLine) -> dict[str, str] | None:
    return None if row.on_hand is None else {name: plain(getattr(row, name) or Decimal(0)) for name in _NUMBERS}
