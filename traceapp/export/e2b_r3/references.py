"""A report says of a drug in two places: in the drug, and in assessments that name it by its id. Here they are brought
together, so that a drug's section holds its role (G.k.1) and its assessments (G.k.9.i.2.r), and taken apart again."""
from __future__ import annotations

import uuid
from collections import Counter

from .model import Section, Value

DRUG = "G.k.0"
REACTION = "E.i.0"
ROLE = "G.k.1.role"
ASSESSMENT = "G.k.9.i.2.r"
OTHER_ROLE = "FDA.G.k.1.a"
# Sections of a product that stand beside the products in the message.
APART = (ASSESSMENT, OTHER_ROLE)


def gather(report: Section) -> None:
    """Move roles and assessments into the drugs that they name; what names no drug of the report stays."""
    counts = Counter(drug.text(DRUG) for drug in report.each("G.k"))
    drugs = {drug.text(DRUG): drug for drug in report.each("G.k") if counts[drug.text(DRUG)] == 1}
    for name in (ROLE, *APART):
        rest = [section for section in report.each(name) if not _moved(section, drugs.get(section.text(DRUG)))]
        if rest:
            report.sections[name] = rest
        else:
            report.sections.pop(name, None)


def _moved(section: Section, drug: Section | None) -> bool:
    if drug is None or section.values.get(DRUG) != Value(drug.text(DRUG)):
        return False
    if section.name in APART:
        drug.sections.setdefault(section.name, []).append(section)
        return True
    if drug.has("G.k.1") or set(section.values) != {DRUG, "G.k.1"} or section.kept:
        return False
    drug.values["G.k.1"] = section.values["G.k.1"]
    for path, mark in section.marks.items():
        drug.marks[f"{ROLE}:{path}"] = mark
    return True


def spread(report: Section) -> Section:
    """The report with roles and assessments where the message has them; the report itself is not changed."""
    result = Section(report.name, report.values, dict(report.sections), report.marks, report.kept)
    found: dict[str, list[Section]] = {name: [] for name in ("G.k", ROLE, *APART)}
    for number, drug in enumerate(report.each("G.k"), 1):
        if not drug.text(DRUG) and not drug.has("G.k.1") and not any(map(drug.each, APART)):
            found["G.k"].append(drug)
            continue
        identity = drug.text(DRUG) or drug_id(report, number)
        if drug.has("G.k.1"):
            found[ROLE].append(_role(drug, identity))
        for name in APART:
            found[name] += [_about(section, identity) for section in drug.each(name)]
        found["G.k"].append(_bare(drug, identity))
    for name, sections in found.items():
        sections += report.each(name) if name != "G.k" else []
        if sections:
            result.sections[name] = sections
    return result


def _about(section: Section, identity: str) -> Section:
    values = section.values | {DRUG: Value(identity)}
    return Section(section.name, values, section.sections, section.marks, section.kept)


def _role(drug: Section, identity: str) -> Section:
    start = f"{ROLE}:"
    marks = {path.removeprefix(start): mark for path, mark in drug.marks.items() if path.startswith(start)}
    return Section(ROLE, {DRUG: Value(identity), "G.k.1": drug.values["G.k.1"]}, {}, marks)


def _bare(drug: Section, identity: str) -> Section:
    values = {element: value for element, value in drug.values.items() if element != "G.k.1"}
    values[DRUG] = Value(identity, drug.null(DRUG))
    sections = {name: found for name, found in drug.sections.items() if name not in APART}
    marks = {path: mark for path, mark in drug.marks.items() if not path.startswith(ROLE)}
    return Section(drug.name, values, sections, marks, drug.kept)


def drug_id(report: Section, number: int) -> str:
    """An id for the drug of that number, the same each time the report is written."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{report.text('C.1.1')}/G.k/{number}"))


def reaction_id(report: Section, number: int) -> str:
    """An id for the reaction of that number, the same each time the report is written."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{report.text('C.1.1')}/E.i/{number}"))
