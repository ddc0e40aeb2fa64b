"""How many persons within how many days are a group event: a setting in versions, each with its reason."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.complaint.case_parts import RESCORE
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.policy import cleaned_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.identity.policy import permit
from traceapp.worklist.work import add_works

from .group_rule_model import GroupRuleVersion

ABOUT = "service:group-rule"
# The law names no number for “several”; three within a week is what holds until somebody sets another.
LEAST_PERSONS, WITHIN_DAYS = 3, 7
LEAST_BOUNDS, DAYS_BOUNDS = (2, 20), (1, 60)
LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class GroupRule:
    """How many persons within how many days are a group; `version` 0 is the stated default."""

    least: int = LEAST_PERSONS
    days: int = WITHIN_DAYS
    version: int = 0


@dataclass(frozen=True, slots=True)
class SetGroupRule:
    """`version`: the latest that was seen."""

    least: int
    days: int
    reason: str
    version: int | None = None


_latest = select(GroupRuleVersion).order_by(GroupRuleVersion.version.desc()).limit(1)
LATEST = tuple(_latest.with_only_columns(column).scalar_subquery() for column in (
    GroupRuleVersion.least, GroupRuleVersion.days, GroupRuleVersion.version))
"""The rule that holds now, as columns of another query; nothing where no version was set."""


def rule_now(session: Session) -> GroupRule:
    """What holds now."""
    row = session.scalars(select(GroupRuleVersion).order_by(GroupRuleVersion.version.desc()).limit(1)).first()
    return GroupRule() if row is None else GroupRule(row.least, row.days, row.version)


def rule_versions(session: Session) -> list[GroupRuleVersion]:
    """Every version, the latest first."""
    return list(session.scalars(select(GroupRuleVersion).order_by(GroupRuleVersion.version.desc())))


def set_rule(session: Session, actor: Actor, clock: Clock, command: SetGroupRule) -> GroupRuleVersion:
    """A new version. Groups that were found stay; lots with as many reports of late are looked at again.

    Raises Forbidden, InvalidInput, Stale.
    """
    permit(actor, "adverse_event.decide")
    before = rule_now(session)
    if command.version is not None and command.version != before.version:
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
    for name, value, (least, most) in (("least", command.least, LEAST_BOUNDS), ("days", command.days, DAYS_BOUNDS)):
        if not least <= value <= most:
            raise InvalidInput("Enter a number from %(least)s to %(most)s.", place=name, least=least, most=most)
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    now = clock.now()
    made = GroupRuleVersion(version=before.version + 1, least=command.least, days=command.days, reason=reason,
                            set_at=now, set_by=actor.id)
    session.add(made)
    record(session, actor, now, "group_rule.set", ABOUT, {
        "version": made.version, "reason": reason, "least": {"before": before.least, "after": made.least},
        "days": {"before": before.days, "after": made.days}})
    add_works(session, clock, RESCORE, session.scalars(select(Complaint.lot_key).where(
        Complaint.awareness_at > now - LOOK_BACK, Complaint.lot_key != UNKNOWN_LOT)
        .group_by(Complaint.lot_key).having(func.count() >= made.least)))
    session.flush()
    return made
