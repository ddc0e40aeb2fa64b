"""A device report that came in, sent on: the batch is ours, the report as received, with what we changed over it."""
from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from traceapp.complaint.terms import terms
from traceapp.export.case_report import CaseReport, Finding, PartialDate, Profile
from traceapp.export.line_listing import masked_text

from .from_case import BY_CRITERION, BY_SEX, UNKNOWN_SEX, Options, values_of
from .message import Batch, Mdr, read_batch, write_batch
from .places import Nothing, Value, found_at, place_of, set_value
from .report_masking import mask_report
from .table import elements
from .tree import Node, clean

FORM = "emdr"
_OUTCOMES, _COMMENT = "B2", "H10"
_OF_THE_ENVELOPE = ("batch.id", "batch.created")
_HEADING = "Added by the sender of this report:"
# Fields of an adverse event that say nothing of the case, or follow from others.
_SILENT = frozenset({"is_serious", "state", "awareness_at", "product_id", "consignee_id",
                     "onset_precision", "latest_awareness_at"})
Said = list[str]


def alone(batch: Batch, report: Mdr) -> bytes:
    """A file with that report of the batch only."""
    root = batch.node
    kept = [child for child in root.children if child.tag != "message" or child is report.node]
    return write_batch(Batch(Node(root.tag, root.attributes, root.text, kept)))


def content_of(report: Mdr) -> str:
    """The hash of what a report says of the case: the same in every batch, under whichever number we pass it on."""
    node = copy.deepcopy(report.node)
    node.children = [child for child in node.children if child.tag not in ("id", "creationTime")]
    if report.is_from_facility:
        _set(node, "G9", Nothing("NI"))
    return hashlib.sha256(write_batch(Batch(node))).hexdigest()


def _set(node: Node, name: str, value: Value) -> None:
    """Put a value in place of the one that stands there, or of the reason why none does."""
    element = elements()[name]
    leaf = place_of(element.place).leaf
    for held in found_at(node, element)[:1]:
        if held is not None:
            held.attributes.pop("nullFlavor", None)
            held.attributes.pop(leaf.removeprefix("@"), None)
            held.text = "" if leaf == "text()" else held.text
    set_value(node, element, value)


def came_so(case: CaseReport) -> bool:
    """Whether the case came in as a report of this form."""
    return case.received is not None and case.received.form == FORM


def sender_before(case: CaseReport) -> Value:
    """Who sent the report that the case came with; empty where it came with none."""
    return read_batch(case.received.data).head().get("batch.sender", "") if came_so(case) and case.received else ""


def copied(case: CaseReport, report: Mdr, head: Mapping[str, Value]) -> Batch:
    """A batch of one report in the envelope that it came in; its number and day are those of `head`."""
    assert case.received is not None
    root = copy.deepcopy(read_batch(case.received.data).node)
    for name in _OF_THE_ENVELOPE:
        _set(root, name, head[name])
    root.children = [report.node if child.tag == "message" else child for child in root.children]
    return Batch(root)


def forwarded(case: CaseReport) -> tuple[Mdr, list[Finding]]:
    """The report that the case came with, under our number where it has none of a manufacturer's."""
    assert case.received is not None
    node = copy.deepcopy(read_batch(case.received.data).reports[0].node)
    if not Mdr(node).text("G9"):
        _set(node, "G9", case.head.report_number)
    findings = _lay_over(node, case)
    if case.profile is not Profile.masked:
        return Mdr(node), findings
    report, left_out = mask_report(Mdr(node))
    return report, [*findings, *left_out]


def _lay_over(node: Node, case: CaseReport) -> list[Finding]:
    changes = case.received.changes if case.received else {}
    told = {field: pair for field, pair in changes.items() if field not in _SILENT}
    if "onset_precision" in changes:
        told.setdefault("onset_on", ("", ""))
    said: Said = []
    findings = []
    for field, (before, after) in told.items():
        name = _named(field)
        lines = _laid(node, case, field, before, after)
        said += lines
        if lines:
            findings.append(Finding(_COMMENT, "said-in-comment", "The change of “%(field)s” stands in the "
                                    "manufacturer's narrative: the form has no box for it.", is_error=False,
                                    values={"field": name}))
    if said:
        text = "\n".join((_HEADING, *said))
        before = Mdr(node).text(_COMMENT)
        shown = masked_text(text) if case.profile is Profile.masked else text
        _set(node, _COMMENT, clean("\n\n".join(filter(None, (before, shown)))))
    return findings


def _laid(node: Node, case: CaseReport, field: str, before: Any, after: Any) -> Said:
    """Lay one change over the report; answers what of it can only be said in words."""
    if lay := _LAID.get(field):
        return lay(node, case, before, after)
    boxes, own = _BOXES.get(field, ()), values_of(case, Options())
    values = {box: given for box in boxes if (given := next(iter(own.get(box, ())), "")) and isinstance(given, str)}
    if boxes and len(values) == len(boxes):
        for box, value in values.items():
            _set(node, box, value)
        return []
    return [f"{_named(field)}: {_spoken(after)}"]


def _named(field: str) -> str:
    return field.removeprefix("details.").replace("_", " ")


def _spoken(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(_spoken, value)) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{_named(name)}: {_spoken(one)}" for name, one in value.items()) or "none"
    return str(value).replace("_", " ") if value not in (None, "") else "none"


def _seriousness(node: Node, _case: CaseReport, before: Any, after: Any) -> Said:
    """Criteria that were added get a box of their own, those that were taken out lose theirs."""
    gone = {BY_CRITERION.get(one) for one in set(before or ()) - set(after or ())} - {None}
    new = [one for one in after or () if one not in (before or ()) and one in BY_CRITERION]
    for parent in list(node.walk()):
        parent.children = [child for child in parent.children if not _is_outcome(child, gone)]
    for criterion in new:
        held = Mdr(node).get(_OUTCOMES)
        if BY_CRITERION[criterion] not in held:
            set_value(node, elements()[_OUTCOMES], BY_CRITERION[criterion], len(held))
    return []


def _is_outcome(node: Node, codes: set[str | None]) -> bool:
    return node.tag == "pertinentInformation2" and any(
        value.attributes.get("code") in codes for one in node.named("caseSeriousness") for value in one.named("value"))


def _onset(node: Node, case: CaseReport, _before: Any, _after: Any) -> Said:
    began = case.event.began_on
    digits = {"year": 4, "month": 6}.get(began.precision, 8) if isinstance(began, PartialDate) else 0
    text = began.day.strftime("%Y%m%d")[:digits] if isinstance(began, PartialDate) else ""
    return _put(node, "B3", text)


def _put(node: Node, element: str, text: str) -> Said:
    _set(node, element, text or Nothing("NI"))
    return []


def _sex(node: Node, _case: CaseReport, _before: Any, after: Any) -> Said:
    return _put(node, "A3", BY_SEX.get(after, UNKNOWN_SEX))


def _lot(node: Node, case: CaseReport, _before: Any, _after: Any) -> Said:
    number, held = clean(case.lot.number).strip(), Mdr(node).text("D4.lot")
    if not number or number == held:
        return []
    if held or len(number) > elements()["D4.lot"].length:
        return [f"batch: {number}"]
    return _put(node, "D4.lot", number)


def _added(node: Node, case: CaseReport, box: str) -> bool:
    """Put a text of ours behind the one in a box; not where there is no room for it."""
    text = str(next(iter(values_of(case, Options()).get(box, ())), ""))
    before = Mdr(node).text(box)
    whole = before if text in before else "\n".join(filter(None, (before, text)))
    if not text or len(whole) > (elements()[box].length or len(whole)):
        return False
    _set(node, box, whole)
    return True


def _in_words(box: str, field: str) -> Callable[[Node, CaseReport, Any, Any], Said]:
    return lambda node, case, _before, after: [] if _added(node, case, box) else [f"{field}: {_spoken(after)}"]


def _text(_node: Node, _case: CaseReport, before: Any, after: Any) -> Said:
    known = {line.strip() for line in str(before or "").splitlines()}
    return [line.strip() for line in str(after or "").splitlines() if line.strip() and line.strip() not in known]


def _terms(_node: Node, _case: CaseReport, before: Any, after: Any) -> Said:
    known = terms()
    names = [f"{known[code].en} ({known[code].zh})" for code in after or ()
             if code not in (before or ()) and code in known]
    return [f"coded here as: {'; '.join(names)}"] if names else []


_LAID: Mapping[str, Callable[[Node, CaseReport, Any, Any], Said]] = MappingProxyType({
    "seriousness": _seriousness, "onset_on": _onset, "sex": _sex, "lot_key": _lot, "narrative": _text,
    "use_text": _text, "terms": _terms, "details.sender_comment": _text, "details.history": _in_words("B7", "history"),
    "details.tests": _in_words("B6", "tests")})
# Fields of the details and the boxes that they fill. A box that is there more than once is not among them.
_BOXES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "details.age": ("A2.age", "A2.age_unit"), "details.age_unit": ("A2.age", "A2.age_unit"),
    "details.weight_kg": ("A4.weight", "A4.unit"), "details.died_on": ("B2.death",),
    "details.implanted_on": ("D6",), "details.explanted_on": ("D7",), "details.is_available": ("D10",),
    "details.is_reused": ("H8",), "details.also_told_authority": ("E4",), "details.reporter_country": ("E1.country",)})
