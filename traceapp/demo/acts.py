"""What happens in the story, act by act: frozen values that name things by code and lot number."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from traceapp.trace.inspecting import NewResult


@dataclass(frozen=True, slots=True)
class LotName:
    """A lot by its product's code and its own number."""

    product: str
    number: str


@dataclass(frozen=True, slots=True)
class Receive:
    at: datetime
    lot: LotName
    supplier: str
    supplier_lot: str
    quantity: Decimal
    origin: str
    made_on: date
    document: str


@dataclass(frozen=True, slots=True)
class Inspect:
    at: datetime
    lot: LotName
    report: str
    laboratory: str
    sample: Decimal
    results: tuple[NewResult, ...]


@dataclass(frozen=True, slots=True)
class Produce:
    at: datetime
    lot: LotName
    quantity: Decimal
    retained: Decimal
    inputs: tuple[tuple[LotName, Decimal], ...]
    place: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Release:
    at: datetime
    lot: LotName
    note: str


@dataclass(frozen=True, slots=True)
class Reject:
    at: datetime
    lot: LotName
    note: str


@dataclass(frozen=True, slots=True)
class PutOnHold:
    at: datetime
    lot: LotName
    reason: str


@dataclass(frozen=True, slots=True)
class Ship:
    """`lines`: (lot, level of the pack, packs)."""

    at: datetime
    consignee: str
    document: str
    lane: str
    lines: tuple[tuple[LotName, str, int], ...]


@dataclass(frozen=True, slots=True)
class SendBack:
    at: datetime
    lot: LotName
    consignee: str
    units: int
    document: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What a device read about lots on the way of one despatch: (when, °C)."""

    at: datetime
    lots: tuple[LotName, ...]
    device: str
    document: str
    values: tuple[tuple[datetime, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A complaint. `number` names it inside the story; `kind`: harm, glue, quality, result or service; `capture`:
    scan, typed, misread (a number that means no lot) or none; `consignee`: where a hospital or a salesperson wrote."""

    at: datetime
    number: int
    lot: LotName
    kind: str
    channel: str
    capture: str
    narrative: str
    terms: tuple[str, ...]
    seriousness: tuple[str, ...]
    person: tuple[str, str, str]
    place: str
    happened_on: date
    consignee: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """What staff does with a complaint: triage, promote, decline, assess, answer, close, close_event."""

    at: datetime
    number: int
    step: str


@dataclass(frozen=True, slots=True)
class Work:
    """What staff does with a case that is worked up as far as an authority; `case` and `step` as in `worked_cases`."""

    at: datetime
    number: int
    case: str
    step: str


@dataclass(frozen=True, slots=True)
class LookAtPeriods:
    """What the scheduler does each day with periodic reports of a product; `is_reported`: staff sent what is due."""

    at: datetime
    product: str
    is_reported: bool


@dataclass(frozen=True, slots=True)
class RecallStep:
    """A step of a recall: open, submit, approve, letters, capa, answer, return, settle, destroy, close, remind, bounce,
    call, correct.

    `tale`: which of the two recalls, `recall` the one of the past, `running` the other. `consignee` and `outcome` for
    an answer: used, returned, partly, or short (a few units that nobody finds); for a call: reached or away.
    """

    at: datetime
    lot: LotName
    tale: str
    step: str
    consignee: str = ""
    outcome: str = ""


Act = (Receive | Inspect | Produce | Release | Reject | PutOnHold | Ship | SendBack | Measure | Report | Handle
       | Work | LookAtPeriods | RecallStep)


@dataclass(frozen=True, slots=True)
class Consignee:
    """`kind`: hospital, clinic, pharmacy, beauty or distributor. `rhythm`: the day of its delivery round."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    region: str
    city: str
    address: str
    gln: str | None
    email: str
    phone: str
    mobile: str
    language: str
    rhythm: int


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The lots that the story is about."""

    bad_glue: LotName
    suspicious: tuple[LotName, ...]
    other_batches: tuple[LotName, ...]
    normal: LotName
    recalled: LotName
    being_recalled: LotName
    on_hold: LotName
    rejected: LotName


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole story: who gets goods, what happens in order of time, and what to look at."""

    consignees: tuple[Consignee, ...]
    acts: tuple[Act, ...]
    landmarks: Landmarks
    seed: int = field(default=1)
