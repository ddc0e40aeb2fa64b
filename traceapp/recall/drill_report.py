"""What a drill found: where every unit is, how the scope compares with the truth, and what gaps showed."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.model import Party, Product, ProductKind
from traceapp.catalog.queries import recall_contacts
from traceapp.core.quantity import plain
from traceapp.trace.model import ItemKind, Lot, Production
from traceapp.trace.reach import UP
from traceapp.trace.walk import reached

from .cases import recall_by_id
from .drill_model import Direction, Drill
from .drill_moved import Sums, frozen_at, is_our_stock, moved_since, sums_then
from .drill_truth import Book, TooMuch, Truth, walk_events
from .model import Recall, RecallLedger, RecallLot
from .notices import reachable
from .policy import PLACES
from .queries import consignee_names
from .reconciling import balances_of

ZERO = Decimal(0)
MOST_NAMED = 500
_PLACED = ("in_stock", "consumed", "lost", *PLACES)
_COLUMNS = ("made", "shipped", *_PLACED)
_AWAY = ("shipped", *PLACES)
Gap = dict[str, Any]


def findings(session: Session, drill: Drill) -> dict[str, Any]:
    """The report, as it is kept: numbers as text, the same for every reader. It stands for the moment at which the
    scope was frozen; `moved`: what happened to its lots since, which is no gap."""
    recall = recall_by_id(session, drill.recall_id or "")
    lots = {lot.lot_key: lot for lot in session.scalars(
        select(Lot).join(RecallLot, RecallLot.lot_key == Lot.lot_key).where(RecallLot.recall_id == recall.id))}
    at, then = frozen_at(session, recall), sums_then(session, recall.id, lots)
    consignees = sorted(set(session.scalars(select(RecallLedger.consignee_id).where(
        RecallLedger.recall_id == recall.id).distinct())))
    units = _units(session, recall, lots, then)
    upstream = _upstream(session, drill) if drill.direction == Direction.backward else []
    truth, came = compared(session, drill, recall, lots, upstream)
    moved = moved_since(lots, then, came)
    gaps = [*_of_truth(truth), *_lots_without_shipments(session, recall, lots, then), *_unknown_positions(lots, then),
            *_unbalanced(session, recall), *_without_contact(session, consignees),
            *_without_supplier(session, upstream),
            *({"kind": "unplaced", "name": row["name_zh"], "name_en": row["name_en"], "amount": row["unplaced"]}
              for row in units
              if Decimal(row["unplaced"]))]
    return {"lot": _named_lot(session.get_one(Lot, drill.lot_key or "")), "lots": len(lots),
            "consignees": len(consignees), "scope_hash": recall.scope_hash, "frozen_at": at.isoformat() if at else None,
            "units": units, "is_placed": all(not Decimal(row["unplaced"]) for row in units),
            "upstream": [_named_lot(lot) for lot in upstream[:MOST_NAMED]], "upstream_count": len(upstream),
            "truth": truth, "gaps": gaps[:MOST_NAMED], "gap_count": len(gaps), "moved": moved[:MOST_NAMED],
            "moved_count": len(moved)}


def _units(session: Session, recall: Recall, lots: Mapping[str, Lot],
           then: Mapping[str, Sums]) -> list[dict[str, Any]]:
    """Where the units were when the scope was frozen, by product: made = in stock + used up in making + samples and
    losses + with consignees; of these on hand, used, passed on, coming back, destroyed, put right. What none of it
    covers is unplaced."""
    sums: dict[tuple[str, str], dict[str, Decimal]] = {}
    for key, lot in lots.items():
        row = sums.setdefault((lot.product_id or lot.name, lot.unit or ""), dict.fromkeys(_COLUMNS, ZERO))
        was = then[key]
        for name, amount in (("made", was.made), ("in_stock", was.stock), ("consumed", was.consumed),
                             ("lost", was.sampled + was.lost)):
            row[name] += amount
    for line in session.execute(
            select(Lot.product_id, Lot.name, Lot.unit, *(
                func.sum(getattr(RecallLedger, name), type_=RecallLedger.shipped.type) for name in _AWAY))
            .join(Lot, Lot.lot_key == RecallLedger.lot_key).where(RecallLedger.recall_id == recall.id)
            .group_by(Lot.product_id, Lot.name, Lot.unit)):
        row = sums[line[0] or line[1], line[2] or ""]
        for name, amount in zip(_AWAY, line[3:], strict=True):
            row[name] += amount or ZERO
    products = products_by_id(session, [key for key, _unit in sums])
    found = []
    for (key, unit), row in sorted(sums.items()):
        product = products.get(key)
        row["unplaced"] = row["made"] - sum(row[name] for name in _PLACED)
        found.append({"name_zh": product.name_zh if product else key, "name_en": product.name_en if product else key,
                      "unit": unit, **{name: plain(amount) for name, amount in row.items()}})
    return found


def compared(session: Session, drill: Drill, recall: Recall, lots: Mapping[str, Lot],
             upstream: Sequence[Lot]) -> tuple[dict[str, Any], list[Lot]]:
    """The scope beside what the events up to its freezing alone say: precision, recall and every difference; and the
    lots to which only later events lead."""
    key, is_backward = drill.lot_key or "", drill.direction == Direction.backward
    until = frozen_at(session, recall)
    try:
        truth = walk_events(session, key, until=until)
        before = walk_events(session, key, up=True, until=until) if is_backward else None
    except TooMuch:
        return {"state": "not_compared"}, []
    known = _lots_of(session, truth.books)
    unclear = {key for key, (lot, _product) in known.items() if not truth.books[key].is_clear}
    right = {key for key, (lot, product) in known.items() if _belongs(
        truth.books[key], lot, product, is_root=key == drill.lot_key)} - unclear
    found = lots.keys() - unclear
    missing, extra = right - found, found - right
    came = truth.came - found
    if before is not None:
        above = before.books.keys() - {drill.lot_key}
        have = {lot.lot_key for lot in upstream} - before.came
        raw = {key for key, (lot, product) in _lots_of(session, above).items() if _is_raw(product)}
        missing, extra = missing | raw - have, extra | have - raw
        right, found, came = right | raw, found | have, came | before.came
    both = len(right & found)
    names = {key: _named_lot(lot) for key, (lot, _product) in _lots_of(session, missing | extra).items()}
    said = {"state": "compared", "lots": len(right), "unclear": len(unclear),
            "precision": _share(both, len(found)), "recall": _share(both, len(right)),
            "missing": [names[key] for key in sorted(missing & names.keys())][:MOST_NAMED],
            "extra": [names[key] for key in sorted(extra & names.keys())][:MOST_NAMED],
            "units": _unit_differences(session, recall, truth)}
    return said, [lot for lot, _product in _lots_of(session, came).values()]


def _share(part: int, whole: int) -> str:
    """Exactly 1 only where nothing differs."""
    return "1" if part == whole else f"{min(part / whole, 0.9999):.4f}"


def _belongs(book: Book, lot: Lot, product: Product | None, *, is_root: bool) -> bool:
    """Whether something of a reached lot can still be taken back, by the events."""
    if is_root or product is not None and product.kind != ProductKind.material:
        return True
    if any(amount > 0 for amount in book.shipped.values()) or lot.item_kind == ItemKind.class_only:
        return any(amount > 0 for amount in book.shipped.values())
    return book.left > 0


def _unit_differences(session: Session, recall: Recall, truth: Truth) -> list[dict[str, str]]:
    """Lines of the ledger whose units the events do not say, and what they say."""
    ledger = {(key, consignee): shipped for key, consignee, shipped in session.execute(select(
        RecallLedger.lot_key, RecallLedger.consignee_id, RecallLedger.shipped).where(
        RecallLedger.recall_id == recall.id))}
    told = truth.units({*truth.books})
    wrong = sorted(pair for pair in ledger.keys() | told.keys() if ledger.get(pair, ZERO) != told.get(pair, ZERO))
    numbers = {key: lot.number for key, (lot, _product) in _lots_of(session, {key for key, _ in wrong}).items()}
    names = consignee_names(session, sorted({consignee for _key, consignee in wrong}))
    return [{"lot": numbers.get(key, key), "consignee": names.get(consignee, consignee),
             "ledger": plain(ledger.get((key, consignee), ZERO)), "events": plain(told.get((key, consignee), ZERO))}
            for key, consignee in wrong[:MOST_NAMED]]


def _of_truth(truth: Mapping[str, Any]) -> Iterable[Gap]:
    for kind in ("missing", "extra"):
        yield from ({"kind": kind, "name": lot["number"], "lot_key": lot["lot_key"]} for lot in truth.get(kind, ()))
    yield from ({"kind": "units", "name": f"{row['lot']} · {row['consignee']}", "amount": row["ledger"],
                 "other": row["events"]} for row in truth.get("units", ()))


def _lots_without_shipments(session: Session, recall: Recall, lots: Mapping[str, Lot],
                            then: Mapping[str, Sums]) -> Iterable[Gap]:
    """Lots of which more had left the house than there were lines of despatches for."""
    said = {key: shipped for key, shipped in session.execute(
        select(RecallLot.lot_key, RecallLot.shipped).where(RecallLot.recall_id == recall.id))}
    for key in sorted(lots):
        amount = then[key].away - said.get(key, ZERO)
        if amount > 0:
            yield {"kind": "no_shipment", "name": lots[key].number, "lot_key": key, "amount": plain(amount)}


def _unknown_positions(lots: Mapping[str, Lot], then: Mapping[str, Sums]) -> Iterable[Gap]:
    """Own stock of which nobody knew where it lay."""
    for key in sorted(key for key, lot in lots.items() if is_our_stock(lot)):
        amount = then[key].stock - then[key].placed
        if amount > 0:
            yield {"kind": "unknown_position", "name": lots[key].number, "lot_key": key, "amount": plain(amount)}


def _unbalanced(session: Session, recall: Recall) -> Iterable[Gap]:
    """Lots whose ledger did not add up to what had left the house."""
    for one in balances_of(session, recall.id):
        if one.difference:
            yield {"kind": "unbalanced", "name": one.number, "lot_key": one.lot_key, "amount": plain(one.difference)}


def _without_contact(session: Session, consignees: Sequence[str]) -> Iterable[Gap]:
    contacts = recall_contacts(session, tuple(consignees))
    silent = [key for key in consignees if not reachable(contacts.get(key, ()))]
    for start in range(0, len(silent), 500):
        for party in session.scalars(select(Party).where(Party.id.in_(silent[start:start + 500])).order_by(Party.id)):
            yield {"kind": "no_contact", "name": party.name_zh, "name_en": party.name_en, "consignee_id": party.id}


def _without_supplier(session: Session, upstream: Sequence[Lot]) -> Iterable[Gap]:
    """Raw lots that were bought and whose supplier nobody wrote down."""
    bare = {lot.lot_key: lot.number for lot in upstream if lot.supplier_id is None}
    listed = sorted(bare)
    for start in range(0, len(listed), 500):
        for key in session.scalars(select(Production.lot_key).where(
                Production.lot_key.in_(listed[start:start + 500]))):
            bare.pop(key, None)
    yield from ({"kind": "no_supplier", "name": number, "lot_key": key} for key, number in bare.items())


def _upstream(session: Session, drill: Drill) -> list[Lot]:
    """The raw lots that a finished lot was made of, by number."""
    walk = reached(drill.lot_key or "", UP)
    return list(session.scalars(select(Lot).join(Product, Product.id == Lot.product_id).where(
        Lot.lot_key.in_(select(walk.c.lot_key)), Lot.lot_key != drill.lot_key, Product.kind == ProductKind.material)
        .order_by(Lot.number, Lot.lot_key)))


def _is_raw(product: Product | None) -> bool:
    return product is not None and product.kind == ProductKind.material


def _lots_of(session: Session, keys: Iterable[str]) -> dict[str, tuple[Lot, Product | None]]:
    listed, found = sorted(keys), dict[str, tuple[Lot, Product | None]]()
    for start in range(0, len(listed), 500):
        found |= {lot.lot_key: (lot, product) for lot, product in session.execute(
            select(Lot, Product).outerjoin(Product, Product.id == Lot.product_id).where(
                Lot.lot_key.in_(listed[start:start + 500])))}
    return found


def _named_lot(lot: Lot) -> dict[str, str]:
    return {"lot_key": lot.lot_key, "number": lot.number, "uri": lot.uri}
