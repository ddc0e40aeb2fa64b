"""What our own people changed since a report came in, laid over it element by element; never more than what changed.

Where no element of the report is meant for certain, the change is said in the sender's comment (H.4).
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from traceapp.complaint.terms import terms
from traceapp.export.case_report import CaseReport, Finding, PartialDate, Profile
from traceapp.export.line_listing import masked_text

from .elements import elements
from .filling import clean, day
from .from_case import OUTCOMES, SERIOUS, SEXES
from .model import Icsr
from .overlay_details import assess, lay_detail, replace_value, suspects

_COMMENT, _SUMMARY = "H.4", "H.5.r"
_DETAILS = "details."
_HEADING = "Added by the sender of this report:"
# Fields of an adverse event that say nothing of the case, or follow from others.
_SILENT = frozenset({"is_serious", "state", "awareness_at", "product_id", "consignee_id",
                     "onset_precision", "latest_awareness_at"})
Said = list[str]


def lay_over(report: Icsr, own: Icsr, case: CaseReport) -> list[Finding]:
    """Lay the changes of the case over the report that came in; answers what went into the comment alone."""
    changes = case.received.changes if case.received else {}
    said: Said = []
    findings = []
    for field, (before, after) in _whole(changes).items():
        lines = _laid(report, own, case, field, before, after)
        said += lines
        if lines:
            findings.append(Finding(_COMMENT, "said-in-comment", "The change of “%(field)s” stands in the sender's "
                                    "comment: no element of the received report is meant for certain.", is_error=False,
                                    values={"field": _named(field)}))
    _comment(report, [masked_text(line) for line in said] if case.profile is Profile.masked else said)
    return findings


def _laid(report: Icsr, own: Icsr, case: CaseReport, field: str, before: Any, after: Any) -> Said:
    """Lay one change over the report; answers what of it can only be said in words."""
    if lay := _LAID.get(field):
        return lay(report, own, case, before, after)
    if field.startswith(_DETAILS) and lay_detail(field.removeprefix(_DETAILS), report, own):
        return []
    return [f"{_named(field)}: {_spoken(after)}"]


def _whole(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """The changes that are told; a date whose precision alone changed is a change of the date."""
    told = {field: pair for field, pair in changes.items() if field not in _SILENT}
    if "onset_precision" in changes:
        told.setdefault("onset_on", ("", ""))
    return told


def _named(field: str) -> str:
    return field.removeprefix(_DETAILS).replace("_", " ")


def _spoken(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(_spoken, value)) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{_named(name)}: {_spoken(one)}" for name, one in value.items()) or "none"
    return str(value).replace("_", " ") if value not in (None, "") else "none"


def _outcome(report: Icsr, _own: Icsr, _case: CaseReport, _before: Any, after: Any) -> Said:
    reactions = report.each("E.i")
    open_ones = reactions if len(reactions) == 1 else [one for one in reactions if one.text("E.i.7") in ("", "0")]
    if not open_ones:
        return [f"outcome: {_spoken(after)}"]
    for reaction in open_ones:
        replace_value(reaction, "E.i.7", OUTCOMES.get(after, "0"))
    return []


def _seriousness(report: Icsr, own: Icsr, case: CaseReport, before: Any, after: Any) -> Said:
    gone, new = set(before or ()) - set(after or ()), set(after or ()) - set(before or ())
    reactions = report.each("E.i")
    for reaction in reactions:
        for criterion in gone:
            if reaction.text(_criterion(criterion, own)) == "true":
                replace_value(reaction, _criterion(criterion, own), None, "NI")
    already = {name for name in new for one in reactions if one.text(_criterion(name, own)) == "true"}
    if len(reactions) != 1:
        return [f"serious: {_spoken(name)}" for name in sorted(new - already)]
    for criterion in new:
        replace_value(reactions[0], _criterion(criterion, own), "true")
    return []


def _criterion(name: str, own: Icsr) -> str:
    is_fda = own.has("FDA.C.1.7.1")
    return "FDA.E.i.3.2h" if name == "intervention" and is_fda else SERIOUS.get(name, "E.i.3.2f")


def _onset(report: Icsr, _own: Icsr, case: CaseReport, _before: Any, _after: Any) -> Said:
    """The day was taken in from the first reaction that has one."""
    reactions = report.each("E.i")
    target = next((one for one in reactions if one.has("E.i.4")), reactions[0] if len(reactions) == 1 else None)
    began = case.event.began_on
    if target is None:
        return [f"began on: {day(began) or 'not known'}"]
    replace_value(target, "E.i.4", day(began) if isinstance(began, PartialDate) else "")
    return []


def _sex(report: Icsr, _own: Icsr, _case: CaseReport, _before: Any, after: Any) -> Said:
    code = SEXES.get(after)
    replace_value(report, "D.5", code, "" if code else "UNK")
    return []


def _lot(report: Icsr, _own: Icsr, case: CaseReport, _before: Any, _after: Any) -> Said:
    number = clean(case.lot.number)
    dosages = [one for drug in suspects(report) for one in drug.each("G.k.4.r")]
    if not number or any(one.text("G.k.4.r.7") == number for one in dosages):
        return []
    limit = elements()["G.k.4.r.7"].length or len(number)
    if len(dosages) != 1 or dosages[0].text("G.k.4.r.7") or len(number) > limit:
        return [f"batch: {number}"]
    dosages[0].put("G.k.4.r.7", number)
    return []


def _causality(report: Icsr, own: Icsr, case: CaseReport, _before: Any, after: Any) -> Said:
    drugs = suspects(report)
    said = {"G.k.9.i.2.r.1": own.text("C.3.2"), "G.k.9.i.2.r.2": "WHO-UMC", "G.k.9.i.2.r.3": _spoken(after)}
    if len(drugs) == 1 and assess(drugs[0], report.each("E.i"), said):
        return []
    return [f"causality (WHO-UMC): {_spoken(after)}"]


def _text(_report: Icsr, _own: Icsr, _case: CaseReport, before: Any, after: Any) -> Said:
    known = {line.strip() for line in str(before or "").splitlines()}
    return [line.strip() for line in str(after or "").splitlines() if line.strip() and line.strip() not in known]


def _terms(_report: Icsr, _own: Icsr, _case: CaseReport, before: Any, after: Any) -> Said:
    """Our own codes are no MedDRA: they are told in words."""
    known = terms()
    names = [f"{known[code].en} ({known[code].zh})" for code in after or ()
             if code not in (before or ()) and code in known]
    return [f"coded here as: {'; '.join(names)}"] if names else []


_LAID: Mapping[str, Callable[[Icsr, Icsr, CaseReport, Any, Any], Said]] = MappingProxyType({
    "outcome": _outcome, "seriousness": _seriousness, "onset_on": _onset, "sex": _sex, "lot_key": _lot,
    "causality": _causality, "narrative": _text, "use_text": _text, "terms": _terms,
    "details.sender_comment": _text})


def _comment(report: Icsr, said: Said) -> None:
    if not said:
        return
    text = clean("\n".join((_HEADING, *said)))
    whole = "\n\n".join(filter(None, (report.text(_COMMENT), text)))
    limit = elements()[_COMMENT].length or len(whole)
    if len(whole) <= limit:
        report.put(_COMMENT, whole)
        return
    more = report.add(_SUMMARY)
    more.put("H.5.r.1a", text)
    more.put("H.5.r.1b", "eng")
