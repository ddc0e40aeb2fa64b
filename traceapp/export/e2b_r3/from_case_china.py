"""A case as an E2B(R3) report: what China's guide of 2019-11-22 asks for beyond ICH, and what of it is left out."""
from __future__ import annotations

from collections.abc import Iterator

from traceapp.export.case_report import CaseReport, Finding

from .filling import Filling, day
from .model import Icsr, Section

_PATIENTS, _INSTITUTION, _OTHER = "2", "3", "8"
_SOURCES = {"consumer": _PATIENTS, "physician": _INSTITUTION, "pharmacist": _INSTITUTION,
            "other_professional": _INSTITUTION}
_AT_HOME, _ABROAD = "12", "22"
HOLDER = "C.1.CN.3"
# Of these the words are known, the codes are not.
_WITHOUT_LIST = ("D.CN.1", "D.CN.2", "G.k.9.i.CN.1", "G.k.9.i.CN.2", "G.k.9.i.2.r.CN.1", "G.k.9.i.2.r.CN.2")


def put_china(filling: Filling, report: Icsr, case: CaseReport) -> None:
    """Put China's elements into a report that is otherwise filled; says which are left out."""
    report.put("C.1.CN.1", _SOURCES.get(case.reporter.qualification, _OTHER))
    if case.event.country:
        report.put("C.1.CN.2", _AT_HOME if case.event.country.upper() == "CN" else _ABROAD)
    holder = case.product.holder
    report.put(HOLDER, holder.ids.get("nmpa", "") if holder else "")
    house = case.reporter.organisation
    filling.put(report, "D.CN.3", (house.name_zh or house.name_en) if house else "")
    if case.reporter.qualification == "consumer":
        filling.person(report, "D.CN.5", case.reporter.phone)
    for number, drug in enumerate(report.each("G.k")):
        _product(filling, drug, case, number)
    filling.findings += _left_out(report)


def _product(filling: Filling, drug: Section, case: CaseReport, number: int) -> None:
    product, lot, _ = ((case.product, case.lot, case.use), *case.other_products)[number]
    filling.put(drug, "G.k.CN.1", product.common_name or product.name_zh)
    if number == 0:
        drug.put("G.k.CN.3", "true")
    if case.head.jurisdiction == "CN":
        filling.put(drug, "G.k.CN.4", product.registration_number)
    for dosage in drug.each("G.k.4.r"):
        dosage.put("G.k.4.r.CN.1", day(lot.expires_on))


def _left_out(report: Icsr) -> Iterator[Finding]:
    if not report.has(HOLDER):
        yield Finding(HOLDER, "not-known", "China asks for the number by which it knows the holder. It is not known "
                      "here.", is_error=False)
    yield Finding("N.2.r", "china-left-out", "China's elements %(elements)s are left out: their code lists are not "
                  "published. Enter them at the authority.", is_error=False,
                  values={"elements": ", ".join(_WITHOUT_LIST)})
