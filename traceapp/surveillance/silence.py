"""Silence: for a stated time no case is opened about a node or a product. What it hides is kept."""
from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock

from .alarm import Alarm
from .model import SilencedAlarm, SilenceRule


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
    kept.at, kept.times = now, kept.times + 1
    kept.lot_keys, kept.evidence = sorted(alarm.lot_keys), alarm.evidence
    for name in ("observed", "expected", "llr", "critical"):
        setattr(kept, name, getattr(alarm, name))
    session.flush()
    return True


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
