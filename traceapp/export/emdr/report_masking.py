"""A device report that came in without what says who a person is: as FDA's form has it, which knows no “masked”."""
from __future__ import annotations

from datetime import date

from traceapp.export.case_report import Finding, PartialDate
from traceapp.export.masking import Scrub, scrubber_of

from .check_dates import moment
from .message import Mdr
from .places import Nothing, Value
from .table import elements

# Boxes that say who or where a person is: patient, reporter, contacts at the facility, the maker and the site.
_PERSONAL = frozenset({
    "A2.birth", "A5.ethnicity", "B7.race",
    *(f"E1.{part}" for part in ("prefix", "given", "middle", "family", "phone", "email", "fax", "line1", "line2",
                                "city", "zip")),
    *(f"F4.{part}" for part in ("prefix", "given", "middle", "family", "email")), "F5",
    *(f"G1.{site}{part}" for site in ("", "site_") for part in ("prefix", "given", "middle", "family", "email", "fax")),
    "G2", "G2.site"})
_PATIENT = "A1"
_NAMES = tuple(tuple(f"{start}{part}" for part in ("given", "middle", "family"))
               for start in ("E1.", "F4.", "G1.", "G1.site_"))
_NUMBERS = ("E1.phone", "E1.email", "E1.fax", "E1.line1", "F5", "F4.email", "G2", "G2.site", "G1.email", "G1.fax",
            "G1.site_email", "G1.site_fax")
# What people write freely.
_FREE = frozenset({"B5", "B6", "B7", "D11", "H3.reason_text", "H7.other", "H10", "D5.other", "E3.other", "F12.other",
                   "G3.other", "H1.other"})


def mask_report(report: Mdr) -> tuple[Mdr, list[Finding]]:
    """The report without them, and what was left out whole."""
    scrub = _scrubber(report)
    values: dict[str, tuple[Value, ...]] = {}
    for element, given in report.values().items():
        if element == _PATIENT:
            values[element] = (Nothing("NI"),)
        elif element in _FREE:
            values[element] = tuple(scrub(one) if isinstance(one, str) else one for one in given)
        elif element not in _PERSONAL:
            values[element] = given
    counts = (("attachment", "files-left-out", "Attached files were left out (%(count)s): they may name persons.",
               len(report.node.named("attachment"))),
              ("/", "pieces-left-out", "Parts that the form has no box for were left out (%(count)s): they may name "
               "persons.", sum(1 for _ in report.unread())))
    return Mdr.of(values), [Finding(place, code, text, is_error=False, values={"count": count})
                            for place, code, text, count in counts if count]


def _scrubber(report: Mdr) -> Scrub:
    known = elements()
    names = [" ".join(filter(None, map(report.text, parts))) for parts in _NAMES]
    numbers = [one for element in _NUMBERS if element in known for one in report.texts(element)]
    patient = report.text(_PATIENT)
    born = moment(report.text("A2.birth"))
    day: date | None = born[0] if born and born[1] == "day" else None
    return scrubber_of([*names, *([patient] if len(patient) > 3 else [])], numbers, patient,
                       PartialDate(day, "day") if day else None)
