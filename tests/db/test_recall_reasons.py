"""Why somebody sends back, cancels, extends or assesses anew is kept for good: what no answer can carry is refused."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.factories_recall import House, decide, make_house, opened, running, submitted
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.recall.deciding import reassess_recall
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
