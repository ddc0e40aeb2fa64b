"""What the house knows around an adverse event: product and lot, and the organisations of a report."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import PackagingLevel, Party, PartyContact, PartyRole, PartyRoleName, Product, Site
from traceapp.export.case_report import Organisation, ReportedLot, ReportedProduct
from traceapp.recall.model import Recall, RecallLot
from traceapp.recall.states import RecallState
from traceapp.trace.model import Lot, ShipmentLine, TestResult
from traceapp.trace.overview import Inspected, inspections_of

_HELD = (PartyRoleName.registrant, PartyRoleName.contract_manufacturer)
_NAMED = (RecallState.notifying, RecallState.closed)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`sender` is ourselves; `consignee` whom the product was shipped to or who told of it; `home` our country."""

    product: Product | None
    lot: Lot | None
    unit_gtin: str
    sender: Organisation
    holder: Organisation
    manufacturer: Organisation
    consignee: Organisation | None
    inspections: tuple[Inspected, ...]
    recalls: tuple[str, ...]
    home: str


def surroundings_of(session: Session, product_id: str | None, lot_key: str, consignee_id: str | None) -> Surroundings:
    """All of it in a number of statements that does not grow with what is found."""
    product = session.get(Product, product_id) if product_id else None
    lot = session.get(Lot, lot_key)
    own = session.scalar(select(Site.party_id).where(Site.is_own).order_by(Site.code).limit(1))
    roles = _roles(session, product_id)
    parties = parties_by_id(session, [own, consignee_id, *roles.values()])
    contacts = _contacts(session, list(parties))

    def organisation(party_id: str | None) -> Organisation | None:
        party = parties.get(party_id or "")
        return organisation_of(party, contacts.get(party.id)) if party else None

    sender = organisation(own) or Organisation()
    return Surroundings(
        product, lot, _unit_gtin(session, product_id), sender,
        organisation(roles.get(PartyRoleName.registrant)) or sender,
        organisation(roles.get(PartyRoleName.contract_manufacturer)) or sender, organisation(consignee_id),
        inspections_of(session, lot_key) if lot else (), _recalls(session, lot_key), sender.country or "CN")


def organisation_of(party: Party, contact: PartyContact | None = None) -> Organisation:
    """A party as a report names it."""
    return Organisation(
        party.name_zh, party.name_en, party.country, party.region, party.city, party.address,
        contact.name if contact else "", contact.phone if contact else "", contact.email if contact else "",
        {"gln": party.gln} if party.gln else {})


def reported_product(around: Surroundings) -> ReportedProduct:
    """The product as the catalog has it; empty where it is not known."""
    product = around.product
    if product is None:
        return ReportedProduct("", "", "", "")
    return ReportedProduct(
        product.code, product.kind, product.name_zh, product.name_en, registration_number=product.registration_number,
        holder=around.holder, manufacturer=around.manufacturer, risk_class=product.risk_class,
        origin=around.manufacturer.country, catalogue_number=product.code,
        ids={"udi_di": around.unit_gtin} if around.unit_gtin else {})


def reported_lot(around: Surroundings, serial: str, language: str) -> ReportedLot:
    """The batch with its figures and its inspections; empty where it is not known."""
    lot = around.lot
    if lot is None:
        return ReportedLot(serial=serial)
    results = [result for one in around.inspections for result in one.results]
    return ReportedLot(
        lot.number, lot.uri, serial, _udi(around.unit_gtin, lot, serial), lot.made_on, lot.expires_on, lot.made,
        lot.shipped - lot.returned, lot.unit or "", all(result.is_within for result in results) if results else None,
        tuple(_line(result, language) for result in results))


def _udi(gtin: str, lot: Lot, serial: str) -> str:
    """The identifier on the pack as people read it: its elements with their numbers in brackets."""
    if not gtin:
        return ""
    days = "".join(f"({number}){day:%y%m%d}" for number, day in (("11", lot.made_on), ("17", lot.expires_on)) if day)
    return f"(01){gtin}{days}(10){lot.number}" + (f"(21){serial}" if serial else "")


def _line(result: TestResult, language: str) -> str:
    name = result.name_zh if language == "zh" else result.name_en
    value = f"{result.value} {result.unit}".strip() if result.value is not None else result.text
    good, bad = ("合格", "不合格") if language == "zh" else ("within limits", "out of limits")
    return f"{name}: {value}, {good if result.is_within else bad}"


def _roles(session: Session, product_id: str | None) -> dict[str, str]:
    """Who holds and who makes the product; what is said of this product stands above what is said of all."""
    rows = session.execute(select(PartyRole.role, PartyRole.product_id, PartyRole.party_id).where(
        PartyRole.product_id.in_([product_id or "*", "*"]), PartyRole.role.in_(_HELD))
        .order_by(PartyRole.product_id, PartyRole.party_id)).all()
    named = sorted(rows, key=lambda row: row.product_id == "*", reverse=True)
    return {row.role: row.party_id for row in named}


def _contacts(session: Session, party_ids: list[str]) -> dict[str, PartyContact]:
    """The first contact of each party."""
    found: dict[str, PartyContact] = {}
    for contact in session.scalars(select(PartyContact).where(
            PartyContact.party_id.in_(party_ids), PartyContact.is_active).order_by(PartyContact.id)):
        found.setdefault(contact.party_id, contact)
    return found


def _unit_gtin(session: Session, product_id: str | None) -> str:
    return session.scalar(select(PackagingLevel.gtin).where(PackagingLevel.product_id == product_id)
                          .order_by(PackagingLevel.units, PackagingLevel.gtin).limit(1)) or ""


def _recalls(session: Session, lot_key: str) -> tuple[str, ...]:
    return tuple(session.scalars(select(Recall.reference).join(RecallLot, RecallLot.recall_id == Recall.id).where(
        RecallLot.lot_key == lot_key, Recall.state.in_(_NAMED)).order_by(Recall.reference)))


def markets_of(session: Session, product_id: str | None) -> tuple[str, ...]:
    """The countries that the product was sent to."""
    rows: Any = session.scalars(
        select(Party.country).join(ShipmentLine, ShipmentLine.consignee_id == Party.id)
        .join(Lot, Lot.lot_key == ShipmentLine.lot_key).where(Lot.product_id == product_id).distinct()
        .order_by(Party.country))
    return tuple(rows)
