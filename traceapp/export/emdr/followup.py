"""What a follow-up says that the report before it did not. FDA keeps what was sent: a follow-up cannot empty a box."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from traceapp.export.case_report import Finding

from .message import Mdr
from .places import Value
from .table import elements

# What every report has of its own.
_OF_THE_REPORT = frozenset({"message.id", "B4", "G4", "G7", "G7.number", "H2", "F7", "F7.number"})


@dataclass(frozen=True, slots=True)
class Change:
    """An element that two reports of one event answer differently; `after` is empty where the later one is silent."""

    element: str
    before: tuple[Value, ...] = field(repr=False)
    after: tuple[Value, ...] = field(repr=False)

    @property
    def is_blanked(self) -> bool:
        """Whether the later report leaves out what the earlier said."""
        return bool(self.before) and not self.after


def differences(earlier: Mdr, later: Mdr) -> list[Change]:
    """Every element that changed, in the order of the form."""
    return [Change(element_id, before, after) for element_id in elements() if not element_id.startswith("batch.")
            if (before := earlier.get(element_id)) != (after := later.get(element_id))]


def followup_findings(earlier: Mdr, later: Mdr) -> Iterator[Finding]:
    """What is wrong with `later` as a follow-up of `earlier`."""
    if earlier.text("G9") != later.text("G9"):
        yield Finding("G9", "followup-of", "The follow-up bears %(later)s; the report that it follows is %(earlier)s.",
                      values={"later": later.text("G9")[:40] or "-", "earlier": earlier.text("G9")[:40] or "-"})
    if later.followup_number <= earlier.followup_number:
        yield Finding("G7", "followup-number", "This is follow-up %(later)d; follow-up %(earlier)d was sent before.",
                      values={"later": later.followup_number, "earlier": earlier.followup_number})
    for change in differences(earlier, later):
        if change.is_blanked and change.element not in _OF_THE_REPORT:
            yield Finding(elements()[change.element].box, "blanked", "What was sent cannot be taken back by leaving it "
                          "out; FDA keeps it. Replace it where it was wrong.", is_error=False,
                          values={"part": change.element})


def replacing(earlier: Mdr, later: Mdr) -> Mdr:
    """What FDA holds once `later` has arrived: its answers, and those of `earlier` where it is silent."""
    return Mdr.of(earlier.values() | later.values(), later.attachments() or earlier.attachments())
