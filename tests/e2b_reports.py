"""Reports of E2B(R3) to test with: one with every element there is, and one that the FDA would take."""
from __future__ import annotations

from traceapp.export.e2b_r3.elements import Element, elements
from traceapp.export.e2b_r3.layout import plans
from traceapp.export.e2b_r3.model import Section
from traceapp.export.e2b_r3.references import APART

REACTION = "154eb889-958b-45f2-a02f-42d4d6f4657f"
DRUG = "68d6f5ce-3b3b-45c7-92dd-69e06730c3a9"
_BY_KIND = {"number": "4", "whole": "4", "flag": "true", "true": "true", "second": "20240102030405+0800", "day": "20240102", "expiry": "20990102",
            "year": "2024", "country": "DE", "language": "deu", "unit": "mg", "meddra": "10027940", "version": "27.0",
            "token": "A12", "data": "aGVsbG8=", "media": "text/plain", "oid": "2.16.840.1.113883.6.69"}
# Beginning, end and duration together need the longer form of a time.
_PLACES = dict.fromkeys(("E.i.4", "E.i.5", "E.i.6a", "E.i.6b", "G.k.4.r.4", "G.k.4.r.5", "G.k.4.r.6a", "G.k.4.r.6b"), 1)


def sample_text(element: Element) -> str:
    """A text that this element may hold."""
    if element.kind == "id":
        return DRUG if element.id == "G.k.0" else REACTION
    if element.codes:
        return min(element.codes)
    return _BY_KIND.get(element.kind) or f"Text <{element.id}> & “quoted”"[:element.length]


def filled(name: str = "batch") -> Section:
    """A section with every value that has a place in it, and one of every section in it."""
    plan = plans()[name]
    section = Section(name)
    for element, place in plan.values:
        if place == _PLACES.get(element, 0):
            section.put(element, sample_text(elements()[element]), place=place)
    for hook in plan.hooks:
        if hook != "G.k.1.role":
            section.sections[hook] = [filled(hook)]
    if name == "G.k":
        section.put("G.k.1", "1")
        section.sections |= {apart: [filled(apart)] for apart in APART}
    if name == "N.2.r":
        for apart in APART:
            section.sections.pop(apart)
    return section


def accepted() -> Section:
    """A batch of one report to the FDA in which the checks find nothing."""
    batch = Section("batch")
    _put(batch, {"N.1.1": "1", "N.1.2": "B-1", "N.1.3": "MAKER", "N.1.4": "ZZFDA", "N.1.5": "20240310120000+0000"})
    report = batch.add("N.2.r")
    _put(report, {
        "N.2.r.1": "CN-MAKER-1", "N.2.r.2": "MAKER", "N.2.r.3": "CDER", "N.2.r.4": "20240310115900+0000",
        "C.1.1": "CN-MAKER-1", "C.1.2": "20240310115900+0000", "C.1.3": "1", "C.1.4": "20240301", "C.1.5": "20240305",
        "C.1.6.1": "false", "C.1.7": "true", "FDA.C.1.7.1": "1", "C.1.8.1": "CN-MAKER-1", "C.1.8.2": "2",
        "FDA.C.1.12": "false", "C.3.1": "1", "C.3.2": "Maker", "C.3.3.1": "Safety", "C.3.3.3": "Li", "C.3.3.5": "Wang",
        "C.3.4.1": "1 Road", "C.3.4.2": "Suzhou", "C.3.4.3": "JS", "C.3.4.4": "215000", "C.3.4.5": "CN",
        "C.3.4.6": "+8651200000", "C.3.4.8": "safety@maker.example", "D.1": "AB", "D.2.2a": "61", "D.2.2b": "a", "D.5": "2",
        "D.7.2": "Diabetes", "FDA.D.12": "C41222", "H.1": "The skin under the dressing came off with it."})
    report.put("C.1.9.1", None, null="NI")
    _put(report.add("C.2.r"), {"C.2.r.1.2": "Ann", "C.2.r.3": "US", "C.2.r.4": "3", "C.2.r.5": "1"})
    _put(report.add("FDA.D.11.r"), {"FDA.D.11.r.1": "C41260"})
    reaction = report.add("E.i")
    _put(reaction, {"E.i.0": REACTION, "E.i.1.1a": "Hautabriss", "E.i.1.1b": "deu", "E.i.2.1a": "27.0",
                    "E.i.2.1b": "10040880", "E.i.3.2c": "true", "E.i.4": "202402", "E.i.7": "2", "E.i.9": "US"})
    for name in ("E.i.3.2a", "E.i.3.2b", "E.i.3.2d", "E.i.3.2e", "E.i.3.2f", "FDA.E.i.3.2h"):
        reaction.put(name, None, null="NI")
    drug = report.add("G.k")
    _put(drug, {"G.k.0": DRUG, "G.k.1": "1", "G.k.2.2": "Foam dressing", "G.k.3.1": "NDA012345", "G.k.3.2": "US"})
    _put(drug.add("G.k.4.r"), {"G.k.4.r.7": "L240101"})
    _put(drug.add("G.k.9.i.2.r"), {"G.k.0": DRUG, "G.k.9.i.1": REACTION, "G.k.9.i.2.r.1": "Maker",
                                   "G.k.9.i.2.r.2": "WHO-UMC", "G.k.9.i.2.r.3": "possible"})
    return batch


def _put(section: Section, values: dict[str, str]) -> None:
    for element, text in values.items():
        section.put(element, text)
