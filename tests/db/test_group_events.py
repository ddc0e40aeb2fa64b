"""Several persons at one place with one lot: when that is a group, when its clocks begin, and that a person decides."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.db.test_legal_clocks import QUALITY
from tests.db.test_markets import MANAGER
from tests.factories_surveillance import add_complaint, add_lot, add_product
from traceapp.adverse_event.group_model import GroupEvent
from traceapp.adverse_event.group_rule import GroupRule
from traceapp.adverse_event.groups import (
    TASK,
    DecideGroup,
    Member,
    about,
    cases_of,
    decide_group,
    find_groups,
    group_of,
    is_grouped,
)
from traceapp.complaint.model import UNKNOWN_LOT
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import Database
from traceapp.trace.model import Lot
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.model import Task


def member(day: int, known: int | None = None) -> Member:
    """Hurt on this day of May, known to us on that one."""
    known = day if known is None else known
    return Member(f"{day}-{known}", date(2026, 5, day), datetime(2026, 5, known, 9, tzinfo=UTC))


@pytest.mark.parametrize(("days", "rule", "known_on"), [
    ((1, 2, 3), GroupRule(), 3), ((1, 4, 7), GroupRule(), 7), ((1, 4, 8), GroupRule(), None),
    ((1, 2), GroupRule(), None), ((1, 2), GroupRule(2), 2), ((1, 9, 10, 11), GroupRule(), 11),
    ((1, 1, 1), GroupRule(3, 1), 1), ((1, 1, 2), GroupRule(3, 1), None)])
def test_a_group_is_enough_persons_within_the_days(days: tuple[int, ...], rule: GroupRule, known_on: int | None) -> None:
    found = group_of([Member(str(at), date(2026, 5, day), datetime(2026, 5, day, 9, tzinfo=UTC))
                      for at, day in enumerate(days)], rule)
    assert (found[0].day if found else None) == known_on


@pytest.mark.parametrize(("days", "is_one"), [((1, 4, 7), True), ((1, 4, 8), False), ((1, 9, 10, 11), True)])
def test_that_there_is_a_group_is_said_after_every_complaint(ward: Ward, days: tuple[int, ...], is_one: bool) -> None:
    month = ward.clock.now().date().replace(day=1) - timedelta(days=28)
    ward.hurt(2, consignee_id="another", happened_on=month)
    for day in days:
        ward.hurt(1, place="浙江杭州", happened_on=month + timedelta(days=day))
    with ward.database.read() as session:
        assert is_grouped(session, ward.clock, ward.lot.lot_key) is is_one
        assert not is_grouped(session, ward.clock, UNKNOWN_LOT)
    assert bool(ward.found()) is is_one


def test_a_group_is_known_with_the_report_that_made_it_one_whenever_its_people_were_hurt() -> None:
    found = group_of([member(3, 20), member(1, 5), member(2, 12), member(30, 30), member(4, 25)], GroupRule())
    assert found is not None and found[0].day == 20
    assert [one.complaint_id for one in found[1]] == ["1-5", "2-12", "3-20", "4-25"]


class Ward:
    """A lot of a device and complaints about it, told an hour after each other."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock, self.hours = database, clock, 0
        with database.write() as session:
            self.lot: Lot = add_lot(session, add_product(session, clock.now()), "W1", 500, clock.now())

    def hurt(self, times: int = 1, **changes: object) -> list[str]:
        made = []
        with self.database.write() as session:
            for _ in range(times):
                self.hours += 1
                at = self.clock.now() - timedelta(hours=24 - self.hours)
                made.append(add_complaint(session, self.lot, at, **changes).id)
        return made

    def found(self) -> list[GroupEvent]:
        with self.database.write() as session:
            return find_groups(session, self.clock, self.lot.lot_key)

    def decide(self, group: GroupEvent, is_group: bool, reason: str = "looked") -> None:
        with self.database.write() as session:
            decide_group(session, MANAGER, self.clock, DecideGroup(group.id, is_group, reason))

    def clocks(self, group: GroupEvent) -> dict[str, tuple[datetime, str]]:
        with self.database.read() as session:
            return {one.rule_id: (one.due_at, one.state) for one in clocks_about(session, about(group.id))}

    def cases(self, group: GroupEvent) -> list[str]:
        with self.database.read() as session:
            return [one.id for one in cases_of(session, group)]


@pytest.fixture
def ward(database: Database, clock: FixedClock) -> Ward:
    return Ward(database, clock)


def test_three_persons_at_one_clinic_begin_the_twelve_hours_from_the_third_report(ward: Ward) -> None:
    first = ward.hurt(2, consignee_id="clinic")
    assert ward.found() == []
    third = ward.hurt(1, consignee_id="clinic")
    (group,) = ward.found()
    assert ward.cases(group) == first + third
    assert group.known_at == ward.clock.now() - timedelta(hours=21)
    clocks = ward.clocks(group)
    assert set(clocks) == {"CN-MD-05", "CN-MD-06", "CN-MD-07"}
    assert clocks["CN-MD-05"][0] == group.known_at + timedelta(hours=12)
    with ward.database.read() as session:
        task = session.scalars(select(Task).where(Task.kind == TASK)).one()
    assert (task.role, task.due_at, task.lot_key) == ("quality", group.known_at + timedelta(hours=12), ward.lot.lot_key)
    assert ward.found() == []


def test_duplicates_other_places_other_lots_and_what_is_no_harm_make_no_group(ward: Ward) -> None:
    first, *_ = ward.hurt(2, consignee_id="clinic")
    ward.hurt(1, consignee_id="clinic", master_id=first)
    ward.hurt(1, consignee_id="clinic", is_harm=False)
    ward.hurt(1, consignee_id="clinic", is_quarantined=True)
    ward.hurt(1, consignee_id="clinic", triage_result="not_ours")
    ward.hurt(2, consignee_id="other")
    ward.hurt(3)
    with ward.database.write() as session:
        other = add_lot(session, add_product(session, ward.clock.now(), "P2"), "W2", 500, ward.clock.now())
        add_complaint(session, other, ward.clock.now(), consignee_id="clinic")
    assert ward.found() == []


def test_reports_without_a_consignee_are_of_one_place_by_their_region(ward: Ward) -> None:
    ward.hurt(2, place="浙江杭州")
    ward.hurt(1, place="江苏")
    assert ward.found() == []
    ward.hurt(1, place="浙江省宁波市")
    assert [group.place for group in ward.found()] == ["region:浙江"]


def test_later_reports_join_the_group_and_begin_nothing_anew(ward: Ward) -> None:
    ward.hurt(3, consignee_id="clinic")
    (group,) = ward.found()
    before = ward.clocks(group)
    ward.hurt(1, consignee_id="clinic")
    assert ward.found() == [] and len(ward.cases(group)) == 4 and ward.clocks(group) == before


def test_a_refused_group_ends_its_clocks_and_its_reports_make_no_other(ward: Ward) -> None:
    ward.hurt(3, consignee_id="clinic")
    (group,) = ward.found()
    with ward.database.write() as session, pytest.raises(Forbidden):
        decide_group(session, QUALITY, ward.clock, DecideGroup(group.id, False, "x"))
    with ward.database.write() as session, pytest.raises(InvalidInput):
        decide_group(session, MANAGER, ward.clock, DecideGroup(group.id, False, " "))
    ward.decide(group, False, "one person told three times")
    assert {state for _, state in ward.clocks(group).values()} == {"not_reportable"}
    ward.hurt(1, consignee_id="clinic")
    assert ward.found() == []
    with pytest.raises(Conflict):
        ward.decide(group, True)
    ward.hurt(2, consignee_id="clinic")
    assert len(ward.found()) == 1


def test_a_confirmed_group_keeps_its_clocks_running_and_its_task_is_done(ward: Ward) -> None:
    ward.hurt(3, consignee_id="clinic")
    (group,) = ward.found()
    ward.decide(group, True)
    assert {state for _, state in ward.clocks(group).values()} == {"running"}
    with ward.database.read() as session:
        assert session.scalars(select(Task.state).where(Task.kind == TASK)).all() == ["done"]
