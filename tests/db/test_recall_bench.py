"""The database of the benchmark of recalls holds what its measures look for."""
from __future__ import annotations

import pytest
from sqlalchemy.event import listen

from benchmarks.drill import drill_rows
from benchmarks.drill_data import fill_drill
from benchmarks.recall import growth_seconds, scope_seconds
from benchmarks.recall_data import LINES_OF_A_LOT, Size, fill_recalls, root_of, signal_of
from traceapp.db import Database
from traceapp.recall.scope import propose_scope

SIZE = Size(400, 200, 100)


def test_every_signal_leads_to_all_lots_of_its_cause_and_to_nobody_twice(sqlite: Database) -> None:
    fill_recalls(sqlite, SIZE)
    fill_recalls(sqlite, SIZE)  # is there already
    assert [scope_seconds(sqlite, signal_of(cause))[1:] for cause in range(2)] == [(200, 100), (200, 100)]
    with sqlite.read() as session:
        scope = propose_scope(session, root_of(SIZE, 0))
    finished = [lot for lot in scope.lots if lot.why == "finished"]
    assert sum(len(one.units) for one in scope.consignees) == LINES_OF_A_LOT * len(finished)
    assert len({lot.lot_key for lot in scope.lots} & {root_of(SIZE, 1)}) == 0
    assert growth_seconds(sqlite, root_of(SIZE, 0))[2] == len(scope.lots)
    with pytest.raises(RuntimeError, match="did not fill"):
        fill_recalls(sqlite, Size(600, 200, 100))


def test_a_drill_over_the_database_of_the_benchmark_ends_with_every_unit_placed_and_the_scope_of_the_events(
        sqlite: Database) -> None:
    size = Size(60, 60, 40)
    fill_recalls(sqlite, size)
    fill_drill(sqlite, size)
    asked: list[str] = []
    listen(sqlite.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_more: asked.append(statement))
    seconds, memory = drill_rows(sqlite, size)  # refuses a drill that ended otherwise
    assert seconds.name.startswith("drill, 60 of 60 lots, 40 consignees") and memory.unit == "MB"
    # Some for each step of a walk and of the drill, none for each consignee.
    assert len(asked) < 450, len(asked)
