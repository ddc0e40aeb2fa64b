"""A small house with one bad glue lot: what was made of it, who got it, and the people who recall it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import PASSWORD, make_user
from tests.factories_trace import Maker, make_maker
from tests.made_once import acted_once, made_once
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock, FixedClock
from traceapp.core.quantity import Quantity
from traceapp.db import Database
from traceapp.identity.service import actor_of
from traceapp.outbox.delivery import Delivery, deliver_due
from traceapp.outbox.mail import Letter, MailFolder, Post
from traceapp.recall.disposing import ProposeDisposition, propose_disposition
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.executing import checks_of
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import sealed_about
from traceapp.recall.reconciling import balances_of
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    ConcludeChecks,
    DecideRecall,
    DrawSample,
    Hazard,
    NoteAttempt,
    OpenRecall,
    RecordCheck,
    SignEvaluation,
    SubmitRecall,
    TerminateRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    conclude_checks,
    decide_recall,
    draw_sample,
    note_attempt,
    open_recall,
    record_check,
    sign_evaluation,
    submit_recall,
    terminate_recall,
    write_evaluation,
)
from traceapp.trace.model import Lot
from traceapp.trace.production import InputLot, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, release_lot
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.vault.service import Vault

WITHOUT = "no cause in our house; the authority was told by telephone"
"""Why a recall of the tests ends without a CAPA and with reports that nobody confirmed."""
VAULT = Vault("YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE=")
D = Decimal
TEXTS = OpenRecall(
    recall_class="II", title_zh="创可贴胶层致敏", title_en="Plaster adhesive causes allergic reactions",
    reason="14 complaints where 3 were expected", risk_zh="皮肤可能红肿、起水疱。",
    risk_en="The skin can become red, swollen and blistered.", action_zh="停止使用，单独存放，等待退回。",
    action_en="Stop using them, keep them apart and wait for collection.", contact="质量部 0512-0000 0000",
    trigger_kind="complaint", trigger_text="complaints from the clinic")


HAZARD = Hazard(
    harm_so_far="14 people with blisters", conditions="worn for a night", populations="children: the same, sooner",
    seriousness="moderate", likelihood="occasional", consequences="red, swollen skin",
    conclusion="passing harm; take it back", proposed_class="II")


@dataclass(frozen=True, slots=True)
class House:
    """`glue` (bad) went through `bulk` (used up) into `first`, and straight into `second`; `other` has other glue.

    Shipped: first 400 to the clinic (50 came back), 200 to the hospital; second 1000 to the clinic; other 500 to the
    hospital. Of 10 kg glue 1 kg is left.
    """

    maker: Maker
    writer: Actor
    manager: Actor
    second_manager: Actor
    glue: Lot
    film: Lot
    bulk: Lot
    first: Lot
    second: Lot
    other_glue: Lot
    other: Lot


def make_house(database: Database, clock: FixedClock) -> House:
    """The house of the story, made by the product's own use cases; once a run, then its rows are copied."""
    return acted_once(database, clock, lambda: _first_house(database, clock))


def _first_house(database: Database, clock: FixedClock) -> House:
    people = [actor_of(make_user(database, clock, role, name)) for role, name in (
        ("quality", "writer"), ("quality_manager", "manager"), ("quality_manager", "second"))]
    with database.write() as session:
        return _house(session, clock, people)


def _house(session: Session, clock: Clock, people: list[Actor]) -> House:
    actor, at = people[0], clock.now() - timedelta(days=20)
    maker = make_maker(session, actor, clock)

    def received(product: Product, number: str, quantity: Decimal) -> Lot:
        lot = receive_lot(session, actor, clock, ReceiveLot(product.id, number, maker.supplier.id, "S-" + number,
                                                            Quantity(quantity, product.unit), at))
        return release_lot(session, actor, clock, Decide(lot.lot_key, "certificate"))

    def made(product: Product, number: str, quantity: int, inputs: dict[Lot, Decimal]) -> Lot:
        lot = produce_batch(session, actor, clock, ProduceBatch(
            product.id, number, Quantity(D(quantity), product.unit), at + timedelta(days=1),
            tuple(InputLot(lot.lot_key, Quantity(amount, lot.unit or "")) for lot, amount in inputs.items())))
        return release_lot(session, actor, clock, Decide(lot.lot_key, "tested"))

    glue, other_glue = received(maker.glue, "A-1", D(10)), received(maker.glue, "A-9", D(10))
    film = received(maker.film, "F-1", D(5000))
    bulk = made(maker.bulk, "B-1", 100, {glue: D(5), film: D(100)})
    first = made(maker.plaster, "P-1", 1000, {bulk: D(100)})
    second = made(maker.plaster, "P-2", 2000, {glue: D(4), film: D(160)})
    other = made(maker.plaster, "P-9", 1000, {other_glue: D(5), film: D(80)})
    for number, party, lines in (("D-1", maker.clinic, ((first, 400), (second, 1000))),
                                 ("D-2", maker.hospital, ((first, 200), (other, 500)))):
        ship_lots(session, actor, clock, ShipLots(party.id, number, at + timedelta(days=3), None, "", tuple(
            ShipLine(lot.lot_key, None, D(units)) for lot, units in lines)))
    return_units(session, actor, clock, ReturnUnits(first.lot_key, maker.clinic.id, D(50), at + timedelta(days=4)))
    session.flush()
    return House(maker, *people, glue, film, bulk, first, second, other_glue, other)


def opened(database: Database, clock: FixedClock, house: House, command: OpenRecall | None = None) -> Recall:
    """A draft with all that is downstream of the bad glue."""
    wanted = command or replace(TEXTS, root_lot_keys=(house.glue.lot_key,))
    return made_once(database, clock, lambda session: open_recall(session, house.writer, clock, wanted), repr(wanted))


def decided(database: Database, clock: FixedClock, house: House, command: OpenRecall | None = None) -> Recall:
    """The same, evaluated by the writer and the second manager, decided by the manager."""
    def act() -> Recall:
        recall = opened(database, clock, house, command)
        with database.write() as session:
            return decide(session, clock, house, recall)

    return acted_once(database, clock, act, repr(command))


def decide(session: Session, clock: Clock, house: House, recall: Recall) -> Recall:
    """From a draft to the decision for a recall."""
    assess_recall(session, house.writer, clock, AssessRecall(recall.id))
    write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, replace(
        HAZARD, proposed_class=recall.recall_class)))
    for signer, meaning in ((house.writer, QUALITY), (house.second_manager, MEDICAL)):
        sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))
    return decide_recall(session, house.manager, clock, DecideRecall(
        recall.id, recall.recall_class, "14 reactions where 3 were expected", PASSWORD))


def submitted(database: Database, clock: FixedClock, house: House, command: OpenRecall | None = None) -> Recall:
    """The same, submitted by the writer."""
    def act() -> Recall:
        recall = decided(database, clock, house, command)
        with database.write() as session:
            return submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD, "all of it"))

    return acted_once(database, clock, act, repr(command))


def running(database: Database, clock: FixedClock, house: House, command: OpenRecall | None = None) -> Recall:
    """The same, approved by the manager."""
    def act() -> Recall:
        recall = submitted(database, clock, house, command)
        with database.write() as session:
            return approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD, "yes"), vault=VAULT)

    return acted_once(database, clock, act, repr(command))


def checked(session: Session, clock: Clock, house: House, recall_id: str) -> Recall:
    """From letters or answers to the closing of the books: everybody reached, a sample asked, the checks ended."""
    recall = session.get_one(Recall, recall_id)
    for consignee_id in session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall_id)).all():
        for way in ("telephone", "telephone", "visit"):
            note_attempt(session, house.writer, clock, NoteAttempt(recall_id, consignee_id, way, True))
    draw_sample(session, house.writer, clock, DrawSample(recall_id, 1))
    for row in checks_of(session, recall):
        record_check(session, house.writer, clock, RecordCheck(recall_id, row.consignee_id, "visit", True, True, True))
    return conclude_checks(session, house.writer, clock, ConcludeChecks(recall_id, "all followed it"))


def placed(session: Session, clock: Clock, house: House, recall_id: str) -> None:
    """Everything in our hands stays there, decided."""
    for one in balances_of(session, recall_id):
        if one.undecided:
            propose_disposition(session, house.writer, clock, ProposeDisposition(
                recall_id, one.lot_key, "keep", one.undecided, "kept as proof", PASSWORD))


def ended(session: Session, clock: Clock, house: House, recall_id: str) -> Recall:
    """The same to the end, where the ledger lets it."""
    checked(session, clock, house, recall_id)
    placed(session, clock, house, recall_id)
    return terminate_recall(session, house.manager, clock, TerminateRecall(
        recall_id, "done", PASSWORD, without=WITHOUT))


def token_of(database: Database, recall: Recall, consignee_id: str) -> str:
    """The secret of a consignee's link, as its letter carries it."""
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, consignee_id))
        return VAULT.open_text(notice.sealed_token, sealed_about(notice.id))


class Tray:
    """A post that keeps what it is given."""

    def __init__(self, *outcomes: str) -> None:
        self.letters: list[Letter] = []
        self._outcomes = [Delivery(outcome, "250 ok") for outcome in outcomes] or [Delivery("sent", "250 ok")]

    def send(self, letter: Letter) -> Delivery:
        self.letters.append(letter)
        return self._outcomes[min(len(self.letters), len(self._outcomes)) - 1]


def deliver(database: Database, clock: FixedClock, post: Post) -> int:
    """Send what is due through `post` (a Tray, a folder, a server)."""
    sender = NoticeSender(post, VAULT, "https://recall.example", clock)
    return deliver_due(database, clock, sender.send, sender.settled)


def folder(path: Path) -> Post:
    """Letters as files, as without a mail server."""
    return MailFolder(path, "recall@maker.example")
