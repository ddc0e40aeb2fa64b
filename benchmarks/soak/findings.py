"""What must have held at the end of the kills, and the figures that say so."""
from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint
from traceapp.identity.model import User
from traceapp.identity.service import actor_of
from traceapp.jobs.sweeps import deliver
from traceapp.outbox.delivery import LEASE
from traceapp.outbox.model import OutboxAttempt, OutboxMessage
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import UNCERTAIN_TASK
from traceapp.recall.sending_again import SendNoticeAgain, send_notice_again
from traceapp.worklist.model import Task
from traceapp.world import World

from .house import CONSIGNEES, LETTERS_OF_A_RECALL
from .installation import Installation
from .post_office import PostOffice
from .writers import Ledger


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is left when everything has stopped, and who wrote."""

    installation: Installation
    ledger: Ledger
    office: PostOffice
    writers: int


class _Later:
    """The machine's clock, so far ahead that the claims of killed jobs have run out."""

    def now(self) -> datetime:
        return datetime.now(UTC) + LEASE + timedelta(minutes=1)


def figures(evidence: Evidence) -> dict[str, Any]:
    """Everything that is counted, with `ok` when all of it holds."""
    world = evidence.installation.world(_Later())
    while deliver(world):  # what still waits goes out; what was cut off is marked uncertain
        pass
    found = _work(world, evidence) | {"half_done": _half_done(world)} | _letters(world, evidence.office)
    found |= _sent_again(world, evidence.office)
    world.database.close()
    verify_code, verified = evidence.installation.attempt("audit", "verify")
    check_code, checked = evidence.installation.attempt("db", "check")
    faults = [found[name] for name in ("lost", "doubled", "half_done", "unexpected", "letters_lost", "letters_twice",
                                       "letters_unmarked", "letters_without_task", "twice_unmarked")]
    is_heard = len(found["acknowledged_by_writer"]) == evidence.writers
    return {"ok": is_heard and not any(faults) and not verify_code and not check_code, **found,
            "audit_verify": _json(verified), "db_check": _json(checked)}


def _work(world: World, evidence: Evidence) -> dict[str, Any]:
    """Reports and recalls against what was acknowledged. A run in which a way of writing never worked would prove
    nothing about it."""
    ledger = evidence.ledger
    with world.database.reading() as connection:
        stored = Counter(connection.scalars(select(Complaint.narrative)))
        stored += Counter(connection.scalars(select(Recall.title_en)))
        running = set(connection.scalars(select(Recall.title_en).where(Recall.state == "notifying")))
        unfinished = set(connection.scalars(select(Recall.title_en).where(Recall.state != "notifying")))
    lost = sorted(ledger.acknowledged - set(stored)) + sorted(ledger.acknowledged & unfinished - running)
    doubled = sorted(mark for mark, times in stored.items() if times > 1)
    heard = Counter(mark.rpartition(" ")[0].removeprefix("soak ") for mark in ledger.acknowledged)
    return {
        "acknowledged": len(ledger.acknowledged), "acknowledged_by_writer": dict(sorted(heard.items())),
        "recalls": len(running), "stored": stored.total(), "interrupted": ledger.interrupted,
        "retried": dict(ledger.retried), "uncertain": len(ledger.uncertain),
        "statuses": {str(status): count for status, count in sorted(ledger.statuses.items())},
        "unexpected": {str(status): count for status, count in ledger.statuses.items()
                       if status >= 400 and status != 429},
        "lost": len(lost), "lost_examples": lost[:5], "doubled": len(doubled), "doubled_examples": doubled[:5]}


def _half_done(world: World) -> dict[str, int]:
    """Reports and recalls without what belongs to them, by what is missing; empty when all are whole."""
    about, running = "complaint:" + Complaint.id, Recall.state == "notifying"
    letters = select(func.count()).where(OutboxMessage.subject_key == "notice:" + Notice.id).scalar_subquery()
    with world.database.reading() as connection:
        counts = {
            "audit entry of a report": _without(connection, select(Complaint), select(AuditEntry.stream).where(
                AuditEntry.stream == about)),
            "triage task of a report": _without(connection, select(Complaint), select(Task.about).where(
                Task.about == about, Task.kind == "complaint.triage")),
            "notices of a recall": len(connection.execute(
                select(Recall.id).outerjoin(Notice, Notice.recall_id == Recall.id).where(running).group_by(Recall.id)
                .having(func.count(Notice.id) != CONSIGNEES)).all()),
            "letters of a notice": connection.scalar(select(func.count()).select_from(Notice).where(
                letters != LETTERS_OF_A_RECALL // CONSIGNEES)) or 0}
    return {name: count for name, count in counts.items() if count}


def _without(connection: Connection, whole: Select[Any], part: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(whole.where(~part.exists()).subquery())) or 0


def _letters(world: World, office: PostOffice) -> dict[str, Any]:
    """Every letter against what the mail server took, before a person has looked at the uncertain ones."""
    taken = office.taken()
    with world.database.reading() as connection:
        states = dict(connection.execute(select(OutboxMessage.message_id, OutboxMessage.state)).tuples().all())
        uncertain = select(OutboxMessage.subject_key).where(OutboxMessage.state == "uncertain").distinct().subquery()
        task = select(Task.id).where(Task.about == uncertain.c.subject_key, Task.kind == UNCERTAIN_TASK)
        without_task = connection.scalar(select(func.count()).select_from(uncertain).where(~task.exists())) or 0
    return {
        "letters": len(states), "letters_by_state": dict(Counter(states.values())), "letters_taken": taken.total(),
        "letters_lost": sum(1 for key, state in states.items() if state == "sent" and not taken[key]),
        "letters_twice": sum(1 for count in taken.values() if count > 1),
        "letters_unmarked": sum(1 for key in taken if states.get(key) not in ("sent", "uncertain")),
        "letters_without_task": without_task}


def _sent_again(world: World, office: PostOffice) -> dict[str, Any]:
    """A person sends the uncertain letters again: now one can arrive twice, and each that does was marked before."""
    with world.database.write() as session:
        who = actor_of(session.scalars(select(User).where(User.sign_in_name == "soak")).one())
        uncertain = select(OutboxMessage.subject_key).where(OutboxMessage.state == "uncertain")
        for notice in session.scalars(select(Notice).where(("notice:" + Notice.id).in_(uncertain))).all():
            send_notice_again(session, who, world.clock, SendNoticeAgain(notice.recall_id, notice.consignee_id))
    while deliver(world):
        pass
    taken = office.taken()
    with world.database.reading() as connection:
        marked = set(connection.scalars(select(OutboxMessage.message_id).join(
            OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id).where(OutboxAttempt.outcome == "uncertain")))
    twice = {key for key, count in taken.items() if count > 1}
    return {"twice_after_sending_again": len(twice), "twice_unmarked": len(twice - marked)}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
