"""The guard of the end: a CAPA is linked and reports are confirmed, or a person signs why not."""
from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import select, update

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import to, ward_says
from tests.factories import PASSWORD
from tests.factories_capa import opened_capa, step
from tests.factories_recall import VAULT, House, Tray, checked, deliver, make_house, placed, running
from traceapp.audit.model import AuditEntry
from traceapp.capa.service import LinkCapa, LinkTo, link_capa
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.export.recall_files.cn_progress import CLOSING
from traceapp.export.recall_files.fields import told
from traceapp.recall.answer import AnswerLine
from traceapp.recall.book_model import RecallDisposition
from traceapp.recall.books_signed import books_hash
from traceapp.recall.ending import held_outside, missing_at_end, passed_outside
from traceapp.recall.model import Recall, RecallLedger, RecallSignature
from traceapp.recall.service import (
    ReopenRecall,
    SettleLine,
    TerminateRecall,
    reopen_recall,
    settle_line,
    terminate_recall,
)
from traceapp.submission.recall_dossier import dossier_of
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import EndClock, SetClockDay, clocks_about, end_clock, set_clock_day

END = TerminateRecall("", "all back", PASSWORD)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


@pytest.fixture
def closing(database: Database, clock: FixedClock, house: House) -> str:
    """A recall whose books are in order."""
    recall = running(database, clock, house)
    with database.write() as session:
        for row in session.scalars(select(RecallLedger)).all():
            settle_line(session, house.manager, clock, SettleLine(recall.id, row.consignee_id, row.lot_key, "they say so"))
        checked(session, clock, house, recall.id)
        placed(session, clock, house, recall.id)
    return str(recall.id)


def end(database: Database, clock: FixedClock, house: House, recall_id: str, without: str = "") -> Recall:
    with database.write() as session:
        return terminate_recall(session, house.manager, clock, replace(END, recall_id=recall_id, without=without))


def confirm_all(database: Database, clock: FixedClock, house: House, recall_id: str) -> None:
    with database.write() as session:
        for one in clocks_about(session, f"recall:{recall_id}"):
            if one.state == ClockState.running and not one.is_repeating:
                if not one.has_limit:
                    set_clock_day(session, house.manager, clock, SetClockDay(one.id, clock.now().date(), "as planned"))
                end_clock(session, house.manager, clock, EndClock(one.id, ClockState.not_reportable, "judged with them"))


def test_a_cancelled_capa_is_none_to_end_with(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    confirm_all(database, clock, house, closing)

    def noted() -> str | None:
        with database.read() as session:
            return session.get_one(Recall, closing).capa_id

    first, second = (opened_capa(database, clock, house, *links) for links in ([LinkTo("recall", closing)], []))
    with database.write() as session:
        link_capa(session, house.writer, clock, LinkCapa(second.id, LinkTo("recall", closing)))
    assert noted() == first.id
    step(database, clock, house, "cancel", first.id)
    assert noted() == second.id
    step(database, clock, house, "cancel", second.id)
    with pytest.raises(Conflict) as refused:
        end(database, clock, house, closing)
    assert (refused.value.code, dict(refused.value.errors)) == ("not-complete", {"capa": "none"})
    third = opened_capa(database, clock, house, LinkTo("recall", closing))
    assert noted() == third.id and end(database, clock, house, closing).state == "terminated"


def test_a_recall_without_capa_and_with_reports_due_does_not_end(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    with database.read() as session:
        lacks_capa, clocks = missing_at_end(
            session.get_one(Recall, closing), clocks_about(session, f"recall:{closing}"))
    assert lacks_capa and clocks and all(one.state == ClockState.running for one in clocks)
    with pytest.raises(Conflict) as refused:
        end(database, clock, house, closing, "   ")
    assert (refused.value.code, refused.value.place) == ("not-complete", "without")
    assert set(refused.value.errors) == {"capa", *(one.id for one in clocks)}


def test_with_its_capa_linked_only_the_reports_are_named_and_with_both_it_ends_without_a_word(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    capa = opened_capa(database, clock, house, LinkTo("recall", closing))
    with pytest.raises(Conflict) as refused:
        end(database, clock, house, closing)
    assert refused.value.errors and "capa" not in refused.value.errors
    confirm_all(database, clock, house, closing)
    recall = end(database, clock, house, closing, "said although nothing is missing")
    assert (recall.state, recall.capa_id, recall.ended_without) == ("terminated", capa.id, "")


def test_the_first_capa_stays_the_one_that_a_recall_names(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    first, second = (opened_capa(database, clock, house) for _ in range(2))
    with database.write() as session:
        for capa in (first, second):
            link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo("recall", closing)))
        assert session.get_one(Recall, closing).capa_id == first.id
    with database.read() as session:
        assert session.get_one(Recall, closing).capa_id == first.id


def test_what_was_learned_and_the_authoritys_letter_are_signed_and_kept_with_the_end(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    learned, letter = "Glue is tested for acrylates on receipt.", "FDA letter RES-91234, 2026-11-28"
    with database.write() as session:
        terminate_recall(session, house.manager, clock, replace(
            END, recall_id=closing, without="told by telephone", lessons=f" {learned} ", authority_letter=letter))
    with database.read() as session:
        recall = session.get_one(Recall, closing)
        assert (recall.lessons, recall.authority_letter) == (learned, letter)
        signed = session.scalars(select(RecallSignature).where(
            RecallSignature.recall_id == closing, RecallSignature.meaning == "terminated")).one()
        assert signed.reason.splitlines()[1:] == ["told by telephone", learned, letter]
        dossier = dossier_of(session, clock, recall)
        report = {one.key: told(one, dossier, "zh") for one in CLOSING.fields}
    assert (report["lessons"], report["authority_letter"]) == (learned, letter)
    assert re.fullmatch(r"获知至决定：[\d.]+ 小时；决定至开始实施：[\d.]+ 小时；开始实施至完成：[\d.]+ (小时|天)", report["times"])
    with database.write() as session:
        reopened = reopen_recall(session, house.manager, clock, ReopenRecall(closing, "again"), vault=VAULT)
        assert (reopened.lessons, reopened.authority_letter) == (learned, "")


def test_the_signature_of_the_end_covers_the_books(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    end(database, clock, house, closing, "told by telephone")
    with database.read() as session:
        recall = session.get_one(Recall, closing)
        signed = session.scalars(select(RecallSignature.signed_hash).where(
            RecallSignature.recall_id == closing, RecallSignature.meaning == "terminated")).one()
        assert signed == books_hash(session, recall)
    for changed in (RecallLedger.came_back, RecallLedger.settled_reason,
                    RecallDisposition.content_hash, Recall.closing_note):
        with database.write() as session:
            wanted = Recall.id if changed.class_ is Recall else changed.class_.recall_id
            session.execute(update(changed.class_).where(wanted == closing).values(
                {changed: D(1) if changed is RecallLedger.came_back else "1" * 64}))
        with database.read() as session:
            after = books_hash(session, session.get_one(Recall, closing))
        assert after != signed
        signed = after


def test_why_it_ends_without_them_is_signed_and_in_the_trail_and_asked_again_after_reopening(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    why = "the authority was told by telephone; the cause is the carrier's"
    assert end(database, clock, house, closing, why).ended_without == why
    with database.write() as session:
        signed = session.scalars(select(RecallSignature).where(
            RecallSignature.recall_id == closing, RecallSignature.meaning == "terminated")).one()
        assert signed.reason == f"all back\n{why}"
        said = session.scalars(select(AuditEntry).where(
            AuditEntry.stream == f"recall:{closing}", AuditEntry.action == "recall.terminated")).one()
        assert json.loads(said.data)["without"] == why
        assert reopen_recall(session, house.manager, clock, ReopenRecall(closing, "again"), vault=VAULT).ended_without == ""


def test_units_that_consignees_still_have_are_named_before_the_end_and_a_word_on_them_is_signed(
        database: Database, clock: FixedClock, house: House, closing: str) -> None:
    confirm_all(database, clock, house, closing)
    opened_capa(database, clock, house, LinkTo("recall", closing))
    with database.write() as session:
        session.execute(update(RecallLedger).where(RecallLedger.consignee_id == house.maker.clinic.id).values(
            received=RecallLedger.shipped, on_hand=RecallLedger.shipped, used=0, returned=0, settled_at=None,
            settled_reason=""))
    with database.read() as session:
        assert held_outside(session, session.get_one(Recall, closing)) == 1
    with pytest.raises(Conflict) as refused:
        end(database, clock, house, closing)
    assert (refused.value.code, dict(refused.value.errors)) == ("not-complete", {"on_hand": "1"})
    ended = end(database, clock, house, closing, "locked away there until the authority has looked at them")
    assert ended.ended_without.startswith("locked away")


def test_units_that_were_passed_on_and_are_still_there_or_unknown_are_named_before_the_end(
        database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    deliver(database, clock, Tray())
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(200), D(0)), AnswerLine(case.second, D(0), D(1000), D(0)),
                passed=(to("Ward 3", case.first, 60), to("Ward 4", case.first, 50), to("Ward 5", case.first, 40)))
    case.answer(case.hospital, AnswerLine(case.first, D(0), D(200), D(0)))
    ward_says(case, "Ward 3", 10, 50, 0)
    ward_says(case, "Ward 4", 0, 50, 0)
    with database.write() as session:
        checked(session, clock, case.house, case.recall.id)
        placed(session, clock, case.house, case.recall.id)
        assert passed_outside(session, session.get_one(Recall, case.recall.id)) == 2
    with pytest.raises(Conflict) as refused:
        end(database, clock, case.house, case.recall.id)
    assert refused.value.errors["passed_on"] == "2" and "on_hand" not in refused.value.errors
    with database.write() as session:
        session.execute(update(RecallLedger).where(RecallLedger.consignee_id == case.clinic).values(
            settled_at=clock.now(), settled_by="somebody", settled_reason="burnt with the building"))
        assert passed_outside(session, session.get_one(Recall, case.recall.id)) == 0
