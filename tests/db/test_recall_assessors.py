"""Who signs the evaluation for medicine: an assessor whom the administrator named, where there is one; the signature says
with which qualification, whatever is said of the account later."""
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import HAZARD, House, make_house, opened
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, Stale
from traceapp.db import Database
from traceapp.export.recall_files.readers import signers
from traceapp.identity.accounts import ChangeUser, change_user
from traceapp.identity.model import User
from traceapp.identity.service import NewUser, create_user
from traceapp.recall.assessors import NO_ASSESSOR_TASK, NameAssessor, assessors, name_assessor
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Recall, RecallSignature
from traceapp.recall.service import (
    AssessRecall,
    SignEvaluation,
    WriteEvaluation,
    assess_recall,
    sign_evaluation,
    write_evaluation,
)
from traceapp.recall.states import RecallState
from traceapp.submission.recall_dossier import dossier_of
from traceapp.worklist.tasks import open_tasks

PHYSICIAN = "Physician, dermatology"


def evaluated(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = opened(database, clock, house)
    with database.write() as session:
        assess_recall(session, house.writer, clock, AssessRecall(recall.id))
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
    return recall


def name(database: Database, clock: FixedClock, actor: Actor, said: str = PHYSICIAN) -> None:
    with database.write() as session:
        name_assessor(session, SYSTEM, clock, NameAssessor(actor.id, said))


def sign(database: Database, clock: FixedClock, actor: Actor, recall: Recall, meaning: str = MEDICAL) -> RecallState:
    with database.write() as session:
        return RecallState(sign_evaluation(session, actor, clock, SignEvaluation(recall.id, meaning, PASSWORD)).state)


def duties(database: Database) -> list[str]:
    with database.read() as session:
        return [task.role for task in open_tasks(session) if task.kind == NO_ASSESSOR_TASK]


def qualification(database: Database, recall: Recall) -> str:
    with database.read() as session:
        return session.scalars(select(RecallSignature.qualification).where(
            RecallSignature.recall_id == recall.id, RecallSignature.meaning == MEDICAL)).one()


def test_where_one_is_named_nobody_else_signs_for_medicine_and_the_signature_keeps_the_qualification(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = evaluated(database, clock, house)
    name(database, clock, house.second_manager)
    with pytest.raises(Forbidden) as refused:
        sign(database, clock, house.manager, recall)
    assert refused.value.code == "no-medical-assessor"
    assert sign(database, clock, house.writer, recall, QUALITY) == RecallState.assessing
    assert sign(database, clock, house.second_manager, recall) == RecallState.decision
    name(database, clock, house.second_manager, "something else")
    assert qualification(database, recall) == PHYSICIAN
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.in_((
            "user.medical_assessor", "recall.evaluation_signed"))).order_by(AuditEntry.stream, AuditEntry.seq)).all()
        kept = [json.loads(entry.data) for entry in entries]
    assert {(one["before"], one["after"]) for one in kept if "after" in one} == {
        ("", PHYSICIAN), (PHYSICIAN, "something else")}
    assert {one["meaning"]: one.get("qualification") for one in kept if "meaning" in one} == {
        QUALITY: None, MEDICAL: PHYSICIAN}
    assert duties(database) == []


def test_the_only_assessor_cannot_use_up_for_quality_the_signature_that_medicine_needs(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = evaluated(database, clock, house)
    name(database, clock, house.second_manager)
    with pytest.raises(Conflict) as refused:
        sign(database, clock, house.second_manager, recall, QUALITY)
    assert refused.value.code == "last-assessor"
    assert sign(database, clock, house.second_manager, recall) == RecallState.assessing
    assert sign(database, clock, house.writer, recall, QUALITY) == RecallState.decision


def test_of_two_assessors_either_signs_for_quality_but_not_both(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    for one in (house.manager, house.second_manager):
        name(sqlite, clock, one)
    sign(sqlite, clock, house.second_manager, recall, QUALITY)
    with pytest.raises(Forbidden) as twice:
        sign(sqlite, clock, house.second_manager, recall)
    assert twice.value.code == "same-person"
    with pytest.raises(Conflict):
        sign(sqlite, clock, house.manager, recall, QUALITY)
    assert sign(sqlite, clock, house.manager, recall) == RecallState.decision


def test_where_every_assessor_has_signed_for_quality_it_says_how_to_go_on(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    for one in (house.manager, house.second_manager):
        name(sqlite, clock, one)
    sign(sqlite, clock, house.second_manager, recall, QUALITY)
    name(sqlite, clock, house.manager, "")
    with pytest.raises(Forbidden, match="Write it anew"):
        sign(sqlite, clock, house.manager, recall)
    with sqlite.write() as session:
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
    sign(sqlite, clock, house.second_manager, recall)
    assert sign(sqlite, clock, house.manager, recall, QUALITY) == RecallState.decision


def test_where_nobody_is_named_it_is_not_stated_and_one_duty_asks_for_one_until_there_is(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    sign(sqlite, clock, house.writer, recall, QUALITY)
    assert duties(sqlite) == []
    assert sign(sqlite, clock, house.manager, recall) == RecallState.decision
    assert (qualification(sqlite, recall), duties(sqlite)) == ("", ["quality_manager"])
    name(sqlite, clock, house.manager)
    assert duties(sqlite) == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "operator"}])
def test_an_assessor_who_cannot_sign_any_more_stands_in_nobody_s_way(
        sqlite: Database, clock: FixedClock, change: dict[str, object]) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    name(sqlite, clock, house.second_manager)
    with sqlite.write() as session:
        change_user(session, SYSTEM, clock, ChangeUser(house.second_manager.id, **change))  # type: ignore[arg-type]
        assert assessors(session) == []
    sign(sqlite, clock, house.manager, recall)
    assert (qualification(sqlite, recall), duties(sqlite)) == ("", ["quality_manager"])


def test_being_named_ends_and_what_cannot_be_is_refused(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        outside = create_user(session, SYSTEM, clock, NewUser("op", "Op", "operator", PASSWORD))
    name(sqlite, clock, house.manager)
    name(sqlite, clock, house.manager, " ")
    with sqlite.write() as session:
        assert assessors(session) == []
        revision = session.get_one(User, house.manager.id).revision
        good = NameAssessor(house.manager.id, PHYSICIAN, revision)
        for command, error in ((replace(good, user_id=outside.id, revision=None), Conflict),
                               (replace(good, revision=revision - 1), Stale),
                               (replace(good, qualification="two\nlines"), InvalidInput),
                               (replace(good, qualification="x" * 301), InvalidInput)):
            with pytest.raises(error):
                name_assessor(session, SYSTEM, clock, command)
        assert assessors(session) == []


def test_in_a_drill_played_by_people_the_same_person_signs_and_no_duty_comes_of_it(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).is_drill = True
    sign(sqlite, clock, house.manager, recall)
    assert duties(sqlite) == []


@pytest.mark.parametrize(("signed", "words"), [
    (PHYSICIAN, "evaluation, for medicine; medical qualification: Physician, dermatology"),
    ("", "evaluation, for medicine; medical qualification: not stated")])
def test_the_assessment_report_says_with_which_qualification_it_was_signed(
        sqlite: Database, clock: FixedClock, signed: str, words: str) -> None:
    house = make_house(sqlite, clock)
    recall = evaluated(sqlite, clock, house)
    if signed:
        name(sqlite, clock, house.second_manager, signed)
    sign(sqlite, clock, house.writer, recall, QUALITY)
    sign(sqlite, clock, house.second_manager, recall)
    with sqlite.read() as session:
        shown = signers(dossier_of(session, clock, session.get_one(Recall, recall.id)), "en")
    assert words in shown and "evaluation, for quality" in shown
