"""Group events found by themselves: several persons harmed at one place by one lot within some days.

Counted are complaints of harm, or not yet judged, that were not set aside; duplicates count once, each other complaint
is a person. The place is the consignee where one is known, else the region of China that the report names. The clocks
of a group begin with the awareness of the complaint that made it one; a person may say that it is none.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.policy import cleaned_text
from traceapp.complaint.region import read_place
from traceapp.complaint.triage import TriageResult
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.rules import Situation, Trigger
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import EndClock, Subject, clocks_about, end_clock, run_clocks
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .group_model import GroupEvent, GroupEventCase, GroupState
from .group_rule import LATEST, LOOK_BACK, GroupRule
from .markets import Ground, markets_of
from .reportability import kinds_of

TASK, GROUPED = "group.decide", "group.grouped"
_DECIDE_WITHIN = timedelta(hours=12)
_MOST = 2000
_TRIGGERS = frozenset({Trigger.group_event, Trigger.group_event_case})
_told = Complaint.__table__.c
_COUNTED = (
    select(_told.consignee_id, _told.place, _told.happened_on, _told.awareness_at, _told.id, *LATEST)
    .where(_told.lot_key == bindparam("lot"), _told.awareness_at > bindparam("since"),
           or_(_told.is_harm.is_(None), _told.is_harm.is_(True)), _told.is_quarantined.is_(False),
           _told.master_id.is_(None),
           or_(_told.triage_result == TriageResult.untriaged, _told.triage_result == TriageResult.complaint))
    .order_by(_told.awareness_at.desc()).limit(_MOST))


@dataclass(frozen=True, slots=True)
class Member:
    """A complaint as the rule sees it: the day that counts, and when we learned of it."""

    complaint_id: str
    day: date
    known_at: datetime


@dataclass(frozen=True, slots=True)
class DecideGroup:
    """`is_group`: whether it is one, with the reason."""

    group_id: str
    is_group: bool
    reason: str
    revision: int | None = None


def about(group_id: str) -> str:
    """The name of a group in tasks, clocks and the trail."""
    return stream_of("group", group_id)


def group_of(members: Sequence[Member], rule: GroupRule) -> tuple[datetime, tuple[Member, ...]] | None:
    """When the first group was known, and all complaints that are in a window with enough of them."""
    known: list[Member] = []
    for one in sorted(members, key=lambda member: (member.known_at, member.complaint_id)):
        known.append(one)
        if _are_close([member.day for member in known], rule):
            return one.known_at, _around(members, rule)
    return None


def _are_close(days: list[date], rule: GroupRule) -> bool:
    """Whether as many of the days as make a group lie within its span."""
    days.sort()
    return any((days[at + rule.least - 1] - days[at]).days < rule.days for at in range(len(days) - rule.least + 1))


def _around(members: Sequence[Member], rule: GroupRule) -> tuple[Member, ...]:
    """The complaints of every window that is a group by itself."""
    ordered = sorted(members, key=lambda member: (member.day, member.complaint_id))
    inside: set[str] = set()
    for at, first in enumerate(ordered):
        window = [one for one in ordered[at:] if (one.day - first.day).days < rule.days]
        if len(window) >= rule.least:
            inside |= {one.complaint_id for one in window}
    return tuple(one for one in ordered if one.complaint_id in inside)


def is_grouped(session: Session, clock: Clock, lot_key: str) -> bool:
    """Whether complaints about a lot make a group, known or not; one query for most lots."""
    if lot_key == UNKNOWN_LOT:
        return False
    found, rule = _places(session, clock, lot_key)
    return any(_are_close([one.happened_on or one.awareness_at.date() for one in rows], rule)
               for rows in found.values() if len(rows) >= rule.least)


def find_groups(session: Session, clock: Clock, lot_key: str, rule: GroupRule | None = None) -> list[GroupEvent]:
    """The groups of a lot that were found now; complaints that belong to one found before join it.

    `jobs` calls it for the work row `GROUPED`. A place whose group was refused makes another one only of
    complaints that were not in that group.
    """
    lot = None if lot_key == UNKNOWN_LOT else session.scalars(
        select(Lot).where(Lot.lot_key == lot_key).with_for_update()).first()
    if lot is None:
        return []
    seen, present = _members(session, clock, lot_key)
    rule = rule or present
    standing, refused = _earlier(session, lot_key)
    found = []
    for place, members in sorted(seen.items()):
        group = group_of([one for one in members if one.complaint_id not in refused], rule)
        if group is None:
            continue
        if place in standing:
            _join(session, clock, standing[place], group[1])
        else:
            found.append(_open(session, clock, (lot, place, rule), group))
    return found


def _members(session: Session, clock: Clock, lot_key: str) -> tuple[dict[str, list[Member]], GroupRule]:
    """The complaints about a lot by their place, and the rule that holds now."""
    found, rule = _places(session, clock, lot_key)
    return {place: [Member(one.id, one.happened_on or one.awareness_at.date(), one.awareness_at) for one in rows]
            for place, rows in found.items()}, rule


def _places(session: Session, clock: Clock, lot_key: str) -> tuple[dict[str, list[Any]], GroupRule]:
    """The rows of the complaints about a lot by their place, and the rule that holds now."""
    session.flush()
    rows = session.connection().execute(_COUNTED, {"lot": lot_key, "since": clock.now() - LOOK_BACK}).all()
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        place = f"consignee:{row[0]}" if row[0] else _region(row[1])
        if place:
            found[place].append(row)
    latest = rows[0][5:] if rows else (None,)
    return found, GroupRule() if latest[0] is None else GroupRule(*latest)


def _region(text: str) -> str:
    if not text:
        return ""
    country, region = read_place(text)
    return f"region:{region}" if country == "CN" and region else ""


def _earlier(session: Session, lot_key: str) -> tuple[dict[str, GroupEvent], set[str]]:
    """The standing group of each place, and the complaints of groups that were refused."""
    groups = session.scalars(select(GroupEvent).where(GroupEvent.lot_key == lot_key)).all()
    refused = {group.id for group in groups if group.state == GroupState.refused}
    cases = session.scalars(select(GroupEventCase.complaint_id).where(
        GroupEventCase.lot_key == lot_key, GroupEventCase.group_id.in_(refused)))
    return {group.place: group for group in groups if group.state != GroupState.refused}, set(cases)


def _join(session: Session, clock: Clock, group: GroupEvent, members: Sequence[Member]) -> None:
    present = set(session.scalars(select(GroupEventCase.complaint_id).where(
        GroupEventCase.lot_key == group.lot_key, GroupEventCase.group_id == group.id)))
    fresh = [one.complaint_id for one in members if one.complaint_id not in present]
    for complaint_id in fresh:
        session.add(GroupEventCase(lot_key=group.lot_key, group_id=group.id, complaint_id=complaint_id,
                                   added_at=clock.now()))
    if fresh and present:
        record(session, SYSTEM, clock.now(), "group.grew", about(group.id), {"complaints": fresh})


def _open(session: Session, clock: Clock, where: tuple[Lot, str, GroupRule],
          what: tuple[datetime, tuple[Member, ...]]) -> GroupEvent:
    (lot, place, rule), (known_at, members), now = where, what, clock.now()
    group = GroupEvent(lot_key=lot.lot_key, id=new_id(now), reference=new_reference("GE", now), place=place,
                       known_at=known_at, found_at=now, least=rule.least, days=rule.days)
    session.add(group)
    session.flush()
    _join(session, clock, group, members)
    record(session, SYSTEM, now, "group.found", about(group.id), {
        "lot": lot.uri, "place": place, "known_at": known_at, "complaints": [one.complaint_id for one in members]})
    raise_task(session, SYSTEM, clock, RaiseTask(TASK, about(group.id), "quality", known_at + _DECIDE_WITHIN,
                                                 lot.lot_key, {"reference": group.reference, "number": lot.number}))
    product = session.get(Product, lot.product_id) if lot.product_id else None
    for market in markets_of(session, [product.id] if product else [], known_at.date(), {"CN": Ground.happened}):
        run_clocks(session, SYSTEM, clock, Subject(about(group.id), group.reference, lot.lot_key), Situation(
            market.jurisdiction, kinds_of(product.kind if product else None), market.roles, _TRIGGERS,
            market.device_class, market.ground, is_further=True), known_at)
    return group


def decide_group(session: Session, actor: Actor, clock: Clock, command: DecideGroup) -> GroupEvent:
    """The group, confirmed or refused; a refused one has its clocks ended as not reportable, with the reason.

    Raises Forbidden, NotFound, Stale, InvalidInput without a reason, Conflict for one that was refused before.
    """
    permit(actor, "adverse_event.decide")
    group = session.scalars(select(GroupEvent).where(GroupEvent.id == command.group_id).with_for_update()).first()
    if group is None:
        raise NotFound("There is no such group.", code="unknown-group")
    expect_revision(group, command.revision)
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    if group.state == GroupState.refused:
        raise Conflict("It was said before that this is no group.", code="wrong-state")
    now = clock.now()
    group.state = GroupState.confirmed if command.is_group else GroupState.refused
    group.decided_at, group.decided_by, group.reason = now, actor.id, reason
    record(session, actor, now, f"group.{group.state}", about(group.id), {"reason": reason})
    complete_tasks(session, actor, clock, about(group.id), TASK, str(group.state))
    if not command.is_group:
        for one in clocks_about(session, about(group.id)):
            if one.state == ClockState.running:
                end_clock(session, actor, clock, EndClock(one.id, ClockState.not_reportable, reason))
    return group


def group_by_id(session: Session, group_id: str) -> GroupEvent | None:
    """The group with this id."""
    return session.scalars(select(GroupEvent).where(GroupEvent.id == group_id)).first()


def groups_found(session: Session, limit: int = 100) -> list[GroupEvent]:
    """Groups, those that wait for a decision first, then the newest."""
    return list(session.scalars(select(GroupEvent).order_by(
        GroupEvent.state != GroupState.found, GroupEvent.known_at.desc()).limit(limit)))


def groups_of_year(session: Session, clock: Clock) -> tuple[int, int]:
    """How many groups of the last 365 days there are, and how many of them a person refused."""
    refused = func.count().filter(GroupEvent.state == GroupState.refused)
    found, of_them = session.execute(select(func.count(), refused).where(
        GroupEvent.known_at > clock.now() - timedelta(days=365))).one()
    return found, of_them


def cases_of(session: Session, group: GroupEvent) -> list[Complaint]:
    """The complaints of a group, the first known first."""
    ids = select(GroupEventCase.complaint_id).where(GroupEventCase.lot_key == group.lot_key,
                                                    GroupEventCase.group_id == group.id)
    return list(session.scalars(select(Complaint).where(Complaint.id.in_(ids)).order_by(Complaint.awareness_at)))
