"""Drills: the same machine played to the end, with nothing leaving the house and every unit placed."""
from __future__ import annotations

import ast
import json
import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, select, update

import traceapp
from tests.factories import PASSWORD
from tests.factories_drill import begun, everything
from tests.factories_recall import TEXTS, VAULT, House, Tray, deliver, make_house, opened, token_of
from traceapp.catalog.model import PartyContact, Product
from traceapp.cli import main
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.outbox.model import OutboxAttempt, OutboxMessage
from traceapp.recall import drilling
from traceapp.recall.answer import notice_of_token
from traceapp.recall.cases import notice_stream
from traceapp.recall.clocks import follow_markets, recalls_without_clocks
from traceapp.recall.consumers import are_consumers_untold
from traceapp.recall.drill_model import Direction, Drill, DrillProduct, DrillState
from traceapp.recall.drill_plans import SetDrillPlan, ask_planned_drills, plan_of, products_of, set_drill_plan
from traceapp.recall.drill_play import next_step
from traceapp.recall.drill_queries import steps_of, targets_of
from traceapp.recall.drill_truth import walk_events
from traceapp.recall.drilling import AskDrill, ask_drill, chosen_lot, claim_drill, look_at_drill, run_drill
from traceapp.recall.ending import PLAYED
from traceapp.recall.evaluation import QUALITY, AssessRecall, SignEvaluation, assess_recall, sign_evaluation
from traceapp.recall.figure_reads import counts_of
from traceapp.recall.following import follow_scopes
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallSignature
from traceapp.recall.passing_on import PassOn, pass_on
from traceapp.recall.public import facts_of_sources, public_recall, public_recalls, recalls_of_lot, recalls_of_product
from traceapp.recall.queries import RecallFilter, recall_page, totals_of
from traceapp.recall.rehearsing import player
from traceapp.recall.reminders import remind_due
from traceapp.recall.sending import KINDS
from traceapp.recall.sending_again import SendNoticeAgain, send_notice_again, send_passed_again
from traceapp.trace.model import LotEdge, ShipmentLine
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots
from traceapp.worklist.tasks import open_tasks

# What a drill writes: its own case and log, the trail, and duties of people in the house.
_ITS_OWN = {"drill_lot", "recall", "recall_lot", "recall_ledger", "notice", "recall_evaluation", "recall_snapshot", "notice_attempt",
            "effectiveness_check", "effectiveness_try", "notice_answer", "recall_signature", "drill", "drill_step", "drill_product",
            "task", "audit_entry", "audit_head"}


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def drilled(database: Database, clock: FixedClock, house: House, asked: AskDrill) -> Drill:
    with database.write() as session:
        drill = ask_drill(session, house.writer, clock, asked)
    assert run_drill(database, clock, VAULT, drill.id) == drill.id
    with database.read() as session:
        return session.get_one(Drill, drill.id)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_drill_plays_itself_to_the_end_with_every_unit_placed(
        database: Database, clock: FixedClock, house: House, direction: str) -> None:
    lot = house.glue if direction == "forward" else house.first
    before = everything(database)
    drill = drilled(database, clock, house, AskDrill(direction, 7, lot.lot_key))
    assert (drill.state, drill.failure, drill.report["is_placed"], drill.report["gaps"]) == ("done", "", True, [])
    truth = drill.report["truth"]
    assert (truth["precision"], truth["recall"], truth["missing"], truth["units"]) == ("1", "1", [], [])
    with database.read() as session:
        recall = session.get_one(Recall, drill.recall_id)
        lines = session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)).all()
        assert recall.state == "terminated" and recall.reference.startswith("DR-")
        assert recall.title_zh.startswith("【演练】") and recall.title_en.startswith("DRILL: ")
        assert all(line.on_hand + line.used + line.returned == line.shipped for line in lines)
        assert sum(line.shipped for line in lines) == (1550 if direction == "forward" else 550)
        targets = targets_of(steps_of(session, drill.id))
        assert [one.name for one in targets if one.is_met] == ["SQF", "FSMA 204", "CFDA 29 I", "BRCGS"]
        assert {one.user_name for one in session.scalars(select(RecallSignature))} == {
            "Drill: quality", "Drill: medicine", "Drill: manager"}
    after = everything(database)
    assert {name for name, rows in after.items() if rows != before[name]} <= _ITS_OWN


def test_an_ended_drill_leaves_no_line_open_although_nothing_came_back(
        database: Database, clock: FixedClock, house: House) -> None:
    drill = drilled(database, clock, house, AskDrill("forward", 7, house.glue.lot_key))
    with database.read() as session:
        recall = session.get_one(Recall, drill.recall_id)
        lines = session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)).all()
        counts = counts_of(session, recall.id)
        settled = [line for line in lines if line.settled_at is not None]
        assert settled and all(line.settled_reason == PLAYED for line in settled)
        assert {line.lot_key for line in settled} == {line.lot_key for line in lines if line.returned}
        assert (counts.consignees, counts.accounted, totals_of(session, recall.id).open_lines) == (2, 2, 0)


def test_a_backward_drill_names_the_raw_lots_and_their_truth(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill = drilled(sqlite, clock, house, AskDrill("backward", 3, house.first.lot_key))
    assert [lot["number"] for lot in drill.report["upstream"]] == ["A-1", "B-1", "F-1"]
    assert drill.report["truth"]["lots"] == 4


def test_the_same_seed_chooses_the_same_lot_and_plays_the_same_answers(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    one, two, three = (drilled(sqlite, clock, house, AskDrill("forward", seed)) for seed in (5, 5, 6))
    assert (one.lot_key, one.report["units"]) == (two.lot_key, two.report["units"])
    assert one.report["units"] != three.report["units"]
    with sqlite.read() as session:
        seen = {chosen_lot(session, "forward", seed) for seed in range(40)}
        assert seen == {house.glue.lot_key, house.other_glue.lot_key, house.film.lot_key, house.bulk.lot_key}
        of_plaster = {chosen_lot(session, "forward", seed, house.maker.plaster.id) for seed in range(40)}
        assert of_plaster == seen
        assert {chosen_lot(session, "backward", seed) for seed in range(40)} == {
            house.first.lot_key, house.second.lot_key, house.other.lot_key}
        assert chosen_lot(session, "backward", 1, house.maker.glue.id) is None


def test_nobody_outside_learns_of_a_drill_and_no_sweep_does_anything_about_it(
        database: Database, clock: FixedClock, house: House) -> None:
    drill_id = begun(database, clock, house, "answer")
    with database.read() as session:
        recall_id = session.get_one(Drill, drill_id).recall_id
        recall = session.get_one(Recall, recall_id)
        assert recall.state in ("notifying", "executing") and session.scalars(select(Notice)).all()
        assert public_recalls(session).rows == () and public_recall(session, recall.reference) is None
        assert recalls_of_product(session, house.maker.plaster.id) == () and recalls_of_lot(
            session, house.first.lot_key) == ()
        assert facts_of_sources(session, [f"recall:{recall_id}"]) == ()
        assert recall_page(session, RecallFilter()).total == 0 and recall_page(session, RecallFilter(is_told=True)).total == 0
        assert recall_page(session, RecallFilter(is_drill=True)).total == 1
        assert recalls_without_clocks(session, 10) == []
    clock.move_to(clock.now() + timedelta(days=30))
    before = everything(database)
    with database.write() as session:
        assert remind_due(session, clock) == 0
        follow_markets(session, house.writer, clock, house.maker.plaster.id)
    assert everything(database) == before


def test_no_letter_of_any_kind_goes_out_in_the_name_of_a_drill(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "answer")
    with sqlite.write() as session:
        recall_id = session.get_one(Drill, drill_id).recall_id
        notice = session.scalars(select(Notice).where(Notice.recall_id == recall_id)).first()
        assert notice is not None and session.scalar(select(func.count()).select_from(OutboxMessage)) == 0
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == notice.consignee_id)):
            for kind in KINDS:
                queue_message(session, clock, NewMessage(kind, f"contact:{contact.id}", notice_stream(notice.id), {
                    "recall": recall_id, "consignee": notice.consignee_id, "number": 1}))
    tray = Tray()
    assert deliver(sqlite, clock, tray) == len(KINDS) and tray.letters == []
    with sqlite.read() as session:
        assert {one.detail for one in session.scalars(select(OutboxAttempt))} == {
            "not needed any more: a drill: nothing leaves the house"}
    with sqlite.write() as session:
        notice = session.get_one(Notice, (recall_id, house.maker.clinic.id))
        passed = pass_on(session, house.writer, clock, notice, PassOn(
            "Ward 3", {house.first.lot_key: Decimal(5)}, "ward3@clinic.example"), vault=VAULT)
        assert passed.state == "sent"
        assert not are_consumers_untold(session) and follow_scopes(session, clock) == 0
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == len(KINDS)
    with pytest.raises(Conflict), sqlite.write() as session:
        send_notice_again(session, house.writer, clock, SendNoticeAgain(str(recall_id), notice.consignee_id))
    with pytest.raises(Conflict), sqlite.write() as session:
        send_passed_again(session, house.writer, clock, passed.id)


def test_whatever_puts_something_into_the_outbox_is_known_to_the_tests_of_drills() -> None:
    """A new way to tell somebody of a recall has to be tried with a drill here, before it stands in this list."""
    found = set()
    root = Path(traceapp.__file__).parent
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text if "queue_message" in text else "")
        if any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (
                "queue_message", "queue_messages")
               for node in ast.walk(tree)):
            found.add(path.relative_to(root).as_posix())
    assert found == {"complaint/calling.py", "recall/change_telling.py", "recall/consumers.py", "recall/notices.py",
                     "recall/passing_on.py", "recall/sending_again.py", "recall/subscriber_mail.py", "recall/subscribing.py",
                     "trace/subscriptions.py"}


def test_a_comparison_notices_a_line_of_the_genealogy_and_a_despatch_that_are_lost(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        session.execute(delete(LotEdge).where(LotEdge.lot_key == house.bulk.lot_key, LotEdge.direction == "down"))
        session.execute(update(ShipmentLine).where(ShipmentLine.lot_key == house.second.lot_key).values(units=999))
    drill = drilled(sqlite, clock, house, AskDrill("forward", 1, house.glue.lot_key))
    truth = drill.report["truth"]
    assert ([lot["number"] for lot in truth["missing"]], truth["extra"], truth["recall"]) == (["P-1"], [], "0.6667")
    assert ("P-2", "999", "1000") in {(row["lot"], row["ledger"], row["events"]) for row in truth["units"]}
    kinds = {gap["kind"] for gap in drill.report["gaps"]}
    assert {"missing", "units", "no_shipment", "unplaced", "unbalanced"} <= kinds and not drill.report["is_placed"]


def test_the_events_say_what_was_made_of_a_lot_and_what_it_was_made_of(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.read() as session:
        down, up = walk_events(session, house.glue.lot_key), walk_events(session, house.first.lot_key, up=True)
    assert down.books.keys() == {house.glue.lot_key, house.bulk.lot_key, house.first.lot_key, house.second.lot_key}
    assert up.books.keys() == {house.first.lot_key, house.bulk.lot_key, house.glue.lot_key, house.film.lot_key}
    assert {key: book.left for key, book in down.books.items()} == {
        house.glue.lot_key: 1, house.bulk.lot_key: 0, house.first.lot_key: 450, house.second.lot_key: 1000}
    assert down.units([house.first.lot_key]) == {
        (house.first.lot_key, house.maker.clinic.id): 350, (house.first.lot_key, house.maker.hospital.id): 200}


def test_a_consignee_without_an_address_is_a_gap_and_is_reached_by_telephone(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        session.execute(update(PartyContact).where(PartyContact.party_id == house.maker.hospital.id).values(email=""))
    drill = drilled(sqlite, clock, house, AskDrill("forward", 1, house.glue.lot_key))
    assert [(gap["kind"], gap["name"]) for gap in drill.report["gaps"]] == [("no_contact", "第二医院")]
    assert drill.report["is_placed"]


def test_shipping_goes_on_during_a_drill_and_the_scope_is_frozen_anew(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "approve")
    with sqlite.write() as session:
        ship_lots(session, house.writer, clock, ShipLots(house.maker.clinic.id, "D-9", clock.now(), None, "", (
            ShipLine(house.first.lot_key, None, Decimal(5)),)))
    assert run_drill(sqlite, clock, VAULT, drill_id) == drill_id
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        steps = [one.step for one in steps_of(session, drill_id)]
    assert drill.state == "done" and drill.report["truth"]["units"] == []
    assert steps[steps.index("submit"):][:4] == ["submit", "return", "submit", "approve"]


def test_a_drill_that_was_cut_off_goes_on_where_it_stood(database: Database, clock: FixedClock, house: House) -> None:
    drill_id = begun(database, clock, house, "answer")
    with database.write() as session:
        assert claim_drill(session, clock, drill_id) is not None
    assert run_drill(database, clock, VAULT, drill_id) is None  # somebody has it
    clock.move_to(clock.now() + timedelta(minutes=11))
    assert run_drill(database, clock, VAULT) == drill_id
    with database.read() as session:
        assert session.get_one(Drill, drill_id).state == "done"
        assert [one.step for one in steps_of(session, drill_id)].count("open") == 1
        assert session.scalar(select(func.count()).select_from(Recall)) == 1


def test_one_that_stops_gives_the_drill_back(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        drill_id = ask_drill(session, house.writer, clock, AskDrill("forward", 1)).id
    stopping = threading.Event()
    stopping.set()
    assert run_drill(sqlite, clock, VAULT, stopping=stopping) == drill_id
    assert run_drill(sqlite, clock, VAULT) == drill_id
    with sqlite.read() as session:
        assert session.get_one(Drill, drill_id).state == "done"


def test_of_two_schedulers_one_plays_the_drill(database: Database, clock: FixedClock, house: House) -> None:
    with database.write() as session:
        drill_id = ask_drill(session, house.writer, clock, AskDrill("forward", 1)).id
    gate, played = threading.Barrier(2), []

    def run() -> None:
        gate.wait()
        played.append(run_drill(database, clock, VAULT))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(played, key=str) == sorted([drill_id, None], key=str)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Recall)) == 1


def test_a_drill_that_cannot_be_played_says_why_and_is_work(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house(sqlite, clock)

    def refused(*_: object) -> int:
        raise Conflict("The wind is wrong.")

    monkeypatch.setattr("traceapp.recall.drilling.play", refused)
    drill = drilled(sqlite, clock, house, AskDrill("forward", 1))
    assert (drill.state, drill.failure, drill.lease_until) == (DrillState.failed, "The wind is wrong.", None)
    with sqlite.read() as session:
        assert [task.kind for task in open_tasks(session, ("quality",))] == ["drill.look"]


def test_reading_the_report_ends_its_task_and_is_noted_once(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        drill_id = ask_drill(session, house.writer, clock, AskDrill("forward", 1)).id
        with pytest.raises(Conflict):
            look_at_drill(session, house.writer, clock, drill_id)
    run_drill(sqlite, clock, VAULT)
    for person in (house.writer, house.manager):
        with sqlite.write() as session:
            assert look_at_drill(session, person, clock, drill_id).looked_by == house.writer.id
    with sqlite.read() as session:
        assert open_tasks(session, ("quality",)) == []


@pytest.mark.parametrize(("asked", "refusal"), [
    (AskDrill("sideways"), InvalidInput), (AskDrill("forward", -1), InvalidInput), (AskDrill("forward", 2**53), InvalidInput),
    (AskDrill("forward", lot_key="none"), NotFound), (AskDrill("forward", product_id="none"), NotFound)])
def test_what_cannot_be_drilled_is_refused(
        sqlite: Database, clock: FixedClock, asked: AskDrill, refusal: type[Exception]) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(refusal), sqlite.write() as session:
        ask_drill(session, house.writer, clock, asked)
    with pytest.raises(Forbidden), sqlite.write() as session:
        ask_drill(session, replace(house.writer, scopes=frozenset()), clock, AskDrill("forward"))


def test_players_sign_drills_alone_and_people_sign_with_their_password(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    real = opened(sqlite, clock, house)
    played = opened(sqlite, clock, house, replace(TEXTS, is_drill=True, root_lot_keys=(house.glue.lot_key,)))
    for recall in (real, played):
        with sqlite.write() as session:
            assess_recall(session, house.writer, clock, AssessRecall(recall.id))
    for recall, who, password, code in (
            (real, player("quality"), "", "forbidden"), (played, house.writer, "guess", "signature-refused"),
            (real, replace(house.writer, source="drill"), "", "signature-refused")):
        with pytest.raises(Forbidden) as refused, sqlite.write() as session:
            sign_evaluation(session, who, clock, SignEvaluation(recall.id, QUALITY, password))
        assert refused.value.code == code
    assert PASSWORD != "guess"


def test_the_link_of_a_drill_shows_that_it_is_one(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "answer")
    with sqlite.read() as session:
        recall = session.get_one(Recall, session.get_one(Drill, drill_id).recall_id)
        found = notice_of_token(session, token_of(sqlite, recall, house.maker.clinic.id))
    assert found.reference.startswith("DR-") and found.title["en"].startswith("DRILL: ")


def test_the_command_plays_a_drill_and_says_by_its_exit_whether_all_was_found(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    house = make_house(sqlite, clock)
    monkeypatch.setattr("traceapp.cli.settings.world", lambda: SimpleNamespace(
        database=sqlite, clock=clock, vault=VAULT))
    assert main(["recall", "drill", "--lot", house.first.uri, "--direction", "backward", "--seed", "3"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["lot"]["number"], said["seed"], said["is_placed"], said["truth"]["recall"]) == ("P-1", 3, True, "1")
    assert [one["step"] for one in said["steps"]][-1] == "report"
    assert main(["recall", "drill", "--lot", "urn:nobody:1"]) == 1
    assert main(["recall", "drill", "--lot", "http://[bad"]) == 2
    with sqlite.write() as session:
        session.execute(delete(LotEdge).where(LotEdge.lot_key == house.bulk.lot_key))
    assert main(["recall", "drill", "--lot", "A-1"]) == 1


def test_a_drill_whose_process_is_killed_is_taken_up_by_the_next_one(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "approve")
    child = os.fork()
    if child == 0:
        own = Database(str(sqlite.url), is_durable=False)
        drilling.play = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        run_drill(own, clock, VAULT, drill_id)
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with sqlite.read() as session:
        assert session.get_one(Drill, drill_id).state == DrillState.running
        assert next_step(session, session.get_one(Drill, drill_id)) == "approve"
    clock.move_to(clock.now() + drilling.LEASE)
    assert run_drill(sqlite, clock, VAULT) == drill_id
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        assert (drill.state, drill.report["is_placed"]) == (DrillState.done, True)


def test_a_drill_that_was_cut_off_three_times_in_one_step_ends_and_says_so(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = begun(sqlite, clock, house, "approve")
    for _ in range(3):
        with sqlite.write() as session:
            assert claim_drill(session, clock) is not None
        clock.move_to(clock.now() + drilling.LEASE)
    assert run_drill(sqlite, clock, VAULT) == drill_id
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        assert (drill.state, drill.failure) == (DrillState.failed, drilling.CUT_OFF) and drill.ended_at is not None
        assert [task.kind for task in open_tasks(session, ("quality",))] == ["drill.look"]


def test_a_family_shares_a_plan_that_takes_what_was_not_drilled_for_longest(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    plaster, other = house.maker.plaster.id, "other"
    with sqlite.write() as session:
        session.add(Product(id=other, code="MASK", kind="device", name_zh="面膜", name_en="Mask", unit="EA",
                            identity_uri="urn:traceapp:class:MASK", created_at=clock.now()))
        session.flush()
        set_drill_plan(session, house.writer, clock, SetDrillPlan(plaster, 6, (other,)))
        session.add(DrillProduct(product_id=plaster, drill_id="earlier", ended_at=clock.now()))
    with sqlite.write() as session:
        assert products_of(session, plaster) == [other, plaster]
        assert ask_planned_drills(session, clock) == 1
        assert [one.product_id for one in session.scalars(select(Drill))] == [plaster]  # nothing of the other was made
        assert plan_of(session, other) is plan_of(session, plaster)
    for command in (SetDrillPlan(other, 3), SetDrillPlan(other, 3, (plaster,))):
        with pytest.raises(Conflict) as refused, sqlite.write() as session:
            set_drill_plan(session, house.writer, clock, command)
        assert refused.value.code == "planned-elsewhere"
    with sqlite.write() as session:
        set_drill_plan(session, house.writer, clock, SetDrillPlan(plaster, 6))
        assert products_of(session, plaster) == [plaster]
        set_drill_plan(session, house.writer, clock, SetDrillPlan(other, 3))
