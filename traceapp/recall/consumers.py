"""Consumers who left a contact with a complaint about a lot in scope are told too, each once; nobody sees who."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from traceapp.audit import record, stream_of
from traceapp.complaint.model import Complaint
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock, FixedClock
from traceapp.core.ids import new_id
from traceapp.core.telephone import text_number
from traceapp.db.insert import insert_many
from traceapp.outbox.delivery import NOT_NEEDED, Delivery, NewMessage, queue_messages
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.model import Person
from traceapp.vault.service import PersonDetails, Vault, VaultError, details_for_notice
from traceapp.worklist.tasks import RaiseTask, raise_task

from .cases import RUNS, is_running, recall_stream
from .handing import Posts, Reader
from .letter_facts import consumer_facts
from .model import Recall, RecallLot
from .policy import answer_due
from .public import TOLD_LOT
from .sending import DRILL, OUTCOMES, RANK
from .states import Depth, NoticeState
from .telling_model import ConsumerLot, ConsumerNotice
from .told import NEXT
from .ways import Reach, both, kind_by

CONSUMER_KIND = "recall.consumer"
CONSUMER_KINDS = both(CONSUMER_KIND)
# Some consumers could not be told: one duty for the whole recall.
CONSUMERS_TASK = "recall.consumers"
_ERASED = NOT_NEEDED + "the person's details were erased"
DEPTHS = (Depth.user, Depth.consumer, Depth.patient)


@dataclass(frozen=True, slots=True)
class ConsumerCounts:
    """How many consumers a recall has told; `refused`: no way led to them."""

    queued: int
    told: int
    refused: int
    uncertain: int

    @property
    def all(self) -> int:
        """Everybody who left a contact."""
        return self.queued + self.told + self.refused + self.uncertain


def are_consumers_untold(session: Session) -> bool:
    """Whether somebody waits to be told."""
    return session.execute(_untold().limit(1)).first() is not None


def tell_consumers(session: Session, clock: Clock, limit: int = 500, *, vault: Vault) -> int:
    """How many were taken up: whoever complained about a lot of a running recall that reaches that deep, and left a
    contact; later ones too. The same contact is told of a lot once, however often it complained: again when a scope
    that grew takes in another lot that it complained about, or when it complains about another lot in scope."""
    found: dict[_Key, tuple[Recall, Person]] = {}
    for recall, person in session.execute(_untold().order_by(Recall.id, Person.id).limit(limit)):
        found.setdefault((recall.id, person.contact_hash or ""), (recall, person))
    there, lots, messages = _notices(session, found), _lots(session, found), list[NewMessage]()
    at = max([clock.now(), *(notice.queued_at + NEXT for notice in there.values())])
    waiting, known = _waiting(session, there.values()), _known_lots(session, there.values())
    told = list[dict[str, str]]()
    for key, (recall, person) in found.items():
        notice = there.get(key)
        if notice is None:
            notice = ConsumerNotice(recall_id=recall.id, person_id=person.id, id=new_id(at), queued_at=at)
            session.add(notice)
        person = session.get_one(Person, notice.person_id)
        ways = reader_of(_opened(session, person, vault)).reach.ways()
        letters = [NewMessage(kind_by(CONSUMER_KIND, way), f"person:{person.id}", f"consumer:{notice.id}",
                              {"recall": recall.id, "person": person.id}) for way in ways]
        fresh = [letter for letter in letters if (letter.subject_key, letter.kind) not in waiting]
        messages.extend(fresh)
        notice.queued_at, notice.settled_at = at if fresh else notice.queued_at, None
        notice.state = NoticeState.queued if ways else NoticeState.not_sent
        told += [{"recall_id": recall.id, "person_id": person.id, "lot_key": lot_key}
                 for lot_key in sorted(lots[key] - known.get((recall.id, person.id), set()))]
        if not ways:
            raise_consumers(session, SYSTEM, clock, recall)
    session.flush()
    insert_many(session, ConsumerLot, told)
    queue_messages(session, FixedClock(at), messages)
    for recall in {recall.id: recall for recall, _person in found.values()}.values():
        record(session, SYSTEM, clock.now(), "recall.consumers_queued", recall_stream(recall),
               {"count": sum(one is recall for one, _person in found.values())})
    session.flush()
    return len(found)


_Key = tuple[str, str]


def _notices(session: Session, keys: Collection[_Key]) -> dict[_Key, ConsumerNotice]:
    """The notices that these contacts got before, by recall and contact."""
    rows = session.execute(select(ConsumerNotice, Person.contact_hash).join(
        Person, Person.id == ConsumerNotice.person_id).where(
        ConsumerNotice.recall_id.in_({recall_id for recall_id, _contact in keys}),
        Person.contact_hash.in_({contact for _recall_id, contact in keys})).with_for_update(of=ConsumerNotice))
    return {(notice.recall_id, contact or ""): notice for notice, contact in rows}


def _lots(session: Session, keys: Collection[_Key]) -> Mapping[_Key, set[str]]:
    """What a letter to each of these contacts names."""
    found = defaultdict[_Key, set[str]](set)
    for recall_id, contact, lot_key in session.execute(_COMPLAINED.where(
            RecallLot.recall_id.in_({recall_id for recall_id, _contact in keys}),
            Person.contact_hash.in_({contact for _recall_id, contact in keys})).distinct()):
        found[recall_id, contact or ""].add(lot_key)
    return found


def _known_lots(session: Session, notices: Iterable[ConsumerNotice]) -> Mapping[_Key, set[str]]:
    """{recall and person: the lots that they were told of, or are to be}."""
    found = defaultdict[_Key, set[str]](set)
    keys = [(notice.recall_id, notice.person_id) for notice in notices]
    for recall_id, person_id, lot_key in session.execute(select(
            ConsumerLot.recall_id, ConsumerLot.person_id, ConsumerLot.lot_key).where(
            ConsumerLot.recall_id.in_({recall_id for recall_id, _person in keys}),
            ConsumerLot.person_id.in_({person_id for _recall, person_id in keys}))):
        found[recall_id, person_id].add(lot_key)
    return found


def _waiting(session: Session, notices: Iterable[ConsumerNotice]) -> set[_Key]:
    """(subject, kind) of letters that nobody has begun to send; held until our commit, so that each names what is known
    by then, and no second one is needed."""
    rows = session.execute(select(OutboxMessage.subject_key, OutboxMessage.kind).where(
        OutboxMessage.subject_key.in_([f"consumer:{notice.id}" for notice in notices]),
        OutboxMessage.kind.in_(CONSUMER_KINDS), OutboxMessage.state == MessageState.pending,
        OutboxMessage.lease_until.is_(None)).with_for_update(skip_locked=True))
    return {(subject, kind) for subject, kind in rows}


# (recall, contact, lot): what somebody with this contact complained about and people are told of.
_COMPLAINED = (
    select(RecallLot.recall_id, Person.contact_hash, Complaint.lot_key)
    .join(RecallLot, RecallLot.lot_key == Complaint.lot_key).join(Recall, Recall.id == RecallLot.recall_id)
    .join(Person, Person.id == Complaint.person_id).where(TOLD_LOT))


def _untold() -> Select[Recall, Person]:
    """Who complained about a lot of a recall that it was not told of."""
    known = aliased(Person)
    is_told = exists(select(ConsumerLot.lot_key).join(known, known.id == ConsumerLot.person_id).where(
        ConsumerLot.recall_id == RecallLot.recall_id, ConsumerLot.lot_key == RecallLot.lot_key,
        known.contact_hash == Person.contact_hash))
    return (select(Recall, Person).join(RecallLot, RecallLot.recall_id == Recall.id)
            .join(Complaint, Complaint.lot_key == RecallLot.lot_key).join(Person, Person.id == Complaint.person_id)
            .where(RUNS, Recall.depth.in_(DEPTHS), Recall.is_drill.is_(False), Complaint.is_quarantined.is_(False),
                   Person.sealed.is_not(None), Person.contact_hash.is_not(None), TOLD_LOT, ~is_told).distinct())


def _opened(session: Session, person: Person, vault: Vault) -> PersonDetails:
    try:
        return details_for_notice(session, person.id, vault=vault) or PersonDetails()
    except VaultError:
        return PersonDetails()


def reader_of(details: PersonDetails) -> Reader:
    """How they are reached; a number abroad reads English first, everybody else Chinese."""
    mobile = text_number(details.phone)
    return Reader(Reach(details.email, mobile), "en" if mobile and not mobile.startswith("+86") else "zh")


def raise_consumers(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """Work about consumers who could not be told: one piece for the recall, without a name."""
    raise_task(session, actor, clock, RaiseTask(
        CONSUMERS_TASK, recall_stream(recall), "quality", answer_due(recall.recall_class, clock.now()),
        params={"recall_id": recall.id, "reference": recall.reference}))


def lots_told_of(session: Session, recall_id: str, person: Person) -> list[str]:
    """The lots in scope that somebody with this contact complained about."""
    return list(session.scalars(_COMPLAINED.where(
        RecallLot.recall_id == recall_id, Person.contact_hash == person.contact_hash)
        .with_only_columns(Complaint.lot_key).distinct()))


def consumer_counts(session: Session, recall_ids: Iterable[str]) -> dict[str, ConsumerCounts]:
    """How many were told, a recall; those without anybody are not in it."""
    counted: dict[str, dict[str, int]] = {}
    for recall_id, state, count in session.execute(
            select(ConsumerNotice.recall_id, ConsumerNotice.state, func.count())
            .where(ConsumerNotice.recall_id.in_(list(recall_ids)))
            .group_by(ConsumerNotice.recall_id, ConsumerNotice.state)):
        counted.setdefault(recall_id, {})[state] = count
    return {key: ConsumerCounts(states.get(NoticeState.queued, 0), states.get(NoticeState.sent, 0),
                                states.get(NoticeState.not_sent, 0), states.get(NoticeState.uncertain, 0))
            for key, states in counted.items()}


@dataclass(frozen=True, slots=True)
class ConsumerSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of CONSUMER_KINDS."""

    posts: Posts
    vault: Vault
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt; the contact is read from the vault at this moment, and kept nowhere else."""
        recall = session.get(Recall, message.payload["recall"])
        person = session.get(Person, message.payload["person"])
        if recall is None or not is_running(recall):
            return Delivery("refused", NOT_NEEDED + "the recall is not running")
        if recall.is_drill:
            return Delivery("refused", DRILL)
        try:
            details = details_for_notice(session, message.payload["person"], vault=self.vault)
        except VaultError as error:
            return Delivery("failed", error.code)
        if person is None or details is None:
            return Delivery("refused", _ERASED)
        facts = consumer_facts(session, recall, lots_told_of(session, recall.id, person), base_url=self.base_url)
        return self.posts.hand_over(message, facts, reader_of(details), self.clock.now())

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Keep what came of it; those who could not be told are one piece of work for the recall."""
        if message.state == MessageState.pending:
            return
        notice = session.get(ConsumerNotice, (message.payload["recall"], message.payload["person"]),
                             with_for_update=True)
        recall = session.get(Recall, message.payload["recall"])
        if notice is None or recall is None:
            return
        is_needless = delivery.detail.startswith(NOT_NEEDED)
        if is_needless and delivery.detail != _ERASED:
            return
        outcome = OUTCOMES[MessageState(message.state)]
        if RANK[outcome] > RANK[NoticeState(notice.state)]:
            notice.state = outcome
        notice.settled_at = self.clock.now()
        record(session, SYSTEM, self.clock.now(), "person.told", stream_of("person", notice.person_id),
               {"recall": recall.id, "outcome": str(outcome)})
        if outcome != NoticeState.sent and not is_needless:
            raise_consumers(session, SYSTEM, self.clock, recall)
