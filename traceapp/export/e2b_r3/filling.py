"""Values of a case put into a report: what is too long for its element is shortened there and told in full in H.1."""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from traceapp.export.case_report import Finding, PartialDate
from traceapp.export.masking import MASK

from .elements import elements
from .model import Section
from .values import COUNTRIES, LANGUAGES

BATCH = "G.k.4.r.7"
_MARK = 8
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOTE = "%s in full: %s = %s"
_DIGITS = {"day": 8, "month": 6, "year": 4}
_LANGUAGES = {"zh": "zho", "en": "eng"}


@dataclass(slots=True)
class Filling:
    """A report that is being filled. `notes` are lines for the narrative, `findings` what the person must know."""

    is_masked: bool
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def put(self, section: Section, element: str, text: str) -> None:
        """Put a text; one that is too long is shortened, with the whole in the notes. What was masked is not put."""
        text = clean(text)
        if text == MASK:
            return
        limit = elements()[element].length
        if limit is not None and len(text) > limit:
            short = shortened(text, limit)
            self.notes.append(_NOTE % (element, short, text))
            self.findings.append(Finding(element, "shortened", "It was shortened to %(limit)s characters; the whole "
                                         "stands in H.1.", is_error=False, values={"limit": limit}))
            text = short
        section.put(element, text)

    def country(self, section: Section, element: str, text: str) -> None:
        """Put a country; nothing for what is none."""
        if text.strip().upper() in COUNTRIES:
            section.put(element, text.strip().upper())

    def person(self, section: Section, element: str, text: str, *, is_known: bool = False) -> None:
        """Put what says who a person is; in a masked report only that it is known."""
        if not self.is_masked:
            self.put(section, element, text)
        elif text or is_known:
            section.put(element, None, null="MSK")


def clean(text: str) -> str:
    """A text without what XML cannot carry and without space around it."""
    return _FORBIDDEN.sub("", text).strip()


def shortened(text: str, limit: int) -> str:
    """A text of `limit` characters that no other text is shortened to: its beginning and a mark of the whole."""
    mark = hashlib.sha256(text.encode("utf-8")).hexdigest()[:_MARK]
    return f"{text[:limit - _MARK - 1]}~{mark}"


def in_full(text: str, narrative: str) -> str:
    """What a shortened text was, by the note in the narrative; the text itself where there is none."""
    found = re.search(rf"^[\w.]+ in full: {re.escape(text)} = (.+)$", narrative, re.MULTILINE)
    return found.group(1) if found else text


def day(when: PartialDate | date | None) -> str:
    """A date as far as it is known; empty for none."""
    if when is None:
        return ""
    if isinstance(when, PartialDate):
        return when.day.strftime("%Y%m%d")[:_DIGITS[when.precision]]
    return when.strftime("%Y%m%d")


def number(amount: Decimal | None) -> str:
    """A number as it is written; empty for none."""
    return "" if amount is None else f"{amount.normalize():f}"


def language(code: str) -> str:
    """The language in three letters."""
    return _LANGUAGES.get(code, code if code in LANGUAGES else "")
