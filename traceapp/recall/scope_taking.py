"""Taking rules as the scope of a case, and what has come since the scope was last frozen."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.identity.policy import permit

from .cases import is_begun, lot_keys_of
from .drafting import Chosen, draft_of, keep_scope, left_out_of, nothing_found
from .model import Recall, RecallSnapshot
from .proposing import ruled
from .scope import Scope, units_of
from .scope_rule import Rule, refuse_bad


@dataclass(frozen=True, slots=True)
class TakeRules:
    """The scope of the case shall be what these rules find."""

    recall_id: str
    rules: tuple[Rule, ...]
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Growth:
    """A scope beside the one that was frozen last, `since` at its position: lots and consignees by key that were not in
    it, and (lot key, consignee id) with (units then, units now) where these are others."""

    position: int
    scope_number: int
    scope_hash: str
    lots: tuple[str, ...]
    consignees: tuple[str, ...]
    lines: Mapping[tuple[str, str], tuple[Decimal, Decimal]]
    gone: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        return not (self.lots or self.consignees or self.lines or self.gone)


def take_rules(session: Session, actor: Actor, clock: Clock, command: TakeRules) -> Scope:
    """Make what the rules find now the scope of a draft; lots that were left out for a reason stay out, and those that
    people were told of stay in. Raises InvalidInput for rules that find nothing, NotFound, Conflict, Stale."""
    permit(actor, "recall.write")
    recall = draft_of(session, command.recall_id, command.revision)
    refuse_bad(command.rules)
    found = ruled(session, command.rules, recall.id)
    reached = found.scope.lot_keys
    reasons = {key: reason for key, reason in left_out_of(recall).items() if key in reached}
    kept = lot_keys_of(session, recall) if is_begun(recall) else ()
    keys = tuple(dict.fromkeys((*(lot.lot_key for lot in found.scope.lots if lot.lot_key not in reasons), *kept)))
    if not keys:
        raise nothing_found()
    return keep_scope(session, actor, clock, recall, Chosen(found, keys, reasons))


def growth_of(session: Session, recall: Recall, scope: Scope) -> Growth | None:
    """What of this scope is new against the last one that was frozen; None before any was."""
    last = session.scalar(select(RecallSnapshot).where(RecallSnapshot.recall_id == recall.id)
                          .order_by(RecallSnapshot.position.desc()).limit(1))
    if last is None:
        return None
    lots = {row[0] for row in last.content["lots"]}
    then = {(key, consignee): Decimal(units) for key, consignee, units in last.content["units"]}
    now = units_of(scope)
    zero = Decimal(0)
    known = {consignee for _key, consignee in then}
    return Growth(
        last.position, last.scope_number, last.scope_hash,
        tuple(lot.lot_key for lot in scope.lots if lot.lot_key not in lots),
        tuple(one.consignee_id for one in scope.consignees if one.consignee_id not in known),
        {pair: (then.get(pair, zero), now.get(pair, zero)) for pair in sorted(then.keys() | now.keys())
         if then.get(pair, zero) != now.get(pair, zero)},
        tuple(sorted(lots - scope.lot_keys)))
