"""The pages of drills and their interface: asked for, read, taken up, planned; and that a drill counts nowhere else."""
from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from tests.factories_cases import world_of
from tests.factories_drill import begun
from tests.factories_recall import TEXTS, House, make_house
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.capa.model import Capa
from traceapp.catalog.model import PartyContact
from traceapp.core.quantity import Quantity
from traceapp.jobs.drill_sweep import run_drills
from traceapp.recall.drill_model import Drill, DrillPlan
from traceapp.recall.drilling import AskDrill, ask_drill
from traceapp.recall.model import Recall
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.shipping import ReturnUnits, return_units
from traceapp.worklist.tasks import open_tasks


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        session.execute(update(PartyContact).where(PartyContact.party_id == made.maker.hospital.id).values(email=""))
    return made


def played(console: Console) -> Drill:
    run_drills(world_of(console))
    with console.database.read() as session:
        return session.scalars(select(Drill).order_by(Drill.asked_at.desc(), Drill.id.desc()).limit(1)).one()


def test_a_drill_is_asked_for_played_by_the_scheduler_read_and_its_gap_taken_up(console: Console, house: House) -> None:
    browser = console.browser("quality", "zh")
    answer = browser.post("/console/drills", {"direction": "backward", "seed": "3"})
    assert answer.status_code == 303
    assert "等待开始" in browser.get(answer.location).text
    drill = played(console)
    browser.language = "en"
    report = browser.get(f"/console/drills/{drill.id}").text
    for said in ("Drill: not a recall", "BRCGS", "kept", "Precision 1, recall 1", "A-1", "has no address for recalls"):
        assert said in report, said
    assert f"/console/drills/{drill.id}" in browser.get("/console/today").text
    assert browser.post(f"/console/drills/{drill.id}/look", {}).status_code == 303
    first = browser.post(f"/console/drills/{drill.id}/gaps/0/capa", {})
    assert first.status_code == 303 and "/console/capa/" in first.location
    assert browser.post(f"/console/drills/{drill.id}/gaps/0/capa", {}).location == first.location
    assert browser.post(f"/console/drills/{drill.id}/gaps/9/capa", {}).status_code == 404
    with console.database.read() as session:
        capa = session.scalars(select(Capa)).one()
        assert capa.origin == f"recall:{drill.recall_id}" and capa.problem.count("Hospital Two") == 1
        assert f"drill:{drill.id}" not in {task.about for task in open_tasks(session, ("quality",))}
        case = session.get_one(Recall, drill.recall_id)
    assert case.reference not in browser.get("/console/recalls").text
    page = browser.get(f"/console/recalls/{case.id}").text
    assert "Drill: not a recall" in page and f"/console/recalls/{case.id}/notice" not in page


def test_the_report_names_what_moved_since_the_scope_was_frozen(console: Console, house: House) -> None:
    drill_id = begun(console.database, console.clock, house, "answer", world_of(console).vault)
    console.clock.move_to(console.clock.now() + timedelta(minutes=1))
    with console.database.write() as session:
        return_units(session, house.writer, console.clock, ReturnUnits(
            house.second.lot_key, house.maker.clinic.id, Decimal(30), console.clock.now()))
    played(console)
    browser = console.browser("quality")
    page = browser.get(f"/console/drills/{drill_id}?lang=en").text
    assert "Moved since the scope was frozen" in page and "Batch P-2: 30 pcs came back." in page
    assert "批次 P-2：退回 30 " in browser.get(f"/console/drills/{drill_id}?lang=zh").text
    assert browser.get(f"/console/drills/{drill_id}/report.pdf").status_code == 200
    said = json.loads(browser.get(f"/console/drills/{drill_id}/report.json").text)["report"]
    assert [(row["kind"], row["amount"]) for row in said["moved"]] == [("returned", "30")]


def test_a_drill_that_crashed_says_so_in_words_and_is_run_again(
        console: Console, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality", "again")

    def broken(*_: object) -> int:
        raise KeyError("lot_9")

    with console.database.write() as session:
        drill_ids = [ask_drill(session, house.writer, console.clock, AskDrill("forward", 9)).id for _ in range(2)]
    with monkeypatch.context() as patched:
        patched.setattr("traceapp.recall.drilling.play", broken)
        played(console)
    browser = console.browser("quality")
    for language, said in (("zh", "请重新运行"), ("en", "Run the drill again")):
        page = browser.get(f"/console/drills/{drill_ids[0]}?lang={language}").text
        assert said in page and drill_ids[0] in page and "KeyError" not in page
    told = api.get(f"/drills/{drill_ids[1]}")
    assert (told["state"], told["failed_step"]) == ("failed", "trace") and drill_ids[1] in told["failure"]
    assert browser.post(f"/console/drills/{drill_ids[0]}/again", {}).status_code == 303
    assert browser.post(f"/console/drills/{drill_ids[0]}/again", {}).status_code == 409
    assert api.post(f"/drills/{drill_ids[1]}/again", {}, status=200)["state"] == "waiting"
    played(console)
    assert {api.get(f"/drills/{one}")["state"] for one in drill_ids} == {"done"}
    assert api.get(f"/drills/{drill_ids[0]}")["failure"] == ""


def test_a_drill_of_a_batch_that_nobody_has_says_so_in_its_ledger_and_its_figures(console: Console, house: House) -> None:
    with console.database.write() as session:
        lot = receive_lot(session, house.writer, console.clock, ReceiveLot(
            house.maker.glue.id, "A-77", house.maker.supplier.id, "S-77", Quantity(Decimal(3), "KGM"), console.clock.now()))
        drill_id = ask_drill(session, house.writer, console.clock, AskDrill("forward", 4, lot.lot_key)).id
    played(console)
    with console.database.read() as session:
        case = f"/console/recalls/{session.get_one(Drill, drill_id).recall_id}"
    browser = console.browser("quality")
    assert "Nothing was shipped" in browser.get(f"{case}?part=ledger&lang=en").text
    assert "fits this choice" in browser.get(f"{case}?part=ledger&text=nobody&lang=en").text
    status = browser.get(f"{case}/status?lang=en").text
    assert "there is nobody to tell" in status and "nobody was told yet" not in status


def test_every_file_of_a_drill_says_that_it_is_one(console: Console, house: House) -> None:
    browser = console.browser("quality")
    browser.post("/console/drills", {"direction": "forward", "seed": "1"})
    drill = played(console)
    said = browser.get(f"/console/drills/{drill.id}/report.json")
    body = json.loads(said.data)
    assert body["is_drill"] is True and body["report"]["truth"]["recall"] == "1" and body["steps"][-1]["step"] == "report"
    for form, start in (("pdf", b"%PDF"), ("docx", b"PK")):
        file = browser.get(f"/console/drills/{drill.id}/report.{form}")
        assert file.data.startswith(start) and "drill-" in file.headers["Content-Disposition"]
    assert browser.get(f"/console/drills/{drill.id}/report.xml").status_code == 422


def test_people_play_a_drill_themselves_and_find_it_among_drills_alone(console: Console, house: House) -> None:
    browser = console.browser("quality")
    texts = {name: getattr(TEXTS, name) for name in ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh",
                                                     "action_en", "contact", "recall_class")}
    opened = browser.submit(f"/console/recalls/new?root={house.glue.lot_key}", texts | {"is_drill": "1"},
                            query_string={"root": house.glue.lot_key})
    assert opened.status_code == 303
    with console.database.read() as session:
        case = session.get_one(Recall, opened.location.split("/recalls/")[1].partition("?")[0])
    assert case.is_drill and case.reference.startswith("DR-") and case.title_en.startswith("DRILL: ")
    assert case.reference in browser.get("/console/drills").text
    assert case.reference not in browser.get("/console/recalls").text


def test_the_working_hours_are_read_and_set_and_a_plan_names_its_family(console: Console, house: House) -> None:
    browser, api = console.browser("quality"), ApiClient(console.app, console.database, console.clock, "quality", "hours")
    assert "Monday" in browser.get("/console/drills").text and "09:00 to 18:00 (Asia/Shanghai)" in browser.get(
        "/console/drills/hours").text
    form = {"zone": "Europe/Berlin", "weekdays": ["0", "5"], "opens": "07:30", "closes": "15:00", "reason": "We moved.",
            "calendar": ""}
    assert browser.submit("/console/drills/hours", form).status_code == 303
    page = browser.get("/console/drills/hours").text
    assert "We moved." in page and "07:30 to 15:00 (Europe/Berlin)" in page
    assert browser.submit("/console/drills/hours", form | {"closes": "07:00"}).status_code == 422
    assert api.get("/drill-hours") == {"zone": "Europe/Berlin", "weekdays": [0, 5], "opens": "07:30",
                                       "closes": "15:00", "calendar": "", "version": 1}
    assert "public holidays not known" in page
    said = api.post("/drill-hours", {"zone": "Europe/Berlin", "weekdays": [0, 5], "opens": "07:30", "closes": "15:00",
                                     "calendar": "GB", "reason": "Like London.", "version": 1})
    assert (said["calendar"], said["version"]) == ("GB", 2)
    assert "public holidays of United Kingdom" in browser.get("/console/drills").text
    with console.database.write() as session:
        drill_id = ask_drill(session, house.writer, console.clock, AskDrill(
            "forward", 3, due_at=console.clock.now() + timedelta(days=400), is_planned=True, is_provisional=True)).id
    assert "provisional moment" in browser.get("/console/drills?lang=en").text
    assert "the holidays of that year are not known yet" in browser.get(f"/console/drills/{drill_id}?lang=en").text
    with console.database.write() as session:
        session.delete(session.get_one(Drill, drill_id))
    plan = browser.post(f"/console/drills/plans/{house.maker.plaster.id}", {
        "every_months": "6", "also": [house.maker.glue.id]})
    assert plan.status_code == 404  # a material is no product of a family
    assert "Together with" in browser.get(f"/console/drills?plan={house.maker.plaster.id}").text


def test_a_plan_asks_for_one_drill_each_way_and_one_of_them_at_night(console: Console, house: House) -> None:
    browser = console.browser("quality")
    product = house.maker.plaster.id
    assert browser.post(f"/console/drills/plans/{product}", {"every_months": "12"}).status_code == 303
    assert "Every 12 months" in browser.get("/console/drills").text
    run_drills(world_of(console))
    run_drills(world_of(console))
    with console.database.read() as session:
        drills = session.scalars(select(Drill).where(Drill.is_planned).order_by(Drill.direction)).all()
        plan = session.get_one(DrillPlan, product)
    assert [one.direction for one in drills] == ["backward", "forward"]
    assert sorted(one.out_of_hours for one in drills) == [False, True] and all(one.is_planned for one in drills)
    assert plan.next_at.year == console.clock.now().year + 1
    console.clock.move_to(max(one.due_at for one in drills))
    run_drills(world_of(console))
    with console.database.read() as session:
        assert {session.get_one(Drill, one.id).state for one in drills} == {"done"}
    assert console.browser("quality_manager").post(
        f"/console/drills/plans/{product}", {"every_months": "0"}).status_code == 303
    with console.database.read() as session:
        assert session.get(DrillPlan, product) is None


def test_a_product_without_a_drill_for_a_year_is_a_task_until_it_had_one(console: Console, house: House) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality", "machine")
    console.clock.move_to(console.clock.now() + timedelta(days=400))
    run_drills(world_of(console))
    with console.database.read() as session:
        task, = [one for one in open_tasks(session, ("quality",)) if one.kind == "drill.overdue"]
    assert task.params == {"count": 1}
    row, = api.get("/drill-plans")
    assert row["is_overdue"] and (row["drills"], row["every_months"]) == (0, 0)
    api.post("/drills", {"direction": "forward", "lot_key": house.glue.lot_key})
    run_drills(world_of(console))
    console.clock.move_to(console.clock.now() + timedelta(days=1))
    run_drills(world_of(console))
    row, = api.get("/drill-plans")
    assert not row["is_overdue"] and row["drills"] == 1
    with console.database.read() as session:
        assert "drill.overdue" not in {one.kind for one in open_tasks(session, ("quality",))}
