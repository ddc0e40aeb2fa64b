"""Taking in complaints: once, bound to their lot, with the person sealed and the right people told."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from tests.factories_complaint import VAULT, a_report, dump, make_lots, make_product, scanned, submit
from traceapp.catalog.service import NewParty, create_party
from traceapp.complaint.model import Complaint
from traceapp.complaint.public import add_reporter_message, follow_up
from traceapp.complaint.service import LotGiven, forget_sources, submit_complaint
from traceapp.complaint.suspecting import candidates
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound, TooMany
from traceapp.db import Database
from traceapp.vault.service import PersonDetails, Vault
from traceapp.worklist.model import WorkRow
from traceapp.worklist.tasks import open_tasks, tasks_about

CONTACT = PersonDetails(name="Planted Reporter", phone="139 0000 1234")


def number_of(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Complaint)) or 0


def test_a_scanned_report_is_bound_scored_and_given_due_times(database: Database, clock: FixedClock) -> None:
    product = make_product(database, clock)
    (lot,) = make_lots(database, clock, product, "A2231")
    complaint = submit(database, clock, a_report(lot=scanned(lot))).complaint
    assert (complaint.lot_key, complaint.lot_capture, complaint.product_id) == (lot.lot_key, "scan", product.id)
    assert (complaint.severity, complaint.is_harm, complaint.state) == ("moderate", True, "received")
    assert complaint.awareness_at == complaint.received_at == clock.now()
    with database.read() as session:
        due = {task.kind: (task.due_at - clock.now()).total_seconds() / 3600
               for task in tasks_about(session, f"complaint:{complaint.id}")}
        assert due == {"complaint.triage": 36, "complaint.answer": 12}
        work = session.scalars(select(WorkRow)).one()
        assert (work.kind, work.subject_key) == ("surveillance.rescore", lot.lot_key)


def test_a_complaint_that_was_just_taken_in_is_known_as_it_is_read_and_can_be_changed_at_once(
        database: Database, clock: FixedClock) -> None:
    names = [column.key for column in Complaint.__table__.columns]
    with database.write() as session:
        complaint = submit_complaint(session, PUBLIC, clock, a_report(seriousness=("died",)), vault=VAULT).complaint
        known = {name: getattr(complaint, name) for name in names}
        with database.read() as other:
            assert other.scalars(select(Complaint)).all() == []
        complaint.cause = "glue"
    with database.read() as session:
        read = session.scalars(select(Complaint)).one()
        assert {name: getattr(read, name) for name in names} == known | {"cause": "glue", "revision": 2}


def test_a_death_is_critical_and_a_manager_hears_of_it_within_the_hour(
        database: Database, clock: FixedClock) -> None:
    complaint = submit(database, clock, a_report(seriousness=("died",))).complaint
    assert complaint.severity == "critical"
    with database.read() as session:
        (task,) = (one for one in open_tasks(session, ("quality_manager",)) if not one.kind.startswith("duty."))
        assert (task.kind, task.due_at) == ("complaint.serious", clock.now() + timedelta(hours=1))


@pytest.mark.parametrize(("typed", "capture", "is_bound"), [
    ("Lot a2231-k", "typed", True), ("A223IK", "typed", True), ("A2231KX", "typed", True), ("ZZ99", "typed", False),
    ("不详", "none", False), ("", "none", False)])
def test_a_typed_lot_is_bound_when_one_lot_is_meant(
        database: Database, clock: FixedClock, typed: str, capture: str, is_bound: bool) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    complaint = submit(database, clock, a_report(lot=LotGiven(text=typed))).complaint
    assert (complaint.lot_capture, complaint.lot_text) == (capture, typed)
    assert complaint.lot_key == (lot.lot_key if is_bound else "unknown")


def test_a_lot_that_could_be_two_is_not_bound_and_both_are_candidates(
        database: Database, clock: FixedClock) -> None:
    make_lots(database, clock, make_product(database, clock), "KD2231", "KD2232", "KX1000")
    make_lots(database, clock, make_product(database, clock, "M1", "material"), "KD2233")
    submitted = submit(database, clock, a_report(lot=LotGiven(text="KD2233")))
    assert submitted.complaint.lot_key == "unknown"
    assert [lot.number for lot in submitted.match.candidates] == ["KD2231", "KD2232"]


def test_a_second_click_is_no_second_complaint_and_shows_the_same_link(
        database: Database, clock: FixedClock) -> None:
    first = submit(database, clock, a_report(idempotency_key="form-1"))
    again = submit(database, clock, a_report(idempotency_key="form-1", narrative="changed"))
    other = submit(database, clock, a_report(idempotency_key="form-1"), Actor(id="token-7", role="quality"))
    assert (again.complaint.id, again.follow_up_token, again.is_repeat) == (
        first.complaint.id, first.follow_up_token, True)
    assert other.complaint.id != first.complaint.id
    assert number_of(database) == 2


def test_no_personal_value_of_a_report_stands_outside_the_vault(database: Database, clock: FixedClock) -> None:
    submitted = submit(database, clock, a_report(contact=CONTACT, source="203.0.113.0/24"))
    assert submitted.complaint.person_id is not None
    whole = dump(database)
    for planted in ("Planted", "0000 1234", "13900001234", "203.0.113", submitted.follow_up_token):
        assert planted is not None
        assert planted not in whole


def test_a_report_about_ones_child_needs_the_parents_name_only(database: Database, clock: FixedClock) -> None:
    child = a_report(affected="my_child", age_band="2-13", contact=CONTACT)
    assert submit(database, clock, child).complaint.person_id is not None
    with pytest.raises(InvalidInput) as refused:
        submit(database, clock, a_report(affected="patient", age_band="2-13", contact=CONTACT))
    assert refused.value.place == "guardian_name"
    assert submit(database, clock, a_report(affected="patient", age_band="2-13")).complaint.person_id is None
    assert number_of(database) == 2


@pytest.mark.parametrize(("changes", "place"), [
    ({"narrative": "  ", "terms": ()}, "narrative"), ({"narrative": "x" * 10_001}, "narrative"),
    ({"terms": ("no_such",)}, "terms"), ({"age_band": "19"}, "age_band"), ({"sex": "x"}, "sex"),
    ({"affected": "dog"}, "affected"), ({"harm": "maybe"}, "harm"), ({"seriousness": ("bad",)}, "seriousness"),
    ({"happened_on": date(2026, 11, 24)}, "happened_on"), ({"happened_on": date(26, 1, 1)}, "happened_on"),
    ({"channel": "fax"}, "channel"), ({"contact": PersonDetails(phone="1")}, "phone"),
    ({"lot": LotGiven(text="9" * 201)}, "lot")])
def test_a_field_that_cannot_be_is_refused_by_name_and_nothing_is_kept(
        sqlite: Database, clock: FixedClock, changes: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        submit(sqlite, clock, a_report(**changes))
    assert refused.value.place == place
    assert number_of(sqlite) == 0


def test_staff_state_when_they_learned_of_it_and_a_consumer_cannot(database: Database, clock: FixedClock) -> None:
    earlier = clock.now() - timedelta(days=3)
    staff = Actor(id="u-1", role="quality")
    by_telephone = submit(database, clock, a_report(channel="telephone", awareness_at=earlier), staff).complaint
    assert (by_telephone.awareness_at, by_telephone.received_at) == (earlier, clock.now())
    for refused_report in (a_report(awareness_at=earlier),
                           a_report(channel="telephone", awareness_at=clock.now() + timedelta(seconds=1))):
        with pytest.raises(InvalidInput) as refused:
            submit(database, clock, refused_report, staff)
        assert refused.value.place == "awareness_at"


def test_signs_that_a_database_cannot_keep_are_left_out(database: Database, clock: FixedClock) -> None:
    complaint = submit(database, clock, a_report(narrative="red\x00 skin\ud800\nand pain")).complaint
    assert complaint.narrative == "red skin\nand pain"


def test_without_proof_a_report_waits_unless_it_is_serious(database: Database, clock: FixedClock) -> None:
    assert submit(database, clock, a_report(has_proof=False)).complaint.is_quarantined
    assert not submit(database, clock, a_report(has_proof=False, seriousness=("died",))).complaint.is_quarantined
    staff = Actor(id="u-1", role="quality")
    assert not submit(database, clock, a_report(channel="telephone", has_proof=False), staff).complaint.is_quarantined


def test_a_burst_from_one_network_waits_and_a_serious_one_in_it_does_not(
        database: Database, clock: FixedClock) -> None:
    held = [submit(database, clock, a_report(narrative=f"itching {number}", source="198.51.100.0/24"))
            .complaint.is_quarantined for number in range(7)]
    assert held == [False] * 5 + [True] * 2
    serious = a_report(narrative="other", source="198.51.100.0/24", seriousness=("stayed_in_hospital",))
    assert not submit(database, clock, serious).complaint.is_quarantined
    clock.move_to(clock.now() + timedelta(hours=2))
    later = a_report(narrative="later", source="198.51.100.0/24")
    assert not submit(database, clock, later).complaint.is_quarantined
    with database.write() as session:
        forget_sources(session, clock.now() + timedelta(seconds=1))
    with database.read() as session:
        assert not session.scalar(select(func.count()).where(Complaint.source_hash.is_not(None)))


def test_the_same_words_again_and_again_wait(database: Database, clock: FixedClock) -> None:
    held = [submit(database, clock, a_report(source=f"198.51.{number}.0/24")).complaint.is_quarantined
            for number in range(5)]
    assert held == [False, False, False, True, True]


def test_the_same_contact_about_the_same_lot_within_a_day_is_flagged_and_not_linked(
        database: Database, clock: FixedClock) -> None:
    first_lot, other_lot = make_lots(database, clock, make_product(database, clock), "A2231", "B7777")
    first = submit(database, clock, a_report(lot=scanned(first_lot), contact=CONTACT)).complaint
    again = PersonDetails(phone="+86 13900001234")
    clock.move_to(clock.now() + timedelta(hours=23))
    second = submit(database, clock, a_report(lot=scanned(first_lot), contact=again)).complaint
    other = {"contact": again, "narrative": "一片都粘不住，夜里自己掉了", "terms": ("not_sticking",)}
    elsewhere = submit(database, clock, a_report(lot=scanned(other_lot), **other)).complaint
    clock.move_to(clock.now() + timedelta(hours=25))
    late = submit(database, clock, a_report(lot=scanned(first_lot), contact=again, happened_on=None, sex="male", terms=("packaging",),
                                              narrative="包装破损，漏气，不敢用")).complaint
    assert [c.possible_duplicate_of for c in (first, second, elsewhere, late)] == [None, first.id, None, None]
    assert second.master_id is None


def test_the_follow_up_page_shows_progress_and_takes_more(database: Database, clock: FixedClock) -> None:
    submitted = submit(database, clock, a_report(contact=CONTACT))
    token = submitted.follow_up_token
    assert token is not None
    with database.write() as session:
        add_reporter_message(session, clock, token, "It got worse")
    with database.read() as session:
        page = follow_up(session, token)
        assert (page.reference, page.state, page.is_answered) == (submitted.complaint.reference, "received", False)
        assert page.answer_by == clock.now() + timedelta(hours=12)
        assert [(note.text, note.is_from_reporter) for note in page.notes] == [("It got worse", True)]
        assert "complaint.read_message" in {task.kind for task in open_tasks(session)}
        with pytest.raises(NotFound):
            follow_up(session, token[:-1] + ("y" if token.endswith("x") else "x"))
    with pytest.raises(TooMany), database.write() as session:
        for number in range(50):
            add_reporter_message(session, clock, token, f"more {number}")


def test_an_error_of_the_database_does_not_show_what_was_said(sqlite: Database, clock: FixedClock) -> None:
    complaint = submit(sqlite, clock, a_report(narrative="Planted words")).complaint
    with pytest.raises(DBAPIError) as refused, sqlite.write() as session:
        session.execute(update(Complaint).where(Complaint.id == complaint.id)
                        .values(narrative="Planted again", state="no such state"))
    assert "Planted" not in str(refused.value)


def test_after_a_change_of_the_key_a_repeat_still_adds_nothing(sqlite: Database, clock: FixedClock) -> None:
    import traceapp.complaint.service as service
    from tests.factories_complaint import KEY
    other = "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE="
    first = submit(sqlite, clock, a_report(idempotency_key="form-1"))
    with sqlite.write() as session:
        again = service.submit_complaint(session, PUBLIC, clock, a_report(idempotency_key="form-1"),
                                         vault=Vault(f"{other},{KEY}"))
    assert (again.complaint.id, again.follow_up_token) == (first.complaint.id, None)
    assert VAULT.key_id != Vault(other).key_id


def test_a_report_through_a_consignee_names_it_and_an_unknown_one_is_refused(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    with database.write() as session:
        clinic = create_party(session, actor, clock, NewParty("CLINIC", "诊所", "Clinic"))
    report = a_report(channel="hospital", consignee_id=clinic.id)
    assert submit(database, clock, report, actor).complaint.consignee_id == clinic.id
    with pytest.raises(NotFound) as refused:
        submit(database, clock, a_report(channel="hospital", consignee_id="nobody"), actor)
    assert refused.value.place == "consignee_id"


def test_a_report_that_tells_of_the_same_event_without_a_contact_is_suspected(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    lot = make_lots(database, clock, make_product(database, clock), "A1")[0]
    told = {"lot": scanned(lot), "place": "杭州", "narrative": "贴了两天以后皮肤红肿，很痒，去医院开了药膏"}
    first = submit(database, clock, a_report(**told)).complaint
    other = submit(database, clock, a_report(**told | {
        "narrative": "一片都粘不住，夜里自己掉了，很失望", "terms": ("not_sticking",), "age_band": "65+",
        "sex": "male"})).complaint
    clock.move_to(clock.now() + timedelta(days=3))
    again = submit(database, clock, a_report(**told | {"channel": "telephone", "narrative":
                                                       "贴两天后皮肤红肿很痒，去医院开了药膏"}), actor).complaint
    assert again.possible_duplicate_of == first.id
    assert first.possible_duplicate_of is other.possible_duplicate_of is None


def test_who_is_compared_is_found_by_indexes_however_many_complaints_there_are(
        sqlite: Database, clock: FixedClock) -> None:
    lot = make_lots(sqlite, clock, make_product(sqlite, clock), "A1")[0]
    complaint = submit(sqlite, clock, a_report(lot=scanned(lot), contact=CONTACT)).complaint
    with sqlite.read() as session:
        connection = session.connection()
        indexes = ["ix_complaint_lot_awareness", "ix_complaint_person"]
        for (statement, values), index in zip(candidates(complaint, "hash"), indexes, strict=True):
            asked = statement.params(values).compile(connection, compile_kwargs={"literal_binds": True})
            plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}"))
            assert plan.count(index) == 2 and "SCAN complaint" not in plan
