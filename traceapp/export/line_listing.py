"""The line listing of adverse events: one line an event, without anything about who the person is. Pure."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from traceapp.adverse_event.public import AdverseEventLine
from traceapp.complaint.terms import terms

from .spreadsheet import Column, Record

_KEYS = {
    "reference": "Reference", "complaint": "Complaint reference", "state": "State", "awareness_at": "Known since (UTC)",
    "onset_on": "Began on", "onset_precision": "Date known to the", "product_code": "Product code",
    "product_zh": "Product (Chinese)", "product_en": "Product (English)", "registration_number": "Registration number",
    "lot_number": "Batch number", "lot_uri": "Batch identifier", "region": "Region", "age_band": "Age band (years)",
    "sex": "Sex", "terms": "Reactions or defects", "term_codes": "Term codes", "is_serious": "Serious",
    "seriousness": "Seriousness criteria", "outcome": "Outcome", "causality": "Causality",
    "narrative": "Description", "use": "How it was used"}

# Runs of digits as long as a telephone, identity or card number, with the separators people put in; e-mail addresses.
# A date stays.
_NUMBER = re.compile(r"(?!(?:19|20)\d\d[-./年]\d{1,2}[-./月]\d{1,2}(?!\d))"
                     r"(?<![\dA-Za-z])\+?\d(?:[\s\-–()]?\d){6,18}[\dXx]?(?![\dA-Za-z])")
_EMAIL = re.compile(r"[^\s@，。；、]+@[^\s@，。；、]+\.[A-Za-z]{2,}")


def listing_columns(translate: Callable[[str], str] = str) -> list[Column]:
    """The columns in their order, with titles in the reader's language."""
    return [Column(key, translate(title)) for key, title in _KEYS.items()]


def masked_text(text: str) -> str:
    """Free text in which telephone numbers, identity numbers and e-mail addresses are replaced by “[…]”."""
    return _NUMBER.sub("[…]", _EMAIL.sub("[…]", text))


def listing_rows(lines: Iterable[AdverseEventLine], language: str = "zh") -> Iterator[Record]:
    """The lines as rows; terms by their names in the reader's language and by their codes."""
    known = terms()
    for line in lines:
        names = [getattr(known[code], "zh" if language.startswith("zh") else "en") if code in known else code
                 for code in line.terms]
        yield {
            "reference": line.reference, "complaint": line.complaint_reference, "state": line.state,
            "awareness_at": line.awareness_at, "onset_on": line.onset_on, "onset_precision": line.onset_precision,
            "product_code": line.product_code, "product_zh": line.product_zh, "product_en": line.product_en,
            "registration_number": line.registration_number, "lot_number": line.lot_number,
            "lot_uri": line.lot_uri, "region": line.consignee_region, "age_band": line.age_band, "sex": line.sex,
            "terms": names, "term_codes": line.terms, "is_serious": line.is_serious,
            "seriousness": line.seriousness, "outcome": line.outcome, "causality": line.causality,
            "narrative": masked_text(line.narrative), "use": masked_text(line.use_text)}
