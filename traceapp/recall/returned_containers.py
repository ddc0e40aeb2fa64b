"""Pallets and cartons that come back to our gate: their label leads to what is in them by their packing events, and to
whom they went by the event by which they left. Counted once each time that they left, whatever was scanned."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product
from traceapp.catalog.queries import product_of_gtin
from traceapp.code.beginning import lot_of_scan
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Problem
from traceapp.core.quantity import plain
from traceapp.db.insert import insert_if_new
from traceapp.gs1 import Gs1Error, parse_anything
from traceapp.gs1.keys import is_sscc
from traceapp.identity.policy import permit
from traceapp.trace.contents import Content, Opened, opened
from traceapp.trace.identity import item_of
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import EventItem, Lot
from traceapp.trace.party_uris import partners_of
from traceapp.trace.told_despatches import Sent, despatches_of

from .book_model import ContainerReturn, RecallReturn
from .cases import IS_TOLD_LINE, RUNS, TOLD
from .drafting import named
from .model import Recall, RecallLedger
from .returning import TakeBack, take_back

# What is meant to be one, also where its check digit is wrong.
_MEANT = re.compile(r"(?:(?:\]C1)?\(?00\)?|https?://\S+/00/)?(\d{18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class InContainer:
    """So many units of a lot."""

    lot_key: str
    number: str
    unit: str | None
    name_zh: str
    name_en: str
    units: Decimal


@dataclass(frozen=True, slots=True)
class CaseOfContainer:
    """A recall whose consignee was told of lots in the container; `lot_keys`: which."""

    recall_id: str
    reference: str
    lot_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReturnedContainer:
    """A container that had left: to whom, when, by which event; what is in it; the recalls that are about some of it,
    running ones first. `boxes`: the keys of all containers that it is."""

    sscc: str
    boxes: frozenset[str]
    despatch_id: str
    left_at: datetime
    consignee_id: str
    consignee_zh: str
    consignee_en: str
    lines: tuple[InContainer, ...]
    cases: tuple[CaseOfContainer, ...]


@dataclass(frozen=True, slots=True)
class TakeContainer:
    """A container that came back. `units`: what was counted of each lot, None: as it left, unopened. `is_outside`: lots
    in it that the recall is not about are taken in as such."""

    recall_id: str
    code: str
    units: Mapping[str, Decimal] | None = None
    document_number: str = ""
    note: str = ""
    is_outside: bool = False


def sscc_in(text: str) -> str | None:
    """The SSCC that was scanned or typed, with a wrong check digit too; None for anything else."""
    try:
        found = parse_anything(text).get("00")
    except Gs1Error:
        found = None
    meant = _MEANT.fullmatch(text.strip())
    return found or (meant[1] if meant else None)


def container_of(session: Session, text: str) -> ReturnedContainer:
    """What the label of a container says, by the records. Raises NotFound for one that nobody told of; Conflict for one
    that never left (code `not-despatched`), went to nobody whom we know (`unknown-taker`), of which not everything is
    known (`container-unclear`), that is empty (`container-empty`), or came back already (`container-taken`)."""
    found = sscc_in(text)
    if found is None or not is_sscc(found):
        raise InvalidInput("This is no number of a pallet or carton (SSCC): 18 digits, the last of which fits the "
                           "others. Scan it again.", code="no-sscc", place="code")
    sscc = found
    key = item_of(f"https://id.gs1.org/00/{sscc}", is_class=False, is_parent=True).key
    if session.scalar(select(EventItem.event_id).where(EventItem.lot_key == key).limit(1)) is None:
        raise NotFound("No record tells of the pallet or carton %(sscc)s. Scan what is in it and count that.",
                       code="unknown-sscc", place="code", sscc=sscc)
    inside = opened(session, key)
    lines = _lines(session, sscc, inside)
    sent, taker = _despatch(session, sscc, key, lines)
    _refuse_taken(session, sscc, inside.boxes, sent.event_id)
    return ReturnedContainer(sscc, inside.boxes, sent.event_id, sent.at, taker.id, taker.name_zh,
                             taker.name_en or taker.name_zh, lines, _cases(session, taker.id, lines))


def take_container(session: Session, actor: Actor, clock: Clock, command: TakeContainer) -> list[RecallReturn]:
    """Take everything that is in a container back, each lot as `take_back` does, all or nothing, once.

    Raises as `container_of` and `take_back`; InvalidInput for a lot that is not in it or for more of one than is
    (code `not-in-container`), and when nothing was counted.
    """
    permit(actor, "trace.record")
    found = container_of(session, command.code)
    units = {line.lot_key: line.units for line in found.lines} if command.units is None else dict(command.units)
    _refuse_other(found, units)
    for key in sorted(found.boxes):
        if not insert_if_new(session, ContainerReturn, {
                "container_key": key, "despatch_id": found.despatch_id, "recall_id": command.recall_id,
                "consignee_id": found.consignee_id, "sscc": found.sscc, "taken_at": clock.now(), "taken_by": actor.id}):
            raise _taken(found.sscc)
    in_case = next((one.lot_keys for one in found.cases if one.recall_id == command.recall_id), frozenset())
    return [take_back(session, actor, clock, TakeBack(
        command.recall_id, found.consignee_id, key, amount, command.document_number, command.note,
        command.is_outside and key not in in_case, found.sscc)) for key, amount in sorted(units.items()) if amount]


def _refuse_other(found: ReturnedContainer, units: Mapping[str, Decimal]) -> None:
    there = {line.lot_key: line for line in found.lines}
    for key, amount in units.items():
        line = there.get(key)
        if amount < 0 or line is None or amount > line.units:
            raise InvalidInput(
                "By its packing record there are %(there)s %(unit)s of batch %(lot)s in it. Take more, or other "
                "batches, in by scanning the packs.", code="not-in-container", place=f"units/{key}",
                lot=line.number if line else key, there=plain(line.units) if line else "0",
                unit=(line.unit or "") if line else "")
    if not any(units.values()):
        raise InvalidInput("Count at least one batch.", code="no-lines", place="units")


def _lines(session: Session, sscc: str, inside: Opened) -> tuple[InContainer, ...]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    unclear: list[str] = []
    for content in inside.contents:
        found = _units_of(session, content)
        if found is None:
            unclear.append(content.item.number)
        else:
            sums[found[0]] += found[1]
    if unclear:
        raise Conflict("Of the pallet or carton %(sscc)s not everything is known: %(what)s. Scan what is in it and "
                       "count that.", code="container-unclear", place="code", sscc=sscc,
                       what=named(sorted(set(unclear)), 5))
    if not sums:
        raise Conflict("By the records nothing is in the pallet or carton %(sscc)s. Scan what came and count that.",
                       code="container-empty", place="code", sscc=sscc)
    lots = lots_by_key(session, sums)
    names = {product.id: product for product in session.scalars(select(Product).where(
        Product.id.in_({lot.product_id for lot in lots.values()})))}
    return tuple(sorted((InContainer(key, lots[key].number, lots[key].unit, *_names(lots[key], names), units)
                         for key, units in sums.items()), key=lambda line: line.number))


def _names(lot: Lot, products: Mapping[str, Product]) -> tuple[str, str]:
    product = products.get(lot.product_id or "")
    return (product.name_zh, product.name_en) if product else (lot.name, lot.name)


def _units_of(session: Session, content: Content) -> tuple[str, Decimal] | None:
    """The lot of ours and how many of its units a content is; None where that is not known."""
    if content.item.kind == "instance":
        return _pack(session, content)
    lot = session.get(Lot, content.key)
    if lot is None or not lot.is_own or content.quantity is None or content.unit != lot.unit:
        return None
    return lot.lot_key, content.quantity


def _pack(session: Session, content: Content) -> tuple[str, Decimal] | None:
    """One pack that is known by its serial number."""
    known = product_of_gtin(session, content.item.gtin) if content.item.gtin else None
    if known is None:
        return None
    try:
        return lot_of_scan(session, content.item.uri), Decimal(known[1].units)
    except Problem:
        return None


def _despatch(session: Session, sscc: str, key: str, lines: Iterable[InContainer]) -> tuple[Sent, Party]:
    """The last time that it left to somebody who was told of one of its lots, else to anybody."""
    sent = despatches_of(session, key)
    partners = partners_of(session, {uri for one in sent for uri in one.to})
    found = [(one, partner.party_id) for one in sent
             for partner in [next((partners[uri] for uri in one.to if uri in partners), None)]
             if partner is not None and not partner.is_own]
    if not found and any(one.to for one in sent):
        raise Conflict("The pallet or carton %(sscc)s left to somebody who is no partner of ours: %(who)s. Scan what "
                       "is in it, and say whom it comes from.", code="unknown-taker", place="code", sscc=sscc,
                       who=next(one.to[0] for one in sent if one.to))
    if not found:
        raise Conflict("By the records the pallet or carton %(sscc)s never left to anybody. Scan what is in it, and "
                       "say whom it comes from.", code="not-despatched", place="code", sscc=sscc)
    told = set(session.scalars(select(RecallLedger.consignee_id).where(
        RecallLedger.lot_key.in_([line.lot_key for line in lines]),
        RecallLedger.consignee_id.in_({consignee for _one, consignee in found}))))
    one, consignee = next((pair for pair in found if pair[1] in told), found[0])
    return one, session.get_one(Party, consignee)


def _cases(session: Session, consignee_id: str, lines: Iterable[InContainer]) -> tuple[CaseOfContainer, ...]:
    rows = session.execute(
        select(Recall.id, Recall.reference, RecallLedger.lot_key).join(
            RecallLedger, RecallLedger.recall_id == Recall.id)
        .where(RecallLedger.consignee_id == consignee_id, TOLD, IS_TOLD_LINE,
               RecallLedger.lot_key.in_([line.lot_key for line in lines]))
        .order_by(RUNS.desc(), Recall.opened_at.desc(), Recall.id))
    found: dict[tuple[str, str], set[str]] = {}
    for recall_id, reference, lot_key in rows:
        found.setdefault((recall_id, reference), set()).add(lot_key)
    return tuple(CaseOfContainer(*case, frozenset(keys)) for case, keys in found.items())


def _refuse_taken(session: Session, sscc: str, boxes: Iterable[str], despatch_id: str) -> None:
    if session.scalar(select(ContainerReturn.sscc).where(
            ContainerReturn.container_key.in_(sorted(boxes)), ContainerReturn.despatch_id == despatch_id).limit(1)):
        raise _taken(sscc)


def _taken(sscc: str) -> Conflict:
    return Conflict("The pallet or carton %(sscc)s, or one in it, was taken in already; nothing was counted twice. "
                    "Scan what came besides, and count that.", code="container-taken", place="code", sscc=sscc)
