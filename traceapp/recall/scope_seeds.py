"""From which lots a rule starts, and why each: a fixed number of statements a rule, whatever it finds."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.core.errors import InvalidInput, NotFound
from traceapp.surveillance.alarm import NodeKind
from traceapp.trace.guards import place_of
from traceapp.trace.many_keys import listed
from traceapp.trace.model import ItemKind, Lot, Production, ShipmentLine
from traceapp.trace.presence import place_uris, present_at
from traceapp.trace.reach_reads import KEY
from traceapp.trace.sensor_model import Excursion

from .scope_rule import Rule, RuleKind

# More than anybody starts from; what is cut is refused, never left out in silence.
MOST_SEEDS = 20_000
_COLUMNS: dict[RuleKind, InstrumentedAttribute[str]] = {
    RuleKind.line: Production.line, RuleKind.equipment: Production.equipment,
    RuleKind.load: Production.sterilisation_load}
# The kinds of causes that are no lots, as the rules that find their lots.
_THINGS: dict[str, RuleKind] = {
    NodeKind.supplier: RuleKind.supplier, NodeKind.line: RuleKind.line, NodeKind.equipment: RuleKind.equipment,
    NodeKind.load: RuleKind.load, NodeKind.consignee: RuleKind.consignee}


@dataclass(frozen=True, slots=True)
class Because:
    """Why a lot is a start: by a rule of which kind, what it met (a name, a place, an id), when. `kind` `mixed`: it lay
    in the container `what` with the affected lot `other` from `at` until `until` (None: still)."""

    kind: str
    what: str = ""
    at: datetime | None = None
    until: datetime | None = None
    other: str = ""
    units: Decimal | None = None


Seeds = dict[str, Because]


def seeds_of(session: Session, rule: Rule) -> Seeds:
    """{lot key: why}. Raises NotFound for an excursion that there is none of, InvalidInput for far too many lots."""
    found = _FINDERS[rule.kind](session, rule)
    if len(found) > MOST_SEEDS:
        raise InvalidInput("More than %(most)s lots: make the window shorter.", code="too-many-lots", place="rules",
                           most=MOST_SEEDS)
    return found


@dataclass(frozen=True, slots=True)
class _Window:
    """From a moment until another, which does not count any more; None: open."""

    begin: datetime | None
    end: datetime | None

    def within(self, column: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.begin is not None:
            found.append(column >= self.begin)
        if self.end is not None:
            found.append(column < self.end)
        return found


def _window(session: Session, rule: Rule) -> _Window:
    """The days of the rule at our plant."""
    if rule.since is None and rule.until is None:
        return _Window(None, None)
    zone = ZoneInfo(place_of(session, None).zone)
    return _Window(_midnight(rule.since, zone),
                   None if rule.until is None else _midnight(rule.until + timedelta(days=1), zone))


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone).astimezone(UTC)


def _lots(_session: Session, rule: Rule) -> Seeds:
    return {key: Because(RuleKind.lots) for key in rule.keys}


def _supplier(session: Session, rule: Rule) -> Seeds:
    rows = session.execute(
        select(Lot.lot_key, Lot.supplier_id, Lot.started_at)
        .where(Lot.supplier_id.in_(rule.keys), *_window(session, rule).within(Lot.started_at))
        .order_by(Lot.started_at, Lot.lot_key).limit(MOST_SEEDS + 1))
    return {key: Because(RuleKind.supplier, supplier or "", at) for key, supplier, at in rows}


def _made_on(session: Session, rule: Rule) -> Seeds:
    """A line may be named with its shift, as `line · shift`."""
    column = _COLUMNS[rule.kind]
    found: Seeds = {}
    window = _window(session, rule).within(Production.made_at)
    for key in rule.keys:
        name, _, shift = key.partition(" · ") if rule.kind == RuleKind.line else (key, "", "")
        wanted = select(Production.lot_key, Production.made_at).where(column == name, *window)
        if shift:
            wanted = wanted.where(Production.shift == shift)
        for lot_key, at in session.execute(wanted.order_by(Production.made_at, Production.lot_key)
                                           .limit(MOST_SEEDS + 1)):
            found.setdefault(lot_key, Because(rule.kind, key, at))
    return found


def _consignee(session: Session, rule: Rule) -> Seeds:
    units = func.sum(ShipmentLine.units, type_=ShipmentLine.units.type)
    rows = session.execute(
        select(ShipmentLine.lot_key, func.min(ShipmentLine.consignee_id), func.min(ShipmentLine.shipped_at), units)
        .where(ShipmentLine.consignee_id.in_(rule.keys), ShipmentLine.units > 0,
               *_window(session, rule).within(ShipmentLine.shipped_at))
        .group_by(ShipmentLine.lot_key).order_by(func.min(ShipmentLine.shipped_at), ShipmentLine.lot_key)
        .limit(MOST_SEEDS + 1))
    return {key: Because(RuleKind.consignee, consignee, at, units=amount) for key, consignee, at, amount in rows}


def _excursion(session: Session, rule: Rule) -> Seeds:
    found: Seeds = {}
    for name in rule.keys:
        lot_key, _, excursion_id = name.partition("/")
        row = session.get(Excursion, (lot_key, excursion_id))
        if row is None:
            raise NotFound("There is no such excursion.", code="unknown-excursion", place="rules")
        end = row.ended_at or row.last_at
        there = present_at(session, row.source_key, row.began_at, end)
        where = place_uris(session, [row.source_key]).get(row.source_key, "")
        lots = set(session.scalars(select(Lot.lot_key).where(
            Lot.lot_key.in_(listed(session, [key for key in there if KEY.fullmatch(key)])),
            Lot.item_kind == ItemKind.lot)))
        for key in sorted(lots):
            if any(since <= end and (until is None or until > row.began_at) for since, until in there[key]):
                found.setdefault(key, Because(RuleKind.excursion, where, row.began_at, end))
    return found


def _cause(session: Session, rule: Rule) -> Seeds:
    """Nodes that are lots start by themselves; suppliers, lines and the like by their own rules in the same window."""
    found: Seeds = {}
    things: dict[RuleKind, list[str]] = {}
    for node in rule.keys:
        kind, _, ref = node.partition(":")
        if not ref:
            found[node] = Because(RuleKind.cause)
        elif kind in _THINGS:
            things.setdefault(_THINGS[kind], []).append(ref)
        else:
            raise InvalidInput("A scope cannot start from a cause of this kind. Name its batches.",
                               code="unknown-start", place="rules", kind=kind)
    for one, refs in things.items():
        rows = _FINDERS[one](session, Rule(one, tuple(refs), rule.since, rule.until))
        for key, because in rows.items():
            found.setdefault(key, because)
    return found


_FINDERS: Mapping[RuleKind, Callable[[Session, Rule], Seeds]] = {
    RuleKind.lots: _lots, RuleKind.supplier: _supplier, RuleKind.line: _made_on, RuleKind.equipment: _made_on,
    RuleKind.load: _made_on, RuleKind.consignee: _consignee, RuleKind.excursion: _excursion, RuleKind.cause: _cause}


def is_startable(node: str) -> bool:
    """Whether a scope can start from this node of a cause."""
    kind, _, ref = node.partition(":")
    return not ref or kind in _THINGS


def startable(nodes: Iterable[str]) -> tuple[str, ...]:
    """Those of the nodes of a cause from which a scope can start."""
    return tuple(node for node in nodes if is_startable(node))
