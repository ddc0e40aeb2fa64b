"""History out of tables: lots, batches, reports and despatches of years ago, as if recorded then by the use cases."""
from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories_imports import Office, counts, make_office, table
from tests.factories_trace import make_maker
from traceapp.audit.model import AuditEntry
from traceapp.audit.verify import verify
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.models import metadata
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.identity import lot_key
from traceapp.trace.model import (
    Event,
    HoldKind,
    Inspection,
    ItemPosition,
    Lot,
    LotEdge,
    Production,
    Shipment,
    TestResult,
)
from traceapp.trace.rebuilding import rebuild

LOTS = ("产品编码,批号,数量,单位,收货日期,供应商,供应商批号,生产日期,有效期至,放行状态,放行日期",
        "GLUE,G1,50000,克,2024-03-01,SUP,A-1,2024-02-20,2026-02-19,合格,2024-03-02",
        "FILM,F1,1000,米,2024-03-01 08:30,SUP,A-2,,,合格,2024-03-02")
ORDERS = ("工单号,产品编码,批号,产量,生产日期,设备,放行状态,投入物料编码,投入批号,用量",
          "W1,BULK,B1,100,2024-03-05,COATER-2,放行,GLUE,G1,5", "W1,BULK,B1,100,2024-03-05,COATER-2,放行,FILM,F1,100",
          "W2,PLASTER,P1,1000,2024-03-06,,合格,BULK,B1,60", "W3,PLASTER,P2,500,2024-03-07,,,BULK,B1,40")
REPORTS = ("批号,报告编号,检验日期,检验项目,检验值,单位,下限,上限,结论",
           "P1,R1,2024-03-08,剥离强度,1.2,N,1.0,2.0,合格", "P1,R1,2024-03-08,外观,,,,,合格",
           "P2,R2,2024-03-08,剥离强度,0.4,N,1.0,2.0,不合格")
DESPATCHES = ("出库单号,客户编码,发货日期,产品编码,批号,数量,包装", "D1,CLINIC,2024-04-01,PLASTER,P1,2,箱",
              "D1,CLINIC,2024-04-01,PLASTER,P1,50,", "D2,HOSPITAL,2024-04-02,PLASTER,P1,1,16901234500018")


@pytest.fixture
def office(database: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return filled(make_office(database, clock, actor, tmp_path))


@pytest.fixture
def sqlite_office(sqlite: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return filled(make_office(sqlite, clock, actor, tmp_path))


def filled(office: Office) -> Office:
    with office.world.database.write() as session:
        make_maker(session, office.actor, office.world.clock)
    return office


def lot(office: Office, number: str) -> Lot:
    with office.world.database.read() as session:
        return session.scalars(select(Lot).where(Lot.number == number)).one()


def all_of_it(office: Office) -> list[tuple[int, int, int, int]]:
    return [counts(office.take(kind, table(*rows))) for kind, rows in (
        ("lot", LOTS), ("production", ORDERS), ("inspection", REPORTS), ("shipment", DESPATCHES))]


def test_two_years_of_history_come_in_and_a_second_time_change_nothing(office: Office) -> None:
    assert all_of_it(office) == [(2, 0, 0, 0), (4, 0, 0, 0), (3, 0, 0, 0), (3, 0, 0, 0)]
    glue, batch = lot(office, "G1"), lot(office, "P1")
    assert (glue.made, glue.consumed, glue.stock, glue.unit) == (Decimal(50), Decimal(5), Decimal(45), "KGM")
    assert (glue.started_at, glue.expires_on) == (datetime(2024, 2, 29, 16, tzinfo=UTC), date(2026, 2, 19))
    assert glue.released_at == datetime(2024, 3, 1, 16, tzinfo=UTC)
    assert (batch.made, batch.shipped) == (Decimal(1000), Decimal(650))
    assert all_of_it(office) == [(0, 2, 0, 0), (0, 4, 0, 0), (0, 3, 0, 0), (0, 3, 0, 0)]
    with office.world.database.read() as session:
        found = trace_lot(session, glue.lot_key, "downstream")
        assert {node.number for node in found.nodes} == {"G1", "B1", "P1", "P2"}
        assert session.scalar(select(Production.equipment).where(Production.work_order == "W1")) == "COATER-2"
        assert session.scalars(select(Inspection.verdict).order_by(Inspection.report_number)).all() == [
            "conforming", "non_conforming"]
        assert session.scalar(select(func.count()).select_from(Shipment)) == 2
        assert session.scalar(select(TestResult.text).where(TestResult.name_zh == "外观")) == "合格 · Pass"


def test_the_look_knows_what_earlier_rows_of_the_file_did_to_the_lots(
        sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row is a part of its own here, so that what it needs was undone before it is looked at."""
    monkeypatch.setattr("traceapp.importing.work._BATCH_ROWS", 1)
    office = sqlite_office
    office.take("lot", table(*LOTS))
    job = office.check(office.begin("production", table(*ORDERS, "W4,PLASTER,P3,10,2024-03-08,,,BULK,B1,1")))
    assert office.wrong(job) == [(6, "input_lot", "not-enough")]
    assert counts(job) == (4, 0, 0, 1)
    with office.world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == 2
    assert counts(office.run(job, skips_faulty=True)) == (4, 0, 0, 1)


@pytest.mark.parametrize(("kind", "rows", "wrong"), [
    ("lot", (LOTS[0], "GLUE,G1,40000,克,2024-03-01,SUP,A-1,,,,"), (2, "quantity", "differs")),
    ("lot", (LOTS[0], "GLUE,G9,1,米,2024-03-01,SUP,A-1,,,,"), (2, "quantity", "unit-mismatch")),
    ("lot", (LOTS[0], "GLUE,G9,1,克,2034-03-01,SUP,A-1,,,,"), (2, "at", "in-the-future")),
    ("lot", (LOTS[0], "GLUE,G9,1,克,2024-03-01,WHO,A-1,,,,"), (2, "supplier", "unknown-party")),
    ("lot", (LOTS[0], "GLUE,G9,1,克,2024-03-01,SUP,A-1,,2024-03-05,合格,2024-03-09"), (2, "state", "lot-expired")),
    ("production", (ORDERS[0], "W1,BULK,B1,100,2024-03-05,COATER-2,,GLUE,G1,4"), (2, "input_lot", "differs")),
    ("production", (ORDERS[0], "W9,BULK,B9,1,2024-03-05,,,GLUE,G1,1", "W9,BULK,B9,2,2024-03-05,,,FILM,F1,1"),
     (3, "quantity", "rows-differ")),
    ("production", (ORDERS[0], "W9,BULK,B9,1,2024-03-05,,,GLUE,G1,1", "W9,BULK,B9,1,2024-03-05,,,FILM,G7,1"),
     (3, "input_lot", "unknown-lot")),
    ("production", (ORDERS[0], "W9,BULK,B9,1,2024-03-05,,,PLASTER,P2,1"), (2, "input_lot", "lot-not-released")),
    ("inspection", (REPORTS[0], "P1,R1,2024-03-08,剥离强度,1.3,N,1.0,2.0,"), (2, "value", "differs")),
    ("inspection", (REPORTS[0], "P1,R7,2024-03-08,水分,1.3,,,,"), (2, "value", "no-limits")),
    ("inspection", (REPORTS[0], "P1,R7,2024-03-08,水分,1.3,,1,2,", "P1,R7,2024-03-08,水分,1.3,,1,2,不合格"),
     (3, "result", "verdict-differs")),
    ("shipment", (DESPATCHES[0], "D1,CLINIC,2024-04-01,PLASTER,P1,3,箱"), (2, "quantity", "differs")),
    ("shipment", (DESPATCHES[0], "D9,CLINIC,2024-04-01,PLASTER,P1,1,", "D9,CLINIC,2024-04-01,PLASTER,P1,900,"),
     (3, "lot", "not-enough")),
    ("shipment", (DESPATCHES[0], "D9,CLINIC,2024-04-01,PLASTER,P1,1,桶"), (2, "pack", "unknown-pack")),
])
def test_what_does_not_fit_is_told_by_its_cell(sqlite_office: Office, history: None, kind: str, rows: tuple[str, ...],
                                               wrong: tuple[int, str, str]) -> None:
    job = sqlite_office.check(sqlite_office.begin(kind, table(*rows)))
    assert sqlite_office.wrong(job) == [wrong]
    assert job.refused == len(rows) - 1


@pytest.fixture
def history(sqlite_office: Office) -> None:
    all_of_it(sqlite_office)


def test_what_had_left_before_its_batch_was_stopped_comes_in_with_a_reason(sqlite_office: Office,
                                                                          history: None) -> None:
    office, key = sqlite_office, lot(sqlite_office, "P1").lot_key
    with office.world.database.write() as session:
        place_hold(session, office.actor, office.world.clock, PlaceHold((key,), HoldKind.manual, MANUAL, "looked at"))
    head = f"{DESPATCHES[0]},补记原因"
    job = office.check(office.begin("shipment", table(head, "D9,CLINIC,2024-04-03,PLASTER,P1,1,,")))
    assert office.wrong(job) == [(2, "lot", "lot-on-hold")]
    job = office.check(office.begin("shipment", table(head, "D9,CLINIC,2026-11-22 16:00,PLASTER,P1,1,,迟到")))
    assert office.wrong(job) == [(2, "shipped_at", "not-before-stop")]
    assert counts(office.take("shipment", table(head, "D9,CLINIC,2024-04-03,PLASTER,P1,1,,迟到"))) == (1, 0, 0, 0)
    with office.world.database.read() as session:
        assert session.scalar(select(Shipment.late_reason).where(Shipment.document_number == "D9")) == "迟到"


def test_a_batch_whose_materials_nobody_told_is_entered_and_derived_again(office: Office) -> None:
    content = table("product,lot,qty,date,status,released on", "PLASTER,OLD-1,500,2023-01-05 10:00,released,2023-01-09",
                    "PLASTER,OLD-2,500,2023-01-05 10:00,,")
    assert counts(office.take("lot", content)) == (2, 0, 0, 0)
    office.take("shipment", table(*DESPATCHES[:1], "D1,CLINIC,2023-02-01,PLASTER,OLD-1,20,"))
    later = table("product,lot,qty,date,status", "PLASTER,OLD-2,500,2023-01-05 10:00,released")
    assert counts(office.take("lot", later)) == (0, 0, 1, 0)
    before = state_of(office)
    with office.world.database.write() as session:
        rebuild(session)
    assert state_of(office) == before
    old = lot(office, "OLD-1")
    assert (old.made_on, old.expires_on, old.release_state, old.shipped) == (
        date(2023, 1, 5), date(2025, 1, 4), "released", Decimal(20))
    assert old.supplier_id is None


def state_of(office: Office) -> list[tuple[object, ...]]:
    with office.world.database.read() as session:
        rows = [tuple(row) for row in session.execute(select(
            Lot.lot_key, Lot.made, Lot.shipped, Lot.release_state, Lot.released_at, Lot.made_on, Lot.expires_on))]
        rows += [tuple(row) for row in session.execute(select(ItemPosition.lot_key, ItemPosition.place,
                                                              ItemPosition.quantity))]
        rows += [tuple(row) for row in session.execute(select(Production.lot_key, Production.made_at))]
        rows += [tuple(row) for row in session.execute(select(LotEdge.lot_key, LotEdge.other_key))]
    return sorted(rows, key=str)


def test_the_event_has_the_time_of_the_act_and_the_trail_that_of_the_import(
        sqlite_office: Office, clock: FixedClock) -> None:
    sqlite_office.take("lot", table(*LOTS[:2]))
    with sqlite_office.world.database.read() as session:
        events = session.execute(select(Event.biz_step, Event.event_time, Event.recorded_at).order_by(Event.id)).all()
    assert [(row.biz_step, row.event_time) for row in events] == [
        ("receiving", datetime(2024, 2, 29, 16, tzinfo=UTC)), ("storing", datetime(2024, 3, 1, 16, tzinfo=UTC))]
    assert {row.recorded_at for row in events} == {clock.now()}


def test_a_lot_is_found_by_its_number_alone_unless_several_have_it(sqlite_office: Office, history: None) -> None:
    sqlite_office.take("lot", table(LOTS[0], "FILM,P1,10,米,2024-03-01,SUP,A-9,,,,"))
    job = sqlite_office.check(sqlite_office.begin("inspection", table(
        REPORTS[0], "P1,R8,2024-03-08,厚度,1.3,,1,2,", "P2,R9,2024-03-08,厚度,1.3,,1,2,")))
    assert sqlite_office.wrong(job) == [(2, "lot", "ambiguous-lot")]


def test_a_lot_number_without_its_product_may_come_from_this_very_file(
        sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.importing.work._BATCH_ROWS", 1)
    sqlite_office.take("lot", table(*LOTS))
    rows = [line.replace(",BULK,B1,", ",,B1,") if line.startswith(("W2", "W3")) else line for line in ORDERS]
    assert counts(sqlite_office.check(sqlite_office.begin("production", table(*rows)))) == (4, 0, 0, 0)


def rows_of_all_tables(office: Office) -> dict[str, int]:
    with office.world.database.read() as session:
        return {name: session.scalar(select(func.count()).select_from(found)) or 0
                for name, found in metadata.tables.items() if not name.startswith("import_")}


def test_a_look_leaves_no_trace_in_any_table(office: Office) -> None:
    """But for the audit of the look itself: its table was uploaded, and somebody asked for the look."""
    before = rows_of_all_tables(office)
    for kind, rows in (("lot", LOTS), ("product", ("code,kind,name,unit", "NEW,material,New,EA")),
                       ("site", ("code,partner,name", "S9,OWN,Nine"))):
        assert office.check(office.begin(kind, table(*rows))).stored
    after = rows_of_all_tables(office)
    assert after.pop("audit_entry") == before.pop("audit_entry") + 6
    assert after.pop("audit_head") == before.pop("audit_head") + 3
    assert after == before


def test_an_act_that_fails_at_its_end_leaves_nothing_of_its_beginning(office: Office) -> None:
    """The lot comes in, but its release is refused: nothing of the row stays, and those beside it do."""
    content = table(LOTS[0], "GLUE,G1,5,克,2024-03-01,SUP,A-1,,2024-03-05,合格,2024-03-09",
                    "GLUE,G2,5,克,2024-03-01,SUP,A-1,,2026-03-05,合格,2024-03-09")
    assert counts(office.take("lot", content, skips_faulty=True)) == (1, 0, 0, 1)
    with office.world.database.snapshot() as session:
        assert session.scalars(select(Lot.number)).all() == ["G2"]
        assert session.scalar(select(func.count()).select_from(Event)) == 2
        assert sorted(session.scalars(select(AuditEntry.action).where(AuditEntry.stream.like("lot:%")))) == [
            "lot.received", "lot.released"]
        assert verify(session).broken is None


def test_keys_follow_from_product_and_number(sqlite_office: Office) -> None:
    sqlite_office.take("lot", table(*LOTS[:2]))
    assert lot(sqlite_office, "G1").lot_key == lot_key("urn:traceapp:class:GLUE", "G1")
