"""While a recall runs: everybody told, tries noted, a sample asked, the books closed."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.identity.policy import permit
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.worklist.tasks import complete_tasks, with_open_tasks

from .book_model import CheckTry
from .cases import for_action, is_running, move, notice_stream, recall_by_id, recall_stream
from .checking import add_tries, checked_rows, conclusion_of, failed_before, is_followed, refuse_claim
from .drafting import named
from .ledger import WAYS
from .model import EffectivenessCheck, Notice, NoticeAttempt, Recall
from .notices import KINDS, UNTOLD_TASKS, notices_for
from .policy import drawn, may_check, sample_size
from .queries import consignee_names
from .rehearsing import is_rehearsed
from .states import RecallState
from .told import advance_if_told, after_telling
from .ways import MAIL, way_of


@dataclass(frozen=True, slots=True)
class NoteAttempt:
    """Somebody telephoned, visited, wrote; `reached`: a person there was told."""

    recall_id: str
    consignee_id: str
    way: str
    reached: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrawSample:
    """Begin the checks; `seed` makes the sample repeatable."""

    recall_id: str
    seed: int
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """What one drawn consignee said: did it get the notice, understand it, do what it asks."""

    recall_id: str
    consignee_id: str
    way: str
    received: bool
    understood: bool
    acted: bool
    note: str = ""
    spoken_to: str = ""


@dataclass(frozen=True, slots=True)
class ConcludeChecks:
    """What the checks came to; `claimed`: that at least so many per cent of all consignees followed the notice."""

    recall_id: str
    note: str
    revision: int | None = None
    claimed: int | None = None


def note_attempt(session: Session, actor: Actor, clock: Clock, command: NoteAttempt) -> NoticeAttempt:
    """Write down a try. Raises InvalidInput for an unknown way, Conflict when the recall is not running."""
    row, = note_attempts(session, actor, clock, [command])
    return row


def note_attempts(session: Session, actor: Actor, clock: Clock,
                  commands: Sequence[NoteAttempt]) -> list[NoticeAttempt]:
    """The same for many tries of one recall, those of one consignee in their order."""
    permit(actor, "recall.write")
    if any(command.way not in WAYS for command in commands):
        raise InvalidInput("Say how they were tried: %(ways)s.", code="unknown-way", place="way", ways=", ".join(WAYS))
    consignees = list(dict.fromkeys(command.consignee_id for command in commands))
    notices = notices_for(session, commands[0].recall_id, consignees)
    recall = recall_by_id(session, commands[0].recall_id)
    if not is_running(recall):
        raise Conflict("Tries are noted while a recall is running; this one is “%(state)s”.", code="wrong-state",
                       state=RecallState(recall.state))
    last = {key: position for key, position in session.execute(
        select(NoticeAttempt.consignee_id, func.max(NoticeAttempt.position)).where(
            NoticeAttempt.recall_id == recall.id, NoticeAttempt.consignee_id.in_(consignees))
        .group_by(NoticeAttempt.consignee_id))}
    rows = []
    for command in commands:
        notice = notices[command.consignee_id]
        last[notice.consignee_id] = position = last.get(notice.consignee_id, 0) + 1
        row = NoticeAttempt(recall_id=recall.id, consignee_id=notice.consignee_id, position=position, way=command.way,
                            reached=command.reached, note=short_text(command.note, 2000, place="note"),
                            at=after_telling(notice, clock), by=actor.id)
        session.add(row)
        record(session, actor, clock.now(), "notice.tried", notice_stream(notice.id), {
            "recall": recall.id, "way": row.way, "reached": row.reached, "note": row.note})
        rows.append(row)
    session.flush()
    _end_duties(session, actor, clock, [notices[command.consignee_id] for command in commands if command.reached])
    advance_if_told(session, clock, recall)
    return rows


def _end_duties(session: Session, actor: Actor, clock: Clock, reached: Sequence[Notice]) -> None:
    """Who was told by a person need not be found, written to or telephoned for that any more; who stays silent is
    telephoned again when its time is over (`reminders.remind_due`)."""
    for about in sorted(with_open_tasks(session, list({notice_stream(notice.id) for notice in reached}))):
        for kind in UNTOLD_TASKS:
            complete_tasks(session, actor, clock, about, kind, "reached")


def draw_sample(session: Session, actor: Actor, clock: Clock, command: DrawSample) -> Recall:
    """From execution to the checks, with the sample of the level; beside it whoever failed before is asked again.
    Raises Conflict (code `silent`) while too few answered and somebody silent was not tried three times by two ways."""
    recall = for_action(session, actor, "check", command.recall_id, command.revision)
    _refuse_silent(session, recall)
    consignees = list(session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)))
    assert recall.check_level is not None
    count = sample_size(len(consignees), recall.check_level, recall.check_share)
    chosen = drawn(consignees, count, command.seed)
    again = sorted(failed_before(session, recall).difference(chosen))
    recall.check_seed = command.seed
    if chosen or again:
        session.execute(insert(EffectivenessCheck), [
            {"recall_id": recall.id, "scope_number": recall.scope_number, "consignee_id": key,
             "drawn_at": clock.now(), "way": "", "note": ""} for key in (*chosen, *again)])
    move(session, actor, clock, recall, "check", {"level": recall.check_level, "seed": command.seed,
                                                  "drawn": list(chosen), "of": len(consignees),
                                                  "again": again})
    session.flush()
    return recall


def record_check(session: Session, actor: Actor, clock: Clock, command: RecordCheck) -> EffectivenessCheck:
    """What a drawn consignee said; asked again, the later answer stands and each stays as a try. Raises NotFound for
    one that was not drawn, Conflict when no checks are going on."""
    row, = record_checks(session, actor, clock, [command])
    return row


def record_checks(session: Session, actor: Actor, clock: Clock,
                  commands: Sequence[RecordCheck]) -> list[EffectivenessCheck]:
    """The same for many consignees of one recall, each of them once."""
    permit(actor, "recall.write")
    recall, rows = checked_rows(session, [(one.recall_id, one.consignee_id, one.way) for one in commands])
    for row, command in zip(rows, commands, strict=True):
        row.way, row.note = command.way, short_text(command.note, 2000, place="note")
        row.received, row.understood, row.acted = command.received, command.understood, command.acted
        row.checked_at, row.checked_by = clock.now(), actor.id
        record(session, actor, clock.now(), "recall.checked", recall_stream(recall), {
            "consignee": row.consignee_id, "way": row.way, "received": row.received, "understood": row.understood,
            "acted": row.acted, "note": row.note})
    add_tries(session, actor, clock, [(row, CheckTry(
        way=row.way, spoken_to=short_text(command.spoken_to, 200, place="spoken_to"), received=row.received,
        understood=row.understood, acted=row.acted, note=row.note))
        for row, command in zip(rows, commands, strict=True)])
    return rows


def conclude_checks(session: Session, actor: Actor, clock: Clock, command: ConcludeChecks) -> Recall:
    """From the checks to the closing of the books. Raises Conflict while somebody of the sample was not asked (code
    `not-asked`) or did not understand or act (code `check-failed`), and as `refuse_claim`."""
    recall = for_action(session, actor, "conclude", command.recall_id, command.revision)
    note = short_text(required_text(command.note, place="note"), 4000, place="note")
    rows = checks_of(session, recall)
    names = consignee_names(session, [row.consignee_id for row in rows])
    waiting = [names[row.consignee_id] for row in rows if row.checked_at is None]
    if waiting:
        raise Conflict("These consignees of the sample were not asked yet: %(names)s.", code="not-asked",
                       names=named(waiting))
    failed = [names[row.consignee_id] for row in rows if not is_followed(row)]
    if failed:
        raise Conflict("These consignees did not get, understand or follow the notice: %(names)s. Tell them again and "
                       "ask again, or extend the recall.", code="check-failed", names=named(failed))
    found = conclusion_of(session, recall)
    refuse_claim(found, command.claimed)
    move(session, actor, clock, recall, "conclude", {
        "note": note, "asked": len(rows), "of": found.share.population, "least": f"{found.share.least:.4f}",
        "method": found.share.method, "claimed": command.claimed})
    session.flush()
    return recall


def checks_of(session: Session, recall: Recall) -> list[EffectivenessCheck]:
    """The sample of the present scope."""
    return list(session.scalars(select(EffectivenessCheck).where(
        EffectivenessCheck.recall_id == recall.id, EffectivenessCheck.scope_number == recall.scope_number)
        .order_by(EffectivenessCheck.consignee_id)))


def _refuse_silent(session: Session, recall: Recall) -> None:
    total, answered = session.execute(select(
        func.count(), func.count(Notice.answered_at)).where(Notice.recall_id == recall.id)).one()
    silent = session.execute(select(Notice.consignee_id, Notice.id).where(
        Notice.recall_id == recall.id, Notice.answered_at.is_(None)).order_by(Notice.consignee_id)).all()
    ways = tries_of(session, recall.id, [(key, notice_id) for key, notice_id in silent])
    if may_check(answered, total, ways.values()):
        return
    short = [key for key, tried in ways.items() if not may_check(0, 1, [tried])]
    names = consignee_names(session, short[:50])
    raise Conflict("Too few have answered, and these silent ones were not tried three times by two ways yet: "
                   "%(names)s.", code="silent", names=named([*names.values()] + [""] * (len(short) - len(names))))


def attempts_of(session: Session, recall_id: str, consignee_id: str) -> list[NoticeAttempt]:
    """What people noted of one consignee, the first try first."""
    return list(session.scalars(select(NoticeAttempt).where(
        NoticeAttempt.recall_id == recall_id, NoticeAttempt.consignee_id == consignee_id)
        .order_by(NoticeAttempt.position)))


def tries_of(session: Session, recall_id: str, notices: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    """{consignee: the way of each try} since it was last to be told: letters that a server took, one for all contacts
    that it went to at a time, and what people noted. `notices`: (consignee, notice id)."""
    found: dict[str, list[str]] = {key: [] for key, _ in notices}
    for key, kind, _number in sorted(_rounds(session, recall_id, notices)):
        found[key].append("e-mail" if way_of(kind) == MAIL else "text")
    if is_rehearsed(session, recall_id):  # a letter that was noted is a try
        for key in session.scalars(select(Notice.consignee_id).where(
                Notice.recall_id == recall_id, Notice.sent_at.is_not(None))):
            if key in found:
                found[key].append("e-mail")
    for key, way in session.execute(
            select(NoticeAttempt.consignee_id, NoticeAttempt.way).where(NoticeAttempt.recall_id == recall_id)
            .join(Notice, (Notice.recall_id == NoticeAttempt.recall_id)
                  & (Notice.consignee_id == NoticeAttempt.consignee_id) & (NoticeAttempt.at >= Notice.queued_at))):
        if key in found:
            found[key].append(way)
    return found


def _rounds(session: Session, recall_id: str, notices: Collection[tuple[str, str]]) -> set[tuple[str, str, int]]:
    """(consignee, kind, number) of the letters that a server took: a notice or a reminder by one way."""
    by_stream = {notice_stream(notice_id): key for key, notice_id in notices}
    told = {key: at for key, at in session.execute(
        select(Notice.consignee_id, Notice.queued_at).where(Notice.recall_id == recall_id))}
    streams, found = list(by_stream), set[tuple[str, str, int]]()
    for start in range(0, len(streams), 500):
        for stream, kind, payload, at in session.execute(select(
                OutboxMessage.subject_key, OutboxMessage.kind, OutboxMessage.payload, OutboxMessage.created_at).where(
                OutboxMessage.subject_key.in_(streams[start:start + 500]), OutboxMessage.kind.in_(KINDS),
                OutboxMessage.state == MessageState.sent)):
            if at >= told[by_stream[stream]]:
                found.add((by_stream[stream], kind, payload.get("number", 0)))
    return found
