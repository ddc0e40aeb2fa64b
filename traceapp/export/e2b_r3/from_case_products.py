"""A case as an E2B(R3) report: the products, how they were used, and what is thought of them."""
from __future__ import annotations

from traceapp.export.case_report import CaseReport, Organisation, ReportedLot, ReportedProduct, Use

from .filling import BATCH, Filling, day, number
from .meddra_terms import put_indications
from .model import Icsr, Section
from .references import ASSESSMENT, DRUG, REACTION, drug_id

_NDC = "2.16.840.1.113883.6.69"
_ACTIONS = {"drug_withdrawn": "1", "dose_reduced": "2", "dose_increased": "3", "dose_not_changed": "4", "unknown": "0",
            "not_applicable": "9"}
_RECHALLENGES = {"recurred": "1", "not_recurred": "2", "outcome_unknown": "3", "not_done": "4"}
_OPERATORS = {"professional": "1", "patient": "2", "caregiver": "2", "other": "3"}
_REMEDIES = {"recall": "1", "repair": "2", "replace": "3", "replacement": "3", "relabel": "4", "notification": "5",
             "inspection": "6", "monitoring": "7", "modification": "8", "other": "9"}
_WITHIN = {True: "5", False: "6"}


def put_products(filling: Filling, report: Icsr, case: CaseReport, *, is_fda: bool) -> None:
    """Put the reported product and those used beside it."""
    mine = (case.product, case.lot, case.use)
    for place, (product, lot, use) in enumerate((mine, *case.other_products), 1):
        drug = report.add("G.k")
        drug.put(DRUG, drug_id(report, place))
        drug.put("G.k.1", "1" if product.is_suspect else "2")
        _product(filling, drug, product, case)
        _dosage(filling, drug, product, lot, use)
        put_indications(filling, drug, use.purpose, use.meddra_indications)
        drug.put("G.k.8", _ACTIONS.get(use.action_taken, ""))
        if place == 1:
            _assessments(filling, report, drug, case)
        if use.rechallenge in _RECHALLENGES:
            for reaction in report.each("E.i"):
                again = drug.add("G.k.9.i.4")
                again.put("G.k.9.i.1", reaction.text(REACTION))
                again.put("G.k.9.i.4", _RECHALLENGES[use.rechallenge])
        if lot.within_specification is not None:
            drug.add("G.k.10.r").put("G.k.10.r", _WITHIN[lot.within_specification])
        filling.put(drug, "G.k.11", _more(product, lot, use))
        if is_fda and product.kind in ("device", "combination"):
            _device(filling, drug, product, lot, use, case if place == 1 else None)


def _name(party: Organisation | None) -> str:
    return (party.name_en or party.name_zh) if party else ""


def _product(filling: Filling, drug: Section, product: ReportedProduct, case: CaseReport) -> None:
    filling.put(drug, "G.k.2.2", product.name_en or product.name_zh)
    if product.ids.get("ndc"):
        drug.put("G.k.2.1.1b", product.ids["ndc"])
        drug.put("G.k.2.1.1.system", _NDC)
    for substance in product.substances:
        filling.put(drug.add("G.k.2.3.r"), "G.k.2.3.r.1", substance)
    authorised = product.ids.get("nda") or product.registration_number
    countries = (case.head.jurisdiction, product.holder.country if product.holder else "")
    country = next((one.upper() for one in countries if len(one) == 2), "")
    if authorised and country:
        filling.put(drug, "G.k.3.1", authorised)
        drug.put("G.k.3.2", country)
    filling.put(drug, "G.k.3.3", _name(product.holder))


def _dosage(filling: Filling, drug: Section, product: ReportedProduct, lot: ReportedLot, use: Use) -> None:
    dosage = Section("G.k.4.r")
    if use.dose is not None and use.dose_unit and " " not in use.dose_unit:
        dosage.put("G.k.4.r.1a", number(use.dose))
        dosage.put("G.k.4.r.1b", use.dose_unit)
    dosage.put("G.k.4.r.4", day(use.began_on))
    dosage.put("G.k.4.r.5", day(use.ended_on))
    filling.put(dosage, BATCH, lot.number)
    filling.put(dosage, "G.k.4.r.8", "; ".join(filter(None, (use.dose_text, use.frequency))))
    filling.put(dosage, "G.k.4.r.9.1", product.dose_form)
    filling.put(dosage, "G.k.4.r.10.1", use.route)
    if dosage.values:
        drug.sections["G.k.4.r"] = [dosage]


def _assessments(filling: Filling, report: Icsr, drug: Section, case: CaseReport) -> None:
    made = case.assessment
    found = [("WHO-UMC", made.causality.replace("_", " "))]
    if made.naranjo is not None:
        found.append(("Naranjo", str(made.naranjo)))
    if made.five_item_result:
        found.append(("NMPA", made.five_item_result.replace("_", " ")))
    for reaction in report.each("E.i"):
        for method, result in found:
            section = drug.add(ASSESSMENT)
            section.put(DRUG, drug.text(DRUG))
            section.put("G.k.9.i.1", reaction.text(REACTION))
            filling.put(section, "G.k.9.i.2.r.1", _name(case.head.sender))
            section.put("G.k.9.i.2.r.2", method)
            section.put("G.k.9.i.2.r.3", result)


def _more(product: ReportedProduct, lot: ReportedLot, use: Use) -> str:
    """What E2B(R3) has no element for, in words."""
    lines = (("Model", product.model), ("Specification", product.specification),
             ("Catalogue number", product.catalogue_number), ("Serial number", lot.serial), ("UDI", lot.udi),
             ("Made on", str(lot.made_on or "")), ("Expires on", str(lot.expires_on or "")),
             ("Dechallenge", use.dechallenge.replace("_", " ")))
    return "; ".join((*(f"{name}: {text}" for name, text in lines if text), *lot.inspections))


def _device(filling: Filling, drug: Section, product: ReportedProduct, lot: ReportedLot, use: Use,
            case: CaseReport | None) -> None:
    """The FDA's block about a device; what only the case knows stands with its own product."""
    device = drug.add("FDA.G.k.12.r")
    for element, text in (("FDA.G.k.12.r.4", product.brand or product.name_en or product.name_zh),
                          ("FDA.G.k.12.r.5", product.common_name),
                          ("FDA.G.k.12.r.6", product.ids.get("product_code", "")),
                          ("FDA.G.k.12.r.9", lot.number)):
        filling.put(device, element, text)
    device.put("FDA.G.k.12.r.10", _OPERATORS.get(use.operator, ""))
    if use.is_reused is not None:
        device.put("FDA.G.k.12.r.8", "2" if use.is_reused else "1")
    maker = product.manufacturer
    if maker:
        for element, text in (("a", _name(maker)), ("b", maker.address), ("c", maker.city), ("d", maker.region)):
            filling.put(device, f"FDA.G.k.12.r.7.1{element}", text)
        filling.country(device, "FDA.G.k.12.r.7.1e", maker.country)
    if case is not None:
        problems = case.assessment.problem_codes
        device.put("FDA.G.k.12.r.1", "true" if problems or case.event.fault else "false")
        for problem in problems:
            filling.put(device.add("FDA.G.k.12.r.3.r"), "FDA.G.k.12.r.3.r", problem.code)
        for remedy in case.assessment.remedial_actions:
            device.add("FDA.G.k.12.r.11.r").put("FDA.G.k.12.r.11.r", _REMEDIES.get(remedy, "9"))
