"""The one writer of the derived tables, for acts of our own: each event alone says all that is derived from it.

Events captured from others are derived by `derive_foreign`. Rows that only ever come into being are written in one
statement a table; what changes (lots, positions) is written by its key.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from traceapp.core.errors import Conflict
from traceapp.core.ids import name_key
from traceapp.db import Base
from traceapp.db.insert import insert_many
from traceapp.epcis import Event as Said

from . import acts
from .event_row import EventRow
from .many_keys import in_parts, listed
from .model import (
    EventItem,
    Hold,
    HoldKind,
    Inspection,
    Lot,
    LotEdge,
    Production,
    ReleaseState,
    Shipment,
    ShipmentLine,
    TestResult,
)
from .terms import Named, found_by

Data = dict[str, Any]
ZERO = Decimal(0)
_MANY = 100
# What a hold of a kind sets at its lot.
_MARKS = {HoldKind.manual: "is_on_hold", HoldKind.recall: "is_recalled"}
_LOTS = select(Lot).where(Lot.lot_key.in_(bindparam("keys", expanding=True)))


@dataclass(slots=True)
class Derived:
    """What one event gave: its row, its lots by key, and the one entity that the act is about."""

    row: EventRow
    said: Said
    data: Data
    lots: dict[str, Lot]
    inspection: Inspection | None = None
    shipment: Shipment | None = None
    holds: list[Hold] = field(default_factory=list)
    rows: dict[type[Base], list[Data]] = field(default_factory=dict)
    named: Named = field(default_factory=dict)

    def lot(self, uri: str) -> Lot:
        """The lot that the event names so; an event before this one made it."""
        return self.lots[name_key(uri)]

    def insert(self, model: type[Any], **values: Any) -> None:
        """Have a row written at the end."""
        self.rows.setdefault(model, []).append(values)

    def item(self, lot: Lot, role: str, quantity: Decimal | None) -> None:
        """The event touched the lot. The row of the lot counts one revision up even where no column changes: cached
        pages follow the revision."""
        flag_modified(lot, "flags")
        self.mention(lot, role, quantity)

    def mention(self, lot: Lot, role: str, quantity: Decimal | None) -> None:
        """The same without the revision: whoever calls counts it."""
        is_class = (lot.lot_key, role, False) not in self.named
        written = self.named.pop((lot.lot_key, role, is_class), None)
        self._item((lot.lot_key, role, is_class), quantity=quantity, stands=True,
                   unit=lot.unit if quantity is not None else None, value=None if written == lot.uri else written)

    def _item(self, place: tuple[str, str, bool], **values: Any) -> None:
        self.insert(EventItem, lot_key=place[0], role=place[1], is_class=place[2], event_id=self.row.id,
                    at=self.row.event_time, subject_key=self.row.subject_key, **values)

    def finish(self) -> None:
        """Have the event be found by everything else that it names."""
        for place, written in self.named.items():
            self._item(place, quantity=None, unit=None, stands=False, value=written)

    def edge(self, parent_key: str, child_key: str, kind: str, amount: tuple[Decimal | None, str | None]) -> None:
        """One line of the genealogy, under the parent and under the child."""
        for key, direction, other in ((parent_key, "down", child_key), (child_key, "up", parent_key)):
            self.insert(LotEdge, lot_key=key, direction=direction, other_key=other, event_id=self.row.id, kind=kind,
                        quantity=amount[0], unit=amount[1], at=self.row.event_time)


def derive_own(session: Session, row: EventRow, said: Said) -> Derived:
    """Write what follows from an event of ours."""
    act, data = acts.read(said)
    with session.no_autoflush:
        derived = Derived(row, said, data, load_lots(session, [name_key(uri) for uri in said.identifiers]),
                          named=found_by(said)[0])
        _ACTS[act](session, derived)
        derived.finish()
    write_rows(session, derived.rows)
    session.flush()
    return derived


def load_lots(session: Session, keys: list[str]) -> dict[str, Lot]:
    """These lots by key, as far as they exist, with one statement for all that are not in the session."""
    found: dict[str, Lot] = {}
    missing = []
    for key in keys:
        lot = session.identity_map.get(session.identity_key(Lot, key))
        if lot is None:
            missing.append(key)
        else:
            found[key] = lot
    for start in range(0, len(missing), 500):
        for lot in session.scalars(_LOTS, {"keys": missing[start:start + 500]}):
            found[lot.lot_key] = lot
    return found


def write_rows(session: Session, rows: dict[type[Base], list[Data]]) -> None:
    """One statement a table, where it is many rows by the driver's own way for them."""
    connection = session.connection()
    for model, values in rows.items():
        if len(values) > _MANY and len({tuple(row) for row in values}) == 1:
            insert_many(session, model, values)
        else:
            connection.execute(_writing(model), values)


@cache
def _writing(model: type[Base]) -> Executable:
    """The statement that writes a row of the table. Made once: acts are many."""
    return insert(model.__table__)  # type: ignore[arg-type]


def _new_lot(session: Session, derived: Derived, uri: str, amount: tuple[Decimal, str]) -> Lot:
    """The row of a lot that comes into our hands; one that others' events named before becomes ours.

    Raises Conflict for one that is ours already: somebody recorded it since the use case looked.
    """
    key, data = name_key(uri), derived.data
    lot = derived.lots.get(key)
    if lot is not None and lot.is_own:
        raise Conflict("Lot %(lot)s of this product exists already. Give the new lot a number of its own.",
                       code="lot-exists", place="number", lot=lot.number)
    if lot is None:
        lot = Lot(lot_key=key, uri=uri, created_at=derived.row.recorded_at, release_note="", flags=[],
                  is_on_hold=False, is_recalled=False)
        session.add(lot)
        derived.lots[key] = lot
    lot.uri, lot.item_kind, lot.is_own, lot.name, lot.started_at = uri, "lot", 1, "", derived.row.event_time
    lot.product_id, lot.class_uri, lot.number = data["product"], data["class"], data["number"]
    lot.site_id, lot.origin = data.get("site"), data.get("origin", "")
    lot.supplier_id, lot.supplier_lot_number = data.get("supplier"), data.get("supplierLotNumber", "")
    lot.made_on, lot.expires_on = acts.day(data, "madeOn"), acts.day(data, "expiresOn")
    lot.made, lot.unit = amount
    lot.consumed = lot.shipped = lot.returned = lot.lost = ZERO
    lot.sampled = acts.number(data, "retainedSamples")
    lot.release_state = ReleaseState.pending
    return lot


def _receive(session: Session, derived: Derived) -> None:
    stated = derived.said.quantities[0]
    quantity = stated.quantity or ZERO
    lot = _new_lot(session, derived, stated.epc_class, (quantity, stated.uom or "EA"))
    derived.item(lot, "object", quantity)


def _produce(session: Session, derived: Derived) -> None:
    made = derived.said.output_quantities[0]
    quantity = made.quantity or ZERO
    lot = _new_lot(session, derived, made.epc_class, (quantity, made.uom or "EA"))
    derived.item(lot, "output", quantity)
    for used in derived.said.input_quantities:
        parent, amount = derived.lot(used.epc_class), used.quantity or ZERO
        parent.consumed += amount
        derived.item(parent, "input", amount)
        derived.edge(parent.lot_key, lot.lot_key, "made", (amount, parent.unit))
    _made_at(derived, lot, quantity)


def _enter(session: Session, derived: Derived) -> None:
    """A batch of ours that was made before our records begin: out of what, nobody told."""
    stated = derived.said.quantities[0]
    quantity = stated.quantity or ZERO
    lot = _new_lot(session, derived, stated.epc_class, (quantity, stated.uom or "EA"))
    derived.item(lot, "object", quantity)
    _made_at(derived, lot, quantity)


def _made_at(derived: Derived, lot: Lot, quantity: Decimal) -> None:
    row, place = derived.row, derived.data.get("place", {})
    derived.insert(Production, lot_key=lot.lot_key, id=row.id, quantity=quantity, made_at=row.event_time,
                   event_id=row.id, retained_samples=acts.number(derived.data, "retainedSamples"),
                   **{name: place.get(member, "") for name, member in _PLACE.items()})


_PLACE = {"work_order": "workOrder", "line": "line", "shift": "shift", "equipment": "equipment",
          "operator": "operator", "sterilisation_load": "sterilisationLoad"}


def _inspect(session: Session, derived: Derived) -> None:
    row, data = derived.row, derived.data
    lot = derived.lot(derived.said.quantities[0].epc_class)
    sampled = acts.number(data, "sampled")
    if sampled:
        lot.sampled += sampled
    derived.item(lot, "object", sampled or None)
    derived.inspection = Inspection(
        lot_key=lot.lot_key, id=row.id, report_number=data["reportNumber"], laboratory=data.get("laboratory", ""),
        inspected_at=row.event_time, sample_size=acts.number(data, "sampleSize"), event_id=row.id,
        verdict="conforming" if derived.said.disposition == "conformant" else "non_conforming")
    session.add(derived.inspection)
    for position, result in enumerate(data.get("results", [])):
        derived.insert(
            TestResult, lot_key=lot.lot_key, inspection_id=row.id, position=position, name_zh=result["nameZh"],
            name_en=result["nameEn"], unit=result.get("unit", ""), is_within=result["within"],
            value=acts.optional_number(result, "value"), lower=acts.optional_number(result, "lower"),
            upper=acts.optional_number(result, "upper"), text=result.get("text", ""),
            expected_text=result.get("expectedText", ""))


def _decide(session: Session, derived: Derived) -> None:
    lot = derived.lot(derived.said.quantities[0].epc_class)
    derived.item(lot, "object", None)
    lot.release_state = derived.data["state"]
    lot.release_note = derived.data.get("note", "")
    if lot.release_state == ReleaseState.released:
        lot.released_at, lot.released_by = derived.row.event_time, derived.row.actor_id


def _place_hold(session: Session, derived: Derived) -> None:
    row, data = derived.row, derived.data
    lots = [derived.lot(uri) for uri in derived.said.identifiers]
    for lot in lots:
        derived.mention(lot, "object", None)
        derived.holds.append(Hold(lot_key=lot.lot_key, id=row.id, kind=data["kind"], source=data["source"],
                                  reason=data["reason"], placed_at=row.event_time, placed_by=row.actor_id))
    _mark(session, lots, **{_MARKS[HoldKind(data["kind"])]: True})
    session.add_all(derived.holds)


def _lift_hold(session: Session, derived: Derived) -> None:
    keys = [name_key(uri) for uri in derived.said.identifiers]
    standing: dict[str, set[str]] = {}
    for part in in_parts(keys, 500):
        for hold in session.scalars(select(Hold).where(Hold.lot_key.in_(part), Hold.lifted_at.is_(None))):
            if hold.id in derived.data["holds"]:
                hold.lifted_at, hold.lifted_by = derived.row.event_time, derived.row.actor_id
                hold.lift_reason = derived.data["reason"]
            else:
                standing.setdefault(hold.lot_key, set()).add(hold.kind)
    alike: dict[frozenset[str], list[Lot]] = {}
    for key in keys:
        derived.mention(derived.lots[key], "object", None)
        alike.setdefault(frozenset(standing.get(key, ())), []).append(derived.lots[key])
    for kinds, lots in alike.items():
        _mark(session, lots, **{name: kind in kinds for kind, name in _MARKS.items()})


def _mark(session: Session, lots: Sequence[Lot], **marks: bool) -> None:
    """Set marks of lots, which are locked, and count each one revision up: one statement for thousands."""
    statement = update(Lot).values({"revision": Lot.revision + 1, **marks})
    for part in in_parts([lot.lot_key for lot in lots], 5000):
        session.execute(statement.where(Lot.lot_key.in_(listed(session, part))),
                        execution_options={"synchronize_session": False})
    for lot in lots:
        for name, value in {"revision": lot.revision + 1, **marks}.items():
            set_committed_value(lot, name, value)


def _ship(session: Session, derived: Derived) -> None:
    _lines(session, derived, 1)
    for stated in derived.said.quantities:
        lot, units = derived.lot(stated.epc_class), stated.quantity or ZERO
        lot.shipped += units
        derived.item(lot, "object", units)


def _return(session: Session, derived: Derived) -> None:
    _lines(session, derived, -1)
    for stated in derived.said.quantities:
        lot, units = derived.lot(stated.epc_class), stated.quantity or ZERO
        lot.returned += units
        derived.item(lot, "object", units)


def _lines(session: Session, derived: Derived, sign: int) -> None:
    row, data = derived.row, derived.data
    derived.shipment = Shipment(
        id=row.id, document_number=data.get("document", ""), consignee_id=data["consignee"], lane=data.get("lane", ""),
        from_site_id=data.get("fromSite"), carrier_id=data.get("carrier"), shipped_at=row.event_time,
        late_reason=data.get("late", ""))
    session.add(derived.shipment)
    for position, line in enumerate(data["lines"]):
        derived.insert(ShipmentLine, lot_key=name_key(line["lot"]), shipment_id=row.id, position=position,
                       consignee_id=data["consignee"], shipped_at=row.event_time, gtin=line.get("gtin"),
                       packs=sign * acts.number(line, "packs"), units=sign * acts.number(line, "units"),
                       event_id=row.id)


def _dispose(session: Session, derived: Derived) -> None:
    stated = derived.said.quantities[0]
    lot, quantity = derived.lot(stated.epc_class), stated.quantity or ZERO
    lot.lost += quantity
    derived.item(lot, "object", quantity)


def _measure(session: Session, derived: Derived) -> None:
    """What was read is written by `sensor_rows`, for our own events and others' alike."""
    for lot in derived.lots.values():
        derived.item(lot, "object", None)


_ACTS: dict[str, Callable[[Session, Derived], None]] = {
    "receive": _receive, "enter": _enter, "produce": _produce, "inspect": _inspect, "decide": _decide,
    "place-hold": _place_hold, "lift-hold": _lift_hold, "ship": _ship, "return": _return, "dispose": _dispose,
    "measure": _measure,
}
