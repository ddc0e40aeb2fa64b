"""Counting a lot again and carrying the difference to its nodes gives what counting everything afresh gives."""
from __future__ import annotations

import pickle
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.factories_complaint import VAULT
from tests.factories_surveillance import add_complaint
from tests.factories_watch import WatchedHouse, a_watched_house, ship, watch
from traceapp.complaint.case_parts import RESCORE
from traceapp.complaint.intake import submit_complaint
from traceapp.complaint.model import Complaint
from traceapp.complaint.report import LotGiven, SubmitComplaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.jobs.sweeps import look_again
from traceapp.jobs.working import work_off
from traceapp.surveillance.membership import quarter
from traceapp.surveillance.nightly import watch_all_in
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.watch_model import WatchMember, WatchNode
from traceapp.trace.model import Hold, Lot

ACTS = st.lists(st.tuples(
    st.sampled_from(("new", "new", "new", "link", "free", "bind", "grade", "set aside", "recall")), st.integers(0, 3),
    st.integers(0, 20), st.sampled_from((None, "c1", "c2", "c3")), st.sampled_from(("critical", "moderate", "none"))),
    min_size=1, max_size=25)


class _TakenBack(Exception):
    """Ends an example: nothing of it stays."""


def act(session: Session, clock: FixedClock, house: WatchedHouse, wanted: tuple[str, int, int, str | None, str]) -> set[str]:
    """Do one thing to the complaints; answers the lots that it touched."""
    name, at_lot, which, consignee, severity = wanted
    lot = house.lots[at_lot]
    if name == "new":
        add_complaint(session, lot, clock.now(), consignee_id=consignee, severity=severity,
                      is_harm=None if severity == "none" else True)
        return {lot.lot_key}
    if name == "recall":
        session.add(Hold(lot_key=lot.lot_key, id=new_id(clock.now()), kind="recall", source="recall:1", reason="x",
                         placed_at=clock.now(), placed_by="u"))
        lot.is_recalled = True
        return {lot.lot_key}
    everything = list(session.scalars(select(Complaint).order_by(Complaint.id)))
    if not everything:
        return set()
    one, other = everything[which % len(everything)], everything[(which * 7 + 1) % len(everything)]
    touched = {one.lot_key, other.lot_key}
    if name == "link" and one is not other and other.master_id is None:
        one.master_id = other.id
    elif name == "free":
        one.master_id = None
    elif name == "bind":
        one.lot_key = lot.lot_key
    elif name == "grade":
        one.severity, one.is_harm = severity, severity != "none"
    elif name == "set aside":
        one.is_quarantined = not one.is_quarantined
    return touched | {lot.lot_key}


def counted_afresh(session: Session, house: WatchedHouse) -> Counter[tuple[str, str, str]]:
    """(kind, subject, group) -> reports, by going through every complaint."""
    lots = {lot.lot_key: (number, lot) for number, lot in enumerate(house.lots)}
    ends = {hold.lot_key: hold.placed_at for hold in sorted(session.scalars(select(Hold)), key=lambda one: one.placed_at,
                                                            reverse=True)}
    found: Counter[tuple[str, str, str]] = Counter()
    for one in session.scalars(select(Complaint)):
        if (one.is_harm is False or one.is_quarantined or one.master_id
                or one.received_at >= ends.get(one.lot_key, one.received_at + timedelta(days=1))):
            continue
        number, lot = lots[one.lot_key]
        nodes = [("lot", lot.lot_key), ("upstream", house.raws[number % len(house.raws)].lot_key),
                 ("line", f"line {number % 2} · day"), ("load", f"S{number // 2}")]
        nodes += [("consignee", one.consignee_id)] if one.consignee_id else []
        nodes += [("lane", "north")] if one.consignee_id in ("c1", "c2") else []
        for node in nodes:
            found[(*node, "harm")] += 1
            found[(*node, "serious")] += one.severity == "critical"
    return +found


def counted_in_nodes(session: Session) -> Counter[tuple[str, str, str]]:
    """The same from the nodes; quarters are added up."""
    found: Counter[tuple[str, str, str]] = Counter()
    for kind, subject, group, observed in session.execute(select(
            WatchNode.kind, WatchNode.subject, WatchNode.severity_group, WatchNode.observed)):
        found[kind, subject, group] += observed
    return +found


@pytest.fixture
def watched(database: Database, clock: FixedClock, is_enrolled: bool) -> bytes:
    """A house in the database, enrolled or not; each example has its objects anew."""
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60))
        if is_enrolled:
            watch_all_in(session, clock)
    return pickle.dumps(house)


@pytest.mark.parametrize("is_enrolled", [True, False])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_happens_to_complaints_the_nodes_count_what_a_count_afresh_finds(
        database: Database, clock: FixedClock, watched: bytes, is_enrolled: bool, acts: list[tuple[str, int, int, str | None, str]]) -> None:
    began, house = clock.now(), pickle.loads(watched)
    with suppress(_TakenBack), database.write() as session:
        session.add_all(house.lots)
        for wanted in acts:
            clock.move_to(clock.now() + timedelta(minutes=10))
            touched = act(session, clock, house, wanted)
            session.flush()
            for lot_key in sorted(touched):
                rescore_lot(session, clock, lot_key)
        wanted_counts = counted_afresh(session, house)
        assert counted_in_nodes(session) == wanted_counts
        run = watch_all_in(session, clock)
        assert (run.recounted if is_enrolled else 0, run.drifted) == (0, 0)
        assert counted_in_nodes(session) == wanted_counts
        raise _TakenBack
    clock.move_to(began)


def test_the_nightly_run_finds_what_no_rescoring_was_told_of_and_what_was_counted_wrong(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60))
    watch(database, clock)
    with database.write() as session:
        add_complaint(session, house.lots[0], clock.now(), consignee_id="c1")
        test = session.get_one(WatchNode, (house.lots[1].lot_key, "harm"))
        test.observed = 7
    run = watch(database, clock)
    assert run.drifted == 1
    assert run.recounted > 0
    with database.read() as session:
        assert counted_in_nodes(session) == counted_afresh(session, house)


def test_two_reports_at_the_same_moment_are_both_counted_in_the_node_that_their_lots_share(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60), lots=4, raws=1)
    watch(database, clock)

    def report(lot: Lot) -> None:
        for _ in range(5):
            with database.write() as session:
                add_complaint(session, lot, clock.now())
            with database.write() as session:
                rescore_lot(session, clock, lot.lot_key)

    threads = [threading.Thread(target=report, args=(lot,)) for lot in house.lots for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert counted_in_nodes(session) == counted_afresh(session, house)
        shared = session.scalars(select(WatchNode.observed).where(
            WatchNode.kind == "upstream", WatchNode.severity_group == "harm")).one()
        assert shared == 40


def test_a_rescoring_costs_as_many_statements_whatever_there_is(database: Database, clock: FixedClock) -> None:
    costs = []
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60), lots=4, raws=1, units=300_000)
    for complaints in (1, 30):
        with database.write() as session:
            for number in range(complaints):
                add_complaint(session, house.lots[number % 4], clock.now(), consignee_id="c1", severity="minor")
        watch(database, clock)
        with database.write() as session:
            add_complaint(session, house.lots[0], clock.now(), consignee_id="c2")
        seen: list[str] = []

        def note(_c: Any, _x: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        with database.write() as session:
            assert rescore_lot(session, clock, house.lots[0].lot_key) is None
        event.remove(database.engine, "before_cursor_execute", note)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 7


def test_a_complaint_costs_few_statements_from_its_form_to_its_rescored_nodes_whatever_there_is(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60), lots=4, raws=1, units=300_000)
        for number in range(30):
            add_complaint(session, house.lots[number % 4], clock.now(), consignee_id=f"c{number % 3}", severity="minor")
    watch(database, clock)
    told = SubmitComplaint("telephone", "red skin after one hour", LotGiven(lot_key=house.lots[0].lot_key))
    seen: list[str] = []

    def note(_c: Any, _x: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engines = {database.engine, database.look_engine} if database.is_sqlite else {database.engine}
    for is_counted in (False, True):  # a connection says some things once
        clock.move_to(clock.now() + timedelta(hours=1))
        for engine in engines if is_counted else ():
            event.listen(engine, "before_cursor_execute", note)
        with database.write() as session:
            submit_complaint(session, Actor("a", "quality"), clock, told, vault=VAULT)
        work_off(database, clock, RESCORE, 1, lambda session, lot: look_again(session, clock, lot))
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    with database.read() as session:
        assert session.scalars(select(WatchNode.observed).where(
            WatchNode.kind == "upstream", WatchNode.severity_group == "harm")).one() == 32
    # Where each is waited for, what goes in together is one statement, and no look goes before taking the work.
    assert len([statement for statement in seen if not statement.startswith("BEGIN")]) <= (19 if database.is_sqlite else 15)


def test_a_complaint_of_harm_that_is_not_serious_writes_only_the_tests_of_harm(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=60), lots=2, raws=1, units=300_000)
    watch(database, clock)
    written: list[int] = []

    def note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE watch_node"):
            written.append(cursor.rowcount)

    with database.write() as session:
        add_complaint(session, house.lots[0], clock.now())
    event.listen(database.engine, "after_cursor_execute", note)
    with database.write() as session:
        rescore_lot(session, clock, house.lots[0].lot_key)
        nodes = session.scalars(select(WatchMember.node_key).where(WatchMember.lot_key == house.lots[0].lot_key,
                                                                   WatchMember.harm == 1)).all()
    event.remove(database.engine, "after_cursor_execute", note)
    # The complaint names no consignee, so that neither those nor their lane count it.
    assert sum(written) == len(nodes) == 4


def test_a_consignee_served_by_two_lanes_is_in_neither_and_in_the_quarter_of_its_first_despatch(
        sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        house = a_watched_house(session, clock.now() - timedelta(days=120), lots=1, units=2000)
        ship(session, house.lots[0], "c2", 2, clock.now() - timedelta(days=2), "south")
        watch_all_in(session, clock)
        rows = dict(session.execute(select(WatchNode.subject, WatchMember.consignees).join(
            WatchMember, WatchMember.node_key == WatchNode.node_key).where(
            WatchNode.kind == "lane", WatchNode.severity_group == "harm")).all())
        assert rows == {"north": ["c1"]}
        periods = session.scalars(select(WatchNode.period).where(
            WatchNode.kind == "consignee", WatchNode.subject == "c2").distinct()).all()
        assert periods == [quarter((clock.now() - timedelta(days=119)).date())]
