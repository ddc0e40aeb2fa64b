"""A recall case read once, for the files that authorities get of it: a number of statements that does not grow."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal

from sqlalchemy import Text, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.reportability import jurisdiction_of
from traceapp.adverse_event.states import AdverseEventState
from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import own_party, parties_by_id
from traceapp.catalog.markets import home_market, sold_by
from traceapp.catalog.model import PackagingLevel, Party, PartyContact, Product, Registration
from traceapp.complaint.model import Complaint
from traceapp.complaint.seriousness import SeriousnessCriterion
from traceapp.core.clock import Clock
from traceapp.export.case_report import Organisation
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import (
    Checks,
    DossierLot,
    DossierProduct,
    Harm,
    MarketEntry,
    RecallDossier,
    Signed,
    Telling,
    UnitFigures,
)
from traceapp.export.recall_files.fields import FileKind
from traceapp.identity.lookup import names_of_users
from traceapp.recall.book_model import DispositionState, LotDifference, RecallDisposition
from traceapp.recall.checking import conclusion_of
from traceapp.recall.classes import classifications_now
from traceapp.recall.evaluation import latest_evaluation
from traceapp.recall.executing import checks_of
from traceapp.recall.figure_reads import counts_of
from traceapp.recall.goods import ARE_GOODS, gtin_of, serials_of
from traceapp.recall.hazard_facts import A_REPORT
from traceapp.recall.letter_facts import sample_facts
from traceapp.recall.letters import parts_of
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallLot
from traceapp.recall.queries import Totals, UnitSums, signatures, totals_of
from traceapp.recall.telling_model import PassedNotice
from traceapp.recall.told_first import first_told_at
from traceapp.recall.told_ways import told_ways
from traceapp.trace.model import Lot

from .case_surroundings import organisation_of
from .recall_file_model import RecallFile, RecallFileText
from .report_model import Report

_NAMED_SILENT, _NAMED_EVENTS = 60, 50
# What the figures of a file have of the sums of the ledger, under the same names.
_SUMS = tuple({one.name for one in fields(UnitFigures)} & {one.name for one in fields(UnitSums)} - {"unit"})


def dossier_of(session: Session, clock: Clock, recall: Recall) -> RecallDossier:
    """All that the files say of a case, now, without what was written for one of them."""
    totals = totals_of(session, recall.id)
    home = home_market(session)
    lots, products = _lots(session, recall)
    entries = _entries(session, recall, products)
    organisations = _organisations(session, [one for entry in entries for one in (
        entry.manufacturer_id, entry.holder_id, entry.representative_id)])
    hazard = latest_evaluation(session, recall.id)
    owner = recall.owner_id or recall.opened_by
    people, explained = names_of_users(session, [owner]), _explained(session, recall.id)
    return RecallDossier(
        reference=recall.reference, at=clock.now(), state=recall.state, recall_class=recall.recall_class,
        is_drill=recall.is_drill, title=_both(recall, "title"), risk=_both(recall, "risk"),
        action=_both(recall, "action"), remedy=_both(recall, "remedy"), reason=recall.reason, contact=recall.contact,
        opened_at=recall.opened_at, firm=organisations.get("", Organisation()), trigger_kind=recall.trigger_kind,
        trigger=recall.trigger_text, mandate=recall.mandate, awareness_at=recall.awareness_at,
        decided_at=recall.decided_at, decision=recall.decision, approved_at=recall.approved_at,
        closed_at=recall.closed_at, closing_note=recall.closing_note, lessons=recall.lessons,
        authority_letter=recall.authority_letter, answer_by=recall.answer_by,
        depth=recall.depth or "", scope_number=recall.scope_number, scope_hash=recall.scope_hash or "",
        owner=people.get(owner, ""), home=home, lots=lots, products=products,
        markets=tuple(_market(entry, organisations) for entry in entries),
        figures=_figures(session, recall, totals, home), countries=_countries(session, recall.id),
        told=_telling(session, recall, totals), checks=_checks(session, recall),
        harm=_harm(session, recall.id), hazard=hazard.content if hazard else {},
        signatures=tuple(Signed(one.user_name, one.meaning, one.at, one.signed_hash, one.qualification)
                         for one in signatures(session, recall.id)),
        capas=tuple(f"{one.reference} {one.title}" for one in capas_about(session, "recall", recall.id)),
        classes={key: one.recall_class for key, one in classifications_now(session, recall.id).items()},
        disposed=_disposed(session, recall.id), explained=explained[:_NAMED_SILENT],
        unlisted=max(0, len(explained) - _NAMED_SILENT), letter=_letter(session, clock, recall))


_READER = {"zh": "（收货单位名称）", "en": "(name of the consignee)"}
_NOT_ALL = {"zh": "（此处只列出部分批次；每封信列出该收货单位收到的全部批次。）",
            "en": "(Not every batch is named here; each letter names all that its reader got.)"}


def _letter(session: Session, clock: Clock, recall: Recall) -> dict[str, str]:
    """The letter as its approved template reads, to nobody; it says so where it does not name every lot."""
    facts = replace(sample_facts(session, clock, recall, _READER, base_url=""), link="[…]")
    count = session.scalar(select(func.count()).select_from(RecallLot).join(Lot, Lot.lot_key == RecallLot.lot_key)
                           .where(RecallLot.recall_id == recall.id, Lot.shipped > 0)) or 0
    found = {}
    for language in ("zh", "en"):
        lines = [line.strip() for part in parts_of(facts, language) for line in part.text.splitlines() if line.strip()]
        found[language] = "\n".join([*lines, _NOT_ALL[language]] if count > len(facts.lots) else lines)
    return found


def drafts_of(session: Session, recall_id: str, dossier: RecallDossier) -> dict[str, RecallDossier]:
    """The same for each kind of file: with what was written for it, and the version that it would be. Two
    statements."""
    texts = session.scalars(select(RecallFileText).where(RecallFileText.recall_id == recall_id)
                            .order_by(RecallFileText.at, RecallFileText.position)).all()
    versions = {one.kind: one for one in session.scalars(select(RecallFile).where(RecallFile.recall_id == recall_id)
                                                         .order_by(RecallFile.version))}
    found = {}
    for kind in KINDS.values():
        last = versions.get(kind.name)
        found[kind.name] = replace(
            dossier, written=_written(kind, texts), version=last.version + 1 if last else 1,
            earlier=(f"{dossier.reference} v{last.version}", last.made_at) if last else None)
    return found


def _written(kind: FileKind, texts: Sequence[RecallFileText]) -> dict[str, str]:
    """What people wrote for a file, the last of each field. The same field of another file of the same authority
    stands where nothing was written for this one."""
    known = {one.key for one in kind.fields}
    rows = [(row.kind, _key_for(kind, row.key), row.text) for row in texts
            if row.key.partition(".")[0] in known and KINDS[row.kind].jurisdiction == kind.jurisdiction]
    others = {key: text for _owner, key, text in rows if key}
    return others | {key: text for owner, key, text in rows if key and owner == kind.name}


def _key_for(kind: FileKind, key: str) -> str:
    """A text for one language of a file, as a file in one language knows it; empty where that is another one."""
    name, _dot, language = key.partition(".")
    if not language or len(kind.languages) > 1:
        return key
    return name if language == kind.languages[0] else ""


def _both(recall: Recall, name: str) -> dict[str, str]:
    return {language: getattr(recall, f"{name}_{language}") for language in ("zh", "en")}


def _lots(session: Session, recall: Recall) -> tuple[tuple[DossierLot, ...], tuple[DossierProduct, ...]]:
    """The scope as it is stored, with serial numbers and GTINs, and its products."""
    serials, gtins = serials_of(session, recall.id), _gtins(session, recall.id)
    rows = session.execute(
        select(Lot.lot_key, Lot.number, Lot.uri, Lot.product_id, func.coalesce(Product.name_zh, Lot.name),
               func.coalesce(Product.name_en, Lot.name), RecallLot.made, RecallLot.in_stock, RecallLot.shipped,
               Lot.unit, Lot.made_on, Lot.expires_on)
        .select_from(RecallLot).join(Lot, Lot.lot_key == RecallLot.lot_key)
        .outerjoin(Product, Product.id == Lot.product_id).where(RecallLot.recall_id == recall.id, ARE_GOODS)
        .order_by(Product.code, Lot.number, Lot.lot_key))
    lots = tuple(DossierLot(
        number, uri, gtin_of(uri) or gtins.get(product_id or "", ""), product_id, name_zh, name_en, made, in_stock,
        shipped, unit or "", made_on, expires_on, serials.get(key, ()))
        for key, number, uri, product_id, name_zh, name_en, made, in_stock, shipped, unit, made_on, expires_on in rows)
    products = session.scalars(select(Product).where(Product.id.in_(
        sorted({lot.product_id for lot in lots if lot.product_id}))).order_by(Product.code))
    return lots, tuple(DossierProduct(
        one.id, one.code, one.name_zh, one.name_en, one.usage_zh, one.usage_en, gtins.get(one.id, ""),
        one.registration_number, one.risk_class) for one in products)


def _gtins(session: Session, recall_id: str) -> dict[str, str]:
    """The smallest pack of each product in scope."""
    theirs = select(Lot.product_id).join(RecallLot, RecallLot.lot_key == Lot.lot_key).where(
        RecallLot.recall_id == recall_id)
    found: dict[str, str] = {}
    for level in session.scalars(select(PackagingLevel).where(PackagingLevel.product_id.in_(theirs))
                                 .order_by(PackagingLevel.product_id, PackagingLevel.units, PackagingLevel.gtin)):
        found.setdefault(level.product_id, level.gtin)
    return found


def _entries(session: Session, recall: Recall, products: Sequence[DossierProduct]) -> list[Registration]:
    """The latest registration of each product in each market."""
    latest: dict[tuple[str, str], Registration] = {}
    for one in sold_by(session, [product.id for product in products], recall.opened_at.date()):
        latest[one.product_id, jurisdiction_of(one.market)] = one
    return list(latest.values())


def _market(entry: Registration, known: Mapping[str, Organisation]) -> MarketEntry:
    return MarketEntry(
        entry.product_id, jurisdiction_of(entry.market), entry.number, entry.risk_class, entry.brand,
        entry.common_name, entry.model, entry.specification, entry.catalogue_number, entry.udi_di,
        entry.basic_udi_di, entry.fda_product_code, entry.emdn, entry.gmdn, entry.notified_body,
        known.get(entry.manufacturer_id or entry.holder_id or "-"), known.get(entry.representative_id or "-"))


def _organisations(session: Session, party_ids: Sequence[str | None]) -> dict[str, Organisation]:
    """Parties as files name them, each with its first contact; ourselves under the empty id."""
    own = own_party(session)
    parties = parties_by_id(session, party_ids) | ({own.id: own} if own else {})
    contacts: dict[str, PartyContact] = {}
    for one in session.scalars(select(PartyContact).where(
            PartyContact.party_id.in_(list(parties)), PartyContact.is_active).order_by(PartyContact.id)):
        contacts.setdefault(one.party_id, one)
    found = {key: organisation_of(party, contacts.get(key)) for key, party in parties.items()}
    return found | ({"": found[own.id]} if own else {})


def _figures(session: Session, recall: Recall, totals: Totals, home: str) -> tuple[UnitFigures, ...]:
    """The case in each unit."""
    ledger = {one.unit or "": one for one in totals.units}
    scope = {unit or "": (made, stock) for unit, made, stock in session.execute(
        select(Lot.unit, func.sum(RecallLot.made), func.sum(RecallLot.in_stock))
        .join(RecallLot, RecallLot.lot_key == Lot.lot_key).outerjoin(Product, Product.id == Lot.product_id)
        .where(RecallLot.recall_id == recall.id, ARE_GOODS).group_by(Lot.unit))}
    at_home = {unit or "": units for unit, units in session.execute(
        select(Lot.unit, func.sum(RecallLedger.shipped)).join(Lot, Lot.lot_key == RecallLedger.lot_key)
        .join(Party, Party.id == RecallLedger.consignee_id)
        .where(RecallLedger.recall_id == recall.id, Party.country == home).group_by(Lot.unit))}
    found = []
    for unit in sorted(scope.keys() | ledger.keys()):
        made, stock = scope.get(unit, (Decimal(0), Decimal(0)))
        known = {name: getattr(one, name) for name in _SUMS} if (one := ledger.get(unit)) else {}
        found.append(UnitFigures(unit, made, stock, at_home=at_home.get(unit, Decimal(0)), **known))
    return tuple(found)


def _countries(session: Session, recall_id: str) -> tuple[tuple[str, int], ...]:
    return tuple(session.execute(
        select(Party.country, func.count(func.distinct(RecallLedger.consignee_id)))
        .join(Party, Party.id == RecallLedger.consignee_id).where(RecallLedger.recall_id == recall_id)
        .group_by(Party.country).order_by(Party.country)).all())


def _telling(session: Session, recall: Recall, totals: Totals) -> Telling:
    """How far the notices are. Before they go out, the lines that were frozen say how many consignees there are."""
    counts = counts_of(session, recall.id)
    silent = session.execute(
        select(Party.name_zh, Party.name_en).join(Notice, Notice.consignee_id == Party.id).where(
            Notice.recall_id == recall.id, Notice.answered_at.is_(None)).order_by(Party.code)
        .limit(_NAMED_SILENT)).all()
    frozen = session.scalar(select(func.count(func.distinct(RecallLedger.consignee_id))).where(
        RecallLedger.recall_id == recall.id)) or 0
    in_part = session.scalar(select(func.count()).where(
        Notice.recall_id == recall.id, Notice.answered_at.is_(None), exists(select(RecallLedger.lot_key).where(
            RecallLedger.recall_id == Notice.recall_id, RecallLedger.consignee_id == Notice.consignee_id,
            RecallLedger.on_hand.is_not(None))))) or 0
    named, told = session.execute(select(func.count(), func.count().filter(or_(
        PassedNotice.sent_at.is_not(None), PassedNotice.answered_at.is_not(None)))).where(
            PassedNotice.recall_id == recall.id)).one()
    names = session.scalars(select(PassedNotice.name).where(PassedNotice.recall_id == recall.id)
                            .order_by(PassedNotice.name, PassedNotice.id).limit(_NAMED_SILENT)).all() if named else ()
    first = [at for at in (counts.first_told_at, first_told_at(session, recall.id)) if at]
    return Telling(max(totals.consignees, frozen), counts.told, totals.answered, totals.lines, totals.open_lines,
                   min(first) if counts.told else None, counts.last_told_at, told_ways(session, recall.id),
                   tuple((chinese, english) for chinese, english in silent), named, told,
                   tuple(names), in_part)


def _checks(session: Session, recall: Recall) -> Checks:
    """What the sample of the present scope says; of all nothing while somebody of it waits."""
    rows = checks_of(session, recall)
    asked = [one for one in rows if one.checked_at is not None]
    found = conclusion_of(session, recall)
    whole = (found.share.low, found.share.high) if asked and not found.waiting else (None, None)
    return Checks(recall.check_level or "", recall.check_share, len(rows), len(asked),
                  sum(bool(one.received) for one in asked), sum(bool(one.understood) for one in asked),
                  sum(bool(one.acted) for one in asked), found.share.good, *whole)


def _disposed(session: Session, recall_id: str) -> tuple[tuple[str, str, Decimal], ...]:
    """What was decided about goods in our hands."""
    return tuple((kind, unit or "", units) for kind, unit, units in session.execute(
        select(RecallDisposition.kind, Lot.unit, func.sum(RecallDisposition.units))
        .join(Lot, Lot.lot_key == RecallDisposition.lot_key)
        .where(RecallDisposition.recall_id == recall_id, RecallDisposition.state == DispositionState.decided)
        .group_by(RecallDisposition.kind, Lot.unit).order_by(RecallDisposition.kind, Lot.unit)))


def _explained(session: Session, recall_id: str) -> tuple[tuple[str, str], ...]:
    """Why units are missing: of each batch the reason for its difference, and those for which lines were settled."""
    whole = select(Lot.number, LotDifference.reason).join(Lot, Lot.lot_key == LotDifference.lot_key).where(
        LotDifference.recall_id == recall_id)
    lines = select(Lot.number, RecallLedger.settled_reason).join(Lot, Lot.lot_key == RecallLedger.lot_key).where(
        RecallLedger.recall_id == recall_id, RecallLedger.settled_at.is_not(None))
    rows = session.execute(whole.union(lines).order_by("number", "reason")).all()
    return tuple((number, reason) for number, reason in rows)


def _harm(session: Session, recall_id: str) -> Harm:
    """Events that stand and complaints that are no duplicates, with batches in scope, as the evaluation counts them;
    nothing of a person."""
    stands = AdverseEvent.state != AdverseEventState.nullified
    in_scope = select(RecallLot.lot_key).where(RecallLot.recall_id == recall_id)
    death = type_coerce(AdverseEvent.seriousness, Text).like(f'%"{SeriousnessCriterion.death}"%')
    events, serious, deaths = session.execute(select(
        func.count(), func.count().filter(AdverseEvent.is_serious),
        func.count().filter(or_(death, AdverseEvent.outcome == "fatal"))).where(
            AdverseEvent.lot_key.in_(in_scope), stands)).one()
    references = session.scalars(select(AdverseEvent.reference).where(AdverseEvent.lot_key.in_(in_scope), stands)
                                 .order_by(AdverseEvent.reference).limit(_NAMED_EVENTS)).all()
    complaints = session.scalar(select(func.count()).select_from(Complaint).where(
        Complaint.lot_key.in_(in_scope), *A_REPORT))
    numbers = session.scalars(select(Report.number).where(
        Report.lot_key.in_(in_scope), Report.jurisdiction == "US", Report.sent_at.is_not(None), Report.number != "")
        .distinct().order_by(Report.number)).all()
    return Harm(events, serious, deaths, complaints or 0, tuple(references), tuple(numbers))
