"""The database of the benchmark of recalls holds what its measures look for."""
from __future__ import annotations

import pytest

from benchmarks.recall import scope_seconds
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
    with pytest.raises(RuntimeError, match="did not fill"):
        fill_recalls(sqlite, Size(600, 200, 100))
