"""Adverse events as outside audiences read them: frozen, and without a person."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class AdverseEventLine:
    """One line of a listing: what happened, without anything about who the person is."""

    reference: str
    complaint_reference: str | None
    state: str
    awareness_at: datetime
    onset_on: date | None
    onset_precision: str
    product_code: str | None
    product_zh: str | None
    product_en: str | None
    registration_number: str | None
    lot_number: str | None
    lot_uri: str | None
    consignee_region: str | None
    age_band: str
    sex: str
    terms: tuple[str, ...]
    is_serious: bool
    seriousness: tuple[str, ...]
    outcome: str
    causality: str
    narrative: str
    use_text: str
