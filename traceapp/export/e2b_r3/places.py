"""Where in a batch a finding stands: each section with its trail, and findings made there."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from traceapp.export.case_report import Finding

from .model import Section, Value


@dataclass(frozen=True, slots=True)
class Place:
    """A section and those around it, the innermost first; `trail` names it (“N.2.r 1, E.i 2”)."""

    section: Section
    trail: str
    around: tuple[Section, ...] = field(default=())

    def value(self, element: str) -> Value | None:
        """The value of an element here, or in the nearest section around that has it."""
        for section in (self.section, *self.around):
            if element in section.values:
                return section.values[element]
        return None

    def text(self, element: str) -> str:
        """The text of an element here or around; empty where there is none."""
        value = self.value(element)
        return value.text or "" if value else ""

    @property
    def is_for_fda(self) -> bool:
        """Whether the batch is for the FDA, before approval or after."""
        return self.text("N.1.4") in ("ZZFDA", "ZZFDA_PREMKT")

    def finding(self, element: str, code: str, text: str, *, is_error: bool = True, rule: str = "",
                **values: object) -> Finding:
        """A finding about an element of this section; its text may name the place as `%(at)s`."""
        return Finding(element, code, text, is_error, rule, {"at": self.trail, **values})


def places(section: Section, trail: str = "", around: tuple[Section, ...] = ()) -> Iterator[Place]:
    """The place of a section and those of all sections in it, outer before inner."""
    yield Place(section, trail or "N.1", around)
    for name, sections in section.sections.items():
        for number, inner in enumerate(sections, 1):
            at = f"{name} {number}"
            yield from places(inner, f"{trail}, {at}" if trail else at, (section, *around))
