"""Checks of what the answers say together: follow-ups, deaths, other words, who reports."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from traceapp.export.case_report import Finding

from .message import Mdr

DEATH, INJURY, MALFUNCTION, OTHER = "C28554", "C53569", "C25745", "C17649"
RECALL = "C53609"
FOLLOWUP, FIVE_DAY = "C53579", "C53573"
EVENT, PROBLEM, BOTH = "C41331", "C53054", "C55555"
_HAN = re.compile("[\u3400-\u9fff]")
# What has to be said in words once the code says “other”.
_WORDS = (("D5", "D5.other"), ("E3", "E3.other"), ("F12", "F12.other"), ("G3", "G3.other"), ("H7", "H7.other"))
_UNITS = (("A2.age", "A2.age_unit"), ("A4.weight", "A4.unit"), ("F9.age", "F9.unit"))


def meaning_findings(report: Mdr, _now: datetime) -> Iterator[Finding]:
    """What the answers contradict or leave open."""
    for rule in (_followup, _facility_followup, _death, _kind, _words, _device, _language):
        yield from rule(report)


def _followup(report: Mdr) -> Iterator[Finding]:
    kinds = report.texts("G7")
    if FOLLOWUP in kinds:
        if report.followup_number < 1:
            yield Finding("G7", "followup-number", "A follow-up has to say which it is: 1 for the first.")
        if not report.texts("H2"):
            yield Finding("H2", "followup-type", "A follow-up has to say of which type it is.")
        if not report.text("G9") and not report.is_from_facility:
            yield Finding("G9", "followup-of", "A follow-up has to bear the number of the report that it follows.")
    elif report.texts("H2") or report.text("G7.number"):
        yield Finding("G7", "not-followup", "A number or type of follow-up is given, but this is not a follow-up.",
                      is_error=False)


def _facility_followup(report: Mdr) -> Iterator[Finding]:
    if report.text("F7") == FOLLOWUP and not report.text("F7.number"):
        yield Finding("F7", "followup-number", "A follow-up has to say which it is: 1 for the first.")


def _death(report: Mdr) -> Iterator[Finding]:
    died, events = DEATH in report.texts("B2"), report.texts("H1")
    if died and events and DEATH not in events:
        yield Finding("H1", "death", "The outcome is death, so the reportable event is death too.")
    if report.text("B2.death") and not died and DEATH not in events:
        yield Finding("B2", "death", "A date of death is given, but neither the outcome nor the event is death.")
    if DEATH in events and not died:
        yield Finding("B2", "death", "The reportable event is death, but death is not among the outcomes.",
                      is_error=False)
    if events == (INJURY,) and not report.get("B2"):
        yield Finding("B2", "injury", "The reportable event is a serious injury, but no outcome is given.",
                      is_error=False)


def _kind(report: Mdr) -> Iterator[Finding]:
    kinds, outcomes = report.texts("B1"), report.texts("B2")
    if kinds == (PROBLEM,) and outcomes:
        yield Finding("B1", "event-kind", "Outcomes are given, so this is an adverse event and not a problem alone.",
                      is_error=DEATH in outcomes)


def _words(report: Mdr) -> Iterator[Finding]:
    for coded, words in _WORDS:
        said = report.get(words)
        for index, code in enumerate(report.get(coded)):
            if code == OTHER and not (index < len(said) and said[index]):
                yield Finding(coded, "other-words", "“Other” needs its words.", is_error=False)
    for amount, unit in _UNITS:
        if report.text(amount) and not report.text(unit):
            yield Finding(amount.partition(".")[0], "unit", "The number needs its unit.")


def _device(report: Mdr) -> Iterator[Finding]:
    if not report.texts("H6.device"):
        yield Finding("H6", "problem-code", "Give at least one code of the device problem.",
                      is_error=report.texts("G7") != (FOLLOWUP,))
    if not report.text("G4") and not report.text("F6"):
        yield Finding("G4", "awareness", "Say when the manufacturer learned of the event.", is_error=False)
    if FIVE_DAY in report.texts("G7") and not report.texts("H7"):
        yield Finding("H7", "remedial-action", "A 5-day report says which remedial action is needed.", is_error=False,
                      rule="21 CFR 803.53")
    if RECALL in report.texts("H7") and not report.text("H9"):
        yield Finding("H9", "removal-number", "A recall is named; give the number of the correction or removal report.",
                      is_error=False)


def _language(report: Mdr) -> Iterator[Finding]:
    for element_id in ("B5", "B6", "B7", "D1", "D2.name", "H10"):
        if _HAN.search(report.text(element_id)):
            yield Finding(element_id.partition(".")[0], "language", "FDA reads reports in English.", is_error=False,
                          rule="21 CFR 803.13")
