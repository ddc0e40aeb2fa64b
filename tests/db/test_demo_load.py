"""The demonstration data in the database: loaded once for this module, small, at a fixed moment."""
from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories_complaint import VAULT
from tests.factories_surveillance import likeliest_material
from traceapp.attachment.store import FileStore
from traceapp.audit.verify import verify
from traceapp.capa.model import Capa
from traceapp.capa.queries import actions_of, decisions_of
from traceapp.catalog.model import Product
from traceapp.complaint.crisis_model import TaskForce
from traceapp.complaint.model import Complaint
from traceapp.complaint.return_model import ComplaintReturn
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.demo.acts import LotName, Produce
from traceapp.demo.loading import LoadDemo, Loaded, is_demo, is_empty, load_demo
from traceapp.demo.people import SIGN_INS, working_sign_ins
from traceapp.demo.story import plan_story
from traceapp.demo.tables import items, rates
from traceapp.identity.model import User
from traceapp.identity.passwords import MINIMUM_PASSWORD
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.recall.drill_model import Drill, DrillPlan
from traceapp.recall.drill_queries import steps_of, targets_of
from traceapp.recall.drill_truth import walk_events
from traceapp.recall.drilling import AskDrill, ask_drill, run_drill
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallLot
from traceapp.recall.public import public_recalls
from traceapp.recall.public_model import RecallRevision
from traceapp.recall.scope import propose_scope
from traceapp.signals.covariates import Mark
from traceapp.submission.case_reading import read_case
from traceapp.submission.periodic_reporting import period_rows
from traceapp.submission.recall_file_model import RecallFile, RecallFileStep
from traceapp.submission.report_desk import ReportDesk
from traceapp.submission.report_house import report_desk
from traceapp.submission.report_model import Report
from traceapp.submission.report_states import ReportState
from traceapp.submission.sealed_files import read_kept
from traceapp.surveillance.basis import basis_of
from traceapp.surveillance.covariates import covariates_of
from traceapp.surveillance.drift_model import ResultDrift
from traceapp.surveillance.model import Signal, SignalLot, SignalNode
from traceapp.surveillance.ranking import likeliest_cause
from traceapp.surveillance.states import UNDECIDED
from traceapp.trace.guards import policy_facts
from traceapp.trace.identity import lot_key
from traceapp.trace.model import ItemPosition, Lot, Production, ShipmentLine
from traceapp.trace.policy import Verdict, verdict
from traceapp.trace.production import mass_balance
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.model import Task, TaskState, WorkRow

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SMALL = LoadDemo(scale=0.05)


def copied(template: Path, folder: Path) -> Database:
    path = folder / "demo.db"
    shutil.copy(template, path)
    return Database(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> ReportDesk:
    return report_desk(FileStore(tmp_path_factory.mktemp("files")), VAULT)


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory,
         reports: ReportDesk) -> Iterator[tuple[Database, Loaded]]:
    database = copied(sqlite_template, tmp_path_factory.mktemp("demo"))
    yield database, load_demo(database, FixedClock(NOW), SMALL, vault=VAULT, reports=reports)
    database.close()


def key_of(database: Database, lot: LotName) -> str:
    with database.read() as session:
        uri = session.scalars(select(Product.identity_uri).where(Product.code == lot.product)).one()
    return lot_key(uri, lot.number)


def test_the_detector_opened_one_case_by_itself_about_the_bad_adhesive_and_its_plasters(
        demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    with database.read() as session:
        case = session.scalars(select(Signal).where(Signal.state.in_(UNDECIDED))).one()
        lots = set(session.scalars(select(SignalLot.lot_key).where(SignalLot.signal_id == case.id)))
        nodes = set(session.scalars(select(SignalNode.node_key).where(SignalNode.signal_id == case.id)))
    assert case.state == "prioritised"
    assert key_of(database, loaded.landmarks.bad_glue) in nodes
    assert {key_of(database, lot) for lot in loaded.landmarks.suspicious} <= lots
    assert 1 <= (NOW - case.opened_at).total_seconds() / 3600 <= 96


def test_the_bad_adhesive_is_the_likeliest_material_and_chance_is_ruled_out(demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    with database.read() as session:
        for suspicious in loaded.landmarks.suspicious:
            found = likeliest_cause(session, [key_of(database, suspicious)], NOW.date())
            assert found.ranking is not None
            assert found.ranking.no_cause < 0.01
            # The few batches of the small demonstration were nearly all made by one shift: it is as likely.
            assert key_of(database, loaded.landmarks.bad_glue) in {
                member for one in found.ranking.classes[:2] for member in one.members}
            assert likeliest_material(found) == key_of(database, loaded.landmarks.bad_glue)


def test_a_recall_from_the_adhesive_would_reach_every_plaster_and_the_six_hospitals(
        demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    marks = loaded.landmarks
    with database.read() as session:
        scope = propose_scope(session, key_of(database, marks.bad_glue))
    assert {lot.number for lot in scope.lots} >= {lot.number for lot in (*marks.suspicious, *marks.other_batches)}
    others = {key_of(database, lot) for lot in marks.other_batches}
    holders = [one for one in scope.consignees if others & {key for key, _units in one.units}]
    assert len(holders) == 6
    assert len(scope.consignees) > 20


def test_the_events_lead_to_what_the_story_was_made_with(demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    made: dict[LotName, set[LotName]] = {}
    for act in plan_story(NOW, SMALL.seed, SMALL.scale).acts:
        for lot, _amount in act.inputs if isinstance(act, Produce) else ():
            made.setdefault(lot, set()).add(act.lot)  # type: ignore[union-attr]
    roots = [loaded.landmarks.bad_glue, *sorted(made, key=str)[::9]]
    with database.read() as session:
        uris = {code: uri for code, uri in session.execute(select(Product.code, Product.identity_uri))}
        for root in roots:
            reached = {root}
            while more := {child for lot in reached for child in made.get(lot, ())} - reached:
                reached |= more
            keys = {lot_key(uris[lot.product], lot.number) for lot in reached}
            assert walk_events(session, lot_key(uris[root.product], root.number)).books.keys() == keys


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_drill_from_a_lot_by_chance_ends_with_every_unit_placed_and_a_report(
        demo: tuple[Database, Loaded], tmp_path: Path, direction: str) -> None:
    with sqlite3.connect(str(demo[0].url.database)) as before, sqlite3.connect(tmp_path / "copy.db") as after:
        before.backup(after)
    database, clock = Database(f"sqlite:///{tmp_path / 'copy.db'}", is_durable=False), FixedClock(NOW)
    for seed in (1, 2, 3):
        with database.write() as session:
            drill_id = ask_drill(session, SYSTEM, clock, AskDrill(direction, seed)).id
        run_drill(database, clock, VAULT, drill_id)
        with database.read() as session:
            drill = session.get_one(Drill, drill_id)
            truth = drill.report["truth"]
            assert (drill.state, drill.report["is_placed"]) == ("done", True)
            assert (truth["precision"], truth["recall"], truth["units"]) == ("1", "1", [])
            assert all(one.is_met for one in targets_of(steps_of(session, drill_id)))
            assert public_recalls(session).total == 2
    database.close()


def test_every_verdict_that_a_lot_can_have_is_there(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        found = {verdict(policy_facts(lot), NOW.date()) for lot in session.scalars(
            select(Lot).join(Product, Product.id == Lot.product_id).where(Product.code.in_(items())))}
    assert found == {Verdict.released, Verdict.recalled, Verdict.rejected, Verdict.on_hold, Verdict.not_released,
                     Verdict.expired}


def test_the_marked_lots_say_what_they_are_printed_with(demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    marks = loaded.landmarks
    expected = {marks.normal: Verdict.released, marks.suspicious[0]: Verdict.released,
                marks.recalled: Verdict.recalled, marks.on_hold: Verdict.on_hold, marks.rejected: Verdict.rejected,
                marks.other_batches[-1]: Verdict.not_released}
    with database.read() as session:
        assert {lot: verdict(policy_facts(session.get_one(Lot, key_of(database, lot))), NOW.date())
                for lot in expected} == expected


def test_every_batch_took_what_its_recipe_asks_for(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        keys = list(session.scalars(select(Production.lot_key)))
        assert keys
        for key in keys:
            balance = mass_balance(session, key)
            assert balance
            for line in balance:
                assert line.share is not None and abs(line.share) <= Decimal("0.03"), (key, line)


def test_every_own_lot_adds_up_over_its_places(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        there: dict[str, Decimal] = {}
        for key, quantity in session.execute(select(ItemPosition.lot_key, ItemPosition.quantity).where(
                ItemPosition.until.is_(None))):
            there[key] = there.get(key, Decimal(0)) + quantity
        for lot in session.scalars(select(Lot)):
            assert lot.stock >= 0
            assert there[lot.lot_key] == lot.made - lot.consumed - lot.sampled - lot.lost, lot.number


def test_the_trail_of_all_of_it_verifies(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.snapshot() as session:
        found = verify(session)
    assert found.broken is None
    assert found.entries > 500


def test_one_earlier_recall_is_closed_and_public_with_every_unit_accounted_for(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        recall = session.scalars(select(Recall).where(Recall.state == "terminated", Recall.is_drill.is_(False))).one()
        assert recall.submitted_by != recall.approved_by
        assert recall.reference in [entry.facts.reference for entry in public_recalls(session).rows]
        notices = list(session.scalars(select(Notice).where(Notice.recall_id == recall.id)))
        assert notices and all(notice.answered_at is not None for notice in notices)
        lines = list(session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)))
        assert all(row.settled_at is not None or row.shipped == row.used + row.returned for row in lines)


def test_nothing_is_left_for_the_scheduler_to_find_late(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(WorkRow).where(WorkRow.done_at.is_(None))) == 0
        assert session.scalar(select(func.count()).select_from(OutboxMessage).where(
            OutboxMessage.state == MessageState.pending)) == 0


def test_people_find_work_to_do_today(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        kinds = set(session.scalars(select(Task.kind).where(Task.state == TaskState.open)))
    assert {"signal.review", "complaint.triage"} <= kinds


def test_the_detector_is_told_the_rates_that_the_complaints_were_drawn_with(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        for code, rate in rates().items():
            basis = basis_of(session, session.scalars(select(Product.id).where(Product.code == code)).one())
            assert (basis.rate_per_unit, basis.delay.use_mean_days) == (rate.harm, rate.use_mean_days)
            assert not basis.is_default and basis.note


def test_every_printed_sign_in_opens_the_door_and_one_that_does_not_is_not_printed(
        demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    assert all(len(one.password) >= MINIMUM_PASSWORD for one in SIGN_INS)
    with database.read() as session:
        assert is_demo(session)
        assert working_sign_ins(session) == SIGN_INS
        session.scalars(select(User).where(User.sign_in_name == "admin")).one().is_active = False
        assert [one.name for one in working_sign_ins(session)] == ["operator", "quality", "manager", "regulator"]


def test_what_a_hospital_reports_names_the_consignee(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        named = list(session.execute(select(Complaint.channel, Complaint.consignee_id)))
    assert any(channel == "hospital" for channel, _consignee in named)
    assert all((consignee is not None) == (channel in ("hospital", "sales")) for channel, consignee in named)


def content(database: Database) -> list[list[tuple[object, ...]]]:
    """What the story says, without the identifiers that are drawn anew each time."""
    with database.read() as session:
        return [[tuple(row) for row in session.execute(statement)] for statement in (
            select(Lot.uri, Lot.made, Lot.consumed, Lot.shipped, Lot.returned, Lot.release_state).order_by(Lot.uri),
            select(Lot.number, ShipmentLine.shipped_at, ShipmentLine.units).join(
                Lot, Lot.lot_key == ShipmentLine.lot_key).order_by(Lot.number, ShipmentLine.shipped_at,
                                                                   ShipmentLine.units),
            select(Complaint.lot_key, Complaint.received_at, Complaint.narrative, Complaint.state).order_by(
                Complaint.received_at, Complaint.narrative),
            select(Signal.lot_key, Signal.opened_at, Signal.observed).order_by(Signal.opened_at))]


def test_reports_to_the_authority_at_home_stand_in_every_state_that_waits_for_somebody(
        demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        told = list(session.scalars(select(Report).where(Report.jurisdiction == "CN")))
    assert {one.state for one in told} == {ReportState.prepared, ReportState.checked, ReportState.approved,
                                           ReportState.sent, ReportState.acknowledged, ReportState.rejected}
    assert all(one.findings == [] for one in told)
    assert all(one.approved_by != one.checked_by for one in told if one.approved_by)


def test_a_case_at_home_has_all_points_and_its_clock_ended_with_the_hash_of_what_was_sent(
        demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        report = session.scalars(select(Report).where(Report.state == "acknowledged", Report.profile == "full")).one()
        case = read_case(session, report.about.partition(":")[2])
        clock = session.get_one(LegalClock, report.clock_ids[0])
    assert case.score == (92, 92)
    assert (clock.state, clock.report_sha256) == (ClockState.reported, report.sha256)
    assert case.event.seriousness == ("intervention",)


def test_the_clock_of_a_report_that_was_refused_runs_again(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        refused = session.scalars(select(Report).where(Report.state == "rejected")).one()
        clock = session.get_one(LegalClock, refused.clock_ids[0])
    assert clock.state == ClockState.running


def test_a_report_abroad_names_the_product_as_that_market_knows_it(demo: tuple[Database, Loaded],
                                                                   reports: ReportDesk) -> None:
    with demo[0].read() as session:
        report = session.scalars(select(Report).where(Report.jurisdiction == "US")).one()
        assert report.sha256
        assert b"KGX" in read_kept(session, reports, report.sha256)
    assert report.state == ReportState.checked and report.warnings_reason
    assert not [one for one in report.findings if one["is_error"]]


def test_two_who_told_of_the_same_event_count_once_with_the_first(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        linked = list(session.scalars(select(Complaint).where(Complaint.master_id.is_not(None))))
        (master_id,) = {one.master_id for one in linked}
        master = session.scalars(select(Complaint).where(Complaint.id == master_id)).one()
    assert {one.channel for one in linked} == {"hospital", "telephone"}
    assert all(one.possible_duplicate_of == master.id and one.awareness_at > master.awareness_at for one in linked)


def test_a_ward_with_three_patients_is_reported_as_a_group_within_twelve_hours(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        clock = session.scalars(select(LegalClock).where(LegalClock.rule_id == "CN-MD-05")).one()
    assert clock.ended_at is not None and clock.state == ClockState.reported
    assert clock.ended_at < clock.due_at


def test_one_year_of_the_plasters_is_reported_and_the_next_report_is_due_soon(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        due = {row.clock.state: row.clock.due_at for row in period_rows(session)}
    assert set(due) == {ClockState.reported, ClockState.running}
    assert 0 < (due[ClockState.running] - NOW).days < 30


def test_a_task_force_works_and_the_goods_of_a_reporter_were_replaced(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        force = session.scalars(select(TaskForce)).one()
        returned = session.scalars(select(ComplaintReturn)).one()
    assert force.ended_at is None and force.held_at is None
    assert returned.state == "replaced" and returned.received_at is not None


def test_a_database_with_products_is_refused_and_stays_as_it_is(demo: tuple[Database, Loaded],
                                                                reports: ReportDesk) -> None:
    database, _loaded = demo
    before = content(database)
    with pytest.raises(Conflict) as refused:
        load_demo(database, FixedClock(NOW), SMALL, vault=VAULT, reports=reports)
    assert refused.value.code == "not-empty"
    assert content(database) == before


def test_an_interrupted_load_leaves_nothing(sqlite: Database, reports: ReportDesk) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(sqlite, FixedClock(NOW), SMALL, vault=VAULT, reports=reports, progress=stop)
    with sqlite.read() as session:
        assert is_empty(session) and not is_demo(session)
        assert session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("scale", [0.0, -1.0, 51.0])
def test_a_scale_out_of_range_is_refused(sqlite: Database, scale: float, reports: ReportDesk) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_demo(sqlite, FixedClock(NOW), LoadDemo(scale), vault=VAULT, reports=reports)
    assert refused.value.place == "--scale"


@pytest.fixture
def another(request: pytest.FixtureRequest) -> Database:
    """An empty database of the other kind; where there is no PostgreSQL, one of the same kind."""
    try:
        return request.getfixturevalue("postgresql")
    except pytest.skip.Exception:
        return request.getfixturevalue("sqlite")


def test_the_same_seed_tells_the_same_story_again_and_on_postgresql(another: Database, demo: tuple[Database, Loaded],
                                                                    reports: ReportDesk) -> None:
    load_demo(another, FixedClock(NOW), SMALL, vault=VAULT, reports=reports)
    assert content(another) == content(demo[0])


def test_the_signal_of_the_story_has_a_capa_in_the_middle_of_its_life(demo: tuple[Database, Loaded]) -> None:
    database, _loaded = demo
    with database.read() as session:
        capa = session.scalars(select(Capa).where(Capa.origin.startswith("signal:"))).one()
        actions = actions_of(session, capa.id)
        steps = [(one.after, one.at) for one in decisions_of(session, capa.id)]
        signal = session.scalars(select(Signal).where(Signal.id == capa.origin.removeprefix("signal:"))).one()
    assert [state for state, _at in steps] == ["investigating", "planned", "acting"]
    assert signal.opened_at < capa.opened_at < steps[0][1] < steps[-1][1] < NOW
    assert [one.state for one in actions] == ["done", "open", "open"] and all(one.owner_id and one.due_on for one in actions)


def test_the_recall_of_the_past_has_a_confirmed_closing_report_and_a_capa_that_helped(
        demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        file = session.scalars(select(RecallFile)).one()
        steps = list(session.scalars(select(RecallFileStep).order_by(RecallFileStep.position)))
        capa = session.scalars(select(Capa).where(Capa.origin == f"recall:{file.recall_id}")).one()
        recall = session.get_one(Recall, file.recall_id)
        assert recall.closed_at is not None and capa.opened_at < recall.closed_at
    assert (file.kind, [one.step for one in steps]) == ("cn_closing", ["sent", "confirmed"])
    assert steps[0].proof_sha256 and steps[1].number
    assert "prevention" not in file.missing  # it names the CAPA
    assert capa.state == "closed" and capa.closed_at is not None and capa.closed_at < NOW


def test_another_recall_is_on_its_way_with_a_letter_that_came_back_a_silent_one_and_a_correction(
        demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    with database.read() as session:
        recall = session.scalars(select(Recall).where(Recall.state == "executing")).one()
        lots = set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
        notices = list(session.scalars(select(Notice).where(Notice.recall_id == recall.id)))
        silent = [one for one in notices if one.answered_at is None]
        assert lots == {key_of(database, loaded.landmarks.being_recalled)}
        assert [one.state for one in sorted(silent, key=lambda one: one.state)] == ["not_sent", "sent"]
        assert all(one.reminders == 2 for one in silent) and len(notices) > len(silent)
        correction = session.scalars(select(RecallRevision).where(RecallRevision.recall_id == recall.id)).one()
        assert correction.kind == "correction" and recall.action_zh == correction.after["action_zh"]
        bounced = session.scalars(select(OutboxAttempt).where(OutboxAttempt.outcome == "bounced")).one()
        letter = session.get_one(OutboxMessage, bounced.message_id)
        assert "notice:" + next(one.id for one in silent if one.state == "not_sent") == letter.subject_key
        assert "recall.notice.text" in set(session.scalars(select(OutboxMessage.kind)))


def test_a_drill_of_the_plasters_was_played_and_its_report_waits_for_somebody(demo: tuple[Database, Loaded]) -> None:
    with demo[0].read() as session:
        drill = session.scalars(select(Drill)).one()
        plan = session.scalars(select(DrillPlan)).one()
    assert (drill.state, drill.report["is_placed"], drill.report["truth"]["recall"]) == ("done", True, "1")
    assert drill.looked_at is None and drill.is_planned and drill.product_id == plan.product_id
    assert plan.next_at > NOW


def test_the_supplier_of_the_bad_adhesive_is_listed_and_a_warm_trip_weighs_on_a_batch_of_the_story(
        demo: tuple[Database, Loaded]) -> None:
    database, loaded = demo
    suspicious = key_of(database, loaded.landmarks.suspicious[1])
    with database.read() as session:
        bad = session.get_one(Lot, key_of(database, loaded.landmarks.bad_glue))
        drift = session.scalars(select(ResultDrift)).one()
        marks = covariates_of(session, [suspicious, bad.lot_key], [bad.supplier_id or ""]).marks_of_lots()
    assert (drift.supplier_id, drift.product_id, drift.name_en) == (bad.supplier_id, bad.product_id, "Residual monomer")
    assert Mark.excursion in marks[suspicious] and Mark.drift in marks[bad.lot_key]
