"""The scope of a recall beside an oracle that follows every unit, over random plants; and how it grows."""
from __future__ import annotations

import random

from sqlalchemy import delete, insert, select

from benchmarks.soak.scopes import Sharpness, compare
from tests.factories_recall import TEXTS, VAULT
from tests.scopes import Units, plant, store_house, store_plants
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.drafting import OpenRecall, SetScope, open_recall, set_scope
from traceapp.recall.drill_model import Drill
from traceapp.recall.drill_play import Stage, next_step, play
from traceapp.recall.growing import grown
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.proposing import ruled
from traceapp.recall.rehearsing import player
from traceapp.recall.scope import propose_scope, units_of
from traceapp.recall.scope_rule import Rule, RuleKind
from traceapp.recall.service import ExtendRecall, extend_recall
from traceapp.trace.model import LotEdge


def test_scopes_of_random_plants_are_what_the_oracle_says_and_grow_by_the_difference_alone(database: Database) -> None:
    every, figures = [plant(seed, largest=16) for seed in range(80)], Sharpness()
    store_house(database)
    store_plants(database, every)
    assert list(compare(database, every, figures)) == []
    assert figures.decided > 20 and figures.mixed > 3 and figures.must < figures.holds <= figures.lots


def test_what_comes_later_is_found_from_what_happened_as_from_the_whole(database: Database) -> None:
    every = [plant(seed, largest=16) for seed in range(24)]
    store_house(database)
    store_plants(database, every)
    chance, found = random.Random(7), 0
    with database.write() as session:
        for one in every:
            rules = (Rule(RuleKind.lots, (one.of.key(0),)), Rule(RuleKind.consignee, ("c1",), downstream=False))
            whole = ruled(session, rules).scope.lot_keys
            events = set(session.scalars(select(LotEdge.event_id).where(LotEdge.lot_key.in_(
                [one.of.key(number) for number in range(one.of.lots)]))))
            late = session.scalars(select(LotEdge).where(
                LotEdge.event_id.in_([name for name in sorted(events) if chance.random() < 0.3]),
                LotEdge.lot_key.in_([one.of.key(number) for number in range(one.of.lots)]))).all()
            lines = [{column.name: getattr(line, column.key) for column in LotEdge.__table__.columns} for line in late]
            for line in late:
                session.delete(line)
            session.flush()
            known = ruled(session, rules).scope.lot_keys
            if lines:
                session.execute(insert(LotEdge), lines)
            come = grown(session, rules, {line["lot_key"] for line in lines}, known)
            assert come is not None and come.lot_keys - known == whole - known
            found += len(whole - known)
    assert found > 12


def test_the_oracle_notices_a_line_that_is_lost(sqlite: Database) -> None:
    every = [plant(seed) for seed in range(20)]
    store_house(sqlite)
    store_plants(sqlite, every)
    with sqlite.write() as session:
        session.execute(delete(LotEdge).where(LotEdge.event_id == "e0", LotEdge.direction == "down"))
    assert list(compare(sqlite, every, Sharpness()))


def test_lines_that_people_were_told_of_stay_and_only_new_ones_are_added_when_a_scope_grows(
        sqlite: Database, clock: FixedClock) -> None:
    of = next(one for one in map(plant, range(200)) if _grows(one))
    first, second = of.of.key(0), of.of.key(1)
    store_house(sqlite)
    store_plants(sqlite, [of])
    with sqlite.write() as session:
        recall = open_recall(session, player("quality"), clock, OpenRecall(
            **{name: getattr(TEXTS, name) for name in TEXTS.__slots__ if name not in ("root_lot_keys", "is_drill")},
            root_lot_keys=(first,), is_drill=True))
        stage = Stage(session, clock, VAULT, Drill(id="d", seed=1, direction="forward", lot_key=first,
                                                   recall_id=recall.id))
        _on(stage)
        before = {(line.lot_key, line.consignee_id): line.shipped for line in _lines(stage)}
        assert before == units_of(propose_scope(session, first))
        told = set(session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)))
        extend_recall(session, player("quality"), clock, ExtendRecall(recall.id, "another raw lot"))
        grown = propose_scope(session, (first, second))
        set_scope(session, player("quality"), clock, SetScope(
            recall.id, tuple(grown.lot_keys), root_lot_keys=(first, second)))
        _on(stage)
        lines = _lines(stage)
        assert {(line.lot_key, line.consignee_id): line.shipped for line in lines if line.scope_number == 1} == before
        assert {(line.lot_key, line.consignee_id): line.shipped for line in lines} == units_of(grown)
        assert {line.scope_number for line in lines} == {1, 2}
        assert told <= set(session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)))


def _grows(of: object) -> bool:
    """Whether consignees have something of what the second root adds to the first."""
    alone, both = Units(of, 0), Units(of, 0, 1)  # type: ignore[arg-type]
    more = both.to_recall(both.could) - alone.to_recall(alone.could)
    lots = {lot for lot, _consignee in alone.away()}
    return bool(more & lots) and bool(lots & alone.to_recall(alone.could))


def _on(stage: Stage) -> None:
    """Play up to the moment when consignees would answer."""
    while (step := next_step(stage.session, stage.drill)) not in ("answer", "sample"):
        play(stage, step)
        stage.session.flush()


def _lines(stage: Stage) -> list[RecallLedger]:
    assert stage.session.get(Recall, stage.drill.recall_id) is not None
    return list(stage.session.scalars(select(RecallLedger).where(RecallLedger.recall_id == stage.drill.recall_id)))
