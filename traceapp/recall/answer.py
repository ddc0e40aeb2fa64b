"""What a consignee sees behind its link, and what it answers. The link's secret is the whole authority."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import attachments_of
from traceapp.audit import record
from traceapp.catalog.model import Party, Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.core.quantity import plain
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault, token_hash
from traceapp.worklist.tasks import drop_tasks, with_open_tasks

from .answer_said import FIELDS, AnswerLine, RecordAnswer, answered_meanwhile, checked, counted_of, parts_in
from .answers_kept import answers_of, keep_answers, take_late
from .book_model import NoticeAnswer
from .cases import is_begun, is_running, notice_stream, told_lines
from .exceeding import follow_excess, is_strange
from .late import waiting_of
from .model import Notice, Recall, RecallLedger
from .naming import NOBODY, ZERO, Giver, Naming, givers_among, kept, naming_of
from .passing_on import Hand, giver_of, hands_of, recount, write_naming
from .pieces import lots_in_pieces
from .policy import Counted, LineState, line_state, needs_explanation, unaccounted
from .proving import claim_destroyed, follow_proof, has_fresh_file, proof_stream
from .public_news import withdrawal_of
from .states import NoticeState
from .told import advance_if_told, after_telling

__all__ = ["AnswerLine", "NoticeLine", "NoticeView", "RecordAnswer", "answered_meanwhile", "consignee_actor",
           "found_notice", "none_left", "note_opened", "notice_of_token", "open_notice", "record_answer",
           "write_answer", "write_answers"]


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One lot that went to the consignee. The answer's numbers are None until there is one."""

    lot_key: str
    number: str
    name_zh: str
    name_en: str
    expires_on: date | None
    unit: str | None
    shipped: Decimal
    counted: Counted | None
    unaccounted: Decimal
    came_back: Decimal
    state: LineState
    passed_to: str
    unproved: Decimal
    explanation: str
    answered_at: datetime | None
    answered_by: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """All that the page behind a link shows. `answers` counts what was recorded so far, `history` is each of them, the
    latest first, `waiting` those that came after the end and wait for somebody; `files` are the proofs of destruction;
    `named` who got units from it; `withdrawn` what people are told of it by language, where the notice was
    withdrawn."""

    reference: str
    recall_class: str
    is_closed: bool
    title: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    contact: str
    consignee_id: str
    consignee: Mapping[str, str]
    answer_by: datetime | None
    opened_at: datetime | None
    answered_at: datetime | None
    answers: int
    lines: tuple[NoticeLine, ...]
    history: tuple[NoticeAnswer, ...]
    waiting: tuple[NoticeAnswer, ...]
    files: tuple[Attachment, ...]
    named: tuple[Hand, ...]
    withdrawn: Mapping[str, str]

    @property
    def lacks_proof(self) -> bool:
        """Whether something was destroyed and no file shows it."""
        return any(line.unproved for line in self.lines) or (
            not self.files and any(line.counted is not None and line.counted.destroyed for line in self.lines))

    def passed_on(self, lot_key: str) -> Decimal:
        """Units of a lot that went on to somebody else."""
        return sum((hand.units.get(lot_key, ZERO) for hand in self.named), ZERO)

    @property
    def is_complete(self) -> bool:
        """Whether every lot is answered."""
        return all(line.counted is not None for line in self.lines)


def notice_of_token(session: Session, token: str) -> NoticeView:
    """What the link shows. Raises NotFound for a secret that is none of ours."""
    notice, recall = found_notice(session, token)
    party = session.get(Party, notice.consignee_id)
    rows = session.execute(
        select(RecallLedger, Lot, Product).outerjoin(Lot, Lot.lot_key == RecallLedger.lot_key)
        .outerjoin(Product, Product.id == Lot.product_id)
        .where(told_lines(recall), RecallLedger.consignee_id == notice.consignee_id))
    lines = sorted((_line(row, lot, product) for row, lot, product in rows), key=lambda line: (line.name_en,
                                                                                              line.number))
    return NoticeView(
        reference=recall.reference, recall_class=recall.recall_class, is_closed=not is_running(recall),
        title=_both(recall, "title"), risk=_both(recall, "risk"), action=_both(recall, "action"),
        remedy=_both(recall, "remedy"), contact=recall.contact, consignee_id=notice.consignee_id,
        consignee={"zh": party.name_zh, "en": party.name_en} if party else {"zh": "", "en": ""},
        answer_by=notice.answer_by, opened_at=notice.opened_at, answered_at=notice.answered_at,
        answers=notice.answers, lines=tuple(lines), history=answers_of(session, notice),
        waiting=() if is_running(recall) else waiting_of(session, recall.id, notice.consignee_id),
        files=attachments_of(session, proof_stream(notice.id)),
        named=hands_of(session, giver_of(notice, {})), withdrawn=withdrawal_of(session, recall))


def note_opened(session: Session, clock: Clock, token: str) -> None:
    """Note when the link was first opened. Raises NotFound."""
    notice, _recall = found_notice(session, token, lock=True)
    open_notice(session, clock, notice)


def open_notice(session: Session, clock: Clock, notice: Notice) -> None:
    """The same for a notice that the caller has found and locked."""
    if notice.opened_at is None:
        notice.opened_at = clock.now()
        record(session, consignee_actor(notice), clock.now(), "notice.opened", notice_stream(notice.id),
               {"recall": notice.recall_id})


def none_left(view: NoticeView, lot_keys: Sequence[str] | None = None) -> tuple[AnswerLine, ...]:
    """The answer "we have none left, all of it was used" for these lots, or for every lot without an answer."""
    return tuple(AnswerLine(line.lot_key, ZERO, max(ZERO, line.shipped - view.passed_on(line.lot_key)), ZERO)
                 for line in view.lines
                 if (line.counted is None if lot_keys is None else line.lot_key in lot_keys))


def record_answer(session: Session, clock: Clock, command: RecordAnswer, *, vault: Vault | None = None) -> Notice:
    """What a consignee says of its lots, and whom it passed units on to, who are told at once (the vault makes their
    links); sent twice it changes nothing, and it may be corrected. After the end it is kept beside the books and
    becomes work.

    Raises NotFound; InvalidInput with `errors` by field (`on_hand:<lot key>`, `answered_by`, `to-0-name`); Stale when
    somebody else there answered differently in the meantime.
    """
    notice, recall = found_notice(session, command.token, lock=True)
    return write_answer(session, consignee_actor(notice), clock, (recall, notice), command, vault=vault)


def consignee_actor(notice: Notice) -> Actor:
    """Who acts behind a link: the consignee, not a person."""
    return Actor(id=f"consignee:{notice.consignee_id}", role="consignee", source="link")


def write_answer(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice],
                 command: RecordAnswer, *, vault: Vault | None = None) -> Notice:
    """The same for a notice that the caller has found and locked; `command.token` is not looked at."""
    recall, notice = case
    write_answers(session, clock, recall, [(notice, actor, command)], vault=vault)
    return notice


@dataclass(frozen=True, slots=True)
class _Said:
    """One consignee's answer: who writes it, its lines of the ledger, the numbers and names as they were looked at."""

    notice: Notice
    actor: Actor
    command: RecordAnswer
    rows: Mapping[str, RecallLedger]
    giver: Giver
    naming: Naming
    counted: Mapping[str, Counted]


def write_answers(session: Session, clock: Clock, recall: Recall,
                  said: Sequence[tuple[Notice, Actor, RecordAnswer]], *, vault: Vault | None = None) -> None:
    """The same for many consignees of one recall, each of them once, with a number of statements that does not grow
    with them as long as nobody passed units on: (notice, who writes, what)."""
    given, ended, proofs = list[tuple[datetime, Notice, NoticeAnswer]](), list[tuple[Actor, str]](), list[_Said]()
    strange = list[_Said]()
    for one in _looked_at(session, recall, said):
        if not is_running(recall):
            take_late(session, one.actor, clock, (recall, one.notice), _kept(one, one.counted, one.naming.whom))
        elif (changed := _enter(session, clock, recall, one, vault)) is not None:
            before, now, was_strange = changed
            answer = {key: found for key in before if (found := counted_of(one.rows[key]))}
            given.append((now, one.notice, _kept(one, answer, one.naming.who)))
            record(session, one.actor, clock.now(), "notice.answered", notice_stream(one.notice.id), {
                "recall": recall.id, "before": before, "after": {key: _numbers(one.rows[key]) for key in before}})
            if all(row.on_hand is not None for row in one.rows.values()):
                one.notice.answered_at, one.notice.state = now, NoticeState.answered
                ended.append((one.actor, notice_stream(one.notice.id)))
            proofs += [one] if recall.needs_proof else []
            strange += [one] if was_strange or any(map(is_strange, one.rows.values())) else []
    keep_answers(session, given)
    open_about = with_open_tasks(session, [stream for _actor, stream in ended])
    for actor, stream in ended:
        if stream in open_about:
            drop_tasks(session, actor, clock, stream)
    for one in proofs:
        follow_proof(session, one.actor, clock, (recall, one.notice), one.rows.values())
    for one in strange:
        follow_excess(session, one.actor, clock, (recall, one.notice), one.rows.values())
    if given:
        advance_if_told(session, clock, recall)
        session.flush()


def _looked_at(session: Session, recall: Recall,
               said: Sequence[tuple[Notice, Actor, RecordAnswer]]) -> Iterator[_Said]:
    """Each answer with its lines, locked, once nothing is wrong with it."""
    ids = [notice.consignee_id for notice, _actor, _command in said]
    ledger: dict[str, dict[str, RecallLedger]] = {}
    for row in session.scalars(select(RecallLedger).where(
            told_lines(recall), RecallLedger.consignee_id.in_(ids))
            .order_by(RecallLedger.consignee_id, RecallLedger.lot_key).with_for_update()):
        ledger.setdefault(row.consignee_id, {})[row.lot_key] = row
    handed = givers_among(session, recall.id, ids)
    pieces = lots_in_pieces(session, parts_in(line for _notice, _actor, command in said for line in command.lines))
    for notice, actor, command in said:
        rows = ledger.get(notice.consignee_id, {})
        giver = giver_of(notice, rows, {line.lot_key: line.received for line in command.lines if line.received})
        has_names = bool(command.passed) or notice.consignee_id in handed
        naming = naming_of(session, giver, command.passed) if has_names else NOBODY
        yield _Said(notice, actor, command, rows, giver, naming, checked(rows, command, naming, pieces))


def _enter(session: Session, clock: Clock, recall: Recall, one: _Said,
           vault: Vault | None) -> tuple[dict[str, dict[str, str] | None], datetime, bool] | None:
    """Write the numbers and names that are new; answers ({lot key: numbers before}, when, whether far too many were
    said before), None when all of it was known. Raises Stale."""
    notice, command, rows = one.notice, one.command, one.rows
    changed = [row for key, row in rows.items() if key in one.counted and not _is_same(
        row, one.counted[key], command.explanation)]
    if not changed and not one.naming.is_new:
        return None
    if command.seen is not None and command.seen != notice.answers:
        raise answered_meanwhile()
    now, before = after_telling(notice, clock), {key: _numbers(row) for key, row in rows.items()}
    was_strange = any(map(is_strange, rows.values()))
    is_shown = recall.needs_proof and has_fresh_file(session, clock, notice, rows.values())
    for row in changed:
        claim_destroyed(recall, row, one.counted[row.lot_key].destroyed, is_shown=is_shown)
        _write(row, one.counted[row.lot_key], command)
        row.answered_at = now
    write_naming(session, one.actor, clock, (recall, one.giver), one.naming, vault=vault)
    changed += [row for row in recount(rows, one.naming) if row not in changed]
    notice.answers += 1
    return {row.lot_key: before[row.lot_key] for row in changed}, now, was_strange


def found_notice(session: Session, token: str, *, lock: bool = False) -> tuple[Notice, Recall]:
    """The notice behind a link and its recall, locked for an answer when asked. Raises NotFound."""
    wanted = select(Notice).where(Notice.token_hash == token_hash(token))
    notice = session.scalar(wanted.with_for_update() if lock else wanted)
    # Closing locks the recall for itself; answers only share it, so they don't wait for each other.
    recall = None if notice is None else session.get(
        Recall, notice.recall_id, with_for_update={"read": True} if lock else None)
    if notice is None or recall is None or not is_begun(recall):
        raise NotFound("This link does not lead to a notice. Copy the whole link from the letter, or contact the "
                       "sender of the letter.", code="unknown-link")
    return notice, recall


def _both(recall: Recall, name: str) -> dict[str, str]:
    return {language: getattr(recall, f"{name}_{language}") for language in ("zh", "en")}


def _line(row: RecallLedger, lot: Lot | None, product: Product | None) -> NoticeLine:
    counted = counted_of(row)
    name = lot.name if lot else ""
    return NoticeLine(
        lot_key=row.lot_key, number=lot.number if lot else row.lot_key, name_zh=product.name_zh if product else name,
        name_en=product.name_en if product else name, expires_on=lot.expires_on if lot else None,
        unit=lot.unit if lot else None, shipped=row.shipped, counted=counted,
        unaccounted=unaccounted(row.shipped, counted, row.came_back), came_back=row.came_back,
        state=line_state(row.shipped, counted, row.came_back, unproved=row.unproved,
                         is_settled=row.settled_at is not None),
        passed_to=row.passed_to, unproved=row.unproved, explanation=row.explanation, answered_at=row.answered_at,
        answered_by=row.answered_by)


def _is_same(row: RecallLedger, numbers: Counted, explanation: str) -> bool:
    is_explained = not needs_explanation(row.shipped, numbers) or row.explanation == explanation.strip()
    return counted_of(row) == numbers and is_explained


def _write(row: RecallLedger, numbers: Counted, command: RecordAnswer) -> None:
    for name in FIELDS:
        setattr(row, name, getattr(numbers, name))
    row.answered_by = command.answered_by.strip()
    row.explanation = command.explanation.strip() if needs_explanation(row.shipped, numbers) else ""
    # A reason that closed the line was given for other numbers.
    row.settled_at, row.settled_by, row.settled_reason = None, None, ""


def _kept(said: _Said, counted: Mapping[str, Counted], whom: Mapping[str, str]) -> NoticeAnswer:
    command = said.command
    return NoticeAnswer(answered_by=command.answered_by.strip(), way=command.way,
                        passed=kept(command.passed) if said.naming.is_new else [],
                        explanation=command.explanation.strip(), lines={
                            key: {name: plain(getattr(numbers, name)) for name in FIELDS} | (
                                {"passed_to": whom.get(key, "")} if numbers.passed_on else {})
                            for key, numbers in counted.items()})


def _numbers(row: RecallLedger) -> dict[str, str] | None:
    counted = counted_of(row)
    if counted is None:
        return None
    return {name: plain(getattr(counted, name)) for name in FIELDS} | (
        {"settled": "yes"} if row.settled_at is not None else {})
