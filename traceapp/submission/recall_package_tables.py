"""The tables of a recall in its archive, and the files that show what became of units. Nothing in them is the secret of
a link or the address of a person."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.catalog.model import Party
from traceapp.export.spreadsheet import Column, Record, Value, csv_chunks
from traceapp.outbox.model import OutboxAttempt, OutboxMessage
from traceapp.recall.book_model import (
    CheckTry,
    LateAnswer,
    LatePassedAnswer,
    LateReturn,
    LotDifference,
    NoticeAnswer,
    RecallDisposition,
    RecallReturn,
)
from traceapp.recall.classification_model import RecallClassification
from traceapp.recall.model import EffectivenessCheck, Notice, NoticeAttempt, RecallLedger
from traceapp.recall.proofs import disposition_stream
from traceapp.recall.proving import proof_stream
from traceapp.recall.public_model import RecallRevision
from traceapp.recall.telling_model import PassedLine, PassedNotice
from traceapp.recall.untold_model import UntoldDespatch

_PART = 1000
_LATE = ("state", "came_at", "ended_at", "ended_by", "reason")
# Name of the file, table, columns.
_TABLES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("notices.csv", Notice, ("consignee_id", "state", "queued_at", "sent_at", "opened_at", "answered_at", "answers",
                             "reminders", "reminded_at")),
    ("tries.csv", NoticeAttempt, ("consignee_id", "position", "way", "reached", "note", "at", "by")),
    ("passed-on.csv", PassedNotice, ("id", "consignee_id", "name", "state", "named_at", "named_by", "sent_at",
                                     "opened_at", "answered_at")),
    ("answers.csv", NoticeAnswer, ("consignee_id", "position", "answered_at", "answered_by", "way", "explanation",
                                   "is_late")),
    ("lines.csv", RecallLedger, (
        "lot_key", "consignee_id", "scope_number", "shipped", "received", "answered_at", "answered_by", "explanation",
        "unproved", "accepted_at", "accepted_by", "accepted_reason", "settled_at", "settled_by", "settled_reason")),
    ("differences.csv", LotDifference, ("lot_key", "difference", "reason", "explained_at", "explained_by")),
    ("returns.csv", RecallReturn, ("lot_key", "id", "consignee_id", "units", "is_in_scope", "document_number", "note",
                                   "sscc", "event_id", "counted_at", "counted_by")),
    ("dispositions.csv", RecallDisposition, ("lot_key", "id", "kind", "units", "of_kept", "reason", "new_number",
                                             "certificate", "state", "content_hash", "decided_at", "decided_by")),
    ("untold-despatches.csv", UntoldDespatch, ("lot_key", "event_id", "source", "consignee_id", "sent_to", "giver_id",
                                               "units", "left_at", "came_at", "reason", "state", "ended_at",
                                               "ended_by")),
    ("classes.csv", RecallClassification, ("position", "jurisdiction", "recall_class", "is_assigned", "by_whom", "on",
                                           "basis", "at", "by")),
    ("checks.csv", EffectivenessCheck, ("scope_number", "consignee_id", "drawn_at", "way", "received", "understood",
                                        "acted", "note", "checked_at", "checked_by")),
    ("check-tries.csv", CheckTry, ("scope_number", "consignee_id", "position", "way", "spoken_to", "received",
                                   "understood", "acted", "note", "at", "by")),
    ("late-answers.csv", LateAnswer, ("consignee_id", "position", *_LATE)),
    ("late-passed.csv", LatePassedAnswer, ("passed_id", "position", "answered_by", "lines", "explanation", *_LATE)),
    ("late-returns.csv", LateReturn, ("lot_key", "return_id", "consignee_id", "units", *_LATE)),
    ("revisions.csv", RecallRevision, ("number", "kind", "said_zh", "said_en", "before", "after", "signed_hash",
                                       "made_by", "at")))
_SAID = ("received", "on_hand", "used", "passed_on", "passed_to", "returned", "destroyed", "corrected")


def tables_of(session: Session, recall_id: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each table: the name of its file, and its pieces."""
    for name, table, wanted in _TABLES:
        yield name, _csv(wanted, _rows(session, _of_table(recall_id, table, wanted), wanted))
    for name, wanted, found in _joined(recall_id):
        yield name, _csv(wanted, _rows(session, found, wanted))
    wanted = ("consignee_id", "position", "lot_key", *_SAID)
    yield "answer-lines.csv", _csv(wanted, _answer_lines(session, recall_id))


def proofs_of_case(session: Session, recall_id: str) -> Iterator[tuple[str, str]]:
    """The photos and certificates that show what was destroyed: (where each stands in the archive, SHA-256)."""
    of_consignees = (select(Notice.consignee_id, Attachment.id, Attachment.name, Attachment.sha256)
                     .join(Notice, Attachment.about == literal(proof_stream("")) + Notice.id)
                     .where(Notice.recall_id == recall_id))
    of_passed = (select(PassedNotice.id, Attachment.id, Attachment.name, Attachment.sha256)
                 .join(PassedNotice, Attachment.about == literal(proof_stream("")) + PassedNotice.id)
                 .where(PassedNotice.recall_id == recall_id))
    of_ours = (select(RecallDisposition.id, Attachment.id, Attachment.name, Attachment.sha256)
               .join(RecallDisposition, Attachment.about == literal(disposition_stream("")) + RecallDisposition.id)
               .where(RecallDisposition.recall_id == recall_id))
    for folder, found in (("consignees", of_consignees), ("passed-on", of_passed), ("dispositions", of_ours)):
        for owner, key, name, sha256 in session.execute(found.order_by(Attachment.id)):
            yield f"proofs/{folder}/{owner}/{key}-{safe(name)}", sha256


def safe(name: str) -> str:
    """A name that somebody gave a file, as the last part of a path."""
    return name.replace("/", "_").replace("\\", "_").replace("..", "_")


def _joined(recall_id: str) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Tables that hang on another one of the case."""
    yield "consignees.csv", ("consignee_id", "code", "name_zh", "name_en"), (
        select(Party.id, Party.code, Party.name_zh, Party.name_en).join(Notice, Notice.consignee_id == Party.id)
        .where(Notice.recall_id == recall_id).order_by(Party.code, Party.id))
    lines = ("lot_key", "units", "on_hand", "used", "returned", "passed_on", "destroyed", "corrected", "unproved",
             "accepted_at", "accepted_by", "accepted_reason", "answered_at", "answered_by", "explanation")
    yield "passed-on-lines.csv", ("passed_id", *lines), (
        select(PassedLine.notice_id, *(getattr(PassedLine, name) for name in lines))
        .join(PassedNotice, PassedNotice.id == PassedLine.notice_id).where(PassedNotice.recall_id == recall_id)
        .order_by(PassedLine.notice_id, PassedLine.lot_key))
    for name, model in (("messages.csv", Notice), ("messages-passed-on.csv", PassedNotice)):
        yield name, ("about_id", "consignee_id", "kind", "message_id", "state", "attempt", "at", "outcome"), (
            select(model.id, model.consignee_id, OutboxMessage.kind, OutboxMessage.message_id, OutboxMessage.state,
                   OutboxAttempt.number, OutboxAttempt.at, OutboxAttempt.outcome)
            .join(OutboxMessage, OutboxMessage.subject_key == literal("notice:") + model.id)
            .outerjoin(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
            .where(model.recall_id == recall_id).order_by(OutboxMessage.id, OutboxAttempt.number))


def _csv(wanted: tuple[str, ...], found: Iterable[Record]) -> Iterable[bytes]:
    return csv_chunks([Column(key, key) for key in wanted], found)


def _of_table(recall_id: str, table: Any, wanted: tuple[str, ...]) -> Select[Any]:
    """The rows of a table of the case in the order of its key."""
    keys = [column for column in inspect(table).primary_key if column.name != "recall_id"]
    found: Select[Any] = select(*(getattr(table, name) for name in wanted))
    return found.where(table.recall_id == recall_id).order_by(*keys)


def _rows(session: Session, found: Any, wanted: tuple[str, ...]) -> Iterator[Record]:
    for part in session.execute(found.execution_options(yield_per=_PART)).partitions():
        for row in part:
            yield dict(zip(wanted, map(_plain, row), strict=True))


def _plain(value: Any) -> Value:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _answer_lines(session: Session, recall_id: str) -> Iterator[Record]:
    """What each answer said of each lot, also those that a later one replaced."""
    wanted = ("consignee_id", "position", "lines")
    for part in session.execute(_of_table(recall_id, NoticeAnswer, wanted).execution_options(
            yield_per=_PART)).partitions():
        for consignee_id, position, lines in part:
            for lot_key, said in lines.items():
                yield {"consignee_id": consignee_id, "position": position, "lot_key": lot_key,
                       **{name: said.get(name, "") for name in _SAID}}
