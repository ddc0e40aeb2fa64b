"""From which lots a rule starts, and why each: a fixed number of statements a rule, whatever it finds."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.core.errors import InvalidInput
from traceapp.surveillance.alarm import NodeKind
from traceapp.trace.model import Lot, LotEdge, Production
from traceapp.trace.walk import DOWN

from .scope_asked import MOST_SEEDS, Asked, Because, Seeds, asked_of
from .scope_rule import Rule, RuleKind
from .scope_ways import seeds_by_way, seeds_of_consignee, seeds_of_excursion, seeds_of_site

# In which column of the record of making the key of a rule stands.
MADE_ON: dict[RuleKind, InstrumentedAttribute[str]] = {
    RuleKind.line: Production.line, RuleKind.shift: Production.shift, RuleKind.equipment: Production.equipment,
    RuleKind.operator: Production.operator, RuleKind.load: Production.sterilisation_load}
# The kinds of causes that are no lots, as the rules that find their lots.
_THINGS: dict[str, RuleKind] = {
    NodeKind.supplier: RuleKind.supplier, NodeKind.line: RuleKind.line, NodeKind.equipment: RuleKind.equipment,
    NodeKind.operator: RuleKind.operator, NodeKind.load: RuleKind.load, NodeKind.site: RuleKind.site,
    NodeKind.lane: RuleKind.lane, NodeKind.consignee: RuleKind.consignee}


def seeds_of(session: Session, rule: Rule, among: Collection[str] | None = None) -> Seeds:
    """{lot key: why}, of `among` alone unless it is None. Raises NotFound for an excursion that there is none of,
    InvalidInput for far too many lots."""
    return _seeds(asked_of(session, rule, among))


def _seeds(asked: Asked) -> Seeds:
    found = _FINDERS[asked.rule.kind](asked)
    if len(found) > MOST_SEEDS:
        raise InvalidInput("More than %(most)s lots: make the window shorter.", code="too-many-lots", place="rules",
                           most=MOST_SEEDS)
    return found


def _lots(asked: Asked) -> Seeds:
    return {key: Because(RuleKind.lots) for key in asked.rule.keys if asked.among is None or key in asked.among}


def _supplier(asked: Asked) -> Seeds:
    rows = asked.session.execute(
        select(Lot.lot_key, Lot.supplier_id, Lot.started_at)
        .where(Lot.supplier_id.in_(asked.rule.keys), *_when(asked, Lot.started_at, Lot.lot_key),
               *asked.lots(Lot.lot_key))
        .order_by(Lot.started_at, Lot.lot_key).limit(MOST_SEEDS + 1))
    return {key: Because(RuleKind.supplier, supplier or "", at) for key, supplier, at in rows}


def _made_on(asked: Asked) -> Seeds:
    """A line may be named with its shift, as `line · shift`."""
    column, kind = MADE_ON[asked.rule.kind], asked.rule.kind
    found: Seeds = {}
    window = _when(asked, Production.made_at, Production.lot_key)
    for key in asked.rule.keys:
        name, _, shift = key.partition(" · ") if kind == RuleKind.line else (key, "", "")
        wanted = select(Production.lot_key, Production.made_at).where(
            column == name, *window, *asked.lots(Production.lot_key))
        if shift:
            wanted = wanted.where(Production.shift == shift)
        for lot_key, at in asked.session.execute(wanted.order_by(Production.made_at, Production.lot_key)
                                                 .limit(MOST_SEEDS + 1)):
            found.setdefault(lot_key, Because(kind, key, at))
    return found


def _when(asked: Asked, at: InstrumentedAttribute[object], lot: InstrumentedAttribute[str]
          ) -> list[ColumnElement[bool]]:
    """Delivered or made in the window. The day of a cause is that of the finished lots: what was delivered or made
    before and used from then on is in as well; unless it is that of the deliveries of a supplier."""
    if not asked.is_cause or asked.begin is None or asked.rule.kind == RuleKind.supplier and asked.rule.by_arrival:
        return asked.within(at)
    used = exists().where(LotEdge.lot_key == lot, LotEdge.direction == DOWN, LotEdge.at >= asked.begin)
    return [or_(at >= asked.begin, used), *replace(asked, begin=None).within(at)]


def _cause(asked: Asked) -> Seeds:
    """Nodes that are lots start by themselves; suppliers, lines and the like by their own rules in the same window."""
    found: Seeds = {}
    things: dict[RuleKind, list[str]] = {}
    for node in asked.rule.keys:
        kind, _, ref = node.partition(":")
        if not ref:
            if asked.among is None or node in asked.among:
                found[node] = Because(RuleKind.cause)
        elif kind in _THINGS:
            things.setdefault(_THINGS[kind], []).append(ref)
        else:
            raise InvalidInput("A scope cannot start from a cause of this kind. Name its batches.",
                               code="unknown-start", place="rules", kind=kind)
    for one, refs in things.items():
        rule = replace(asked.rule, kind=one, keys=tuple(refs))
        for key, because in _seeds(replace(asked, rule=rule, is_cause=True)).items():
            found.setdefault(key, because)
    return found


_FINDERS: Mapping[RuleKind, Callable[[Asked], Seeds]] = {
    RuleKind.lots: _lots, RuleKind.supplier: _supplier, RuleKind.line: _made_on, RuleKind.shift: _made_on,
    RuleKind.equipment: _made_on, RuleKind.operator: _made_on, RuleKind.load: _made_on, RuleKind.site: seeds_of_site,
    RuleKind.lane: seeds_by_way, RuleKind.consignee: seeds_of_consignee, RuleKind.excursion: seeds_of_excursion,
    RuleKind.cause: _cause}
