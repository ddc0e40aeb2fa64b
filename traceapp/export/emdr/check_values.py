"""Checks of single values: what has to be there, how long it may be, which code lists it comes from."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from traceapp.export.case_report import Finding

from .message import Batch, Mdr, attachment_of
from .places import ALLOWED_NOTHING, Nothing, Value, found_at, value_of
from .table import NCI, Element, codes, elements, whole_lists
from .tree import Node

# Registration number (7 digits CFN or 10 digits FEI), year, sequence.
_REPORT_NUMBER = re.compile(r"(?:\d{7}|\d{10})-\d{4}-\d{5}", re.ASCII)
_FACILITY_NUMBER = re.compile(r"\d{10}-\d{4}-\d{4,5}|\d{7}-\d{4}-\d{5}", re.ASCII)
_PRODUCT_CODE = re.compile(r"[A-Z]{3}")
# The codes that the thesaurus made for this form; where FDA requires a valid code, no others are let through unknown.
_FORM_CODE = re.compile(r"C5[0-4]\d{3}", re.ASCII)
_STRICT = ("E3", "message.author", "F1")
_NCI_CODE = re.compile(r"C[1-9]\d{2,5}", re.ASCII)
_FDA_CODE = re.compile(r"\d{1,4}|C[1-9]\d{2,5}|F\d{5}", re.ASCII)
_IMDRF_CODE = re.compile(r"[A-F]\d{2}(?:\d{2}){0,2}|G\d{2}(?:\d{3}(?:\d{2})?)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)
_MOST_UNREAD = 20


def batch_findings(batch: Batch) -> Iterator[Finding]:
    """What is wrong with the batch itself."""
    for element in elements().values():
        if element.id.startswith("batch.") and element.need != "optional" and not batch.head().get(element.id):
            yield _missing(element)
    total = batch.head().get("batch.total")
    if total and total != str(len(batch.reports)):
        yield Finding("batch.total", "batch-total", "The batch says %(said)s reports and holds %(found)d.",
                      values={"said": str(total)[:20], "found": len(batch.reports)})
    times = Counter((report.text("G9"), report.text("G7.number")) for report in batch.reports)
    for (number, _), count in times.items():
        if number and count > 1:
            yield Finding("G9", "duplicate", "Report %(number)s stands in this batch twice.",
                          values={"number": number[:40]})


def value_findings(report: Mdr, _now: datetime) -> Iterator[Finding]:
    """What is wrong with single values."""
    for element in elements().values():
        if element.id.startswith("batch."):
            continue
        nodes = found_at(report.node, element)
        values = [(node, value_of(node, element)) for node in nodes]
        if element.need in ("required", "recommended") and not any(
                isinstance(value, str) and value for _, value in values) and not (
                element.id == "G9" and report.is_from_facility):
            yield _missing(element)
        for node, value in values:
            if value and node is not None:
                yield from _one(node, value, element)
    if any(attachment_of(node) is None for node in report.node.named("attachment")):
        yield Finding("", "attachment", "An attachment is not base64 and cannot be opened.")
    for path, value in islice(report.unread(), _MOST_UNREAD):
        yield _beyond(path, value)


def _beyond(path: str, value: str) -> Finding:
    is_question = path.endswith("/code/@code") and _NCI_CODE.fullmatch(value)
    if is_question and value not in codes()["question"] and not _FORM_CODE.fullmatch(value):
        return Finding(path, "code", "%(code)s is not a code that FDA takes here.", values={"code": value[:20]})
    return Finding(path, "not-read", "This is kept in the file, but the form has no box for it.", is_error=False)


def _missing(element: Element) -> Finding:
    if element.need == "required":
        return Finding(element.box, "required", "This has to be given.", values={"part": element.id})
    return Finding(element.box, "recommended", "Give this where it is known.", is_error=False,
                   values={"part": element.id})


def _one(node: Node, value: Value, element: Element) -> Iterator[Finding]:
    if isinstance(value, Nothing):
        if value.flavour not in ALLOWED_NOTHING:
            yield Finding(element.box, "null-value", "FDA takes only ASKU, NI and NA for what is not known, not "
                          "%(flavour)s.", values={"flavour": value.flavour[:20]})
        return
    if element.length and len(value) > element.length:
        yield Finding(element.box, "too-long", "This has %(length)d characters; FDA takes %(most)d.",
                      values={"length": len(value), "most": element.length})
    if element.kind in ("code", "fda_code"):
        yield from _code(node, value, element)
    else:
        yield from _form(value, element)


def _form(value: str, element: Element) -> Iterator[Finding]:
    if element.kind == "report_number" and not _REPORT_NUMBER.fullmatch(value):
        yield Finding(element.box, "report-number", "A report number is the registration number (7 or 10 digits), the "
                      "year and five digits, such as 1234567-2026-00001.")
    if element.id == "F2" and value not in ALLOWED_NOTHING and not _FACILITY_NUMBER.fullmatch(value):
        yield Finding(element.box, "report-number", "A user facility's or importer's report number is its own number, "
                      "the year and a sequence, joined by hyphens.", is_error=False)
    if element.kind == "product_code" and not _PRODUCT_CODE.fullmatch(value):
        yield Finding(element.box, "product-code", "A product code is three capital letters.")
    if element.kind in ("bool", "negated") and value not in ("true", "false"):
        yield Finding(element.box, "yes-or-no", "This has to be true or false.")
    if element.kind == "number" and not _NUMBER.fullmatch(value):
        yield Finding(element.box, "number", "This has to be a number.")


def _code(node: Node, code: str, element: Element) -> Iterator[Finding]:
    if element.kind == "fda_code":
        yield from _problem_code(code, element)
        return
    system = node.attributes.get("codeSystem", "")
    if system not in ("", "NCI", NCI):
        yield Finding(element.box, "code-system", "The code comes from %(system)s; the form wants the NCI Thesaurus.",
                      values={"system": system[:40]})
    known = codes().get(element.code_list, {})
    if code in known:
        return
    if element.code_list in whole_lists() or not _may_be_one(code, element):
        yield Finding(element.box, "code", "%(code)s is not a code that FDA takes here.", values={"code": code[:20]})
    else:
        yield Finding(element.box, "code-unknown", "We do not know %(code)s; look in FDA's list.", is_error=False,
                      values={"code": code[:20]})


def _may_be_one(code: str, element: Element) -> bool:
    """Whether a code that we do not know may still be right: it is of no other list, and where FDA requires one, among
    those that the thesaurus made for this form."""
    if any(code in known for known in codes().values()):
        return False
    return bool((_FORM_CODE if element.id in _STRICT else _NCI_CODE).fullmatch(code))


def _problem_code(code: str, element: Element) -> Iterator[Finding]:
    if _FDA_CODE.fullmatch(code):
        return
    if _IMDRF_CODE.fullmatch(code) and (not element.code_list or code[0] == element.code_list):
        yield Finding(element.box, "imdrf-code", "%(code)s is IMDRF's; give FDA's own code for it if there is one.",
                      is_error=False, values={"code": code})
        return
    yield Finding(element.box, "code", "%(code)s is not a code that FDA takes here.", values={"code": code[:20]})
