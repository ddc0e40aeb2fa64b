"""An alarm opens a case, joins the one about the same lots, or says nothing new."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from tests.statements import sent
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.surveillance import watch_queries
from traceapp.surveillance.alarm import Alarm, NodeKind, SeverityGroup
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.cases import is_told_already, open_or_join
from traceapp.surveillance.deciding import Decide, decide_signal
from traceapp.surveillance.judging import Judgement, Standing
from traceapp.surveillance.membership import Node
from traceapp.surveillance.model import Signal, SignalLot, SignalNode
from traceapp.surveillance.naming import named_at, watch_key
from traceapp.surveillance.watch_model import WatchNode
from traceapp.worklist.model import Task


def an_alarm(name: str, lots: Iterable[str], observed: int, llr: float, kind: NodeKind = NodeKind.lot,
             **changes: Any) -> Alarm:
    """An alarm of the node called `name`; lots are named by numbers."""
    values: dict[str, Any] = {
        "kind": kind, "node_key": name_key(name), "name": name, "group": SeverityGroup.harm, "method": "maxsprt",
        "product_id": "p1", "lot_keys": tuple(name_key(lot) for lot in lots), "since": date(2026, 3, 9),
        "observed": observed, "expected": 3.1, "llr": llr, "critical": 3.5, "evidence": {"reports": observed}}
    return Alarm(**(values | changes))


def raised(database: Database, clock: FixedClock, *alarms: Alarm) -> list[Signal | None]:
    """What each alarm opened or joined."""
    found = []
    for alarm in alarms:
        with database.write() as session:
            found.append(open_or_join(session, clock, alarm))
    return found


def lots_of(database: Database, signal: Signal, *, is_standing: bool = True) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(SignalLot.lot_key).where(
            SignalLot.signal_id == signal.id, SignalLot.is_standing.is_(is_standing))))


def decided(database: Database, clock: FixedClock, actor: Actor, signal: Signal, action: str, **more: Any) -> Signal:
    with database.write() as session:
        return decide_signal(session, actor, clock, Decide(signal.lot_key, signal.id, action, "a reason", **more))


GLUE = an_alarm("A-2231", ("L1", "L2", "L3"), 14, 9.0, NodeKind.upstream)


def test_one_bad_raw_lot_makes_one_case_however_many_nodes_it_raises(database: Database, clock: FixedClock) -> None:
    first, *others = raised(database, clock, an_alarm("L1", ["L1"], 5, 4.0), GLUE, an_alarm("L2", ["L2"], 6, 4.5),
                            an_alarm("line 3, 2026 Q1", ("L1", "L2", "L8"), 13, 6.0, NodeKind.line))
    assert first is not None
    assert [one.id if one else None for one in others] == [first.id] * 3
    with database.read() as session:
        case = session.scalars(select(Signal)).one()
        assert (case.kind, case.name, case.observed, case.llr) == ("upstream", "A-2231", 14, 9.0)
        assert [(one.name, one.evidence) for one in alarms_of_case(session, case)] == [
            ("L1", {"reports": 5}), ("A-2231", {"reports": 14}), ("L2", {"reports": 6}),
            ("line 3, 2026 Q1", {"reports": 13})]
        assert session.scalars(select(Task.kind)).all() == ["signal.review"]
        assert [action for action in session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq))
                if action.startswith("signal")] == [
            "signal.opened", *["signal.alarm_joined"] * 3]
    assert lots_of(database, case) == set(GLUE.lot_keys)


@pytest.mark.parametrize("supplier_first", [True, False])
def test_of_nodes_that_explain_as_much_the_most_specific_names_the_case(sqlite: Database, clock: FixedClock,
                                                                      supplier_first: bool) -> None:
    supplier = an_alarm("Glue & Co · 2026Q1", GLUE.lot_keys, 14, 9.1, NodeKind.supplier, lot_keys=GLUE.lot_keys)
    wider = an_alarm("store", ("L1", "L2", "L3", "L9"), 15, 9.6, NodeKind.site)
    raised(sqlite, clock, *((supplier, GLUE) if supplier_first else (GLUE, supplier)), wider)
    with sqlite.read() as session:
        assert session.scalars(select(Signal.name)).one() == "A-2231"
    raised(sqlite, clock, an_alarm("clinic", ("L1", "L2", "L9"), 15, 9.2, NodeKind.consignee))
    with sqlite.read() as session:
        assert session.scalars(select(Signal.name)).one() == "clinic"
    raised(sqlite, clock, an_alarm("shed", ("L1", "L2", "L3", "L9"), 30, 14.0, NodeKind.site))
    with sqlite.read() as session:
        assert session.scalars(select(Signal.name)).one() == "shed"


def test_a_node_that_grows_with_the_one_that_names_the_case_does_not_take_its_name(sqlite: Database,
                                                                                  clock: FixedClock) -> None:
    (case,) = raised(sqlite, clock, GLUE)
    assert case is not None
    key, on = Node(NodeKind.upstream, GLUE.node_key, "").key, clock.now().date()
    with sqlite.write() as session:
        session.add(WatchNode(
            node_key=key, severity_group="harm", test_key=f"{key}:harm", kind="upstream", subject=GLUE.node_key,
            name="A-2231", begun_on=on, lots=3, observed=30, alpha=0.01, minimum_events=3, first_plan=4.0, planned=8.0,
            critical=3.5, expected=[4.0], projected_on=on))
        assert [test.name for test in watch_queries.tests_of(session, watch_key(GLUE.kind, GLUE.node_key))] == ["A-2231"]
    supplier = an_alarm("Glue & Co", (), 30, 34.0, NodeKind.supplier, lot_keys=GLUE.lot_keys)
    raised(sqlite, clock, supplier)
    with sqlite.write() as session:
        renamed = session.scalars(select(Signal)).one()
        assert (renamed.name, named_at(session, renamed)) == ("A-2231", renamed.opened_at)
        node = (str(supplier.kind), supplier.node_key, "harm")
        assert is_told_already(session, node, Judgement(Standing.alarm, 31, 4.0, 34.2), on)
        assert not is_told_already(session, node, Judgement(Standing.alarm, 32, 4.0, 50.0), on)


def test_what_a_standing_case_knows_already_is_noted_without_making_an_alarm(database: Database, clock: FixedClock,
                                                                             actor: Actor) -> None:
    (case,) = raised(database, clock, GLUE)
    assert case is not None
    node = (str(GLUE.kind), GLUE.node_key, str(GLUE.group))

    def told(observed: int, llr: float = 9.5) -> bool:
        with database.write() as session:
            return is_told_already(session, node, Judgement(Standing.alarm, observed, 3.1, llr), clock.now().date())

    with sent(database) as seen:
        assert told(14) and told(20)
    assert len([one for one in seen if not one.startswith("BEGIN")]) == 2  # every complaint about such a node asks
    with database.read() as session:
        assert session.scalars(select(SignalNode.observed)).one() == 20
    assert not told(21)  # half as many again as when it was recorded
    decided(database, clock, actor, case, "refute")
    assert not told(14)


def test_cases_that_nobody_touched_become_one_when_a_stronger_alarm_explains_them(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second, worked = raised(database, clock, *(an_alarm(name, [name], 5, 4.0) for name in ("L1", "L2", "L3")))
    other, = raised(database, clock, an_alarm("L4", ["L4", "L3"], 5, 4.0, NodeKind.load))
    assert first is not None and second is not None and worked is not None and other is not None
    assert other.id == worked.id
    decided(database, clock, actor, worked, "validate")
    joined, = raised(database, clock, GLUE)
    assert joined is not None
    assert joined.id == worked.id
    with database.read() as session:
        states = {case.name: (case.state, case.merged_into_id) for case in session.scalars(select(Signal))}
        assert states == {"A-2231": ("validated", None), "L1": ("merged", worked.id), "L2": ("merged", worked.id)}
        assert {one.name for one in alarms_of_case(session, session.get_one(Signal, (worked.lot_key, worked.id)))} == {
            "L1", "L2", "L3", "L4", "A-2231"}
        assert set(session.scalars(select(Task.about).where(Task.state == "open"))) == {f"signal:{worked.id}"}


def test_two_cases_that_people_work_on_are_left_to_them(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    worked = [one for one in raised(sqlite, clock, *(an_alarm(name, [name], 5, 4.0) for name in ("L1", "L2"))) if one]
    for one in worked:
        decided(sqlite, clock, actor, one, "validate")
    raised(sqlite, clock, GLUE)
    with sqlite.read() as session:
        assert set(session.scalars(select(Signal.state))) == {"validated"}


def test_a_weaker_broad_node_does_not_bring_its_other_lots_into_the_case(sqlite: Database, clock: FixedClock) -> None:
    site = an_alarm("store 1", ("L1", "L2", "L3", "L8", "L9"), 18, 5.0, NodeKind.site)
    case, joined, unrelated = raised(sqlite, clock, GLUE, site, an_alarm("L9", ["L9"], 7, 6.0))
    assert case is not None
    assert joined is not None
    assert unrelated is not None
    assert joined.id == case.id != unrelated.id
    assert lots_of(sqlite, case) == set(GLUE.lot_keys)


def test_a_narrower_and_stronger_node_takes_the_broad_ones_other_lots_out(sqlite: Database, clock: FixedClock) -> None:
    site = an_alarm("store 1", ("L1", "L2", "L3", "L8", "L9"), 18, 5.0, NodeKind.site)
    case, _ = raised(sqlite, clock, site, GLUE)
    assert case is not None
    assert lots_of(sqlite, case) == set(GLUE.lot_keys)


def test_the_same_node_with_no_more_reports_says_nothing(sqlite: Database, clock: FixedClock) -> None:
    first, same, fewer = raised(sqlite, clock, GLUE, GLUE, an_alarm("A-2231", ("L1",), 9, 12.0, NodeKind.upstream))
    assert first is not None
    assert (same, fewer) == (None, None)


def test_a_known_node_is_recorded_again_once_its_reports_have_grown_by_half(sqlite: Database, clock: FixedClock) -> None:
    case, *later = raised(sqlite, clock, *(an_alarm("L1", ["L1"], observed, 4.0 + observed / 10)
                                           for observed in (6, 7, 8, 9, 10)))
    assert case is not None
    assert [one is not None for one in later] == [False, False, True, False]
    with sqlite.read() as session:
        case = session.scalars(select(Signal)).one()
        assert [one.observed for one in alarms_of_case(session, case)] == [6, 9]
        assert case.observed == 9


def test_after_a_refusal_only_more_reports_than_then_open_another(sqlite: Database, clock: FixedClock,
                                                                  actor: Actor) -> None:
    case, _ = raised(sqlite, clock, GLUE, an_alarm("A-2231", ("L1", "L2", "L3"), 15, 9.5, NodeKind.upstream))
    assert case is not None
    decided(sqlite, clock, actor, case, "refute")
    assert lots_of(sqlite, case) == set()
    line = an_alarm("line 3, 2026 Q1", ("L1", "L2", "L3"), 15, 9.5, NodeKind.line)
    again, same_lots, more = raised(
        sqlite, clock, an_alarm("A-2231", ("L1", "L2", "L3"), 15, 9.5, NodeKind.upstream), line,
        an_alarm("A-2231", ("L1", "L2", "L3"), 16, 9.9, NodeKind.upstream))
    assert (again, same_lots) == (None, None)
    assert more is not None
    assert more.id != case.id


def test_other_lots_and_another_group_have_cases_and_alarms_of_their_own(sqlite: Database, clock: FixedClock) -> None:
    case, other, serious = raised(sqlite, clock, GLUE, an_alarm("L7", ["L7"], 6, 5.0), an_alarm(
        "A-2231", ("L1", "L2", "L3"), 4, 5.0, NodeKind.upstream, group=SeverityGroup.serious))
    assert case is not None
    assert other is not None
    assert serious is not None
    assert case.id == serious.id != other.id


def test_whether_a_lot_stands_in_a_case_is_one_read_by_its_key(sqlite: Database, clock: FixedClock) -> None:
    raised(sqlite, clock, GLUE)
    statements: list[tuple[str, Any]] = []
    sqlalchemy_event.listen(sqlite.engine, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
    with sqlite.read() as session:
        session.scalars(select(SignalLot.signal_id).where(SignalLot.lot_key == GLUE.lot_keys[0],
                                                          SignalLot.is_standing.is_(True))).one()
    with sqlite.reading() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statements[0][0], statements[0][1]).all()
    assert "sqlite_autoindex_signal_lot_1 (lot_key=?)" in str(plan)


@pytest.mark.parametrize("lots", [1, 2500])
def test_a_node_of_many_lots_is_taken_whole(database: Database, clock: FixedClock, lots: int) -> None:
    case, = raised(database, clock, an_alarm("supplier S", [f"L{i}" for i in range(lots)], 90, 20.0, NodeKind.supplier))
    assert case is not None
    assert len(lots_of(database, case)) == lots
