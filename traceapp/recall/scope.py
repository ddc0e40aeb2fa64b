"""What a recall takes in: a chosen lot and every lot downstream that can still be used or was shipped."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from traceapp.audit.trail import canonical
from traceapp.core.errors import NotFound

from .scope_reads import (
    ZERO,
    Amounts,
    LotRow,
    PartyRow,
    ProductRow,
    lot_rows,
    party_rows,
    product_rows,
    shipped_units,
    walked,
)

_ARROW = " → "


class ScopeLot(NamedTuple):
    """A lot with where its units are. `why`: `chosen`, `finished` (a product), `shipped` (a material that went out),
    `in_stock` (a material of which something is left) or `unknown` (somebody else's, nobody said how much). `path`:
    lot numbers from a chosen lot to this one. `shipped` is net of returns. `unit` None: not stated."""

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


class ScopeConsignee(NamedTuple):
    """Who has units of lots in scope. `units`: (lot key, units net of returns), more than zero each."""

    consignee_id: str
    name_zh: str
    name_en: str
    country: str
    region: str
    units: tuple[tuple[str, Decimal], ...]
    has_address: bool


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
    return scope_along(session, walked(session, dict.fromkeys(roots)), "root_lot_keys")


def scope_along(session: Session, came_from: Mapping[str, str | None], place: str = "lot_keys") -> Scope:
    """What of these lots can be recalled. `came_from`: {lot key: the lot it was reached from}, nearest first; a chosen
    one from None. Raises NotFound for a chosen lot that is unknown."""
    lots = lot_rows(session, came_from)
    _refuse_unknown((key for key, before in came_from.items() if before is None), lots, place)
    return _scope(session, came_from, lots)


def scope_among(session: Session, came_from: Mapping[str, str | None], lot_keys: Iterable[str]) -> Scope:
    """Exactly these lots, with the ways to them. Raises NotFound for an unknown one."""
    wanted = tuple(dict.fromkeys(lot_keys))
    lots = lot_rows(session, (*came_from, *(key for key in wanted if key not in came_from)))
    _refuse_unknown(wanted, lots, "lot_keys")
    return _scope(session, came_from, lots, wanted)


def _refuse_unknown(keys: Iterable[str], lots: Mapping[str, LotRow], place: str) -> None:
    for key in keys:
        if key not in lots:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place=place, lot=key)


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


def _why(lot: LotRow, product: ProductRow | None, *, is_root: bool, shipped: Decimal) -> str:
    """Why a lot belongs to a scope; empty when nothing of it is left to recall."""
    if is_root:
        return "chosen"
    if product is not None and not product.is_material:
        return "finished"
    if shipped > 0 or lot.shipped_raw > 0:
        return "shipped"
    if lot.is_untold:
        return "unknown"
    return "in_stock" if lot.stock_raw > 0 and not lot.is_class_only else ""


def _scope(session: Session, came_from: Mapping[str, str | None], lots: Mapping[str, LotRow],
           wanted: Sequence[str] | None = None) -> Scope:
    """`wanted` None: every lot that has a reason to be in."""
    ordered = [key for key in dict.fromkeys((*came_from, *(wanted or ()))) if key in lots]
    roots = tuple(key for key, before in came_from.items() if before is None)
    products, units = product_rows(session, lots.values()), shipped_units(session, ordered)
    sums: dict[str, Decimal] = {}
    for (key, _consignee), amount in units.items():
        sums[key] = sums.get(key, ZERO) + amount
    chosen: dict[str, ScopeLot] = {}
    exactly = None if wanted is None else frozenset(wanted)
    is_root, paths, amounts = frozenset(roots), _paths(ordered, came_from, lots), Amounts()
    for key in ordered:
        lot, shipped = lots[key], sums.get(key, ZERO)
        product = products.get(lot.product_id)
        why = _why(lot, product, is_root=key in is_root, shipped=shipped)
        if (why if exactly is None else key in exactly):
            chosen[key] = ScopeLot(
                lot_key=key, uri=lot.uri, number=lot.number, product_id=lot.product_id,
                name_zh=product.name_zh if product else lot.name, name_en=product.name_en if product else lot.name,
                why=why or "in_stock", path=paths[key], made=amounts[lot.made_raw],
                in_stock=amounts[max(lot.stock_raw, 0)], shipped=shipped, unit=lot.unit, expires_on=lot.expires_on,
                is_recalled=bool(lot.is_recalled))
    inside = {pair: amount for pair, amount in units.items() if pair[0] in chosen}
    return Scope(roots, tuple(chosen.values()), _consignees(session, inside), totals_of_lots(chosen.values()),
                 len(came_from.keys() & lots.keys() - chosen.keys()))


def _paths(ordered: Sequence[str], came_from: Mapping[str, str | None],
           lots: Mapping[str, LotRow]) -> dict[str, tuple[str, ...]]:
    """{lot key: numbers from a chosen lot to this one}; the nearest come first, so that each is one step longer than
    one that is there."""
    found: dict[str, tuple[str, ...]] = {}
    for key in ordered:
        before = came_from.get(key)
        found[key] = (*found.get(before, ()), lots[key].number) if before is not None else (lots[key].number,)
    return found


def _consignees(session: Session, units: Mapping[tuple[str, str], Decimal]) -> tuple[ScopeConsignee, ...]:
    by_party: dict[str, list[tuple[str, Decimal]]] = {}
    for (key, consignee), amount in units.items():
        by_party.setdefault(consignee, []).append((key, amount))
    parties = party_rows(session, by_party)
    rows = []
    for key, amounts in by_party.items():
        party = parties.get(key, PartyRow(key, key, "", "", False))
        rows.append(ScopeConsignee(key, party.name_zh, party.name_en, party.country, party.region, tuple(amounts),
                                   party.has_address))
    return tuple(sorted(rows, key=lambda row: (row.name_en, row.consignee_id)))


def totals_of_lots(lots: Iterable[ScopeLot]) -> tuple[UnitTotal, ...]:
    """The sums of these lots, one row a unit."""
    sums: dict[str | None, list[Decimal]] = {}
    counts: dict[str | None, int] = {}
    for lot in lots:
        counts[lot.unit] = counts.get(lot.unit, 0) + 1
        total = sums.setdefault(lot.unit, [ZERO, ZERO, ZERO])
        for place, amount in enumerate((lot.made, lot.in_stock, lot.shipped)):
            total[place] += amount
    return tuple(UnitTotal(unit, counts[unit], *sums[unit]) for unit in sorted(sums, key=lambda unit: unit or ""))
