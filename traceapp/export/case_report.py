"""One case as every report form reads it: values already read, in the field's words, before any form's codes. Pure.

Text that is not known is empty, everything else that is not known is None: a form decides how it says so.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class ReportKind(StrEnum):
    """`followup` carries what is new, `final` ends the case; `amendment` corrects what was sent, `nullification` takes
    it back. Source: ICH E2B(R3) C.1.11.1; MIR 7.2.1 section 1."""

    initial = "initial"
    followup = "followup"
    final = "final"
    amendment = "amendment"
    nullification = "nullification"


class Profile(StrEnum):
    """`full` names persons; `masked` says of them no more than that something is known."""

    full = "full"
    masked = "masked"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as far as it is known: `precision` day, month or year; `day` is the first of what is known."""

    day: date
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class CodedTerm:
    """A term of a code list: `system` is `imdrf`, `meddra`, `fda` or `own`; `annex` A to G for IMDRF, the level for
    MedDRA (`llt`); `version` that of the release that was imported, empty for our own list."""

    system: str
    code: str
    name_zh: str
    name_en: str
    annex: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company, hospital or authority. `ids` by scheme: `srn`, `fei`, `cfn`, `duns`, `nmpa`, `e2b`, …; `department`
    is that of its contact."""

    name_zh: str = ""
    name_en: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    address: str = ""
    contact_name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    ids: Mapping[str, str] = field(default_factory=dict)
    postcode: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class ReportHead:
    """What this report is among those of its case. `reference` is the case's, `report_number` the one that the
    authority knows it by (its format is the form's), `version` counts what was sent to this authority from 1;
    `earlier_*` say what it follows."""

    kind: ReportKind
    reference: str
    version: int
    created_at: datetime
    awareness_at: datetime
    latest_awareness_at: datetime
    sender: Organisation
    report_number: str = ""
    receiver: str = ""
    authority: str = ""
    jurisdiction: str = ""
    rule_ids: tuple[str, ...] = ()
    due_at: datetime | None = None
    expected_next_on: date | None = None
    earlier_reference: str = ""
    earlier_sha256: str = ""
    reason: str = ""
    recall_references: tuple[str, ...] = ()
    worldwide_id: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """Who was harmed. In a masked report names, initials, record numbers and the day of birth are left out. `age_unit`
    as in UCUM: a, mo, wk, d, h, {decade}."""

    subject_id: str = ""
    name: str = field(default="", repr=False)
    initials: str = field(default="", repr=False)
    record_number: str = field(default="", repr=False)
    born_on: PartialDate | None = field(default=None, repr=False)
    age: Decimal | None = None
    age_unit: str = ""
    age_band: str = "unknown"
    sex: str = "unknown"
    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    ethnicity: str = ""
    history: str = ""
    earlier_reactions: str = ""
    family_reactions: str = ""
    intended_treatment: str = ""
    meddra_history: tuple[CodedTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `harm` is the manifestation in the patient, `fault` that in the product; `seriousness` holds the
    criteria of `complaint.seriousness`; `place_kind`: institution, home, other. `disease_effect`, on the illness that
    was treated: none, prolonged, worse, sequelae, death. Of a cosmetic, `symptoms` and `lesions` are words of its form,
    `onset_after` the time from the first use with its unit (min, h, d, wk, mo), `patch_test`: not_done, negative,
    doubtful, positive. `meddra` says the reactions by MedDRA's terms."""

    reactions: tuple[CodedTerm, ...] = ()
    seriousness: tuple[str, ...] = ()
    outcome: str = "unknown"
    began_on: PartialDate | None = None
    ended_on: PartialDate | None = None
    died_on: PartialDate | None = None
    death_cause: str = ""
    country: str = ""
    region: str = ""
    place_kind: str = ""
    place_name: str = ""
    harm: str = ""
    fault: str = ""
    narrative: str = ""
    tests: str = ""
    language: str = "zh"
    patients_affected: int | None = None
    is_expected: bool | None = None
    is_overseas: bool = False
    body_sites: tuple[str, ...] = ()
    disease_effect: str = ""
    symptoms: tuple[str, ...] = ()
    lesions: tuple[str, ...] = ()
    lesion_area: str = ""
    onset_after: tuple[Decimal, str] | None = None
    patch_test: str = ""
    patch_test_text: str = ""
    meddra: tuple[CodedTerm, ...] = ()
    meddra_death_causes: tuple[CodedTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """How the product was used. `process` tells operation, event, effect and treatment in order; `operator`:
    professional, patient, caregiver, other; `action_taken` as ICH names it: drug_withdrawn, dose_reduced,
    dose_increased, dose_not_changed, unknown, not_applicable; `dechallenge`: abated, not_abated, not_done, unknown;
    `rechallenge`: recurred, not_recurred, outcome_unknown, not_done; `device_location`: user, patient, returned,
    discarded, unknown."""

    purpose: str = ""
    began_on: PartialDate | None = None
    ended_on: PartialDate | None = None
    implanted_on: PartialDate | None = None
    explanted_on: PartialDate | None = None
    operator: str = ""
    process: str = ""
    combined: str = ""
    dose: Decimal | None = None
    dose_unit: str = ""
    dose_text: str = ""
    route: str = ""
    frequency: str = ""
    action_taken: str = ""
    dechallenge: str = ""
    rechallenge: str = ""
    is_available: bool | None = None
    is_reused: bool | None = None
    device_location: str = ""
    meddra_indications: tuple[CodedTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedProduct:
    """The product in its market: what the registration of that market says of it. `ids` by scheme: `udi_di`,
    `basic_udi_di`, `product_code`, `emdn`, `gmdn`, `nda`, …"""

    code: str
    kind: str
    name_zh: str
    name_en: str
    brand: str = ""
    common_name: str = ""
    registration_number: str = ""
    holder: Organisation | None = None
    manufacturer: Organisation | None = None
    risk_class: str = ""
    category: str = ""
    origin: str = ""
    model: str = ""
    specification: str = ""
    catalogue_number: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    substances: tuple[str, ...] = ()
    dose_form: str = ""
    markets: tuple[str, ...] = ()
    is_suspect: bool = True
    representative: Organisation | None = None


@dataclass(frozen=True, slots=True)
class ReportedLot:
    """The batch and unit. `inspections` are lines such as “Peel force: 1.2 N/cm, within limits”."""

    number: str = ""
    uri: str = ""
    serial: str = ""
    udi: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    units_made: Decimal | None = None
    units_shipped: Decimal | None = None
    unit: str = ""
    within_specification: bool | None = None
    inspections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who told us. `qualification`: physician, pharmacist, other_professional, lawyer, consumer, unknown; the person's
    name stands in full reports only."""

    qualification: str = "unknown"
    occupation: str = ""
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    organisation: Organisation | None = None
    country: str = ""
    also_told_authority: bool | None = None
    facility_report_number: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What we make of it. `causality` is WHO-UMC's word; `naranjo` the score with its ten answers; `five_item` the five
    Chinese answers in order (three for a device): yes, no, unclear, unknown; `five_item_result` for drugs: certain,
    probable, possible, unlikely, pending, unassessable; `device_relation`: related, unrelated, undetermined;
    `cause_kind`: product, operation, patient, undetermined; `remedial_actions`: recall, repair, replace, relabel,
    notification, inspection, monitoring, modification, other. `is_risk_*` say of the risk assessment whether it was
    reviewed and is still adequate; `uncoded_reasons`, by annex A to G, why no IMDRF code stands there."""

    causality: str = "unassessable"
    naranjo: int | None = None
    naranjo_answers: tuple[str, ...] = ()
    five_item: tuple[str, ...] = ()
    five_item_result: str = ""
    device_relation: str = ""
    investigation: str = ""
    cause_kind: str = ""
    cause: str = ""
    problem_codes: tuple[CodedTerm, ...] = ()
    investigation_codes: tuple[CodedTerm, ...] = ()
    finding_codes: tuple[CodedTerm, ...] = ()
    conclusion_codes: tuple[CodedTerm, ...] = ()
    health_impact_codes: tuple[CodedTerm, ...] = ()
    component_codes: tuple[CodedTerm, ...] = ()
    preliminary_comments: str = ""
    first_handling: str = ""
    measures: str = ""
    no_measures_reason: str = ""
    remedial_actions: tuple[str, ...] = ()
    needs_risk_evaluation: bool | None = None
    risk_evaluation_due_on: date | None = None
    sender_comment: str = ""
    is_cause_confirmed: bool | None = None
    is_risk_reviewed: bool | None = None
    is_risk_adequate: bool | None = None
    uncoded_reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimilarPeriod:
    """Similar incidents and units distributed in one calendar year and region (`country`, `EEA`, `world`); a count that
    nobody can know is None."""

    year: int
    region: str
    incidents: int | None
    units: Decimal | None


@dataclass(frozen=True, slots=True)
class ReceivedReport:
    """The report of another house that a case came with: `form` as in `emdr`, `data` a file of it alone, as it was
    read. `changes` is what our own people changed since, by the field of the adverse event: as it was, as it is.
    `is_copy`: it is written out as it came, under its sender's name; else it is sent on by us."""

    form: str
    data: bytes = field(repr=False)
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class CaseReport:
    """`score` is the completeness score (points, of how many); `similar_basis` says in words what counts as similar;
    `received` is the report that the case came with, where the form to be filled is that one's."""

    head: ReportHead
    patient: Patient
    event: Event
    product: ReportedProduct
    lot: ReportedLot
    use: Use
    reporter: Reporter
    assessment: Assessment
    other_products: tuple[tuple[ReportedProduct, ReportedLot, Use], ...] = ()
    similar: tuple[SimilarPeriod, ...] = ()
    similar_basis: str = ""
    score: tuple[int, int] | None = None
    profile: Profile = Profile.full
    received: ReceivedReport | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found in a report: `element` as the form numbers it (“E.i.7”, “G4”, “2.1”); `is_error`: the
    authority would refuse it. `text` is a message id whose places `values` fill; `rule` is the authority's own."""

    element: str
    code: str
    text: str
    is_error: bool = True
    rule: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The text with its values."""
        return self.text % self.values if self.values else self.text


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """A form that was filled: the very bytes, the name to offer them under, and what the checks found in them."""

    form: str
    name: str
    media_type: str
    data: bytes = field(repr=False)
    findings: Sequence[Finding] = ()
