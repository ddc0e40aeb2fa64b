"""The figures of recalls are what the rows say, for many recalls in as many statements as for one."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from tests.factories_recall import House, Tray, checked, deliver, make_house, opened, running, token_of
from traceapp.catalog.model import Party
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.figure_reads import figures_of, regions_of
from traceapp.recall.figures import FigureKind, RegionFacts, Unsaid
from traceapp.recall.model import Recall, RecallLedger
from traceapp.recall.part import RecallPart
from traceapp.recall.service import NoteAttempt, note_attempt
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import ClockState, LegalClock

HOUR = timedelta(hours=1)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def answer(database: Database, clock: FixedClock, house: House, recall: Recall, consignee_id: str,
           *numbers: tuple[Lot, int, int, int]) -> None:
    with database.write() as session:
        token = token_of(database, recall, consignee_id)
        lines = tuple(AnswerLine(lot.lot_key, Decimal(left), Decimal(used), Decimal(returned))
                      for lot, left, used, returned in numbers)
        record_answer(session, clock, RecordAnswer(token, lines, "Ms Wang", "some are lost"))


def test_a_recall_is_counted_from_its_rows(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    clock.move_to(clock.now() + HOUR)
    deliver(database, clock, Tray())
    told_at = clock.now()
    clock.move_to(clock.now() + HOUR)
    answer(database, clock, house, recall, house.maker.clinic.id,
           (house.first, 0, 340, 0), (house.second, 0, 700, 300))
    with database.write() as session:
        for row in session.scalars(select(LegalClock)):
            row.due_at = clock.now() + HOUR
        late, timely = session.scalars(select(LegalClock).order_by(LegalClock.id)).all()[:2]
        late.due_at = clock.now() - HOUR
        timely.state, timely.ended_at, timely.acknowledgement = ClockState.reported, clock.now(), "A-1"
    with database.read() as session:
        found = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id]
        counts = found.counts
        assert (counts.consignees, counts.told, counts.answered, counts.returned) == (2, 2, 1, 1)
        assert (counts.zero_stock, counts.accounted, counts.last_told_at) == (1, 0, told_at)
        assert (counts.reports_due, counts.reports_on_time) == (2, 1)
        (units,) = found.units
        # 10 of the clinic's are missing, and the hospital's 200 are not answered for.
        assert (units.shipped, units.recovered, units.unaccounted) == (1550, 300, 210)
        said = {figure.kind: figure for figure in found.figures}
        assert said[FigureKind.notice_time].hours == 1
        assert said[FigureKind.response_in_time].unsaid == Unsaid.not_due
        regions = regions_of(session, recall.id)
        assert sum(region.consignees for region in regions) == 2
        assert sum(region.open for region in regions) == 2
        assert sum(region.accounted for region in regions) == 0


def test_what_was_destroyed_or_put_right_is_recovered_and_what_was_passed_on_has_a_place(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        line = session.scalars(select(RecallLedger).where(RecallLedger.consignee_id == house.maker.hospital.id)).one()
        line.received, line.on_hand, line.used, line.returned = line.shipped, Decimal(20), Decimal(30), Decimal(40)
        line.destroyed, line.corrected, line.passed_on = Decimal(50), Decimal(10), Decimal(50)
        other = session.scalars(select(RecallLedger).where(
            RecallLedger.consignee_id == house.maker.clinic.id, RecallLedger.lot_key == house.first.lot_key)).one()
        other.came_back = Decimal(7)  # counted at our gate, and nobody answered yet
    with sqlite.read() as session:
        found = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id]
        (units,) = found.units
        assert (units.recovered, units.unaccounted) == (40 + 50 + 10 + 7, 350 - 7 + 1000)
        assert found.counts.returned == 2


def test_who_was_reached_by_telephone_was_told_then(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    clock.move_to(clock.now() + HOUR)
    with sqlite.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, house.maker.clinic.id, "telephone", False))
    with sqlite.read() as session:
        assert figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id].counts.told == 0
    with sqlite.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, house.maker.clinic.id, "telephone", True))
    reached_at = clock.now()
    clock.move_to(clock.now() + HOUR)
    deliver(sqlite, clock, Tray("refused"))
    with sqlite.read() as session:
        counts = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id].counts
        assert (counts.told, counts.last_told_at) == (1, reached_at)


def test_the_sample_counts_once_it_is_drawn(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        checked(session, clock, house, recall.id)
    with sqlite.read() as session:
        counts = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id].counts
        assert (counts.drawn, counts.asked, counts.verified) == (2, 2, 2)


def test_many_recalls_need_no_more_statements_than_one(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recalls = [opened(sqlite, clock, house), *(running(sqlite, clock, house) for _ in range(3))]
    with sqlite.read() as session:
        rows = session.scalars(select(Recall)).all()
        seen: list[str] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *said: seen.append(said[2]))
        found = figures_of(session, clock.now(), rows)
        assert len(seen) == 4
        regions_of(session, recalls[1].id)
        assert len(seen) == 5
    assert [found[recall.id].counts.consignees for recall in recalls] == [0, 2, 2, 2]


def test_a_part_of_a_recall_counts_its_own(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    part = RecallPart(consignees=select(Party.id).where(Party.code == "nobody"))
    with sqlite.read() as session:
        found = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)], part)[recall.id]
        assert (found.counts.consignees, found.units) == (0, ())
        assert regions_of(session, recall.id, part) == ()


def test_a_region_knows_what_is_accounted_for() -> None:
    assert RegionFacts("CN", "江苏", 5, 5, 4, 2, 1).accounted == 4


def test_zero_stock_needs_no_unit(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        token = token_of(sqlite, recall, house.maker.hospital.id)
        view = notice_of_token(session, token)
        record_answer(session, clock, RecordAnswer(token, none_left(view), "Mr Li"))
    with sqlite.read() as session:
        counts = figures_of(session, clock.now(), [session.get_one(Recall, recall.id)])[recall.id].counts
        assert (counts.answered, counts.zero_stock, counts.accounted, counts.told) == (1, 1, 1, 1)
