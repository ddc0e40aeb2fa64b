"""Codes of the IMDRF annexes in assessments: which may be chosen, and which a release makes to be coded anew."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.list_model import CodeSystem, CodeTerm, TermStatus
from traceapp.complaint.list_queries import check_codes

from .model import AdverseEvent

_FIELDS = {f"codes_{annex.lower()}": annex for annex in "ABCDEFG"}


def check_new_codes(session: Session, event: AdverseEvent, details: Mapping[str, Any], day: date) -> None:
    """Nothing when each code that an assessment adds may be chosen on this day. What was chosen before stays, whatever
    became of it since.

    Raises InvalidInput whose place is the field.
    """
    for name, annex in _FIELDS.items():
        kept = event.details.get(name, ())
        added = [code for code in details.get(name, ()) if code not in kept]
        check_codes(session, CodeSystem.imdrf, annex, added, (day, f"details/{name}"))


def events_to_recode(session: Session, version: str) -> Iterator[tuple[str, str, str]]:
    """(reference of the event, annex, code) for each code that may not be chosen in this release of the annexes; an
    annex that the release does not hold is passed over."""
    rows = session.execute(select(CodeTerm.annex, CodeTerm.code, CodeTerm.status).where(
        CodeTerm.system == CodeSystem.imdrf, CodeTerm.version == version)).all()
    held = {annex for annex, _code, _status in rows}
    open_codes = {(annex, code) for annex, code, status in rows if status == TermStatus.selectable}
    for reference, details in session.execute(select(AdverseEvent.reference, AdverseEvent.details)
                                              .order_by(AdverseEvent.reference)):
        for name, annex in _FIELDS.items():
            for code in details.get(name, ()):
                if annex in held and (annex, code) not in open_codes:
                    yield reference, annex, code
