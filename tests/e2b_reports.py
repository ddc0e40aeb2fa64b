"""Reports of E2B(R3) to test with: one with every element there is, and one that the FDA would take."""
from __future__ import annotations

from traceapp.export.e2b_r3.elements import Element, elements
from traceapp.export.e2b_r3.layout import plans
from traceapp.export.e2b_r3.model import Section

REACTION = "154eb889-958b-45f2-a02f-42d4d6f4657f"
DRUG = "68d6f5ce-3b3b-45c7-92dd-69e06730c3a9"
_BY_KIND = {"number": "4", "flag": "true", "true": "true", "second": "20240102030405+0800", "day": "20240102",
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
        section.sections["G.k.9.i.2.r"] = [filled("G.k.9.i.2.r")]
    if name == "N.2.r":
        section.sections.pop("G.k.9.i.2.r")
    return section
