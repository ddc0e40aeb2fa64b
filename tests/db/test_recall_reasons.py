"""Why somebody sends back, cancels, extends or assesses anew is kept for good: what no answer can carry is refused."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.factories_recall import House, decide, make_house, opened, running, submitted
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, InvalidInput
from traceapp.db import Database
from traceapp.recall.deciding import MandateRecall, mandate_recall, reassess_recall
from traceapp.recall.model import Recall
from traceapp.recall.service import (
    CancelRecall,
    ExtendRecall,
    ReturnRecall,
    cancel_recall,
    extend_recall,
    return_recall,
)

Act = Callable[[Session, House, FixedClock, str, str], object]
Begin = Callable[[Database, FixedClock, House], Recall]


@pytest.mark.parametrize(("begin", "act"), [
    (opened, lambda session, house, clock, key, text: cancel_recall(
        session, house.writer, clock, CancelRecall(key, text))),
    (submitted, lambda session, house, clock, key, text: return_recall(
        session, house.manager, clock, ReturnRecall(key, text))),
    (running, lambda session, house, clock, key, text: extend_recall(
        session, house.writer, clock, ExtendRecall(key, text)))], ids=["cancel", "return", "extend"])
@pytest.mark.parametrize("text", ["\ud800", "a\0b", "x" * 4001, " "])
def test_a_reason_that_cannot_be_kept_is_refused(sqlite: Database, clock: FixedClock, begin: Begin, act: Act,
                                                 text: str) -> None:
    house = make_house(sqlite, clock)
    recall = begin(sqlite, clock, house)
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        act(session, house, clock, recall.id, text)
    assert refused.value.place == "reason"


def test_a_reason_to_assess_again_is_held_to_the_same(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = opened(sqlite, clock, house)
    with sqlite.write() as session:
        decide(session, clock, house, recall)
        session.get_one(Recall, recall.id).state = "decision"
    with pytest.raises(InvalidInput), sqlite.write() as session:
        reassess_recall(session, house.writer, clock, recall.id, "\ud800")


def test_what_an_authority_ordered_is_cancelled_by_who_approves_alone(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = opened(database, clock, house)
    with database.write() as session:
        mandate_recall(session, house.manager, clock, MandateRecall(recall.id, "order 77 of the province"))
    with pytest.raises(Forbidden) as refused, database.write() as session:
        cancel_recall(session, house.writer, clock, CancelRecall(recall.id, "not ours"))
    assert refused.value.code == "ordered"
    with database.write() as session:
        assert cancel_recall(session, house.manager, clock, CancelRecall(
            recall.id, "the order was taken back on 1 December")).state == "cancelled"
