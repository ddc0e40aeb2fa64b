"""Codes in assessments, of the IMDRF annexes and MedDRA: which may be chosen, and which a release makes to be coded
anew."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.list_model import CodeRelease, CodeSystem, CodeTerm, TermStatus
from traceapp.complaint.list_queries import check_codes, check_in_release, version_on
from traceapp.core.errors import InvalidInput

from .model import AdverseEvent

_OF_THE_EVENT = (*(f"codes_{annex.lower()}" for annex in "ABCDEFG"), "meddra_reactions", "meddra_death_causes")
# Reports carry terms of the lowest level. Source: ICH E2B(R3), E.i.2.1b.
MEDDRA_LEVEL = "llt"
_IMDRF = {f"codes_{annex.lower()}": annex for annex in "ABCDEFG"}
_MEDDRA = ("meddra_reactions", "meddra_indications", "meddra_history", "meddra_death_causes")
_RELEASE = "meddra_version"


def coded_details(session: Session, event: AdverseEvent, details: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The details of an assessment when each IMDRF code that it adds may be chosen on this day and its MedDRA codes are
    of one release, which then stands beside them: the one that is named, else the one in force. What was chosen before
    stays, whatever became of it since.

    Raises InvalidInput whose place is the field.
    """
    for name, annex in _IMDRF.items():
        kept = event.details.get(name, ())
        added = [code for code in details.get(name, ()) if code not in kept]
        check_codes(session, CodeSystem.imdrf, annex, added, (day, f"details/{name}"))
    found = {name: value for name, value in details.items() if name != _RELEASE}
    codes = _meddra_codes(details)
    if codes:
        found[_RELEASE] = _release(session, event, (details.get(_RELEASE, ""), codes), day)
    return found


def _meddra_codes(details: Mapping[str, Any]) -> dict[str, list[str]]:
    """The MedDRA codes of an assessment by their places."""
    found = {name: details[name] for name in _MEDDRA if details.get(name)}
    return found | {f"other_products/{number}/meddra_indications": row["meddra_indications"]
                    for number, row in enumerate(details.get("other_products", ()), 1) if "meddra_indications" in row}


def _release(session: Session, event: AdverseEvent, given: tuple[str, dict[str, list[str]]], day: date) -> str:
    """The release that all MedDRA codes of the assessment are of; by ICH E2B(R3) one report has one."""
    (named, codes), kept = given, event.details.get(_RELEASE, "")
    if kept and named in ("", kept) and codes == _meddra_codes(event.details):
        return str(kept)
    version = named or version_on(session, CodeSystem.meddra, day)
    if version is None or session.get(CodeRelease, (CodeSystem.meddra, version)) is None:
        raise InvalidInput("No such MedDRA release was imported. Import the one that you hold a licence for; its codes "
                           "can then be chosen.", code="no-meddra",
                           place=f"details/{_RELEASE if named else next(iter(codes))}")
    for name, chosen in codes.items():
        check_in_release(session, (CodeSystem.meddra, version), MEDDRA_LEVEL, chosen, f"details/{name}")
    return str(version)


def events_to_recode(session: Session, version: str,
                     system: str = CodeSystem.imdrf) -> Iterator[tuple[str, str, str]]:
    """(reference of the event, annex or level, code) for each code that may not be chosen in this release of a list; an
    annex that the release does not hold is passed over."""
    rows = session.execute(select(CodeTerm.annex, CodeTerm.code, CodeTerm.status).where(
        CodeTerm.system == system, CodeTerm.version == version)).all()
    held = {annex for annex, _code, _status in rows}
    open_codes = {(annex, code) for annex, code, status in rows if status == TermStatus.selectable}
    for reference, details in session.execute(select(AdverseEvent.reference, AdverseEvent.details)
                                              .order_by(AdverseEvent.reference)):
        for annex, code in _chosen(details, system):
            if annex in held and (annex, code) not in open_codes:
                yield reference, annex, code


def _chosen(details: Mapping[str, Any], system: str) -> Iterator[tuple[str, str]]:
    """(annex or level, code) of each code of a list in an assessment."""
    if system == CodeSystem.meddra:
        yield from ((MEDDRA_LEVEL, code) for codes in _meddra_codes(details).values() for code in codes)
    elif system == CodeSystem.imdrf:
        yield from ((annex, code) for name, annex in _IMDRF.items() for code in details.get(name, ()))


def codes_told(several: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What these assessments say in codes of IMDRF and MedDRA of what happened, each code once; a mapping like an
    assessment for each MedDRA release."""
    found: dict[str, dict[str, set[str]]] = {}
    for details in several:
        kept = found.setdefault(str(details.get(_RELEASE, "")), {})
        for name in _OF_THE_EVENT:
            if details.get(name):
                kept.setdefault(name, set()).update(details[name])
    return [{_RELEASE: release} | {name: sorted(codes) for name, codes in kept.items()}
            for release, kept in sorted(found.items()) if kept]
