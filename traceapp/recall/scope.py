"""What a recall takes in: a chosen lot and every lot downstream that can still be used or was shipped."""
from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit.trail import canonical
from traceapp.catalog.model import Party, Product, ProductKind
from traceapp.catalog.queries import recall_contacts
from traceapp.core.errors import NotFound
from traceapp.trace.model import ItemKind, Lot, LotEdge, ShipmentLine
from traceapp.trace.walk import DOWN

ZERO = Decimal(0)
_CHUNK = 500
_ARROW = " → "


@dataclass(frozen=True, slots=True)
class ScopeLot:
    """A lot with where its units are. `why`: `chosen`, `finished` (a product), `shipped` (a material that went out) or
    `in_stock` (a material of which something is left). `path`: lot numbers from a chosen lot to this one. `shipped` is
    net of returns. `unit` None: not stated."""

    lot_key: str
    uri: str
    number: str
    product_id: str | None
    name_zh: str
    name_en: str
    why: str
    path: tuple[str, ...]
    made: Decimal
    in_stock: Decimal
    shipped: Decimal
    unit: str | None
    expires_on: date | None
    is_recalled: bool

    @property
    def path_text(self) -> str:
        return _ARROW.join(self.path)


@dataclass(frozen=True, slots=True)
class ScopeConsignee:
    """Who has units of lots in scope. `units`: (lot key, units net of returns), more than zero each."""

    consignee_id: str
    name_zh: str
    name_en: str
    country: str
    region: str
    units: tuple[tuple[str, Decimal], ...]
    has_mail: bool


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """Sums of the lots that are counted in one unit."""

    unit: str | None
    lots: int
    made: Decimal
    in_stock: Decimal
    shipped: Decimal


@dataclass(frozen=True, slots=True)
class Scope:
    """Lots with the nearest to a chosen one first, and the consignees by name. `passed_through`: how many lots lie on
    the way but are used up and were never shipped, so that nothing of them can be recalled."""

    roots: tuple[str, ...]
    lots: tuple[ScopeLot, ...]
    consignees: tuple[ScopeConsignee, ...]
    totals: tuple[UnitTotal, ...]
    passed_through: int

    @property
    def lot_keys(self) -> frozenset[str]:
        return frozenset(lot.lot_key for lot in self.lots)


def propose_scope(session: Session, root_lot_keys: str | Sequence[str]) -> Scope:
    """The chosen lots and what is downstream of them, as it stands now. Raises NotFound for an unknown lot."""
    roots = (root_lot_keys,) if isinstance(root_lot_keys, str) else tuple(dict.fromkeys(root_lot_keys))
    came_from = _walked(session, roots)
    lots = _lots(session, came_from)
    for key in roots:
        if key not in lots:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="root_lot_keys", lot=key)
    return _scope(session, roots, came_from, lots)


def scope_of(session: Session, roots: Sequence[str], lot_keys: Iterable[str]) -> Scope:
    """The same view of exactly these lots; one that is not downstream of a root was added by hand and its path is
    itself. Raises NotFound for an unknown lot."""
    wanted = tuple(dict.fromkeys(lot_keys))
    came_from = _walked(session, tuple(roots))
    lots = _lots(session, (*came_from, *(key for key in wanted if key not in came_from)))
    for key in wanted:
        if key not in lots:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_keys", lot=key)
    return _scope(session, tuple(roots), came_from, lots, wanted)


def frozen_hash(lots: Iterable[tuple[str, Decimal, Decimal, Decimal]], units: Mapping[tuple[str, str], Decimal],
                left_out: Mapping[str, str]) -> str:
    """SHA-256 of the canonical form of what is frozen: rows of (lot key, made, in stock, shipped), {(lot key, consignee
    id): units}, and what was left out and why."""
    body = {"lots": sorted([key, *numbers] for key, *numbers in lots),
            "consignees": sorted([*pair, amount] for pair, amount in units.items()), "left_out": dict(left_out)}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def units_of(scope: Scope) -> dict[tuple[str, str], Decimal]:
    """{(lot key, consignee id): units} of a scope."""
    return {(key, consignee.consignee_id): amount for consignee in scope.consignees
            for key, amount in consignee.units}


def shipped_units(session: Session, lot_keys: Iterable[str]) -> dict[tuple[str, str], Decimal]:
    """{(lot key, consignee id): units net of returns}, where more than zero."""
    found: dict[tuple[str, str], Decimal] = {}
    for part in _parts(lot_keys):
        rows = session.execute(
            select(ShipmentLine.lot_key, ShipmentLine.consignee_id, func.sum(ShipmentLine.units))
            .where(ShipmentLine.lot_key.in_(part)).group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id))
        found.update({(key, consignee): units for key, consignee, units in rows if units > 0})
    return found


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    listed = list(keys)
    return (listed[start:start + _CHUNK] for start in range(0, len(listed), _CHUNK))


def _walked(session: Session, roots: tuple[str, ...]) -> dict[str, str | None]:
    """{lot key: the lot it was reached from}, nearest first; a root was reached from None.

    The keys first, then their edges by key: joined to the walk, PostgreSQL would read the whole table of edges.
    """
    reached = select(Lot.lot_key).where(Lot.lot_key.in_(roots)).cte("reached", recursive=True)
    reached = reached.union(select(LotEdge.other_key).join(reached, LotEdge.lot_key == reached.c.lot_key)
                            .where(LotEdge.direction == DOWN))
    children: dict[str, set[str]] = {}
    for part in _parts(session.scalars(select(reached.c.lot_key))):
        for parent, child in session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
                LotEdge.lot_key.in_(part), LotEdge.direction == DOWN)):
            children.setdefault(parent, set()).add(child)
    came_from: dict[str, str | None] = dict.fromkeys(roots)
    waiting = deque(roots)
    while waiting:
        parent = waiting.popleft()
        for child in sorted(children.get(parent, ())):
            if child not in came_from:
                came_from[child] = parent
                waiting.append(child)
    return came_from


def _lots(session: Session, keys: Iterable[str]) -> dict[str, tuple[Lot, Product | None]]:
    found: dict[str, tuple[Lot, Product | None]] = {}
    for part in _parts(keys):
        rows = session.execute(select(Lot, Product).outerjoin(Product, Product.id == Lot.product_id)
                               .where(Lot.lot_key.in_(part)))
        found.update({lot.lot_key: (lot, product) for lot, product in rows})
    return found


def _why(lot: Lot, product: Product | None, *, is_root: bool, shipped: Decimal) -> str:
    """Why a lot belongs to a scope; empty when nothing of it is left to recall."""
    if is_root:
        return "chosen"
    if product is not None and product.kind != ProductKind.material:
        return "finished"
    if shipped > 0 or lot.shipped > 0:
        return "shipped"
    return "in_stock" if lot.stock > 0 and lot.item_kind != ItemKind.class_only else ""


def _scope(session: Session, roots: tuple[str, ...], came_from: Mapping[str, str | None],
           lots: Mapping[str, tuple[Lot, Product | None]], wanted: Sequence[str] | None = None) -> Scope:
    """`wanted` None: every lot that has a reason to be in."""
    ordered = [key for key in (*came_from, *(wanted or ())) if key in lots]
    sums: dict[str, Decimal] = {}
    units = shipped_units(session, dict.fromkeys(ordered))
    for (key, _consignee), amount in units.items():
        sums[key] = sums.get(key, ZERO) + amount
    chosen: dict[str, ScopeLot] = {}
    exactly = None if wanted is None else frozenset(wanted)
    for key in dict.fromkeys(ordered):
        lot, product = lots[key]
        why = _why(lot, product, is_root=key in roots, shipped=sums.get(key, ZERO))
        if (why if exactly is None else key in exactly):
            path = tuple(lots[step][0].number for step in _path(key, came_from) if step in lots)
            chosen[key] = _scope_lot(lot, product, why or "in_stock", path, sums.get(key, ZERO))
    inside = {pair: amount for pair, amount in units.items() if pair[0] in chosen}
    return Scope(roots, tuple(chosen.values()), _consignees(session, inside), _totals(chosen.values()),
                 len(came_from.keys() & lots.keys() - chosen.keys()))


def _scope_lot(lot: Lot, product: Product | None, why: str, path: tuple[str, ...], shipped: Decimal) -> ScopeLot:
    return ScopeLot(
        lot_key=lot.lot_key, uri=lot.uri, number=lot.number, product_id=lot.product_id,
        name_zh=product.name_zh if product else lot.name, name_en=product.name_en if product else lot.name, why=why,
        path=path, made=lot.made, in_stock=max(lot.stock, ZERO), shipped=shipped, unit=lot.unit,
        expires_on=lot.expires_on, is_recalled=lot.is_recalled)


def _path(key: str, came_from: Mapping[str, str | None]) -> list[str]:
    path = [key]
    while (before := came_from.get(path[-1])) is not None:
        path.append(before)
    return path[::-1]


def _consignees(session: Session, units: Mapping[tuple[str, str], Decimal]) -> tuple[ScopeConsignee, ...]:
    by_party: dict[str, list[tuple[str, Decimal]]] = {}
    for (key, consignee), amount in units.items():
        by_party.setdefault(consignee, []).append((key, amount))
    parties: dict[str, Party] = {}
    for part in _parts(by_party):
        parties.update({party.id: party for party in session.scalars(select(Party).where(Party.id.in_(part)))})
    contacts = recall_contacts(session, tuple(by_party))
    rows = [ScopeConsignee(
        consignee_id=key, name_zh=parties[key].name_zh if key in parties else key,
        name_en=parties[key].name_en if key in parties else key,
        country=parties[key].country if key in parties else "", region=parties[key].region if key in parties else "",
        units=tuple(amounts), has_mail=any(contact.email for contact in contacts.get(key, ())))
        for key, amounts in by_party.items()]
    return tuple(sorted(rows, key=lambda row: (row.name_en, row.consignee_id)))


def _totals(lots: Iterable[ScopeLot]) -> tuple[UnitTotal, ...]:
    sums: dict[str | None, list[Decimal]] = {}
    counts: dict[str | None, int] = {}
    for lot in lots:
        counts[lot.unit] = counts.get(lot.unit, 0) + 1
        total = sums.setdefault(lot.unit, [ZERO, ZERO, ZERO])
        for place, amount in enumerate((lot.made, lot.in_stock, lot.shipped)):
            total[place] += amount
    return tuple(UnitTotal(unit, counts[unit], *sums[unit]) for unit in sorted(sums, key=lambda unit: unit or ""))
