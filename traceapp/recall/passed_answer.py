"""What somebody who got units from a consignee sees behind its link, and what it answers."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import attachments_of
from traceapp.audit import record
from traceapp.catalog.model import Product
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.quantity import plain
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault, token_hash
from traceapp.worklist.tasks import drop_tasks

from .answer_said import FAR_MORE, NO_NAME, NO_REASON, AnswerLine, answered_meanwhile, parts_in
from .book_model import LatePassedAnswer, LateState
from .cases import is_running, is_told, notice_stream
from .late_passed import late_passed_of, take_late_passed
from .model import Recall
from .naming import MOST_HANDS, ZERO, Giver, Naming, PassOn, kept, lines_of, naming_of
from .passing_on import CALL_PASSED_TASK, Hand, giver_name, hands_of, raise_passed_task, write_naming
from .pieces import WHOLE, is_part, lots_in_pieces
from .policy import PLACES, is_far_more
from .proving import claim_destroyed, follow_proof, has_fresh_file, proof_stream
from .public_news import withdrawal_of
from .states import NoticeState
from .telling_model import PassedLine, PassedNotice

# Where its units can be by its own words; what it passed on follows from the rows of those who got it.
TOLD = tuple(place for place in PLACES if place != "passed_on")


@dataclass(frozen=True, slots=True)
class PassedView:
    """All that the page shows: who gave the units, each lot, whom they went on to; `late`: what it said after the
    end, the last first; `withdrawn` what people are told of it by language, where the notice was withdrawn; `files`:
    the proofs of destruction."""

    recall: Recall
    notice: PassedNotice
    giver: Mapping[str, str]
    lines: tuple[PassedShown, ...]
    named: tuple[Hand, ...]
    late: tuple[LatePassedAnswer, ...]
    withdrawn: Mapping[str, str]
    files: tuple[Attachment, ...]

    @property
    def is_closed(self) -> bool:
        """Whether the books are signed."""
        return not is_running(self.recall)

    @property
    def is_complete(self) -> bool:
        """Whether every lot is answered."""
        return all(shown.line.on_hand is not None for shown in self.lines)

    @property
    def lacks_proof(self) -> bool:
        """Whether something was destroyed and no file shows it."""
        lines = [shown.line for shown in self.lines]
        return any(line.unproved for line in lines) or (not self.files and any(line.destroyed for line in lines))

    @property
    def waiting(self) -> tuple[LatePassedAnswer, ...]:
        """What it said after the end that waits for somebody, the first first."""
        return tuple(one for one in reversed(self.late) if one.state == LateState.waiting)

    @property
    def is_last(self) -> bool:
        """Whether it is too many hands away to name others itself."""
        return self.notice.depth >= MOST_HANDS

    def passed_on(self, lot_key: str) -> Decimal:
        """Units of a lot that went on to somebody else."""
        return sum((hand.units.get(lot_key, ZERO) for hand in self.named), ZERO)


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
    """Some lots or all; what a line says to have received is not looked at. `seen`: how many answers the form
    knew of; `passed`: whom units were passed on to, beside those named before."""

    lines: tuple[AnswerLine, ...]
    answered_by: str
    explanation: str = ""
    seen: int | None = None
    passed: tuple[PassOn, ...] = ()


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
    shown = [_shown(line, *lots.get(line.lot_key, (None, None))) for line in lines]
    recall = session.get_one(Recall, notice.recall_id)
    return PassedView(recall, notice, giver_name(session, notice),
                      tuple(sorted(shown, key=lambda one: (one.name["en"], one.number))),
                      hands_of(session, giver_among(notice, lines)),
                      tuple(late_passed_of(session, notice.id)), withdrawal_of(session, recall),
                      attachments_of(session, proof_stream(notice.id)))


def giver_among(notice: PassedNotice, lines: Collection[PassedLine]) -> Giver:
    """Somebody who had units from a consignee, as one who passes them on."""
    return Giver(notice.recall_id, notice.consignee_id, notice_stream(notice.id),
                 {line.lot_key: line.units for line in lines}, notice)


def _shown(line: PassedLine, lot: Lot | None, product: Product | None) -> PassedShown:
    name = lot.name if lot else ""
    return PassedShown(line, lot.number if lot else line.lot_key,
                       {"zh": product.name_zh, "en": product.name_en} if product else {"zh": name, "en": name},
                       lot.expires_on if lot else None, lot.unit if lot else None)


def note_passed_opened(session: Session, clock: Clock, notice: PassedNotice) -> None:
    """Note when the link was first opened; `notice` is locked."""
    if notice.opened_at is None:
        notice.opened_at = clock.now()
        record(session, passed_actor(notice), clock.now(), "notice.opened", notice_stream(notice.id),
               {"recall": notice.recall_id})


def answer_passed(session: Session, clock: Clock, notice: PassedNotice, command: AnswerPassed, *,
                  vault: Vault | None = None) -> PassedNotice:
    """What it says of its lots, and whom it passed them on to, by its own link; `notice` is locked. Sent twice it
    changes nothing, and it may be corrected. After the end it is kept beside what stood then, and becomes work. Raises
    InvalidInput with `errors` by field, Stale."""
    return _write(session, passed_actor(notice), clock, notice, command, vault)


def answer_passed_by_staff(session: Session, actor: Actor, clock: Clock, passed_id: str,
                           command: AnswerPassed, *, vault: Vault | None = None) -> PassedNotice:
    """The same, told to staff by telephone. Raises as answer_passed, NotFound and Forbidden."""
    permit(actor, "recall.write")
    return _write(session, actor, clock, passed_by_id(session, passed_id, lock=True), command, vault)


def passed_by_id(session: Session, passed_id: str, *, lock: bool = False) -> PassedNotice:
    """The notice. Raises NotFound."""
    notice = session.get(PassedNotice, passed_id, with_for_update=True if lock else None)
    if notice is None:
        raise NotFound("There is no such notice.", code="unknown-notice")
    return notice


def passed_actor(notice: PassedNotice) -> Actor:
    """Who acts behind such a link: the organisation, not a person."""
    return Actor(id=f"passed:{notice.id}", role="consignee", source="link")


def _write(session: Session, actor: Actor, clock: Clock, notice: PassedNotice, command: AnswerPassed,
           vault: Vault | None) -> PassedNotice:
    recall = session.get_one(Recall, notice.recall_id)
    rows = {line.lot_key: line for line in lines_of(session, [notice.id])[notice.id]}
    giver = giver_among(notice, rows.values())
    naming = naming_of(session, giver, command.passed)
    _check(rows, command, naming, lots_in_pieces(session, parts_in(command.lines)))
    if not is_running(recall):
        take_late_passed(session, actor, clock, (recall, notice), LatePassedAnswer(
            answered_by=command.answered_by.strip(), explanation=command.explanation.strip(),
            lines={line.lot_key: _said(line) for line in command.lines},
            passed=kept(command.passed) if naming.is_new else []))
        return notice
    changed = [line for line in command.lines if _numbers(rows[line.lot_key]) != _said(line)
               or rows[line.lot_key].explanation != command.explanation.strip()]
    if not changed and not naming.is_new:
        return notice
    if command.seen is not None and command.seen != notice.answers:
        raise answered_meanwhile()
    now, before = clock.now(), {line.lot_key: _numbers(rows[line.lot_key]) for line in changed}
    is_shown = recall.needs_proof and has_fresh_file(session, clock, notice, rows.values())
    for line in changed:
        claim_destroyed(recall, rows[line.lot_key], line.destroyed, is_shown=is_shown)
        _set(rows[line.lot_key], line, command, now)
    write_naming(session, actor, clock, (recall, giver), naming, vault=vault)
    for key, row in rows.items():
        row.passed_on = naming.totals.get(key, ZERO)
    notice.answers += 1
    record(session, actor, now, "notice.answered", notice_stream(notice.id), {
        "recall": recall.id, "before": before, "after": {line.lot_key: _said(line) for line in changed}})
    _follow(session, actor, clock, (recall, notice), rows.values())
    session.flush()
    return notice


def _follow(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, PassedNotice],
            rows: Collection[PassedLine]) -> None:
    """Nothing is left to do once each lot is answered, unless far more is said than it got."""
    recall, notice = case
    if all(row.on_hand is not None for row in rows):
        notice.answered_at, notice.state = clock.now(), NoticeState.answered
        drop_tasks(session, actor, clock, notice_stream(notice.id))
    follow_proof(session, actor, clock, (recall, notice), rows)
    if any(is_far_more(row.units, _placed(row)) for row in rows):
        raise_passed_task(session, actor, clock, recall, notice, CALL_PASSED_TASK)


def _placed(row: PassedLine) -> Decimal:
    return sum((getattr(row, name) or ZERO for name in PLACES), ZERO)


def _comes_to(line: AnswerLine, naming: Naming) -> Decimal:
    return line.counted(ZERO, naming.totals.get(line.lot_key, ZERO)).placed


def _check(rows: dict[str, PassedLine], command: AnswerPassed, naming: Naming, pieces: Collection[str]) -> None:
    errors: dict[str, str] = {place: error.text for place, error in naming.errors.items()}
    for line in command.lines:
        if line.lot_key not in rows:
            raise InvalidInput("This lot was not sent to you by this recall's records.", code="unknown-lot",
                               place="lines")
        errors |= {f"{name}:{line.lot_key}": "A number cannot be below zero." for name in TOLD
                   if getattr(line, name) < 0}
        errors |= {f"{name}:{line.lot_key}": WHOLE for name in TOLD
                   if line.lot_key in pieces and is_part(getattr(line, name))}
        placed = _comes_to(line, naming)
        if is_far_more(rows[line.lot_key].units, placed) and line.sure != placed and (
                _numbers(rows[line.lot_key]) != _said(line)):
            errors[f"sure:{line.lot_key}"] = FAR_MORE
    if not command.lines and not naming.entries and not errors:
        errors["lines"] = "Fill in the numbers of at least one batch."
    if not command.answered_by.strip():
        errors["answered_by"] = NO_NAME
    if not command.explanation.strip() and any(
            _comes_to(line, naming) != rows[line.lot_key].units for line in command.lines):
        errors["explanation"] = NO_REASON
    if errors:
        place, message = next(iter(errors.items()))
        raise InvalidInput(message, code="answer-incomplete", place=place, errors=errors)
    required_text(short_text(command.answered_by, 200, place="answered_by"), place="answered_by")
    short_text(command.explanation, 2000, place="explanation")


def _set(row: PassedLine, line: AnswerLine, command: AnswerPassed, now: datetime) -> None:
    row.on_hand, row.used, row.returned, row.corrected = line.on_hand, line.used, line.returned, line.corrected
    row.answered_at, row.answered_by = now, command.answered_by.strip()
    row.explanation = command.explanation.strip()


def _said(line: AnswerLine) -> dict[str, str]:
    return {name: plain(getattr(line, name)) for name in TOLD}


def _numbers(row: PassedLine) -> dict[str, str] | None:
    return None if row.on_hand is None else {name: plain(getattr(row, name) or Decimal(0)) for name in TOLD}
