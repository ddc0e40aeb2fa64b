"""The one writer of the derived tables, for acts of our own: each event alone says all that is derived from it.

Events captured from others are derived by `derive_foreign`.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.util import identity_key

from traceapp.core.ids import name_key
from traceapp.epcis import Event as Said

from . import acts
from .model import (
    Event,
    EventItem,
    Hold,
    HoldKind,
    Inspection,
    Lot,
    LotEdge,
    LotPosition,
    Production,
    ReleaseState,
    Shipment,
    ShipmentLine,
    TestResult,
)

Data = dict[str, Any]
ZERO = Decimal(0)


def derive_own(session: Session, row: Event, said: Said) -> None:
    """Write what follows from an event of ours."""
    act, data = acts.read(said)
    load_lots(session, [name_key(uri) for uri in said.identifiers])
    _ACTS[act](session, row, said, data)


def load_lots(session: Session, keys: list[str]) -> None:
    """Have these lots in the session, with one statement for all that are not."""
    missing = [key for key in keys if identity_key(Lot, key) not in session.identity_map]
    for start in range(0, len(missing), 500):
        session.scalars(select(Lot).where(Lot.lot_key.in_(missing[start:start + 500]))).all()


def holder_of(lot: Lot) -> str:
    """Where the stock of a lot of ours is."""
    return f"site:{lot.site_id}" if lot.site_id else "own"


def edge_rows(parent_key: str, child_key: str, row: Event, kind: str,
              amount: tuple[Decimal | None, str | None]) -> tuple[LotEdge, LotEdge]:
    """One line of the genealogy, under the parent and under the child."""
    quantity, unit = amount
    return tuple(LotEdge(lot_key=key, direction=direction, other_key=other, event_id=row.id, kind=kind,  # type: ignore[return-value]
                         quantity=quantity, unit=unit, at=row.event_time)
                 for key, direction, other in ((parent_key, "down", child_key), (child_key, "up", parent_key)))


def _item(session: Session, row: Event, lot: Lot, role: str, quantity: Decimal | None) -> None:
    # The row counts one revision up even where no column changes: cached pages follow the revision.
    flag_modified(lot, "flags")
    session.add(EventItem(lot_key=lot.lot_key, event_id=row.id, role=role, subject_key=row.subject_key,
                          quantity=quantity, unit=lot.unit if quantity is not None else None))


@dataclass(frozen=True, slots=True)
class _Move:
    """`quantity` of the lot more (negative: less) with `holder`."""

    lot: Lot
    holder: str
    quantity: Decimal


def _move(session: Session, row: Event, moves: list[_Move]) -> None:
    """Write where things are now; one look for all of them."""
    keys = sorted({move.lot.lot_key for move in moves})
    holders = sorted({move.holder for move in moves})
    places: dict[tuple[str, str], LotPosition] = {}
    for start in range(0, len(keys), 500):
        for place in session.scalars(select(LotPosition).where(
                LotPosition.lot_key.in_(keys[start:start + 500]), LotPosition.holder.in_(holders))):
            places[place.lot_key, place.holder] = place
    for move in moves:
        name = (move.lot.lot_key, move.holder)
        if name not in places:
            places[name] = LotPosition(lot_key=name[0], holder=name[1], quantity=ZERO, unit=move.lot.unit,
                                       since=row.event_time)
            session.add(places[name])
        place = places[name]
        place.quantity = (place.quantity or ZERO) + move.quantity
        place.since = max(place.since, row.event_time)


def _lot(session: Session, uri: str) -> Lot:
    lot = session.get(Lot, name_key(uri))
    if lot is None:
        raise LookupError(f"an event of ours names {uri}, which no event before it made")
    return lot


def _new_lot(session: Session, row: Event, uri: str, data: Data, amount: tuple[Decimal, str]) -> Lot:
    """The row of a lot that comes into our hands; one that others' events named before becomes ours."""
    key = name_key(uri)
    lot = session.get(Lot, key)
    if lot is None:
        lot = Lot(lot_key=key, uri=uri, created_at=row.recorded_at, release_note="", flags=[],
                  is_on_hold=False, is_recalled=False)
        session.add(lot)
    lot.item_kind, lot.is_own, lot.name = "lot", 1, ""
    lot.product_id, lot.class_uri, lot.number = data["product"], data["class"], data["number"]
    lot.site_id, lot.origin = data.get("site"), data.get("origin", "")
    lot.supplier_id, lot.supplier_lot_number = data.get("supplier"), data.get("supplierLotNumber", "")
    lot.made_on, lot.expires_on = acts.day(data, "madeOn"), acts.day(data, "expiresOn")
    lot.made, lot.unit = amount
    lot.consumed = lot.shipped = lot.returned = lot.lost = ZERO
    lot.sampled = acts.number(data, "retainedSamples")
    lot.release_state = ReleaseState.pending
    _move(session, row, [_Move(lot, holder_of(lot), lot.stock)])
    return lot


def _receive(session: Session, row: Event, said: Said, data: Data) -> None:
    stated = said.quantities[0]
    quantity = stated.quantity or ZERO
    lot = _new_lot(session, row, stated.epc_class, data, (quantity, stated.uom or "EA"))
    _item(session, row, lot, "object", quantity)


def _produce(session: Session, row: Event, said: Said, data: Data) -> None:
    made = said.output_quantities[0]
    quantity = made.quantity or ZERO
    lot = _new_lot(session, row, made.epc_class, data, (quantity, made.uom or "EA"))
    _item(session, row, lot, "output", quantity)
    moves = []
    for used in said.input_quantities:
        parent, amount = _lot(session, used.epc_class), used.quantity or ZERO
        parent.consumed += amount
        moves.append(_Move(parent, holder_of(parent), -amount))
        _item(session, row, parent, "input", amount)
        session.add_all(edge_rows(parent.lot_key, lot.lot_key, row, "made", (amount, parent.unit)))
    _move(session, row, moves)
    place = data.get("place", {})
    session.add(Production(
        lot_key=lot.lot_key, id=row.id, quantity=quantity, made_at=row.event_time, event_id=row.id,
        retained_samples=acts.number(data, "retainedSamples"),
        **{name: place.get(member, "") for name, member in _PLACE.items()}))


_PLACE = {"work_order": "workOrder", "line": "line", "shift": "shift", "equipment": "equipment",
          "operator": "operator", "sterilisation_load": "sterilisationLoad"}


def _inspect(session: Session, row: Event, said: Said, data: Data) -> None:
    lot = _lot(session, said.quantities[0].epc_class)
    sampled = acts.number(data, "sampled")
    if sampled:
        lot.sampled += sampled
        _move(session, row, [_Move(lot, holder_of(lot), -sampled)])
    _item(session, row, lot, "object", sampled or None)
    session.add(Inspection(
        lot_key=lot.lot_key, id=row.id, report_number=data["reportNumber"], laboratory=data.get("laboratory", ""),
        inspected_at=row.event_time, sample_size=acts.number(data, "sampleSize"),
        verdict="conforming" if said.disposition == "conformant" else "non_conforming", event_id=row.id))
    session.add_all(
        TestResult(lot_key=lot.lot_key, inspection_id=row.id, position=position, name_zh=result["nameZh"],
                   name_en=result["nameEn"], unit=result.get("unit", ""), is_within=result["within"],
                   value=acts.optional_number(result, "value"), lower=acts.optional_number(result, "lower"),
                   upper=acts.optional_number(result, "upper"), text=result.get("text", ""),
                   expected_text=result.get("expectedText", ""))
        for position, result in enumerate(data.get("results", [])))


def _decide(session: Session, row: Event, said: Said, data: Data) -> None:
    lot = _lot(session, said.quantities[0].epc_class)
    _item(session, row, lot, "object", None)
    lot.release_state = data["state"]
    lot.release_note = data.get("note", "")
    if lot.release_state == ReleaseState.released:
        lot.released_at, lot.released_by = row.event_time, row.actor_id


def _place_hold(session: Session, row: Event, said: Said, data: Data) -> None:
    for uri in said.identifiers:
        lot = _lot(session, uri)
        _item(session, row, lot, "object", None)
        session.add(Hold(lot_key=lot.lot_key, id=row.id, kind=data["kind"], source=data["source"],
                         reason=data["reason"], placed_at=row.event_time, placed_by=row.actor_id))
        if data["kind"] == HoldKind.recall:
            lot.is_recalled = True
        else:
            lot.is_on_hold = True


def _lift_hold(session: Session, row: Event, said: Said, data: Data) -> None:
    keys = [name_key(uri) for uri in said.identifiers]
    for start in range(0, len(keys), 500):
        part = keys[start:start + 500]
        open_holds = session.scalars(select(Hold).where(Hold.lot_key.in_(part), Hold.lifted_at.is_(None))).all()
        standing: dict[str, set[str]] = {}
        for hold in open_holds:
            if hold.id in data["holds"]:
                hold.lifted_at, hold.lifted_by, hold.lift_reason = row.event_time, row.actor_id, data["reason"]
            else:
                standing.setdefault(hold.lot_key, set()).add(hold.kind)
        for uri in said.identifiers[start:start + 500]:
            lot = _lot(session, uri)
            _item(session, row, lot, "object", None)
            lot.is_recalled = HoldKind.recall in standing.get(lot.lot_key, ())
            lot.is_on_hold = HoldKind.manual in standing.get(lot.lot_key, ())


def _ship(session: Session, row: Event, said: Said, data: Data) -> None:
    session.add(Shipment(id=row.id, document_number=data.get("document", ""), consignee_id=data["consignee"],
                         from_site_id=data.get("fromSite"), carrier_id=data.get("carrier"),
                         lane=data.get("lane", ""), shipped_at=row.event_time))
    _lines(session, row, data, 1)
    moves = []
    for stated in said.quantities:
        lot, units = _lot(session, stated.epc_class), stated.quantity or ZERO
        lot.shipped += units
        _item(session, row, lot, "object", units)
        moves += [_Move(lot, holder_of(lot), -units), _Move(lot, f"party:{data['consignee']}", units)]
    _move(session, row, moves)


def _return(session: Session, row: Event, said: Said, data: Data) -> None:
    session.add(Shipment(id=row.id, document_number=data.get("document", ""), consignee_id=data["consignee"],
                         from_site_id=None, carrier_id=None, lane="", shipped_at=row.event_time))
    _lines(session, row, data, -1)
    moves = []
    for stated in said.quantities:
        lot, units = _lot(session, stated.epc_class), stated.quantity or ZERO
        lot.returned += units
        _item(session, row, lot, "object", units)
        moves += [_Move(lot, holder_of(lot), units), _Move(lot, f"party:{data['consignee']}", -units)]
    _move(session, row, moves)


def _lines(session: Session, row: Event, data: Data, sign: int) -> None:
    session.add_all(
        ShipmentLine(lot_key=name_key(line["lot"]), shipment_id=row.id, position=position,
                     consignee_id=data["consignee"], shipped_at=row.event_time, gtin=line.get("gtin"),
                     packs=sign * acts.number(line, "packs"), units=sign * acts.number(line, "units"),
                     event_id=row.id)
        for position, line in enumerate(data["lines"]))


def _dispose(session: Session, row: Event, said: Said, data: Data) -> None:
    stated = said.quantities[0]
    lot, quantity = _lot(session, stated.epc_class), stated.quantity or ZERO
    lot.lost += quantity
    _item(session, row, lot, "object", quantity)
    _move(session, row, [_Move(lot, holder_of(lot), -quantity)])


_ACTS: dict[str, Callable[[Session, Event, Said, Data], None]] = {
    "receive": _receive, "produce": _produce, "inspect": _inspect, "decide": _decide, "place-hold": _place_hold,
    "lift-hold": _lift_hold, "ship": _ship, "return": _return, "dispose": _dispose,
}
OWN_ACTS = frozenset(_ACTS)
