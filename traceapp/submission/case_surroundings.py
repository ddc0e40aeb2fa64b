"""What the house knows around an adverse event: product and lot, and the organisations of a report."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.reportability import jurisdiction_of
from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.markets import home_market, sold_by
from traceapp.catalog.model import (
    PackagingLevel,
    Party,
    PartyContact,
    PartyRole,
    PartyRoleName,
    Product,
    Registration,
    Site,
)
from traceapp.complaint.region import Region, place_of
from traceapp.export.case_report import Organisation, ReportedLot, ReportedProduct
from traceapp.recall.cases import TOLD
from traceapp.recall.model import Recall, RecallLot
from traceapp.trace.model import Lot, ShipmentLine, TestResult
from traceapp.trace.overview import Inspected, inspections_of

_HELD = (PartyRoleName.registrant, PartyRoleName.contract_manufacturer)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`sender` is ourselves; `consignee` whom the product was shipped to or who told of it; `home` our country, `where`
    the place where it happened. `registration` is what the market that the report is for says of the product, None
    where it says nothing."""

    product: Product | None
    lot: Lot | None
    registration: Registration | None
    is_home: bool
    unit_gtin: str
    sender: Organisation
    holder: Organisation
    manufacturer: Organisation
    representative: Organisation | None
    consignee: Organisation | None
    inspections: tuple[Inspected, ...]
    recalls: tuple[str, ...]
    home: str
    where: Region


def surroundings_of(session: Session, event: AdverseEvent, market: str = "") -> Surroundings:
    """All of it in a number of statements that does not grow with what is found. `market`: a jurisdiction; empty: the
    one at home."""
    product = session.get(Product, event.product_id) if event.product_id else None
    lot = session.get(Lot, event.lot_key)
    own = session.scalar(select(Site.party_id).where(Site.is_own).order_by(Site.code).limit(1))
    roles = _roles(session, event.product_id)
    home = home_market(session)
    told = _registration(session, event, market or jurisdiction_of(home))
    named = (told.holder_id, told.manufacturer_id, told.representative_id) if told else (None, None, None)
    parties = parties_by_id(session, [own, event.consignee_id, *roles.values(), *named])
    contacts = _contacts(session, list(parties))

    def organisation(*party_ids: str | None) -> Organisation | None:
        party = next((parties[one] for one in party_ids if one in parties), None)
        return organisation_of(party, contacts.get(party.id)) if party else None

    sender = organisation(own) or Organisation()
    return Surroundings(
        product, lot, told, market in ("", jurisdiction_of(home)), _unit_gtin(session, event.product_id), sender,
        organisation(named[0], roles.get(PartyRoleName.registrant)) or sender,
        organisation(named[1], roles.get(PartyRoleName.contract_manufacturer)) or sender, organisation(named[2]),
        organisation(event.consignee_id), inspections_of(session, event.lot_key) if lot else (),
        _recalls(session, event.lot_key), home, place_of(session, event.complaint_id))


def organisation_of(party: Party, contact: PartyContact | None = None) -> Organisation:
    """A party as a report names it."""
    ids = {"gln": party.gln, "fei": party.fei, "srn": party.srn, "duns": party.duns, "e2b": party.e2b_sender}
    return Organisation(
        party.name_zh, party.name_en, party.country, party.region, party.city, party.address,
        contact.name if contact else "", contact.phone if contact else "", contact.email if contact else "",
        {name: value for name, value in ids.items() if value}, party.postcode, contact.duty if contact else "")


def reported_product(around: Surroundings) -> ReportedProduct:
    """The product as its market knows it, and where that says nothing as the catalog has it; a number and a class of
    another market are left out. Empty where the product is not known."""
    product = around.product
    if product is None:
        return ReportedProduct("", "", "", "")
    number, risk_class = (product.registration_number, product.risk_class) if around.is_home else ("", "")
    found = ReportedProduct(
        product.code, product.kind, product.name_zh, product.name_en, registration_number=number,
        holder=around.holder, manufacturer=around.manufacturer, risk_class=risk_class,
        origin=around.manufacturer.country, catalogue_number=product.code,
        ids={"udi_di": around.unit_gtin} if around.unit_gtin else {}, representative=around.representative)
    told = around.registration
    if told is None:
        return found
    ids = {"udi_di": told.udi_di, "basic_udi_di": told.basic_udi_di, "product_code": told.fda_product_code,
           "emdn": told.emdn, "gmdn": told.gmdn, "notified_body": told.notified_body,
           "certificate": told.certificate_number}
    return replace(
        found, brand=told.brand, common_name=told.common_name, registration_number=told.number or number,
        risk_class=told.risk_class or risk_class, category=told.category, origin=told.origin or found.origin,
        model=told.model, specification=told.specification,
        catalogue_number=told.catalogue_number or found.catalogue_number,
        ids={**found.ids, **{name: value for name, value in ids.items() if value}})


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


def _registration(session: Session, event: AdverseEvent, market: str) -> Registration | None:
    """The latest registration in the market under which the product had come to it when we learned of the event."""
    if event.product_id is None:
        return None
    found = [one for one in sold_by(session, [event.product_id], event.awareness_at.date())
             if jurisdiction_of(one.market) == market]
    return max(found, key=lambda one: (one.marketed_from or date.min, one.id), default=None)


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
        RecallLot.lot_key == lot_key, TOLD).order_by(Recall.reference)))


def markets_of(session: Session, product_id: str | None) -> tuple[str, ...]:
    """The countries that the product was sent to."""
    rows: Any = session.scalars(
        select(Party.country).join(ShipmentLine, ShipmentLine.consignee_id == Party.id)
        .join(Lot, Lot.lot_key == ShipmentLine.lot_key).where(Lot.product_id == product_id).distinct()
        .order_by(Party.country))
    return tuple(rows)
