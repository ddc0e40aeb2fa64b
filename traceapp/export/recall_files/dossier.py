"""What a recall case says, read at one moment, as the files for authorities are filled from it. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from traceapp.export.case_report import Organisation

ZERO = Decimal(0)
# The figures that say where units are or what became of them.
ACCOUNTED = ("on_hand", "used", "passed_on", "returned", "destroyed", "corrected")


@dataclass(frozen=True, slots=True)
class DossierLot:
    """A batch in scope, with where its units were when the scope was frozen. `serials`: first and last of each range
    of serial numbers that was given out for it."""

    number: str
    uri: str
    gtin: str
    product_id: str | None
    name_zh: str
    name_en: str
    made: Decimal
    in_stock: Decimal
    shipped: Decimal
    unit: str
    made_on: date | None
    expires_on: date | None
    serials: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MarketEntry:
    """A product as one jurisdiction knows it."""

    product_id: str
    jurisdiction: str
    number: str = ""
    risk_class: str = ""
    brand: str = ""
    common_name: str = ""
    model: str = ""
    specification: str = ""
    catalogue_number: str = ""
    udi_di: str = ""
    basic_udi_di: str = ""
    product_code: str = ""
    emdn: str = ""
    gmdn: str = ""
    notified_body: str = ""
    manufacturer: Organisation | None = None
    representative: Organisation | None = None


@dataclass(frozen=True, slots=True)
class DossierProduct:
    """A product of which batches are in scope. `number` and `risk_class` are those at home."""

    id: str
    code: str
    name_zh: str
    name_en: str
    usage_zh: str = ""
    usage_en: str = ""
    gtin: str = ""
    number: str = ""
    risk_class: str = ""


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """The case in one unit: what was made and is in stock of the batches in scope, and the sums of the ledger.
    `at_home` is what was shipped within our own country; `came_back` what was counted at our gate;
    `unproved` what of the destroyed units nothing shows yet; `beyond` what consignees place beyond what they got, by
    which `unaccounted` is too small."""

    unit: str
    made: Decimal = ZERO
    in_stock: Decimal = ZERO
    shipped: Decimal = ZERO
    on_hand: Decimal = ZERO
    used: Decimal = ZERO
    returned: Decimal = ZERO
    unaccounted: Decimal = ZERO
    unanswered: Decimal = ZERO
    at_home: Decimal = ZERO
    passed_on: Decimal = ZERO
    destroyed: Decimal = ZERO
    corrected: Decimal = ZERO
    came_back: Decimal = ZERO
    unproved: Decimal = ZERO
    beyond: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Telling:
    """How many consignees there are, were told and answered; when the first and the last was told; how many by each
    way. `in_part`: how many said something of some batches and owe an answer about others, not among the `answered`.
    `silent`: Chinese and English names of the first that did not answer about everything. `passed_…`: who got units
    from a consignee, as far as they were named, and how many of them were told."""

    consignees: int = 0
    notified: int = 0
    answered: int = 0
    lines: int = 0
    open_lines: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    ways: tuple[tuple[str, int], ...] = ()
    silent: tuple[tuple[str, str], ...] = ()
    passed_named: int = 0
    passed_told: int = 0
    passed_names: tuple[str, ...] = ()
    in_part: int = 0


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of effectiveness. `good`: received, understood and acted. `low` to `high`: the share of all direct
    consignees that follows with 95 % certainty; None while somebody of the sample was not asked."""

    level: str = ""
    share: float | None = None
    drawn: int = 0
    asked: int = 0
    received: int = 0
    understood: int = 0
    acted: int = 0
    good: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Harm:
    """Adverse events with batches in scope, without anything of a person; `report_numbers` those under which FDA knows
    them. Complaints are counted whether they name an injury or not."""

    events: int = 0
    serious: int = 0
    deaths: int = 0
    complaints: int = 0
    references: tuple[str, ...] = ()
    report_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature of the case; `qualification` of who signed for medicine, empty where it was not stated."""

    name: str
    meaning: str
    at: datetime
    sha256: str
    qualification: str = ""

    def said(self, language: str) -> str:
        """What it means, in words where it is about the evaluation."""
        zh = language == "zh"
        if self.meaning == "evaluated_quality":
            return "评估，质量方面" if zh else "evaluation, for quality"
        if self.meaning == "evaluated_medical":
            found = self.qualification or ("未说明" if zh else "not stated")
            return f"评估，医学方面；医学资格：{found}" if zh else (
                f"evaluation, for medicine; medical qualification: {found}")
        return self.meaning


@dataclass(frozen=True, slots=True)
class RecallDossier:
    """Everything that the files say of a case, without its consignees one by one. Texts of the public by language, as
    is `letter`, the letter to consignees as its approved template reads, with no consignee's own figures.
    `hazard` is the version of the evaluation that counts, empty before there is one; `countries` those with a
    consignee, each with its number of consignees; `classes` the class by jurisdiction, where one was said for it;
    `disposed` (kind, unit, units) of what became of goods in our hands; `explained` (batch, reason) why units are
    missing, and `unlisted` how many reasons more there are; `written` what people wrote for the file, by
    the key of the field; `earlier` which version was made before it, and when."""

    reference: str
    at: datetime
    state: str
    recall_class: str
    is_drill: bool
    title: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    reason: str
    contact: str
    opened_at: datetime
    firm: Organisation
    trigger_kind: str = ""
    trigger: str = ""
    mandate: str = ""
    awareness_at: datetime | None = None
    decided_at: datetime | None = None
    decision: str = ""
    approved_at: datetime | None = None
    closed_at: datetime | None = None
    closing_note: str = ""
    lessons: str = ""
    authority_letter: str = ""
    answer_by: datetime | None = None
    depth: str = ""
    scope_number: int = 1
    scope_hash: str = ""
    owner: str = ""
    home: str = "CN"
    lots: tuple[DossierLot, ...] = ()
    products: tuple[DossierProduct, ...] = ()
    markets: tuple[MarketEntry, ...] = ()
    figures: tuple[UnitFigures, ...] = ()
    countries: tuple[tuple[str, int], ...] = ()
    told: Telling = field(default_factory=Telling)
    checks: Checks = field(default_factory=Checks)
    harm: Harm = field(default_factory=Harm)
    hazard: Mapping[str, str] = field(default_factory=dict)
    signatures: tuple[Signed, ...] = ()
    capas: tuple[str, ...] = ()
    letter: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    disposed: tuple[tuple[str, str, Decimal], ...] = ()
    explained: tuple[tuple[str, str], ...] = ()
    unlisted: int = 0
    written: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    earlier: tuple[str, datetime] | None = None


@dataclass(frozen=True, slots=True)
class ConsigneeLine:
    """One batch at one consignee. `shipments`: the day and the units of each despatch, net of what came back later on
    other lines; `told_at` when a letter went, somebody was reached, or an answer came."""

    consignee: str
    name_zh: str
    name_en: str
    gln: str
    country: str
    region: str
    city: str
    address: str
    postcode: str
    phone: str
    lot: str
    unit: str
    shipped: Decimal
    shipments: tuple[tuple[date, Decimal], ...]
    told_at: datetime | None
    letter: str
    answered_at: datetime | None
    on_hand: Decimal | None
    used: Decimal | None
    returned: Decimal | None
    passed_on: Decimal = ZERO
    passed_to: str = ""
    destroyed: Decimal = ZERO
    corrected: Decimal = ZERO
    came_back: Decimal = ZERO
