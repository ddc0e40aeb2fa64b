"""What an authority answers to a batch: E2B(R3) acknowledgements (ACK.M, ACK.A, ACK.B), read leniently."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.export.case_report import Finding

from .layout import NAMESPACE
from .schema import SETTING, schema_findings
from .xml_input import parse

SCHEMA = "MCCI_IN200101UV01.xsd"
_BATCH_CODES, _REPORT_CODES = ("AA", "AE", "AR"), ("CA", "CR")
_ROOT = f"{{{NAMESPACE}}}MCCI_IN200101UV01"
_SPACE = {"h": NAMESPACE}
_OID = "2.16.840.1.113883.3.989.2.1.3."


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The answer to one report: ACK.B.r.1 to B.r.7. `code`: CA it was taken, CR it was not; `messages` the errors."""

    report_id: str
    local_number: str
    receiver: str
    sender: str
    created: str
    code: str
    messages: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the authority took the report."""
        return self.code == "CA"

    def is_about(self, report_id: str) -> bool:
        """Whether it answers the report of that id; some authorities write other numbers beside it."""
        return report_id in self.report_id.split()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The answer to a batch: ACK.M.1 to M.4 and ACK.A.1 to A.5. `code`: AA all taken, AE some not, AR the batch cannot
    be read and nothing of it was taken."""

    number: str
    sender: str
    receiver: str
    sent: str
    batch_number: str
    local_number: str
    batch_sent: str
    code: str
    messages: tuple[str, ...]
    reports: tuple[ReportAnswer, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the batch was taken with every report in it."""
        return self.code == "AA" and all(report.is_accepted for report in self.reports)

    def answer(self, report_id: str) -> ReportAnswer | None:
        """The answer to the report of that id; None where it is not named."""
        return next((report for report in self.reports if report.is_about(report_id)), None)


def read_acknowledgement(source: bytes | BinaryIO) -> Acknowledgement:
    """The acknowledgement in a file. Raises InvalidInput or TooLarge with the place."""
    root = parse(source)
    if root.tag != _ROOT:
        raise InvalidInput("This is no E2B(R3) acknowledgement: its root element is %(name)s.", code="not-an-ack",
                           place="/", name=etree.QName(root).localname)
    found = Acknowledgement(
        number=_id(root, "h:id", "20"), sender=_id(root, "h:sender/h:device/h:id", "17"),
        receiver=_id(root, "h:receiver/h:device/h:id", "18"), sent=_one(root, "h:creationTime/@value"),
        batch_number=_id(root, "h:acknowledgement/h:targetBatch/h:id", "22"),
        local_number=_line(root, "2", "extension"), batch_sent=_line(root, "3", "value"),
        code=_one(root, "h:acknowledgement/@typeCode"), messages=_messages(root),
        reports=tuple(_report(element) for element in root.findall("h:MCCI_IN000002UV01", _SPACE)))
    if not found.code:
        raise InvalidInput("The acknowledgement says neither that the batch was taken nor that it was not.",
                           code="no-answer", place="ACK.A.4")
    return found


def check_acknowledgement(data: bytes, *, xsd_dir: Path | None) -> list[Finding]:
    """What is wrong in the file of an acknowledgement. An authority that refused a batch sends a sound one too."""
    try:
        answer = read_acknowledgement(data)
    except (InvalidInput, TooLarge) as refusal:
        return [Finding(refusal.place or "/", refusal.code, refusal.message, values=refusal.params)]
    found = schema_findings(parse(data), xsd_dir, SCHEMA, SETTING)
    codes: list[tuple[str, str, tuple[str, ...]]] = [("ACK.A.4", answer.code, _BATCH_CODES)]
    codes += [("ACK.B.r.6", report.code, _REPORT_CODES) for report in answer.reports]
    found += [Finding(element, "not-in-list", "“%(value)s” is not in the code list: %(codes)s.",
                      values={"value": code[:80], "codes": ", ".join(known)})
              for element, code, known in codes if code not in known]
    return found


def _report(element: Any) -> ReportAnswer:
    return ReportAnswer(
        report_id=_id(element, "h:acknowledgement/h:targetMessage/h:id", "1"), local_number=_id(element, "h:id", "19"),
        receiver=_id(element, "h:receiver/h:device/h:id", "16"), sender=_id(element, "h:sender/h:device/h:id", "15"),
        created=_line(element, "1", "value"), code=_one(element, "h:acknowledgement/@typeCode"),
        messages=_messages(element))


def _one(element: Any, path: str) -> str:
    found = element.xpath(path, namespaces=_SPACE)
    return str(found[0]).strip() if found else ""


def _id(element: Any, path: str, root: str) -> str:
    """The id with that root, else the first one at the place."""
    found = element.findall(path, _SPACE)
    exact = [one for one in found if one.get("root") == _OID + root]
    return ((exact or found)[0].get("extension") or "").strip() if found else ""


def _line(element: Any, code: str, attribute: str) -> str:
    return _one(element, f"h:attentionLine[h:keyWordText/@code='{code}']/h:value/@{attribute}")


def _messages(element: Any) -> tuple[str, ...]:
    """The texts of an answer, those that were joined with semicolons apart."""
    texts = element.xpath("h:acknowledgement/h:acknowledgementDetail/h:text/text()", namespaces=_SPACE)
    return tuple(part.strip() for text in texts for part in str(text).split(";") if part.strip())
