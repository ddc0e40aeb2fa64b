"""Files of reports that others send, read into what taking in a case needs."""
from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

from traceapp.attachment.store import hash_of
from traceapp.core.errors import InvalidInput
from traceapp.export.case_report import PartialDate
from traceapp.export.e2b_r3 import intake as e2b
from traceapp.export.e2b_r3 import received as e2b_received
from traceapp.export.e2b_r3.model import Section
from traceapp.export.e2b_r3.model import reports as icsrs_of
from traceapp.export.e2b_r3.reader import read_batch as read_icsrs
from traceapp.export.e2b_r3.xml_input import parse, root_name
from traceapp.export.emdr import forwarding as emdr_received
from traceapp.export.emdr import intake as emdr
from traceapp.export.emdr.message import Batch, Mdr
from traceapp.export.emdr.message import read_batch as read_mdrs
from traceapp.export.emdr.places import ALLOWED_NOTHING
from traceapp.export.emdr.table import two_letters_of

from .case_intake import IncomingCase

MOST_BYTES = 32_000_000
_LONGEST_NUMBER, _MOST_NUMBERS = 200, 50
# A number that only one case in the world can have. Source: ICH E2B(R3), C.1.1 and C.1.8.1.
_WORLDWIDE = re.compile(r"[A-Z]{2}-[^-]+-.+")
_E2B, _EMDR = "MCCI_IN200100UV01", "PORR_IN040001UV01"


def read_cases(data: bytes, learned_at: datetime | None = None) -> list[IncomingCase]:
    """Every report in an E2B(R3) or eMDR file that reached us at a moment, None: now. Raises InvalidInput for a file of
    another kind, or one without the sender's number of the case, by which it is known again."""
    root, sha256 = root_name(data), hash_of(data)
    if not root:
        parse(data)  # says why nothing can be read
    if root == _E2B:
        batch = read_icsrs(data)
        cases = _numbered([_of_icsr(read, sha256) for read in e2b.incoming(batch)], learned_at)
        return [_with_icsr(case, batch, one) for case, one in zip(cases, icsrs_of(batch), strict=True)]
    if root == _EMDR:
        devices = read_mdrs(data)
        cases = _numbered([_of_mdr(emdr.incoming(one), sha256) for one in devices.reports], learned_at)
        return [_with_mdr(case, devices, one) for case, one in zip(cases, devices.reports, strict=True)]
    raise InvalidInput("This is neither an E2B(R3) nor an eMDR file: its root element is “%(name)s”.",
                       code="unknown-format", place="/", name=root[:80])


def _numbered(found: list[IncomingCase], learned_at: datetime | None) -> list[IncomingCase]:
    """The cases as learned of at that moment, each of which has a number to know it again by."""
    if not found or any(not one.case_id for one in found):
        raise InvalidInput("A report in this file does not say by which number its sender knows the case. Nothing was "
                           "taken in.", code="no-case-id", place="/")
    if any(len(one.case_id) > _LONGEST_NUMBER for one in found):
        raise InvalidInput("The number by which a sender knows a case is longer than %(most)d characters. Nothing was "
                           "taken in.", code="case-id-too-long", place="/", most=_LONGEST_NUMBER)
    return [replace(one, learned_at=learned_at) for one in found]


def _with_icsr(found: IncomingCase, batch: Section, report: Section) -> IncomingCase:
    return replace(found, message=e2b_received.alone(batch, report).decode("utf-8"),
                   content=e2b_received.content_of(report))


def _with_mdr(found: IncomingCase, batch: Batch, report: Mdr) -> IncomingCase:
    """FDA's form leaves its own country out."""
    known = tuple(one for one in (report.text("F2"),) if one not in ("", found.case_id, *ALLOWED_NOTHING))
    country = _country(*(two_letters_of(report.text(box)) for box in ("E1.country", "F3.country"))) or "US"
    return replace(found, message=emdr_received.alone(batch, report).decode("utf-8"), country=country,
                   content=emdr_received.content_of(report), other_ids=known if report.is_from_facility else ())


def _of_icsr(report: e2b.IncomingIcsr, sha256: str) -> IncomingCase:
    suspects = [one for one in report.products if one.role in ("suspect", "interacting", "")] or list(report.products)
    began = next((one.began_on for one in report.reactions if one.began_on is not None), None)
    latest = report.latest_at or report.received_at
    case_id = report.worldwide_id or report.report_id
    return IncomingCase(
        "e2b-r3", case_id, _version(latest.isoformat() if latest else "", report.correction), sha256,
        report.sender, report.correction, report.narrative, tuple(one.words for one in report.reactions if one.words),
        ", ".join(dict.fromkeys(name for one in suspects for name in (one.name, *one.device_names) if name)),
        next((lot for one in suspects for lot in one.lots), ""), seriousness=report.seriousness, was_harmed=True,
        happened_on=_day(began), age=report.age, age_unit=report.age_unit, sex=report.sex,
        correction_reason=report.correction_reason,
        country=_country(*(one.country for one in report.reactions), report.reporter_country),
        other_ids=tuple(one for one in dict.fromkeys((report.report_id, *report.other_ids))
                        if one != case_id and _WORLDWIDE.fullmatch(one))[:_MOST_NUMBERS])


def _of_mdr(report: emdr.IncomingMdr, sha256: str) -> IncomingCase:
    harmed = bool(report.seriousness) or not report.is_malfunction
    return IncomingCase(
        "emdr", report.report_number or report.facility_report_number, _version(str(report.followup_number), ""),
        sha256,
        report.manufacturer, "", "\n".join(filter(None, (report.narrative, report.manufacturer_narrative))), (),
        ", ".join(filter(None, (report.brand_name, report.common_name, report.model, report.catalogue_number))),
        report.lot, report.serial, report.seriousness, harmed, _day(report.event_on), report.age,
        report.age_unit, report.sex)


def _version(told: str, correction: str) -> str:
    """What tells the reports of one case apart."""
    return " ".join(part for part in (told, correction) if part) or "1"


def _country(*told: str) -> str:
    """The first that is a country; a report names it for the reaction, else where its reporter is."""
    return next((one.upper() for one in told if len(one) == 2 and one.isascii() and one.isalpha()), "")


def _day(when: PartialDate | None) -> date | None:
    return when.day if when is not None and when.precision == "day" else None
