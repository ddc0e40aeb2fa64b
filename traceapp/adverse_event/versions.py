"""Earlier versions of an adverse event: kept before each change, and what changed from one to the next."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock

from .model import AdverseEvent, AdverseEventVersion

VERSIONED = ("lot_key", "product_id", "consignee_id", "awareness_at", "latest_awareness_at", "onset_on",
             "onset_precision", "age_band", "sex", "terms", "seriousness", "is_serious", "outcome", "expectedness",
             "causality", "narrative", "use_text", "state", "details")
# What stands in versions but not in the trail: free text may name a person.
_FREE_TEXT = frozenset({"narrative", "use_text"})


@dataclass(frozen=True, slots=True)
class Why:
    """What kind of change it is, for which reason, and when we learned of what is new."""

    kind: str
    reason: str
    learned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that one change altered; a field of the details has the name `details.` and its own."""

    version: int
    at: datetime
    by: str
    kind: str
    reason: str
    learned_at: datetime | None
    name: str
    before: Any
    after: Any


def keep_version(session: Session, actor: Actor, clock: Clock, event: AdverseEvent, why: Why) -> dict[str, Any]:
    """Keep the fields as they stand, before they change; gives them back."""
    fields = fields_of(event)
    last = session.scalar(select(func.max(AdverseEventVersion.version))
                          .where(AdverseEventVersion.adverse_event_id == event.id))
    session.add(AdverseEventVersion(
        lot_key=event.lot_key, adverse_event_id=event.id, version=(last or 0) + 1, at=clock.now(), by=actor.id,
        kind=why.kind, learned_at=why.learned_at, reason=why.reason, fields=fields))
    return fields


def note_change(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                change: tuple[str, dict[str, Any]]) -> None:
    """Record what an action changed since these fields; of details and free text only which."""
    action, before = change
    old, new = flat(before), flat(fields_of(event))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    shown = [name for name in changed if name in before and name not in _FREE_TEXT]
    record(session, actor, clock.now(), f"adverse_event.{action}", stream_of("adverse_event", event.id), {
        "before": {name: old.get(name) for name in shown}, "after": {name: new.get(name) for name in shown},
        "changed": changed})


def fields_of(event: AdverseEvent) -> dict[str, Any]:
    """The fields of a version, of the event as it stands."""
    values = {name: getattr(event, name) for name in VERSIONED}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with those of the details beside the others."""
    details = fields.get("details") or {}
    return {name: value for name, value in fields.items() if name != "details"} | {
        f"details.{name}": value for name, value in details.items()}


def changes_of(versions: Iterable[AdverseEventVersion], event: AdverseEvent) -> Iterator[FieldChange]:
    """Every field that every change altered, the latest change first: each version compared with the one after it,
    the last with the event itself. A field that a version did not know yet had no value."""
    after = flat(fields_of(event))
    for version in sorted(versions, key=lambda one: one.version, reverse=True):
        before = flat(version.fields)
        for name in {**after, **before}:
            old, new = before.get(name), after.get(name)
            if old != new and not (name == "expectedness" and old is None and new == "unknown"):
                yield FieldChange(version.version, version.at, version.by, version.kind, version.reason,
                                  version.learned_at, name, old, new)
        after = before
