"""What the house promises about complaints and offers on a broken promise: set by the manager, in versions that hold
for what is received from a moment on. Before the first version the defaults of `policy` hold."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, Stale
from traceapp.identity.policy import permit

from .policy import DEFAULT_PROMISES, Promise, Promises, cleaned_text, refuse_promises
from .promise_model import ServicePromise
from .states import Severity

ABOUT = "service:promises"
SERVICE_ONLY = "service_only"
ROWS = (*Severity, SERVICE_ONLY)
_LOADED = "service_promises"
_columns = ServicePromise.__table__.c
_VERSIONS = select(_columns.valid_from, _columns.hours, _columns.offers).order_by(
    _columns.valid_from.desc(), _columns.version.desc())


@dataclass(frozen=True, slots=True)
class SetPromises:
    """`hours`: each severity, and `service_only`, to its four numbers in order; `offers`: each severity to the code of
    an offer, or "". `valid_from` None: from now on. `version`: the latest one that was seen, 0 for none."""

    hours: Mapping[str, tuple[int, ...]]
    offers: Mapping[str, str]
    reason: str
    valid_from: datetime | None = None
    version: int | None = None


def promises_at(session: Session, received_at: datetime) -> Promises:
    """What holds for a complaint that was received at this moment. The versions are read once a session."""
    if _LOADED not in session.info:
        session.info[_LOADED] = [(one.valid_from, as_promises(one)) for one in session.connection().execute(_VERSIONS)]
    return next((found for valid_from, found in session.info[_LOADED] if valid_from <= received_at), DEFAULT_PROMISES)


def promise_versions(session: Session) -> list[ServicePromise]:
    """Every version, the one that holds last first."""
    return list(session.scalars(select(ServicePromise).order_by(
        ServicePromise.valid_from.desc(), ServicePromise.version.desc())))


def as_promises(row: Any) -> Promises:
    """A version, or a row with these columns of one, as a value."""
    return Promises({one: Promise(*row.hours[one]) for one in Severity}, Promise(*row.hours[SERVICE_ONLY]),
                    {one: row.offers[one] for one in Severity})


def kept_promises(promises: Promises) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hours and offers as a version keeps them."""
    hours = {str(one): list(row) for one, row in promises.hours.items()} | {SERVICE_ONLY: list(promises.service_only)}
    return hours, {str(one): text for one, text in promises.offers.items()}


def set_promises(session: Session, actor: Actor, clock: Clock, command: SetPromises) -> ServicePromise:
    """A new version. Complaints that were received before keep what they were promised. Raises Forbidden, InvalidInput
    for promises that no house can make, a moment in the past or no reason, Stale when somebody set them meanwhile."""
    permit(actor, "complaint.approve")
    promises = _meant(command)
    refuse_promises(promises)
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    now = clock.now()
    valid_from = command.valid_from or now
    if valid_from < now:
        raise InvalidInput("What was promised in the past stays. Choose a moment from now on.", code="in-the-past",
                           place="valid_from")
    versions = promise_versions(session)
    latest = max((one.version for one in versions), default=0)
    if command.version is not None and command.version != latest:
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
    hours, offers = kept_promises(promises)
    made = ServicePromise(version=latest + 1, valid_from=valid_from, hours=hours, offers=offers, reason=reason,
                          set_at=now, set_by=actor.id)
    before = kept_promises(next((as_promises(one) for one in versions if one.valid_from <= valid_from),
                                DEFAULT_PROMISES))
    session.add(made)
    record(session, actor, now, "promises.set", ABOUT, {
        "version": made.version, "valid_from": valid_from, "reason": reason,
        "hours": {"before": before[0], "after": hours}, "offers": {"before": before[1], "after": offers}})
    session.flush()
    session.info.pop(_LOADED, None)
    return made


def _meant(command: SetPromises) -> Promises:
    for name in ROWS:
        if len(command.hours.get(name, ())) != len(Promise._fields):
            raise InvalidInput("Each row has four numbers: first answer, triage, decision, resolution.",
                               code="bad-promise", place=name)
    return Promises({one: Promise(*command.hours[one]) for one in Severity}, Promise(*command.hours[SERVICE_ONLY]),
                    {one: command.offers.get(one, "") for one in Severity})
