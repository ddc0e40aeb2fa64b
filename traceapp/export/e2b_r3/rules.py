"""The rules of ICH that look at a whole report: the four things without which there is none, and what must agree."""
from __future__ import annotations

import re
from collections.abc import Iterator

from traceapp.export.case_report import Finding

from .elements import elements
from .model import Section, reports
from .places import Place, places

_ID = re.compile(r"[A-Z]{2}-[^-]+-.+")
_PATIENT = ("D.1", "D.1.1.1", "D.1.1.2", "D.1.1.3", "D.1.1.4", "D.2.1", "D.2.2a", "D.2.2.1a", "D.2.3", "D.5")
_REPORTER = ("C.2.r.1.2", "C.2.r.1.4", "C.2.r.2.1", "C.2.r.2.2", "C.2.r.2.3", "C.2.r.2.7", "C.2.r.4", "FDA.C.2.r.2.8")
# Asked by ICH, not by the FDA: a code and the version of its list.
_PAIRS = (("D.8.r.2a", "D.8.r.2b"), ("D.10.8.r.2a", "D.10.8.r.2b"), ("G.k.2.1.1a", "G.k.2.1.1b"))


def rule_findings(batch: Section) -> Iterator[Finding]:
    """What the rules find in each report of a batch."""
    if not reports(batch):
        yield Finding("N.2.r", "no-report", "The batch has no report in it.")
    seen: dict[str, str] = {}
    for place in places(batch):
        if place.section.name == "N.2.r":
            yield from _of_report(place)
            identity = place.section.text("C.1.1")
            if identity and identity in seen:
                yield place.finding("C.1.1", "twice", "The same report stands twice: %(first)s and %(at)s.",
                                    first=seen[identity])
            seen.setdefault(identity, place.trail)
        if not place.is_for_fda:
            yield from _not_asked_by_fda(place)


def _not_asked_by_fda(place: Place) -> Iterator[Finding]:
    section = place.section
    if section.name == "C.2.r" and not section.has("C.2.r.4") and section.text("C.2.r.5") != "1":
        yield place.finding("C.2.r.4", "missing", "It is missing and must always stand (%(at)s).")
    for pair in _PAIRS:
        for element, other in (pair, pair[::-1]):
            if section.has(other) and not section.has(element):
                yield place.finding(element, "missing-here", "It is missing; it must stand where %(of)s stands "
                                    "(%(at)s).", of=other)


def _of_report(place: Place) -> Iterator[Finding]:
    for rule in (_minimum, _primary, _one_meddra, _ids, _withdrawal, _documents, _assessments):
        yield from rule(place)


def known(section: Section, names: tuple[str, ...]) -> bool:
    """Whether one of these elements has a value, or one that is masked."""
    return any(section.text(name) or section.null(name) == "MSK" for name in names)


def without_patient(report: Section) -> bool:
    """Whether the report tells of a fault alone, with nobody harmed: the FDA wants it so marked."""
    return report.null("D.1") == "NA" or report.text("D.1") in ("SUMMARY", "AGGREGATE")


def _minimum(place: Place) -> Iterator[Finding]:
    report = place.section
    if not known(report, _PATIENT) and not without_patient(report):
        yield place.finding("D.1", "no-patient", "Nothing says who the patient is: name or initials, number, age, age "
                            "group or sex must stand, or be masked (%(at)s).")
    if not any(known(reporter, _REPORTER) or reporter.null("C.2.r.4") for reporter in report.each("C.2.r")):
        yield place.finding("C.2.r", "no-reporter", "Nobody is named who reported it (%(at)s).")
    if not report.each("E.i"):
        yield place.finding("E.i", "no-reaction", "No reaction stands in the report (%(at)s).")
    if not report.each("G.k"):
        yield place.finding("G.k", "no-product", "No product stands in the report (%(at)s).")
    elif not any(drug.text("G.k.1") in ("1", "3", "4") for drug in report.each("G.k")):
        yield place.finding("G.k.1", "no-suspect", "No product is suspected: one must be suspect, interacting or not "
                            "administered (%(at)s).", rule="R0069")


def _primary(place: Place) -> Iterator[Finding]:
    count = sum(reporter.text("C.2.r.5") == "1" for reporter in place.section.each("C.2.r"))
    if count != 1:
        yield place.finding("C.2.r.5", "primary-source", "Exactly one reporter must be the primary source; there are "
                            "%(count)s (%(at)s).", rule="" if count else "R0021", count=count)


def _one_meddra(place: Place) -> Iterator[Finding]:
    table = elements()
    versions = sorted({value.text for section in place.section.walk() for name, value in section.values.items()
                       if table[name].kind == "version" and value.text})
    if len(versions) > 1:
        yield place.finding("E.i.2.1a", "meddra-versions", "One report uses one MedDRA version; this one uses "
                            "%(versions)s (%(at)s).", versions=", ".join(versions))


def _ids(place: Place) -> Iterator[Finding]:
    report = place.section
    for name in ("C.1.1", "C.1.8.1"):
        text = report.text(name)
        if text and not _ID.fullmatch(text):
            yield place.finding(name, "id-form", "“%(value)s” is not country, organisation and number with hyphens "
                                "between (%(at)s).", value=text)
    for name, other in (("N.2.r.1", "C.1.1"), ("N.2.r.4", "C.1.2")):
        if report.has(name) and report.has(other) and report.text(name) != report.text(other):
            yield place.finding(name, "not-the-same", "It should be the same as %(other)s (%(at)s).", is_error=False,
                                other=other)
    if report.text("C.1.9.1") == "true" and not report.each("C.1.9.1.r"):
        yield place.finding("C.1.9.1.r.1", "no-earlier-id", "C.1.9.1 says that the case has other ids; none stands "
                            "here (%(at)s).", rule="R0017")
    if report.each("C.1.9.1.r") and report.text("C.1.9.1") != "true":
        yield place.finding("C.1.9.1", "not-said", "Other ids stand here; C.1.9.1 must be true (%(at)s).")


def _withdrawal(place: Place) -> Iterator[Finding]:
    if place.section.has("C.1.11.2") and not place.section.has("C.1.11.1"):
        yield place.finding("C.1.11.1", "missing-here", "It is missing; it must stand where %(of)s stands (%(at)s).",
                            of="C.1.11.2")


def _documents(place: Place) -> Iterator[Finding]:
    report = place.section
    if report.text("C.1.6.1") == "true" and not report.each("C.1.6.1.r"):
        yield place.finding("C.1.6.1.r.1", "missing-here", "It is missing; it must stand where %(of)s is %(values)s "
                            "(%(at)s).", rule="R0009", of="C.1.6.1", values="true")
    if report.each("C.1.6.1.r") and report.text("C.1.6.1") != "true":
        yield place.finding("C.1.6.1", "not-said", "Documents stand here; C.1.6.1 must be true (%(at)s).")


def _assessments(place: Place) -> Iterator[Finding]:
    """Assessments must name a drug and a reaction of the report."""
    report = place.section
    reactions = {reaction.text("E.i.0") for reaction in report.each("E.i")}
    drugs = {drug.text("G.k.0") for drug in report.each("G.k")}
    for name, element in (("G.k.1.role", "G.k.1"), ("G.k.9.i.2.r", "G.k.9.i.1"), ("FDA.G.k.1.a", "FDA.G.k.1.a")):
        for section in report.each(name):
            product = section.text("G.k.0")
            if product in drugs:
                yield place.finding(element, "twice-told", "It is told more than once of the product “%(value)s”, or "
                                    "two products have the same id (%(at)s).", value=product)
            else:
                yield place.finding(element, "no-such-product", "It is about the product “%(value)s”, which is not in "
                                    "the report (%(at)s).", value=product)
    for section in report.walk():
        if section.has("G.k.9.i.1") and section.text("G.k.9.i.1") not in reactions:
            yield place.finding("G.k.9.i.1", "no-such-reaction", "It is about the reaction “%(value)s”, which is not "
                                "in the report (%(at)s).", value=section.text("G.k.9.i.1"))
