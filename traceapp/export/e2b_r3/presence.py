"""The check of what must stand: always, in a report to the FDA, or under the condition of the element."""
from __future__ import annotations

from collections.abc import Iterator

from traceapp.export.case_report import Finding

from .elements import Condition, Element, of_section
from .model import Section
from .places import Place, places


def presence_findings(batch: Section) -> Iterator[Finding]:
    """What is missing in the sections that are there; which sections must be there is asked in `rules`."""
    to_fda = batch.text("N.1.4") == "ZZFDA"
    for place in places(batch):
        for element in of_section(place.section.name):
            if place.section.has(element.id):
                continue
            if element.need == "must":
                yield place.finding(element.id, "missing", "It is missing and must always stand (%(at)s).",
                                    rule=element.rule)
            elif element.need == "fda" and to_fda:
                yield place.finding(element.id, "missing-fda", "It is missing; the FDA requires it (%(at)s).")
            elif element.need == "when" and all(_holds(place, element, item) for item in element.conditions):
                yield place.finding(element.id, "missing-here", _text(element), rule=element.rule,
                                    of=", ".join(element.conditions[0].of),
                                    values=" / ".join(element.conditions[0].values))


def _text(element: Element) -> str:
    return {"with": "It is missing; it must stand where %(of)s stands (%(at)s).",
            "without": "It is missing; it must stand where %(of)s does not (%(at)s).",
            "if": "It is missing; it must stand where %(of)s is %(values)s (%(at)s).",
            "any": "It is missing; it must stand where anything of its section stands (%(at)s).",
            "begun": "It is missing; it must stand where anything of section %(of)s stands (%(at)s).",
            }[element.conditions[0].kind]


def _holds(place: Place, element: Element, condition: Condition) -> bool:
    section = place.section
    if condition.kind == "with":
        return any(section.has(name) for name in condition.of)
    if condition.kind == "without":
        return not any(section.has(name) or section.each(name) for name in condition.of)
    if condition.kind == "if":
        return place.text(condition.of[0]) in condition.values
    if condition.kind == "any":
        return bool(section.values)
    start = condition.of[0] + "."
    return any(name.startswith(start) and name != element.id for name in (*section.values, *section.sections))
