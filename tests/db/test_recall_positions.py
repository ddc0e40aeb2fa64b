"""Units that came back are in one place, and all places together are what was made, whatever is said of them."""
from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy.orm import Session

from tests.factories_recall import TEXTS, House, make_house, running
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import AnswerLine
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import Recall
from traceapp.recall.positions import Positions, units_by_position
from traceapp.recall.returning import TakeBack, take_back


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def placed(session: Session, house: House, recall: Recall) -> Positions:
    found, = units_by_position(session, [house.first.lot_key], recall.id)
    assert found.made == found.stock + found.made_into + found.lost + found.sent == D(1000)
    return found


def one_lot(database: Database, clock: FixedClock, house: House) -> Recall:
    return running(database, clock, house, replace(TEXTS, root_lot_keys=(house.first.lot_key,)))


def test_what_came_back_to_the_gate_is_no_longer_on_its_way(
        database: Database, clock: FixedClock, house: House) -> None:
    recall, clinic = one_lot(database, clock, house), house.maker.clinic.id
    with database.write() as session:
        record_answer_by_staff(session, house.writer, clock, AnswerByStaff(
            recall.id, clinic, (AnswerLine(house.first.lot_key, D(0), D(300), D(50)),), "Nurse"))
        before = placed(session, house, recall)
        take_back(session, house.writer, clock, TakeBack(recall.id, clinic, house.first.number, D(40)))
        after = placed(session, house, recall)
    assert (before.stock, before.used, before.back, before.transit) == (D(450), D(300), D(50), D(200))
    assert (after.stock, after.used, after.back, after.transit) == (D(490), D(300), D(10), D(200))


@pytest.mark.parametrize("seed", range(8))
def test_all_places_are_what_was_made(sqlite: Database, clock: FixedClock, seed: int) -> None:
    house, chance = make_house(sqlite, clock), random.Random(seed)
    recall = one_lot(sqlite, clock, house)
    left = {house.maker.clinic.id: 350, house.maker.hospital.id: 200}
    with sqlite.write() as session:
        for _step in range(8):
            consignee = chance.choice(list(left))
            if chance.random() < 0.5 and left[consignee]:
                back = chance.randint(1, left[consignee])
                left[consignee] -= back
                take_back(session, house.writer, clock, TakeBack(recall.id, consignee, house.first.number, D(back)))
            else:
                numbers = [D(chance.randint(0, 90)) for _place in range(5)]
                said = AnswerLine(house.first.lot_key, *numbers[:3], destroyed=numbers[3], corrected=numbers[4],
                                  sure=sum(numbers, D(0)))
                record_answer_by_staff(session, house.writer, clock, AnswerByStaff(
                    recall.id, consignee, (said,), "Nurse", explanation="counted so"))
            placed(session, house, recall)
