"""A notice that people have read is corrected or taken back: publicly, signed, told to everybody who was told before."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.db.test_recall_workflow import settle_all
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, House, Tray, deliver, ended, make_house, opened, running, submitted
from tests.factories_trace import CASE_GTIN, UNIT_GTIN
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.recall.announcing import TELL_SUBSCRIBERS
from traceapp.recall.cases import signed_hash
from traceapp.recall.change_sending import ChangeSender
from traceapp.recall.change_telling import CHANGE_KINDS
from traceapp.recall.handing import Posts
from traceapp.recall.message_reads import message_facts
from traceapp.recall.model import Notice, Recall, RecallSignature
from traceapp.recall.public import PublicFilter, facts_of_sources, public_recall, public_recalls, recalls_of_lot
from traceapp.recall.public_model import RecallRevision
from traceapp.recall.revising import CorrectNotice, WithdrawNotice, correct_notice, withdraw_notice
from traceapp.recall.service import (
    ApproveRecall,
    ChangeRecall,
    ExtendRecall,
    ReopenRecall,
    SetScope,
    SubmitRecall,
    approve_recall,
    change_recall,
    extend_recall,
    reopen_recall,
    set_scope,
    submit_recall,
)
from traceapp.trace.model import Hold, Lot
from traceapp.trace.release import LiftHold, lift_hold
from traceapp.worklist.model import WorkRow
from traceapp.worklist.tasks import open_tasks

BASE = "https://trace.a-maker-of-dressings-with-a-long-name.example"
WITHDRAWAL = WithdrawNotice("", "样品弄混了，产品没有问题。", "Samples were mixed up; the product is sound.",
                            "the retest of 40 packs found nothing", PASSWORD)


def correction(recall_id: str, **texts: str) -> CorrectNotice:
    return CorrectNotice(recall_id, texts or {"contact": "400 111 2222"}, "电话号码改了。", "The telephone number is another.",
                         "a digit was wrong", PASSWORD)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def corrected(session: Session, clock: FixedClock, house: House, recall_id: str, **texts: str) -> RecallRevision:
    return correct_notice(session, house.manager, clock, correction(recall_id, **texts))


def withdrawn(session: Session, clock: FixedClock, house: House, recall_id: str) -> RecallRevision:
    return withdraw_notice(session, house.manager, clock, replace(WITHDRAWAL, recall_id=recall_id))


def sent(database: Database, clock: FixedClock, tray: Tray) -> int:
    sender = ChangeSender(Posts(tray), VAULT, BASE, clock)
    return deliver_due(database, clock, sender.send, sender.settled, kinds=CHANGE_KINDS)


def test_a_correction_is_public_with_its_commit_and_what_stood_before_stays_readable(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        revisions = dict(session.execute(select(Lot.lot_key, Lot.revision)).all())
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        corrected(session, clock, house, recall.id, risk_en="Blisters and scars.", risk_zh="起水疱，可能留疤。")
    with database.read() as session:
        found = public_recall(session, recall.reference)
        assert found is not None
        assert found.facts.risk == {"zh": "起水疱，可能留疤。", "en": "Blisters and scars."}
        assert (found.status, found.facts.changed_at) == ("running", clock.now())
        (said,) = found.revisions
        assert (said.kind, said.said["en"]) == ("correction", "The telephone number is another.")
        assert said.before == {"risk_zh": TEXTS.risk_zh, "risk_en": TEXTS.risk_en}
        kept = session.scalars(select(RecallSignature).where(RecallSignature.meaning == "corrected")).one()
        assert (kept.user_id, kept.signed_hash) == (house.manager.id, signed_hash(session.get_one(Recall, recall.id)))
        assert session.scalar(select(AuditEntry.action).where(AuditEntry.stream == f"recall:{recall.id}")
                              .order_by(AuditEntry.seq.desc()).limit(1)) == "recall.corrected"
        moved = {key for key, number in session.execute(select(Lot.lot_key, Lot.revision)) if number != revisions[key]}
    assert moved >= {house.first.lot_key, house.second.lot_key}
    assert house.other.lot_key not in moved


def test_a_withdrawn_lot_is_not_recalled_but_stays_on_hold_until_somebody_frees_it(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:
        withdrawn(session, clock, house, recall.id)
    with database.read() as session:
        lots = {lot.number: lot for lot in session.scalars(select(Lot))}
        assert not any(lot.is_recalled for lot in lots.values())
        assert {number for number, lot in lots.items() if lot.is_on_hold} == {"A-1", "P-1", "P-2"}
        found = public_recall(session, recall.reference)
        assert found is not None
        assert (found.status, found.revisions[-1].said["zh"]) == ("withdrawn", WITHDRAWAL.said_zh)
        assert session.get_one(Recall, recall.id).state == "cancelled"
        assert [one.is_withdrawn for one in recalls_of_lot(session, house.first.lot_key)] == [True]
        hold = session.scalars(select(Hold).where(Hold.lot_key == house.first.lot_key, Hold.lifted_at.is_(None))).one()
    with database.write() as session:
        lift_hold(session, house.writer, clock, LiftHold("retested, sound", lot_key=hold.lot_key, hold_id=hold.id))
    with database.read() as session:
        assert not session.get_one(Lot, house.first.lot_key).is_on_hold


def test_consignees_are_told_once_of_each_change(database: Database, clock: FixedClock, house: House) -> None:
    recall, tray = running(database, clock, house), Tray()
    deliver(database, clock, Tray())
    with database.write() as session:
        corrected(session, clock, house, recall.id)
    assert (sent(database, clock, tray), sent(database, clock, tray)) == (2, 0)
    text = next(letter.text for letter in tray.letters if letter.to == "quality@clinic.example")
    assert "The telephone number is another." in text
    assert "400 111 2222" in text
    assert f"{BASE}/r/" in text
    with database.write() as session:
        withdrawn(session, clock, house, recall.id)
    assert sent(database, clock, tray) == 2
    assert "样品弄混了" in tray.letters[-1].text
    assert f"{BASE}/r/" not in tray.letters[-1].text
    assert len({letter.message_id for letter in tray.letters}) == 4


def test_a_letter_about_a_change_that_was_refused_is_somebodys_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)
    sent(sqlite, clock, Tray("refused"))
    with sqlite.read() as session:
        assert [task.kind for task in open_tasks(session)].count("recall.not_sent") == 2


def test_what_nobody_has_read_cannot_be_corrected_and_what_people_have_read_cannot_be_changed_in_silence(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    draft = submitted(sqlite, clock, house)
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        corrected(session, clock, house, draft.id)
    assert refused.value.code == "not-told"
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "another glue"))
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        change_recall(session, house.writer, clock, ChangeRecall(recall.id, replace(TEXTS, risk_en="Nothing much.")))
    assert refused.value.code == "texts-told"
    with sqlite.write() as session:
        corrected(session, clock, house, recall.id)


FAULTS: tuple[tuple[dict[str, str], str], ...] = (
    ({"risk_en": "A voluntary, precautionary measure."}, "softening-word"), ({"contact": ""}, "missing"),
    ({"title_en": "two\nlines"}, "line-break"), ({"title_zh": "两\u2028行"}, "line-break"),
    ({"contact": "Voluntary recall desk 400 000"}, "softening-word"),
    ({"contact": TEXTS.contact}, "nothing-changed"),
    ({"reason": "inside"}, "unknown-field"))


def test_a_correction_is_looked_at_like_the_notice(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    for texts, code in FAULTS:
        with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
            corrected(session, clock, house, recall.id, **texts)
        assert refused.value.code == code


@pytest.mark.parametrize("end", ["\n", "\r", "\u0085", "\u2028", "\u2029"])
def test_a_title_that_no_letter_could_have_in_its_head_is_refused_before_anybody_signs_it(
        sqlite: Database, clock: FixedClock, end: str) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(InvalidInput) as refused:
        opened(sqlite, clock, house, replace(TEXTS, title_zh=f"创可贴{end}胶层"))
    assert (refused.value.code, refused.value.place) == ("line-break", "title_zh")


def test_only_who_may_approve_and_signs_changes_a_notice(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    for actor, password in ((house.writer, PASSWORD), (house.manager, "wrong")):
        for act, command in ((correct_notice, correction(recall.id)),
                             (withdraw_notice, replace(WITHDRAWAL, recall_id=recall.id))):
            with pytest.raises(Forbidden), sqlite.write() as session:
                act(session, actor, clock, replace(command, password=password))  # type: ignore[operator]
    with sqlite.read() as session:
        assert session.scalar(select(RecallRevision)) is None


def test_an_ended_recall_can_be_withdrawn_and_a_withdrawn_one_is_over(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    settle_all(sqlite, clock, house, recall.id)
    with sqlite.write() as session:
        ended(session, clock, house, recall.id)
        withdrawn(session, clock, house, recall.id)
    for act in (corrected, withdrawn):
        with pytest.raises(Conflict), sqlite.write() as session:
            act(session, clock, house, recall.id)


def test_a_recall_that_is_opened_again_is_news_to_partners_and_readers_of_the_feeds(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    settle_all(database, clock, house, recall.id)
    seen = []

    def look() -> None:
        with database.read() as session:
            found = public_recall(session, recall.reference)
            assert found is not None
            facts = message_facts(session, found)
        seen.append((facts.status, facts.revision, facts.changed_at == clock.now()))
        clock.move_to(clock.now() + timedelta(hours=1))

    look()
    with database.write() as session:
        ended(session, clock, house, recall.id)
    look()
    with database.write() as session:
        reopen_recall(session, house.manager, clock, ReopenRecall(recall.id, "a box turned up"), vault=VAULT)
    look()
    with database.write() as session:
        withdrawn(session, clock, house, recall.id)
    look()
    assert seen == [("active", 1, True), ("ended", 2, True), ("active", 3, True), ("withdrawn", 4, True)]


def test_new_batches_of_a_growing_recall_and_drills_are_nobodys_business(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.other_glue.lot_key,), is_drill=True))
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "another glue"))
        keys = tuple(lot.lot_key for lot in (house.glue, house.bulk, house.first, house.second, house.other))
        set_scope(session, house.writer, clock, SetScope(recall.id, keys))
    with sqlite.read() as session:
        assert public_recall(session, drill.reference) is None
        assert facts_of_sources(session, [f"recall:{drill.id}"]) == ()
        found = public_recall(session, recall.reference)
        assert found is not None
        assert {lot.number for lot in found.lots} == {"P-1", "P-2"}
        assert public_recalls(session, PublicFilter(lot="P-9")).total == 0
        assert found.renewed_at == ()
    clock.move_to(clock.now() + timedelta(hours=1))
    with sqlite.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    with sqlite.read() as session:
        found = public_recall(session, recall.reference)
        assert found is not None
        assert {lot.number for lot in found.lots} == {"P-1", "P-2", "P-9"}
        assert (found.renewed_at, found.facts.changed_at) == ((clock.now(),), clock.now())
        assert session.scalars(select(WorkRow.subject_key).where(WorkRow.kind == TELL_SUBSCRIBERS).order_by(
            WorkRow.id.desc())).first() == f"{recall.id}/scope-2"


def test_the_list_can_be_narrowed_to_a_product_or_a_batch(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.read() as session:
        for wanted, count in ((PublicFilter(lot="P-1"), 1), (PublicFilter(lot="P-9"), 0), (PublicFilter(lot="A-1"), 0),
                              (PublicFilter(product=UNIT_GTIN), 1), (PublicFilter(product=CASE_GTIN), 1),
                              (PublicFilter(product=house.first.product_id or ""), 1),
                              (PublicFilter(product="4006381333931"), 0), (PublicFilter(product="no"), 0),
                              (PublicFilter(product=UNIT_GTIN, lot="P-2"), 1)):
            page = public_recalls(session, wanted)
            assert (page.total, [one.facts.id for one in page.rows]) == (count, [recall.id] * count), wanted


def test_who_has_no_address_is_telephoned(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    deliver(sqlite, clock, Tray())
    with sqlite.write() as session:
        for contact in session.scalars(select(PartyContact)):
            contact.is_active = False
        withdrawn(session, clock, house, recall.id)
    with sqlite.read() as session:
        about = {f"notice:{key}" for key in session.scalars(select(Notice.id))}
        assert {task.about for task in open_tasks(session) if task.kind == "recall.telephone"} == about
