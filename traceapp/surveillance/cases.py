"""From an alarm to a case: it opens one, joins one that is about the same lots, or says nothing new.

An alarm joins a standing case with which it has finished lots in common, so that one bad raw lot makes one case
however many nodes it raises; cases that nobody has begun with and that a stronger alarm explains become one. Which
alarm gives the case its name and its numbers: `naming`. After a refusal or a closing only more reports than then open
another.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, or_, select, text, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key, new_id, new_reference
from traceapp.worklist.tasks import RaiseTask, raise_task

from .alarm import Alarm
from .case_lots import refresh_lots
from .exposure import chunks
from .judging import Judgement
from .merging import absorb, is_explained
from .model import Signal, SignalAlarm, SignalLot, SignalNode
from .naming import present_llr, takes_name
from .silence import keep_silent
from .states import STANDING, SignalState

REVIEW_WITHIN = timedelta(days=1)
_DECIDING = text("SELECT pg_advisory_xact_lock(7243893)")
# A node is recorded again in its case once its reports have grown by half: rows grow with their logarithm.
_NEWS = 1.5
_NUMBERS = ("kind", "node_key", "name", "severity_group", "product_id", "method", "since", "observed", "expected",
            "llr", "critical")
_node, _case = SignalNode.__table__.c, Signal.__table__.c
_THIS_NODE = (_node.node_key == bindparam("of_node"), _node.kind == bindparam("of_kind"),
              _node.severity_group == bindparam("of_group"))
_STANDS = or_(*(_case.state == state for state in sorted(STANDING)))
_ITS_CASE = (select(_case.id).where(_case.id.in_(select(_node.signal_id).where(*_THIS_NODE)), _STANDS)
             .order_by(_case.id).limit(1))
_NAMES_IT = exists().where(_case.id == _node.signal_id, or_(
    and_(_case.kind == _node.kind, _case.node_key == _node.node_key), _case.llr >= bindparam("ratio")))
# What `_is_news` says at first sight, and the count, in one statement.
_NOTE_NO_NEWS = (
    update(SignalNode.__table__)  # type: ignore[arg-type]
    .where(*_THIS_NODE, _node.signal_id == _ITS_CASE.scalar_subquery(),
           or_(_node.observed >= bindparam("seen"), and_(_node.recorded * _NEWS > bindparam("seen"), _NAMES_IT)))
    .values(observed=sql_case((_node.observed < bindparam("seen"), bindparam("seen")), else_=_node.observed)))


def open_or_join(session: Session, clock: Clock, alarm: Alarm) -> Signal | None:
    """The case that the alarm opened or joined just now. None: it is silenced, or says nothing that its case or an
    ended one does not hold already."""
    _one_at_a_time(session)
    known = _known(session, alarm)
    for node, case in known:
        if case.state in STANDING:
            return _seen_again(session, clock, (node, case), alarm)
    overlapping = standing_cases_of(session, alarm.lot_keys)
    if overlapping:
        case, *others = overlapping
        for other in others:
            if is_explained(session, other, alarm):
                absorb(session, clock, other, case, alarm)
        return _join(session, clock, case, alarm)
    if any(alarm.observed <= node.observed for node, _case in known) or keep_silent(session, clock, alarm):
        return None
    return _open(session, clock, alarm)


def is_told_already(session: Session, node: tuple[str, str, str], seen: Judgement, on: date) -> bool:
    """Whether a standing case has this node (kind, key, group) and an alarm with so many reports would be no news to
    it: then the count is noted, and the alarm need not be made. One statement mostly: a node that alarms goes on to,
    with every complaint."""
    kind, node_key, group = node
    session.flush()
    values = {"of_node": node_key, "of_kind": kind, "of_group": group, "seen": seen.observed, "ratio": seen.llr}
    if session.connection().execute(_NOTE_NO_NEWS, values).rowcount:
        return True
    found = session.execute(
        select(SignalNode, Signal).join(Signal, Signal.id == SignalNode.signal_id).where(
            SignalNode.node_key == node_key, SignalNode.kind == kind, SignalNode.severity_group == group,
            Signal.state.in_(STANDING)).order_by(SignalNode.signal_id).limit(1)).first()
    if found is None:
        return False
    known, case = found
    if seen.observed > known.observed and _is_news(session, (known, case), seen.observed, seen.llr, on):
        return False
    known.observed = max(known.observed, seen.observed)
    return True


def _is_news(session: Session, known: tuple[SignalNode, Signal], observed: int, llr: float, on: date) -> bool:
    """Whether there are half as many reports again, or the node is stronger now than the one that names the case."""
    node, case = known
    if observed >= node.recorded * _NEWS:
        return True
    is_other_node = (case.kind, case.node_key) != (node.kind, node.node_key)
    return is_other_node and llr > case.llr and llr > present_llr(session, case, on)


def standing_cases_of(session: Session, lot_keys: Sequence[str]) -> list[Signal]:
    """The standing cases in which these lots are: those that people work on first, then the one with most of them."""
    shared: dict[str, int] = defaultdict(int)
    for keys in chunks(lot_keys):
        for (signal_id,) in session.execute(select(SignalLot.signal_id).where(
                SignalLot.lot_key.in_(keys), SignalLot.is_standing.is_(True))):
            shared[signal_id] += 1
    cases = [case for keys in chunks(shared) for case in session.scalars(select(Signal).where(Signal.id.in_(keys)))]
    return sorted(cases, key=lambda case: (case.state == SignalState.open, -shared[case.id], case.opened_at, case.id))


def _known(session: Session, alarm: Alarm) -> list[tuple[SignalNode, Signal]]:
    """The same node, or another with the very same lots, in earlier cases; each with the case that has it now."""
    same_lots = lots_hash(alarm.lot_keys)
    rows = session.execute(
        select(SignalNode, Signal).join(Signal, Signal.id == SignalNode.signal_id).where(
            SignalNode.severity_group == alarm.group,
            ((SignalNode.node_key == alarm.node_key) & (SignalNode.kind == alarm.kind))
            | (SignalNode.lots_hash == same_lots)).order_by(SignalNode.signal_id)).all()
    takers = {case.id: case for case in session.scalars(select(Signal).where(
        Signal.id.in_([case.merged_into_id for _node, case in rows if case.merged_into_id])))}
    found = [(node, takers.get(case.merged_into_id or "", case)) for node, case in rows]
    return [(node, case) for node, case in found
            if (node.kind, node.node_key) == (alarm.kind, alarm.node_key) or case.state not in STANDING]


def _seen_again(session: Session, clock: Clock, known: tuple[SignalNode, Signal], alarm: Alarm) -> Signal | None:
    node, case = known
    if alarm.observed <= node.observed:
        return None
    node.observed = alarm.observed
    if not _is_news(session, known, alarm.observed, alarm.llr, clock.now().date()):
        return None
    return _join(session, clock, case, alarm)


def _join(session: Session, clock: Clock, case: Signal, alarm: Alarm) -> Signal:
    is_stronger = takes_name(session, case, alarm, clock.now().date())
    position = _add(session, clock, case, alarm)
    if is_stronger:
        _name_after(case, alarm)
    session.flush()
    refresh_lots(session, case)
    record(session, SYSTEM, clock.now(), "signal.alarm_joined", stream_of("signal", case.id),
           {"position": position, "is_strongest": is_stronger} | _told(alarm))
    if is_stronger:
        _ask_for_review(session, clock, case)
    return case


def _open(session: Session, clock: Clock, alarm: Alarm) -> Signal:
    now = clock.now()
    case = Signal(lot_key=alarm.node_key, id=new_id(now), reference=new_reference("SG", now), opened_at=now,
                  state=SignalState.open, due_at=now + REVIEW_WITHIN)
    _name_after(case, alarm)
    session.add(case)
    session.flush()
    _add(session, clock, case, alarm)
    session.flush()
    refresh_lots(session, case)
    record(session, SYSTEM, now, "signal.opened", stream_of("signal", case.id),
           {"reference": case.reference} | _told(alarm))
    _ask_for_review(session, clock, case)
    return case


def _name_after(case: Signal, alarm: Alarm) -> None:
    for name in _NUMBERS:
        setattr(case, name, alarm.group if name == "severity_group" else getattr(alarm, name))


def _add(session: Session, clock: Clock, case: Signal, alarm: Alarm) -> int:
    """The alarm as a row of the case; answers its position."""
    position = (session.scalar(select(func.max(SignalAlarm.position)).where(
        SignalAlarm.lot_key == case.lot_key, SignalAlarm.signal_id == case.id)) or 0) + 1
    session.add(SignalAlarm(
        lot_key=case.lot_key, signal_id=case.id, position=position, at=clock.now(), severity_group=alarm.group,
        lot_keys=sorted(alarm.lot_keys), evidence=alarm.evidence,
        **{name: getattr(alarm, name) for name in _NUMBERS if name != "severity_group"}))
    node = session.get(SignalNode, (case.lot_key, case.id, alarm.kind, alarm.node_key, alarm.group))
    if node is None:
        node = SignalNode(lot_key=case.lot_key, signal_id=case.id, kind=alarm.kind, node_key=alarm.node_key,
                          severity_group=alarm.group)
        session.add(node)
    node.observed = node.recorded = alarm.observed
    node.lots_hash = lots_hash(alarm.lot_keys)
    return position


def lots_hash(lot_keys: Iterable[str]) -> str:
    """A key that two nodes with the very same lots share."""
    return name_key("urn:traceapp:lots:" + ",".join(sorted(lot_keys)))


def _told(alarm: Alarm) -> dict[str, object]:
    return {"kind": str(alarm.kind), "node": alarm.node_key, "name": alarm.name, "group": str(alarm.group),
            "lots": len(alarm.lot_keys), "observed": alarm.observed, "expected": repr(alarm.expected),
            "llr": repr(alarm.llr), "critical": repr(alarm.critical)}


def _ask_for_review(session: Session, clock: Clock, case: Signal) -> None:
    raise_task(session, SYSTEM, clock, duty_of(case, "signal.review", clock.now() + REVIEW_WITHIN))


def duty_of(case: Signal, kind: str, due_at: datetime) -> RaiseTask:
    """What quality has to do about a case, in its present numbers."""
    return RaiseTask(kind=kind, about=f"signal:{case.id}", role="quality", lot_key=case.lot_key, due_at=due_at, params={
        "reference": case.reference, "number": case.name, "observed": case.observed,
        "expected": f"{case.expected:.1f}"})


def _one_at_a_time(session: Session) -> None:
    """Two alarms about the same lots at once must not open two cases; on SQLite one writer is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_DECIDING)
