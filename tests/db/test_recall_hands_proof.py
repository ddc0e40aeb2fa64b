"""What was passed on can be destroyed or put right where it came to: it is placed, and proved as with a consignee."""
from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import named, to
from tests.db.test_recall_late import again, over, row, strict, work
from tests.db.test_recall_late_passed import line, states
from tests.factories_recall import VAULT
from traceapp.attachment.service import FileStore, ReadyFile
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.passed_answer import AnswerPassed, answer_passed, passed_by_id, view_of
from traceapp.recall.passed_proofs import (
    AcceptPassedUnproved,
    accept_passed_unproved,
    keep_passed_proof,
    prove_passed,
)
from traceapp.recall.passing_on import sealed_about
from traceapp.recall.proofs import ProveDestruction
from traceapp.recall.proving import UNPROVED_TASK
from traceapp.recall.telling import hands_of_consignee, passed_rows
from traceapp.submission.recall_package_tables import proofs_of_case, tables_of


@pytest.fixture
def case(sqlite: Database, clock: FixedClock) -> Case:
    return handed(Case(sqlite, clock))


def handed(case: Case) -> Case:
    """The clinic passed 60 of P-1 on to ward 3 and used the rest; destruction has to be shown."""
    strict(case)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    return case


def says(case: Case, on_hand: int, destroyed: int, corrected: int = 0, why: str = "") -> None:
    with case.database.write() as session:
        answer_passed(session, case.clock, passed_by_id(session, named(case)["Ward 3"].id, lock=True), AnswerPassed((
            AnswerLine(case.first, D(on_hand), D(0), D(0), destroyed=D(destroyed), corrected=D(corrected)),), "Li",
            why), vault=VAULT)


def prove(case: Case, folder: Path, data: bytes = b"%PDF-1.7") -> None:
    ward = named(case)["Ward 3"]
    with case.database.write() as session:
        keep_passed_proof(session, case.clock, VAULT.open_text(ward.sealed_token, sealed_about(ward.id)), (
            "certificate.pdf", ReadyFile(data, "application/pdf")), store=FileStore(folder))


def accept(case: Case, reason: str = "their head told us", recall_id: str = "") -> None:
    with case.database.write() as session:
        accept_passed_unproved(session, case.house.writer, case.clock, AcceptPassedUnproved(
            recall_id or case.recall.id, named(case)["Ward 3"].id, case.first, reason))


def test_units_that_were_destroyed_or_put_right_further_down_have_their_place(
        database: Database, clock: FixedClock) -> None:
    case = handed(Case(database, clock))
    with pytest.raises(InvalidInput) as refused:
        says(case, 10, 30)
    assert "explanation" in refused.value.errors
    says(case, 10, 30, 20)
    with database.read() as session:
        (hands,) = hands_of_consignee(session, case.recall.id, case.clinic)
        (told,) = passed_rows(session, case.recall.id)
    assert (hands.units, hands.on_hand, hands.destroyed, hands.corrected, hands.unproved, hands.unknown) == (
        D(60), D(10), D(30), D(20), D(30), D(0))
    assert (told.destroyed, told.corrected, told.unproved, told.notice.state) == (D(30), D(20), D(30), "answered")
    assert (row(case).passed_on, row(case).destroyed, case.state()) == (D(60), D(0), "accounted")


def test_a_destruction_further_down_is_claimed_until_a_file_or_a_reason_covers_it(case: Case, tmp_path: Path) -> None:
    says(case, 30, 30)
    assert (line(case).unproved, work(case, UNPROVED_TASK)) == (D(30), 1)
    prove(case, tmp_path)
    assert (line(case).unproved, work(case, UNPROVED_TASK)) == (D(0), 0)
    case.clock.move_to(case.clock.now() + timedelta(minutes=30))
    says(case, 20, 40)
    assert (line(case).unproved, work(case, UNPROVED_TASK)) == (D(10), 1)
    prove(case, tmp_path)  # the same file shows no more than before
    assert line(case).unproved == D(10)
    for reason, recall_id, refusal in ((" ", "", InvalidInput), ("why", "another", NotFound)):
        with pytest.raises(refusal):
            accept(case, reason, recall_id)
    accept(case)
    assert (line(case).unproved, line(case).accepted_reason, work(case, UNPROVED_TASK)) == (
        D(0), "their head told us", 0)
    with pytest.raises(Conflict):
        accept(case)


def test_staff_keep_a_file_for_it_and_the_archive_holds_all_of_it(case: Case, tmp_path: Path) -> None:
    says(case, 30, 30)
    ward = named(case)["Ward 3"]
    command = ProveDestruction(case.recall.id, ward.id, "photo.pdf", ReadyFile(b"%PDF-1.4", "application/pdf"))
    with pytest.raises(Forbidden), case.database.write() as session:
        prove_passed(session, Actor("someone", "operator"), case.clock, command, store=FileStore(tmp_path))
    with case.database.write() as session:
        prove_passed(session, case.house.writer, case.clock, command, store=FileStore(tmp_path))
    with case.database.read() as session:
        files = view_of(session, passed_by_id(session, ward.id)).files
        archived = [path for path, _hash in proofs_of_case(session, case.recall.id)]
        tables = {name: b"".join(pieces).decode("utf-8-sig") for name, pieces in tables_of(session, case.recall.id)}
    assert [one.name for one in files] == ["photo.pdf"]
    assert archived == [f"proofs/passed-on/{ward.id}/{files[0].id}-photo.pdf"]
    (kept,) = csv.DictReader(io.StringIO(tables["passed-on-lines.csv"]))
    assert (kept["on_hand"], kept["destroyed"], kept["corrected"], kept["unproved"]) == ("30", "30", "0", "0")


def test_where_no_proof_is_asked_for_nothing_is_claimed(sqlite: Database, clock: FixedClock) -> None:
    case = Case(sqlite, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(290), D(0)), passed=(to("Ward 3", case.first, 60),))
    says(case, 0, 60)
    assert (line(case).destroyed, line(case).unproved, work(case, UNPROVED_TASK)) == (D(60), D(0), 0)


def test_said_after_the_end_it_counts_when_the_case_is_opened_again_and_is_claimed_then(case: Case) -> None:
    says(case, 60, 0)
    over(case, is_answered=True)
    says(case, 10, 50)
    assert (states(case)[-1], line(case).destroyed) == ("waiting", D(0))
    again(case)
    assert (line(case).on_hand, line(case).destroyed, line(case).unproved, work(case, UNPROVED_TASK)) == (
        D(10), D(50), D(50), 1)
