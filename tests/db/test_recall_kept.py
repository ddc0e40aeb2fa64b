"""Units that were kept as proof or sample are decided about again later; what was decided before stays to be read."""
from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.db.test_recall_books import Case
from tests.db.test_recall_late import over
from tests.factories import PASSWORD
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Problem
from traceapp.db import Database
from traceapp.recall.correcting import corrected_of
from traceapp.recall.disposing import (
    ConfirmDisposition,
    DisposeOfAll,
    ProposeDisposition,
    WithdrawDisposition,
    confirm_disposition,
    dispose_of_all,
    dispositions_of,
    propose_disposition,
    signers_of,
    withdraw_disposition,
)
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.model import HoldKind


class Kept(Case):
    """Of the 450 of P-1 in our hands 300 are kept."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        super().__init__(database, clock)
        self.propose("keep", 300)

    def again(self, kind: str, units: int, **more: str) -> str:
        with self.database.write() as session:
            return propose_disposition(session, self.house.writer, self.clock, ProposeDisposition(
                self.recall.id, self.first, kind, D(units), "the proof is not needed any more", PASSWORD,
                of_kept=True, **more)).id

    def refused(self, kind: str, units: int, **more: str) -> str:
        with pytest.raises(Problem) as found:
            self.again(kind, units, **more)
        return found.value.code

    def figures(self) -> tuple[int, int, int, int]:
        one = self.balance()
        assert one.made == one.placed + one.difference
        return int(one.stock), int(one.kept), int(one.undecided), int(one.destroyed)

    def decisions(self) -> list[tuple[str, int, bool, str]]:
        with self.database.read() as session:
            return sorted((row.kind, int(row.units), row.of_kept, row.state)
                          for row in dispositions_of(session, self.recall.id))


@pytest.fixture
def case(database: Database, clock: FixedClock) -> Kept:
    return Kept(database, clock)


def test_two_people_destroy_kept_units_and_the_books_follow(case: Kept) -> None:
    assert case.figures() == (450, 300, 150, 0)
    before = case.balance().difference
    proposed = case.again("destroy", 120)
    assert case.figures() == (450, 300, 150, 0), "one signature does nothing"
    assert (case.refused("destroy", 181), case.refused("rework", 181, new_number="P-1R")) == ("not-enough",) * 2
    case.confirm(proposed, "Z-77")
    assert (case.figures(), case.balance().difference) == ((330, 180, 150, 120), before)
    assert case.decisions() == [("destroy", 120, True, "decided"), ("keep", 300, False, "decided")]
    with case.database.read() as session:
        row = next(one for one in dispositions_of(session, case.recall.id) if one.of_kept)
        assert [signer.user_id for signer in signers_of(session, row)] == [case.house.writer.id, case.house.manager.id]
        assert row.certificate == "Z-77"


def test_kept_units_are_reworked_given_back_or_released_like_others(case: Kept) -> None:
    case.again("rework", 100, new_number="P-1R")
    assert case.figures() == (350, 200, 150, 0)
    case.confirm(case.again("release", 50, new_number="P-1S"))
    case.again("supplier", 25, partner_id=case.house.maker.supplier.id)
    assert case.figures() == (275, 125, 150, 0)
    with case.database.read() as session:
        assert [(one.number, one.units) for one in corrected_of(session, case.recall.id)] == [
            ("P-1R", D(100)), ("P-1S", D(50))]


def test_what_is_not_kept_cannot_be_decided_as_kept(case: Kept) -> None:
    assert (case.refused("destroy", 301), case.refused("keep", 1)) == ("not-enough", "kept-already")
    case.propose("destroy", 150)
    assert case.refused("destroy", 301) == "not-enough"
    case.again("destroy", 300)
    with pytest.raises(Problem) as found:
        case.propose("destroy", 1)
    assert found.value.code == "not-enough"


def test_a_further_decision_that_is_taken_back_leaves_them_kept(case: Kept) -> None:
    proposed = case.again("destroy", 300)
    with case.database.write() as session:
        withdraw_disposition(session, case.house.writer, case.clock, WithdrawDisposition(
            case.recall.id, proposed, "needed after all"))
    assert case.figures() == (450, 300, 150, 0)
    case.confirm(case.again("destroy", 300), "Z-78")
    assert case.figures() == (150, 0, 150, 300)
    assert case.refused("destroy", 1) == "not-enough"


def test_all_that_is_kept_is_destroyed_with_two_signatures(case: Kept) -> None:
    with case.database.write() as session:
        rows = dispose_of_all(session, case.house.writer, case.clock, DisposeOfAll(
            case.recall.id, "destroy", "the authority has seen them", PASSWORD, of_kept=True))
        assert [(row.units, row.of_kept) for row in rows] == [(D(300), True)]
        confirm_disposition(session, case.house.manager, case.clock, ConfirmDisposition(
            case.recall.id, rows[0].id, PASSWORD, "Z-79"))
    assert case.figures() == (150, 0, 150, 300)
    with pytest.raises(Problem) as found, case.database.write() as session:
        dispose_of_all(session, case.house.writer, case.clock, DisposeOfAll(
            case.recall.id, "keep", "x", PASSWORD, of_kept=True))
    assert found.value.code == "kept-already"
    with pytest.raises(Problem) as found, case.database.write() as session:
        dispose_of_all(session, case.house.writer, case.clock, DisposeOfAll(
            case.recall.id, "destroy", "x", PASSWORD, of_kept=True))
    assert found.value.code == "nothing-undecided"


def test_samples_are_destroyed_years_after_the_end(database: Database, clock: FixedClock) -> None:
    case = Kept(database, clock)
    over(case)
    kept = case.figures()[1]
    assert kept >= 300
    case.confirm(case.again("destroy", 300), "Z-80")
    stock, left, undecided, destroyed = case.figures()
    assert (left, undecided, destroyed) == (kept - 300, 0, 300) and stock == left


def test_the_hash_of_what_was_signed_tells_kept_units_from_others(case: Kept) -> None:
    case.propose("destroy", 10)
    case.again("destroy", 10)
    with case.database.read() as session:
        rows = [row for row in dispositions_of(session, case.recall.id) if row.kind == "destroy"]
    assert len({row.content_hash for row in rows}) == 2


def test_a_lot_that_something_else_stops_too_keeps_its_books(case: Kept) -> None:
    with case.database.write() as session:
        place_hold(session, case.house.writer, case.clock, PlaceHold((case.first,), HoldKind.manual, MANUAL, "looked at"))
    case.confirm(case.again("destroy", 1), "Z-81")
    assert case.figures() == (449, 299, 150, 1)
