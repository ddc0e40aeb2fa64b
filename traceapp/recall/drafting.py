"""Opening a recall, writing its texts, choosing its scope."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from traceapp.audit import record
from traceapp.catalog.texts import one_line, required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, Name, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db import expect_revision
from traceapp.db.insert import insert_many
from traceapp.identity.policy import permit
from traceapp.surveillance.model import Signal
from traceapp.trace.model import Lot

from .cases import PUBLIC_TEXTS, is_begun, recall_by_id, recall_stream
from .classes import is_graver
from .clocks import start_classified_clocks
from .model import Recall, RecallLedger, RecallLot
from .proposing import Ruled, exactly, ruled
from .rehearsing import MARKS, stop_lots
from .scope import Scope
from .scope_rule import Rule, RuleKind, refuse_bad, rules_of
from .states import UNTOLD, RecallClass, RecallState, TriggerKind
from .wording import refuse_softeners

_SIZES = {"title_zh": 300, "title_en": 300, "contact": 200} | dict.fromkeys(
    ("reason", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en"), 4000)
_OPTIONAL = ("remedy_zh", "remedy_en")


@dataclass(frozen=True, slots=True)
class OpenRecall:
    """`reason` stays inside the house; the texts in two languages are what the public and consignees read. What
    `rules` find, or else everything downstream of `root_lot_keys`, is in the draft scope at once. `is_drill`: nobody
    outside is told, nothing is stopped; its titles say so. `trigger_kind`, `trigger_text`: what made somebody open it,
    such as a letter; `awareness_at`: when the house first knew, without it when the signal was raised, else now."""

    recall_class: str
    title_zh: str
    title_en: str
    reason: str
    risk_zh: str
    risk_en: str
    action_zh: str
    action_en: str
    contact: str
    remedy_zh: str = ""
    remedy_en: str = ""
    signal_id: str | None = None
    root_lot_keys: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    trigger_kind: str = ""
    trigger_text: str = ""
    is_drill: bool = False
    awareness_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeRecall:
    """The whole of a draft's class and texts as they shall be; its signal and lots stay, as do what it is about and
    since when it is known where these are not said."""

    recall_id: str
    recall: OpenRecall
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class SetScope:
    """The lots that shall be in. `left_out` gives the reason for each lot that the genealogy proposes and that shall
    not be in; `root_lot_keys` None: the chosen lots stay."""

    recall_id: str
    lot_keys: tuple[str, ...]
    revision: int | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    root_lot_keys: tuple[str, ...] | None = None


def open_recall(session: Session, actor: Actor, clock: Clock, command: OpenRecall) -> Recall:
    """A new draft. Raises InvalidInput naming the field that is missing or softens, NotFound for an unknown lot or
    signal."""
    permit(actor, "recall.write")
    values: dict[str, Any] = dict(_checked_texts(command, is_drill=command.is_drill))
    now = clock.now()
    found = _first_scope(session, command)
    roots = found.scope.roots if found else ()
    values |= _trigger(session, now, command)
    recall = Recall(id=new_id(now), reference=new_reference("DR" if command.is_drill else "RC", now),
                    state=RecallState.draft, opened_at=now, is_drill=command.is_drill, opened_by=actor.id,
                    signal_id=command.signal_id,
                    root_lot_key=roots[0] if roots else None,
                    scope_rule=_stored(found, {}), **values)
    session.add(recall)
    session.flush()
    if found:
        write_lots(session, recall, found.scope)
    record(session, actor, now, "recall.opened", recall_stream(recall), {
        "reference": recall.reference, "class": recall.recall_class, "reason": recall.reason, "roots": list(roots),
        "rules": recall.scope_rule["rules"], "signal": recall.signal_id, "drill": recall.is_drill,
        "trigger": str(recall.trigger_kind), "awareness_at": recall.awareness_at})
    return recall


def _trigger(session: Session, now: datetime, command: OpenRecall) -> dict[str, Any]:
    """What a new case is about and since when it is known. Raises NotFound for an unknown signal, InvalidInput for a
    moment to come."""
    raised_at = None
    if command.signal_id is not None:
        raised_at = session.scalar(select(Signal.opened_at).where(Signal.id == command.signal_id))
        if raised_at is None:
            raise NotFound("There is no such signal.", code="unknown-signal", place="signal_id")
    kind = command.trigger_kind or (TriggerKind.signal if command.signal_id else TriggerKind.other)
    return {"trigger_kind": _trigger_kind(kind), "awareness_at": _known_since(now, command.awareness_at or raised_at),
            "trigger_text": short_text(command.trigger_text, 300, place="trigger_text").strip()}


def _trigger_kind(kind: str) -> TriggerKind:
    if kind not in set(TriggerKind):
        raise InvalidInput("Choose what the case is about.", code="unknown-trigger", place="trigger_kind")
    return TriggerKind(kind)


def _known_since(now: datetime, at: datetime | None) -> datetime:
    if at is not None and at > now:
        raise InvalidInput("This moment has not come yet.", code="in-the-future", place="awareness_at")
    return at or now


def _first_scope(session: Session, command: OpenRecall) -> Ruled | None:
    """What a new draft begins with. Raises InvalidInput for rules that find nothing, NotFound."""
    if not command.rules:
        roots = tuple(dict.fromkeys(command.root_lot_keys))
        return ruled(session, (Rule(RuleKind.lots, roots),), place="root_lot_keys") if roots else None
    refuse_bad(command.rules)
    found = ruled(session, command.rules)
    if not found.scope.lots:
        raise nothing_found()
    return found


def nothing_found() -> InvalidInput:
    """Rules by which no scope can be."""
    return InvalidInput("These rules find no batch of which anything is left or was sent.", code="no-lots",
                        place="rules")


def _stored(found: Ruled | None, left_out: Mapping[str, str]) -> dict[str, Any]:
    """A scope as the row of its case keeps it."""
    return {"rules": [rule.as_data for rule in found.rules] if found else [],
            "roots": list(found.scope.roots) if found else [], "left_out": dict(left_out)}


def change_recall(session: Session, actor: Actor, clock: Clock, command: ChangeRecall) -> Recall:
    """Change class and texts of a draft; a class graver than the decided one begins its clocks. Raises as open_recall;
    Conflict when it is no draft any more, or for a class milder than the decided one; Stale."""
    permit(actor, "recall.write")
    recall = draft_of(session, command.recall_id, command.revision)
    after: dict[str, Any] = dict(_checked_texts(command.recall, is_drill=recall.is_drill))
    if command.recall.trigger_kind:
        after |= {"trigger_kind": _trigger_kind(command.recall.trigger_kind),
                  "trigger_text": short_text(command.recall.trigger_text, 300, place="trigger_text").strip()}
    known = recall.awareness_at or recall.opened_at
    if command.recall.awareness_at not in (None, known.replace(second=0, microsecond=0)):  # forms know minutes
        after["awareness_at"] = _known_since(clock.now(), command.recall.awareness_at)
    before = {name: getattr(recall, name) for name in after}
    changed = [name for name in after if before[name] != after[name]]
    if is_begun(recall) and any(name in (*PUBLIC_TEXTS, "contact") for name in changed):
        raise Conflict("People have read these texts. Correct the notice instead: then everybody is told what was "
                       "changed.", code="texts-told")
    is_graver_now = "recall_class" in changed and _refuse_milder(recall, after["recall_class"])
    for name in changed:
        setattr(recall, name, after[name])
    if changed:
        record(session, actor, clock.now(), "recall.changed", recall_stream(recall), {
            "before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}})
    session.flush()
    if is_graver_now:
        start_classified_clocks(session, actor, clock, recall)
    return recall


def _refuse_milder(recall: Recall, recall_class: str) -> bool:
    """Whether another class than the one that was decided is graver. Raises Conflict (code `milder-class`): why a
    milder one is enough is a matter of the decision."""
    if recall.state != RecallState.planned:  # what will be decided comes with the decision
        return False
    if is_graver(recall.recall_class, recall_class):
        raise Conflict("Class %(signed)s was decided and signed. It can become a graver one here, not a milder one.",
                       code="milder-class", place="recall_class", signed=recall.recall_class)
    return True


def set_scope(session: Session, actor: Actor, clock: Clock, command: SetScope) -> Scope:
    """Choose the lots of a draft; lots that are not downstream may be added too. Answers the scope as it now is.

    Raises InvalidInput (`errors` per lot key) when a proposed lot is neither in nor left out with a reason; NotFound,
    Conflict when it is no draft any more, Stale.
    """
    permit(actor, "recall.write")
    recall = draft_of(session, command.recall_id, command.revision)
    rules = rules_of(recall.scope_rule)
    if command.root_lot_keys is not None:
        roots = tuple(dict.fromkeys(command.root_lot_keys))
        rules = (Rule(RuleKind.lots, roots),) if roots else ()
    if not command.lot_keys:
        raise InvalidInput("Choose at least one lot.", code="no-lots", place="lot_keys")
    found = ruled(session, rules, recall.id)
    reached, chosen = found.scope.lot_keys, frozenset(command.lot_keys)
    left_out = {key: short_text(reason, 1000, place=f"left_out/{key}") for key, reason in command.left_out.items()
                if key in reached and key not in chosen}
    refuse_unexplained(found.scope, chosen, left_out)
    return keep_scope(session, actor, clock, recall, Chosen(found, command.lot_keys, left_out))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the rules propose, which lots shall be in, and why others of them are not."""

    found: Ruled
    lot_keys: tuple[str, ...]
    left_out: Mapping[str, str]


def keep_scope(session: Session, actor: Actor, clock: Clock, recall: Recall, chosen: Chosen) -> Scope:
    """Make this the scope of a draft. What is decided is on hold at once. Raises Conflict for a lot that is taken out
    although people were told of it."""
    before = list(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)
                                  .order_by(RecallLot.lot_key)))
    _refuse_taken_out(session, recall, frozenset(chosen.lot_keys), before)
    scope = exactly(session, chosen.found, chosen.lot_keys)
    write_lots(session, recall, scope)
    if recall.decided_at is not None:
        stop_lots(session, actor, clock, recall, sorted({*scope.lot_keys, *chosen.found.scope.lot_keys}))
    roots = chosen.found.scope.roots
    recall.scope_rule = _stored(chosen.found, chosen.left_out)
    recall.root_lot_key = roots[0] if roots else None
    flag_modified(recall, "scope_rule")
    kept, known = scope.lot_keys, frozenset(before)
    record(session, actor, clock.now(), "recall.scope_set", recall_stream(recall), {
        "added": sorted(kept - known), "removed": sorted(known - kept), "lots": len(kept),
        "rules": recall.scope_rule["rules"], "left_out": recall.scope_rule["left_out"]})
    session.flush()
    return scope


def is_open_for_change(recall: Recall) -> bool:
    """Whether scope, texts and strategy can be changed: until they are submitted for approval."""
    return recall.state in UNTOLD and recall.submitted_at is None


def roots_of(recall: Recall) -> tuple[str, ...]:
    """The chosen lots, from which the genealogy is followed."""
    return tuple(recall.scope_rule.get("roots", ()))


def left_out_of(recall: Recall) -> dict[str, str]:
    """{lot key: why it was left out, although it is downstream}."""
    return dict(recall.scope_rule.get("left_out", {}))


def refuse_unexplained(proposed: Scope, chosen: frozenset[str], left_out: Mapping[str, str]) -> None:
    """Nothing when every proposed lot is in, or out for a reason. Raises InvalidInput with the lots."""
    missing = {lot.lot_key: lot.number for lot in proposed.lots
               if lot.lot_key not in chosen and not left_out.get(lot.lot_key, "").strip()}
    if missing:
        raise InvalidInput(
            "These lots are downstream of a chosen lot: %(lots)s. Take them in, or give a reason for each that is "
            "left out.", code="lots-left-out", place="lot_keys", lots=named(missing.values()),
            errors={f"left_out/{key}": number for key, number in missing.items()})


def _refuse_taken_out(session: Session, recall: Recall, chosen: frozenset[str], before: Sequence[str]) -> None:
    """Nothing unless a lot is taken out of which people were told."""
    if not is_begun(recall):
        return
    gone = [key for key in before if key not in chosen]
    told = list(session.scalars(select(Lot.number).join(RecallLedger, RecallLedger.lot_key == Lot.lot_key).where(
        RecallLedger.recall_id == recall.id, RecallLedger.lot_key.in_(gone)).distinct())) if gone else []
    if told:
        raise Conflict("People were told of these lots; they cannot be taken out: %(lots)s.", code="lots-told",
                       place="lot_keys", lots=named(told))


def named(numbers: object, most: int = 10) -> str:
    """Lot numbers or names in one line, cut after `most`; of names in both languages a line in both."""
    listed: list[object] = list(numbers)  # type: ignore[call-overload]
    rest = f" … (+{len(listed) - most})" if len(listed) > most else ""
    return Name(", ".join(str(one) for one in listed[:most]) + rest,
                ", ".join(one.english if isinstance(one, Name) else str(one) for one in listed[:most]) + rest)


def write_lots(session: Session, recall: Recall, scope: Scope) -> None:
    """Make the stored lots those of `scope`, with their present quantities."""
    session.execute(delete(RecallLot).where(RecallLot.recall_id == recall.id))
    insert_many(session, RecallLot, [
        {"recall_id": recall.id, "lot_key": lot.lot_key, "path": lot.path_text, "made": lot.made,
         "in_stock": lot.in_stock, "shipped": lot.shipped} for lot in scope.lots])


def draft_of(session: Session, recall_id: str, revision: int | None) -> Recall:
    """The recall, locked, while it can be changed. Raises NotFound, Conflict (code `wrong-state`) and Stale."""
    recall = recall_by_id(session, recall_id, lock=True)
    if not is_open_for_change(recall):
        raise Conflict("Scope and texts can be changed until they are submitted; this recall is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    expect_revision(recall, revision)
    return recall


def _checked_texts(command: OpenRecall, *, is_drill: bool) -> dict[str, str]:
    if command.recall_class not in set(RecallClass):
        raise InvalidInput("The class of a recall is I, II or III.", code="unknown-class", place="recall_class")
    values = {"recall_class": str(command.recall_class)}
    for name, size in _SIZES.items():
        text = short_text(getattr(command, name), size, place=name)
        if is_drill and name in MARKS and text:
            text = short_text(MARKS[name] + text.removeprefix(MARKS[name]), size, place=name)
        values[name] = text if name in _OPTIONAL else required_text(text, place=name)
        if size < 4000:
            one_line(values[name], place=name)
    refuse_softeners({name: values[name] for name in (*PUBLIC_TEXTS, "contact")})
    return values
