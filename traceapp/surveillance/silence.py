"""Silence: until a stated day no case is opened about a node or a product. What it hides is kept, and looked at again
when it ends."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.catalog.texts import required_text, short_text
from traceapp.complaint.case_parts import RESCORE
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot
from traceapp.worklist.work import add_work

from .alarm import Alarm, NodeKind, SeverityGroup
from .model import SignalAlarm, SilencedAlarm, SilenceRule

LONGEST = timedelta(days=366)
_REASON = 4000
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class SetSilence:
    """For one node (`kind` and `node_key`), or for a product (`kind` narrows it); `group` None: both groups.
    `from_on` None: from today. Both days are silent."""

    reason: str
    until_on: date
    from_on: date | None = None
    kind: str | None = None
    node_key: str | None = None
    product_id: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class LiftSilence:
    """Ends a rule before its day."""

    silence_id: str
    reason: str
    revision: int | None = None


def set_silence(session: Session, actor: Actor, clock: Clock, command: SetSilence) -> SilenceRule:
    """A new rule. Raises InvalidInput for a missing reason, no end within a year, or nothing that it is about;
    NotFound for a node or product that nobody knows."""
    permit(actor, "surveillance.configure")
    now = clock.now()
    today = now.date()
    from_on = command.from_on or today
    reason = required_text(short_text(command.reason, _REASON, place="reason"), place="reason")
    if command.until_on < max(from_on, today):
        raise InvalidInput("The last silent day cannot be over already.", code="ends-before", place="until_on")
    if command.until_on - from_on > LONGEST:
        raise InvalidInput("A silence lasts a year at most.", code="too-long", place="until_on")
    for name, value, allowed in (("kind", command.kind, NodeKind), ("group", command.group, SeverityGroup)):
        if value is not None and value not in set(allowed):
            raise InvalidInput("Choose one of the list.", code="unknown-choice", place=name)
    rule = SilenceRule(
        id=new_id(now), kind=command.kind, node_key=command.node_key, product_id=command.product_id,
        severity_group=command.group, reason=reason, from_on=from_on, until_on=command.until_on, set_at=now,
        set_by=actor.name or actor.id, name=_name_of(session, command))
    session.add(rule)
    record(session, actor, now, "silence.set", stream_of("silence", rule.id), {
        "kind": rule.kind, "node": rule.node_key, "product": rule.product_id, "group": rule.severity_group,
        "from": from_on, "until": rule.until_on, "reason": reason})
    session.flush()
    return rule


def lift_silence(session: Session, actor: Actor, clock: Clock, command: LiftSilence) -> SilenceRule:
    """End a rule now, with a reason; what it hid is looked at again. Raises NotFound, Conflict when it is over,
    Stale."""
    permit(actor, "surveillance.configure")
    rule = session.get(SilenceRule, command.silence_id, with_for_update=True)
    if rule is None:
        raise NotFound("There is no such silence.", code="unknown-silence")
    reason = required_text(short_text(command.reason, _REASON, place="reason"), place="reason")
    expect_revision(rule, command.revision)
    if rule.ended_at is not None:
        raise Conflict("This silence is over already.", code="silence-over")
    _end(session, actor, clock, rule, reason)
    return rule


def is_any_over(session: Session, clock: Clock) -> bool:
    """Whether a rule runs whose last day is over."""
    return session.scalar(_over(clock).limit(1)) is not None


def _over(clock: Clock) -> Select[SilenceRule]:
    return select(SilenceRule).where(SilenceRule.ended_at.is_(None), SilenceRule.until_on < clock.now().date())


def end_over(session: Session, clock: Clock, limit: int = 50) -> int:
    """End the rules whose last day is over; answers how many."""
    over = session.scalars(_over(clock).order_by(SilenceRule.until_on).limit(limit)
                           .with_for_update(skip_locked=True)).all()
    for rule in over:
        _end(session, SYSTEM, clock, rule, "")
    return len(over)


def _end(session: Session, actor: Actor, clock: Clock, rule: SilenceRule, reason: str) -> None:
    """Ask for another look at every node that was kept silent: what still stands opens its case."""
    now = clock.now()
    rule.ended_at, rule.ended_by, rule.end_reason = now, actor.name or actor.id, reason
    hidden = session.scalars(select(SilencedAlarm).where(SilencedAlarm.silence_id == rule.id)).all()
    for alarm in hidden:
        alarm.looked_at = now
        add_work(session, clock, RESCORE, alarm.lot_keys[0])
    record(session, actor, now, "silence.ended", stream_of("silence", rule.id),
           {"until": rule.until_on, "reason": reason, "hidden": len(hidden)})
    session.flush()


def keep_silent(session: Session, clock: Clock, alarm: Alarm) -> bool:
    """Whether a rule that runs now covers the alarm; the alarm is then kept beside the rule."""
    rule = _rule_for(session, clock, alarm)
    if rule is None:
        return False
    now = clock.now()
    key = (alarm.node_key, rule.id, str(alarm.kind), str(alarm.group))
    kept = session.get(SilencedAlarm, key)
    if kept is None:
        kept = SilencedAlarm(lot_key=key[0], silence_id=key[1], kind=key[2], severity_group=key[3], first_at=now,
                             times=0, name=alarm.name, product_id=alarm.product_id)
        session.add(kept)
        record(session, SYSTEM, now, "silence.kept", stream_of("silence", rule.id), {
            "kind": str(alarm.kind), "node": alarm.node_key, "name": alarm.name, "observed": alarm.observed,
            "expected": repr(alarm.expected)})
    kept.at, kept.times = now, kept.times + 1
    kept.lot_keys, kept.evidence = sorted(alarm.lot_keys), alarm.evidence
    for name in ("observed", "expected", "llr", "critical"):
        setattr(kept, name, getattr(alarm, name))
    session.flush()
    return True


def silences(session: Session, *, is_running: bool | None = None) -> list[SilenceRule]:
    """The rules, the one that ends first at the top; all, those that run, or those that are over."""
    found = select(SilenceRule)
    if is_running is not None:
        found = found.where(SilenceRule.ended_at.is_(None) if is_running else SilenceRule.ended_at.is_not(None))
    return list(session.scalars(found.order_by(SilenceRule.until_on, SilenceRule.id).limit(_SHOWN)))


def silenced_alarms(session: Session, rules: Sequence[SilenceRule]) -> dict[str, list[SilencedAlarm]]:
    """What each rule kept silent, the latest first."""
    found: dict[str, list[SilencedAlarm]] = {rule.id: [] for rule in rules}
    for alarm in session.scalars(select(SilencedAlarm).where(SilencedAlarm.silence_id.in_(found))
                                 .order_by(SilencedAlarm.at.desc())):
        found[alarm.silence_id].append(alarm)
    return found


def silence_by_id(session: Session, silence_id: str) -> SilenceRule | None:
    """The rule with this id."""
    return session.get(SilenceRule, silence_id)


def _name_of(session: Session, command: SetSilence) -> str:
    """What people call what the rule is about. Raises InvalidInput where that is nothing, NotFound."""
    if command.node_key is None and command.product_id is None:
        raise InvalidInput("Say what the silence is about: a node of a signal, or a product.", code="about-nothing",
                           place="product_id")
    if command.product_id is not None and session.get(Product, command.product_id) is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product_id")
    if command.node_key is None:
        return ""
    if command.kind is None:
        raise InvalidInput("Say of what kind the node is.", code="missing", place="kind")
    name = session.scalar(select(SignalAlarm.name).where(
        SignalAlarm.node_key == command.node_key, SignalAlarm.kind == command.kind).limit(1))
    if name is None and command.kind in (NodeKind.lot, NodeKind.upstream):
        name = session.scalar(select(Lot.number).where(Lot.lot_key == command.node_key))
    if name is None:
        raise NotFound("No alarm of such a node is known.", code="unknown-node", place="node_key")
    return name


def _rule_for(session: Session, clock: Clock, alarm: Alarm) -> SilenceRule | None:
    today = clock.now().date()
    about = [(SilenceRule.node_key == alarm.node_key) & (SilenceRule.kind == alarm.kind)]
    if alarm.product_id is not None:
        about.append(SilenceRule.node_key.is_(None) & (SilenceRule.product_id == alarm.product_id)
                     & or_(SilenceRule.kind.is_(None), SilenceRule.kind == alarm.kind))
    return session.scalars(select(SilenceRule).where(
        SilenceRule.ended_at.is_(None), SilenceRule.from_on <= today, SilenceRule.until_on >= today,
        or_(SilenceRule.severity_group.is_(None), SilenceRule.severity_group == alarm.group), or_(*about))
        .order_by(SilenceRule.until_on.desc(), SilenceRule.id).limit(1)).first()
