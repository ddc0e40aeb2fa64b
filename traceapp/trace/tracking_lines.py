"""The lines of a file of records: one for each item in each role of each critical tracking event."""
from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from traceapp.epcis import Event as Said

from .derive_foreign import Touched, touched_by
from .event_query import told_to
from .identity import Item, item_of
from .tracking_choice import Tracked, TrackingChoice, classes_of, nobody, tracked_events
from .tracking_kinds import Place, Tracking, TrackingLine
from .tracking_names import Names, names_for, written

# In a transformation what went in stands before what came out, in a container what is in it before itself.
_SIDES = ("input", "output", "child", "parent", "object")
Pairs = tuple[tuple[str, str], ...]
_PAPERS = ("delivery", "despatch", "order", "report", "return")


def tracking_lines(session: Session, choice: TrackingChoice,
                   seen: Callable[[int], None] = nobody) -> Iterator[TrackingLine]:
    """The lines in the order of time, then of the event, its sides, and the lots. Of a lot that was asked for come its
    own lines and those on the other side of the same event; so of a product."""
    asked = _Asked(session, choice)
    for part in tracked_events(session, choice, seen):
        names = names_for(session, [one.said for one in part])
        for one in part:
            touched = asked.of(touched_by(one.said, names.resolver), names)
            for item in sorted(touched, key=lambda item: (_SIDES.index(item.role), names.items[item.key].number,
                                                          item.key)):
                yield _line(one, item, names)


def tracking_events(session: Session, choice: TrackingChoice,
                    seen: Callable[[int], None] = nobody) -> Iterator[Said]:
    """The events of the same choice, in the same order, as a query tells them."""
    for part in tracked_events(session, choice, seen):
        yield from (told_to(one.row) for one in part)


class _Asked:
    """Which items of an event the choice asks for."""

    def __init__(self, session: Session, choice: TrackingChoice) -> None:
        self._keys = None if choice.lot_keys is None else frozenset(choice.lot_keys)
        self._product = choice.product_id
        self._classes = frozenset(classes_of(session, choice.product_id)) if choice.product_id else frozenset()

    def of(self, touched: list[Touched], names: Names) -> list[Touched]:
        """The items asked for with those across from them: what went into or came out of the same transformation, what
        is in the container that was asked for, the container that something asked for is in."""
        chosen = {one for one in touched if self._is_chosen(one.key, names)}
        roles = {one.role for one in chosen}
        across = {"input", "output"} if roles & {"input", "output"} else set()
        across |= {"child"} if "parent" in roles else set()
        across |= {"parent"} if "child" in roles else set()
        return [one for one in touched if one in chosen or one.role in across]

    def _is_chosen(self, key: str, names: Names) -> bool:
        if self._keys is not None and key not in self._keys:
            return False
        if self._product is None:
            return True
        lot = names.lots.get(key)
        return names.items[key].class_uri in self._classes or (lot is not None and lot.product_id == self._product)


def _line(one: Tracked, touched: Touched, names: Names) -> TrackingLine:
    row, said, item = one.row, one.said, names.items[touched.key]
    lot, product = names.lots.get(touched.key), names.product(touched.key)
    is_lot = item.kind == "lot"
    supplier = names.parties.get(lot.supplier_id or "") if lot is not None else None
    return TrackingLine(
        kind=one.kind, side=touched.role, at=said.event_time, zone_offset=said.offset, step=said.biz_step,
        disposition=said.disposition, event_type=said.type, event_id=row.event_id, recorded_at=row.recorded_at,
        is_own_record=row.capture_id is None, item_kind=item.kind, item_uri=item.uri, number=item.number,
        gtin=_gtin(item), product_code=product.code if product else None,
        product=(product.name_zh, product.name_en) if product else (lot.name, lot.name) if lot and lot.name else None,
        quantity=touched.quantity, unit=touched.unit, has_supplier=supplier is not None,
        supplier_lot=(lot.supplier_lot_number or None) if lot and is_lot else None,
        source=supplier or (names.sites.get(lot.site_id or "") if lot and is_lot else None),
        sent_from=_partner(said.sources, names, _shipped_at(one)), sent_to=_partner(said.destinations, names, None),
        place=names.place(said.read_point or said.biz_location), papers=tuple(_papers(said)),
        made_on=lot.made_on if lot and is_lot else None, expires_on=lot.expires_on if lot and is_lot else None)


def _gtin(item: Item) -> str | None:
    """The GTIN of the product, whatever pack of ours the event named: quantities are in the product's own unit."""
    return item_of(item.uri, is_class=True).gtin if item.kind == "lot" else item.gtin


def _shipped_at(one: Tracked) -> str | None:
    """Where a shipment left, when it does not say so among its sources."""
    return one.said.read_point or one.said.biz_location if one.kind == Tracking.shipping else None


def _partner(named: Pairs, names: Names, otherwise: str | None) -> tuple[Place | None, Place | None]:
    """The party (the owner before who merely holds it) and the location of one end."""
    by_type: dict[str, str] = {}
    for type_, uri in named:
        by_type.setdefault(type_, uri)
    location = names.place(by_type.get("location") or otherwise)
    party = names.place(by_type.get("owning_party") or by_type.get("possessing_party"))
    if party is None and location is not None:
        party = names.owners.get(location.uri)
    return party, location


def _papers(said: Said) -> Iterator[tuple[str, str]]:
    """(type, number) of the papers; those of ours by their number, those of others by their URI."""
    for type_, uri in said.biz_transactions:
        for kind in _PAPERS:
            if uri.startswith(f"urn:traceapp:{kind}:"):
                uri = written(uri.removeprefix(f"urn:traceapp:{kind}:"))
        yield type_, uri
