"""Reading one adverse event as a case report: everything that the house knows of it, in the words of the fields."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.causality import device_relation, five_item_result, naranjo_score
from traceapp.adverse_event.details import partial_date
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.complaint.model import Complaint
from traceapp.complaint.region import Source
from traceapp.complaint.terms import terms
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    CodedTerm,
    Event,
    PartialDate,
    Patient,
    Profile,
    Reporter,
    ReportHead,
    ReportKind,
    Use,
)
from traceapp.export.nmpa.rubric import score
from traceapp.vault.service import PersonDetails, Vault, erased_at, reveal_person

from .case_products import is_chinese, meddra_terms, other_products, partial
from .case_surroundings import Surroundings, markets_of, reported_lot, reported_product, surroundings_of
from .case_terms import with_listed_names
from .similar_incidents import Likeness, basis_of, similar_periods

# Kinds of product whose reports are reviewed by the rubric; a product that is not known may be one of them.
SCORED = frozenset({"device", "ivd", ""})
# Who tells us by such a channel, where nobody has said more.
_TOLD_BY = {"consumer": "consumer", "hospital": "other_professional"}


@dataclass(frozen=True, slots=True)
class Look:
    """Who reads the names of persons, and why; it is recorded."""

    actor: Actor
    clock: Clock
    reason: str


@dataclass(frozen=True, slots=True)
class CaseAsked:
    """How the case is to be read: `language` of what we put in words ourselves; `created_at` None: when we last
    learned of something; `market` the jurisdiction that the report is for, empty: the one at home; `with_figures`:
    with similar incidents and the countries of despatch, for which every despatch of the product is read."""

    language: str = "zh"
    created_at: datetime | None = None
    kind: ReportKind = ReportKind.initial
    with_figures: bool = True
    market: str = ""


def read_case(session: Session, adverse_event_id: str, *, vault: Vault | None = None, look: Look | None = None,
              asked: CaseAsked | None = None) -> CaseReport:
    """The case; with `vault` and `look` in full, and the look at the person is recorded as by `reveal_person`, so that
    it needs a unit of work that is committed; otherwise masked.

    Raises NotFound, and what `reveal_person` raises; a person who was erased is left out.
    """
    event = adverse_event_by_id(session, adverse_event_id)
    if event is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
    case = case_of(session, event, asked)
    if vault is not None and look is not None:
        case = _named(session, event, case, (vault, look))
    found = score(case) if case.product.kind in SCORED else None
    return replace(case, score=(found.points, found.of) if found else None)


def case_of(session: Session, event: AdverseEvent, asked: CaseAsked | None = None) -> CaseReport:
    """The case of this row, as it stands or as somebody types it, without a person."""
    asked = asked or CaseAsked()
    complaint = session.scalars(select(Complaint).where(Complaint.id == event.complaint_id)).first()
    around = surroundings_of(session, event, asked.market)
    markets = markets_of(session, event.product_id) if asked.with_figures else ()
    created_at = asked.created_at or event.latest_awareness_at or event.awareness_at
    told = _event(event, around)
    similar = similar_periods(session, Likeness(event.product_id, tuple(event.terms), told.country, created_at.year)) \
        if event.product_id and asked.with_figures else ()
    case = CaseReport(
        ReportHead(asked.kind, event.reference, 1, created_at, event.awareness_at,
                   event.latest_awareness_at or event.awareness_at, around.sender, recall_references=around.recalls),
        _patient(event), told, replace(reported_product(around), markets=markets),
        reported_lot(around, (complaint.serial if complaint else None) or "", asked.language), _use(event),
        _reporter(event, complaint, around), _assessment(event),
        other_products=other_products(event.details), similar=similar,
        similar_basis=basis_of(event.terms, asked.language) if similar else "", profile=Profile.masked)
    return with_listed_names(session, case, created_at.date())


def _named(session: Session, event: AdverseEvent, case: CaseReport, names: tuple[Vault, Look]) -> CaseReport:
    """The case with the persons of it."""
    vault, look = names
    person = PersonDetails()
    if event.person_id and erased_at(session, event.person_id) is None:
        person = reveal_person(session, look.actor, look.clock, event.person_id, look.reason, vault=vault)
    affected = session.scalar(select(Complaint.affected).where(Complaint.id == event.complaint_id))
    is_reporter = affected in ("me", "my_child")
    patient = replace(
        case.patient, name=person.patient_name or (person.name if is_reporter else ""), initials=person.initials,
        record_number=person.record_number, born_on=partial(person.born_on))
    name = person.guardian_name if affected == "my_child" else person.name
    reporter = replace(case.reporter, name=name or person.guardian_name, phone=person.phone, email=person.email)
    return replace(case, patient=patient, reporter=reporter, profile=Profile.full)


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def _day(text: str | None) -> date | None:
    return partial_date(text)[0] if text else None


def _patient(event: AdverseEvent) -> Patient:
    kept = event.details
    return Patient(
        subject_id=event.person_id or event.id, age=_decimal(kept.get("age")), age_unit=kept.get("age_unit", ""),
        age_band=event.age_band, sex=event.sex, weight_kg=_decimal(kept.get("weight_kg")),
        height_cm=_decimal(kept.get("height_cm")), **_texts(kept, (
            "ethnicity", "history", "earlier_reactions", "family_reactions", "intended_treatment")),
        meddra_history=_meddra(kept, "meddra_history"))


def _event(event: AdverseEvent, around: Surroundings) -> Event:
    kept = event.details
    country, where = kept.get("event_country") or around.where.country or around.home, around.where
    region = where.region if where.source is Source.reporter or not around.consignee else around.consignee.region
    began_on = PartialDate(event.onset_on, event.onset_precision) if event.onset_on else None
    return Event(
        reactions=_coded(event, "E"), seriousness=tuple(event.seriousness), outcome=event.outcome, began_on=began_on,
        ended_on=partial(kept.get("event_ended_on")), died_on=partial(kept.get("died_on")), country=country,
        region=kept.get("event_region") or region,
        narrative=event.narrative, language=_language(event.narrative), patients_affected=kept.get("patients_affected"),
        is_expected={"expected": True, "unexpected": False}.get(event.expectedness),
        is_overseas=country != around.home, body_sites=tuple(kept.get("body_sites", ())),
        symptoms=tuple(kept.get("symptoms", ())), lesions=tuple(kept.get("lesions", ())),
        onset_after=(Decimal(kept["onset_after"]), kept["onset_after_unit"]) if "onset_after" in kept else None,
        meddra=_meddra(kept, "meddra_reactions"), meddra_death_causes=_meddra(kept, "meddra_death_causes"),
        **_texts(kept, ("death_cause", "disease_effect", "place_kind", "place_name", "harm", "fault", "tests",
                    "lesion_area", "patch_test", "patch_test_text")))


def _use(event: AdverseEvent) -> Use:
    kept = event.details
    days: dict[str, Any] = {name: partial(kept.get(field)) for name, field in (
        ("began_on", "use_began_on"), ("ended_on", "use_ended_on"), ("implanted_on", "implanted_on"),
        ("explanted_on", "explanted_on"))}
    return Use(process=event.use_text, dose=_decimal(kept.get("dose")), is_available=kept.get("is_available"),
               is_reused=kept.get("is_reused"), meddra_indications=_meddra(kept, "meddra_indications"), **days,
               **_texts(kept, (
                   "purpose", "operator", "combined", "dose_unit", "dose_text", "route", "frequency", "action_taken",
                   "dechallenge", "rechallenge", "device_location")))


def _reporter(event: AdverseEvent, complaint: Complaint | None, around: Surroundings) -> Reporter:
    kept = event.details
    told_by = _TOLD_BY.get(complaint.channel if complaint else "", "unknown")
    return Reporter(
        qualification=kept.get("qualification", told_by), occupation=kept.get("occupation", ""),
        organisation=around.consignee, also_told_authority=kept.get("also_told_authority"),
        country=kept.get("reporter_country") or (around.consignee.country if around.consignee else around.home),
        facility_report_number=kept.get("facility_report_number", ""))


def _assessment(event: AdverseEvent) -> Assessment:
    kept = event.details
    naranjo, five, three = (_answers(kept, *which) for which in (
        ("naranjo", 10), ("five_item", 5), ("device_item", 3)))
    return Assessment(
        causality=event.causality, naranjo=naranjo_score(naranjo), naranjo_answers=naranjo if any(naranjo) else (),
        five_item=five if any(five) else three if any(three) else (),
        five_item_result=five_item_result(five, can_be_completed=kept.get("can_be_completed", True)),
        device_relation=kept.get("device_relation") or device_relation(three),
        problem_codes=_coded(event, "A"), investigation_codes=_coded(event, "B"), finding_codes=_coded(event, "C"),
        conclusion_codes=_coded(event, "D"), health_impact_codes=_coded(event, "F"), component_codes=_coded(event, "G"),
        remedial_actions=tuple(kept.get("remedial_actions", ())),
        **{name: kept.get(name) for name in (
            "needs_risk_evaluation", "is_cause_confirmed", "is_risk_reviewed", "is_risk_adequate")},
        uncoded_reasons=_uncoded(event),
        risk_evaluation_due_on=_day(kept.get("risk_evaluation_due_on")), **_texts(kept, (
            "investigation", "cause_kind", "cause", "preliminary_comments", "first_handling", "measures",
            "no_measures_reason", "sender_comment")))


def _texts(kept: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: kept.get(name, "") for name in names}


def _answers(kept: Mapping[str, Any], name: str, count: int) -> tuple[str, ...]:
    return tuple(kept.get(f"{name}_{number}", "") for number in range(1, count + 1))


def _coded(event: AdverseEvent, annex: str) -> tuple[CodedTerm, ...]:
    """The terms of the event and the codes of the assessment that belong to an annex; a term of our list that no code
    of A or E says is kept as our own, with harm under E and the rest under A."""
    found: dict[str, CodedTerm] = {}
    for term in (terms()[code] for code in event.terms if code in terms()):
        place = term.imdrf[:1] or {"harm": "E", "quality": "A"}.get(term.kind)
        if place == annex:
            system, code = ("imdrf", term.imdrf) if term.imdrf else ("own", term.code)
            found[code] = CodedTerm(system, code, term.zh, term.en, annex)
    named = {term.imdrf: term for term in terms().values() if term.imdrf}
    for code in event.details.get(f"codes_{annex.lower()}", ()):
        known = named.get(code)
        found.setdefault(code, CodedTerm("imdrf", code, known.zh if known else "", known.en if known else "", annex))
    return tuple(found.values())


def _meddra(kept: Mapping[str, Any], name: str) -> tuple[CodedTerm, ...]:
    return meddra_terms(kept, name, kept.get("meddra_version", ""))


def _uncoded(event: AdverseEvent) -> dict[str, str]:
    """The reason, where one is given, for each annex that has no code."""
    reason = event.details.get("uncoded_reason", "")
    return {annex: reason for annex in "ABCDEFG" if reason and not _coded(event, annex)}


def _language(text: str) -> str:
    """The language of a text: Chinese where it holds a Chinese character, and where it is empty."""
    return "zh" if not text or is_chinese(text) else "en"
