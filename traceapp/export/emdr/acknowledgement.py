"""What FDA answers to a submission: that the gateway has it (1), that the centre has it (2), whether each report was
loaded (3). Read leniently: FDA's own answers do not follow its schema."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from traceapp.core.errors import InvalidInput
from traceapp.epcis.model import EpcisErrors
from traceapp.epcis.xml_text import parse_root

MAX_BYTES = 4 * 1024 * 1024
_MOST = 5000
_LINE = re.compile(r"^\s*(?P<name>[A-Za-z][A-Za-z \-]{1,40}?)\s*:\s*(?P<value>.+?)\s*$", re.MULTILINE)
_FAULT = re.compile(r"\b(?:fail\w*|error|denied|rejected|unsuccessful)\b", re.IGNORECASE)


class AckStatus(StrEnum):
    """`partly`: some reports of the batch were loaded, others not; only those are to be sent again."""

    passed = "passed"
    failed = "failed"
    partly = "partly"


@dataclass(frozen=True, slots=True)
class AckError:
    """Why a report failed: the box of the form, in FDA's words, with the value that was refused."""

    section: str
    message: str
    value: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """Whether one report was loaded."""

    number: str
    passed: bool
    errors: tuple[AckError, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`level` 1 to 3; only 3 says that reports were loaded. `received` is the moment as FDA writes it."""

    level: int
    status: AckStatus
    core_id: str = ""
    batch_id: str = ""
    received: str = ""
    message_id: str = ""
    reports: tuple[ReportAnswer, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether the reports are with FDA for good, or are known not to be."""
        return self.level == 3 or self.status == AckStatus.failed


def read_acknowledgement(data: bytes) -> Acknowledgement:
    """The answer in a file. Raises InvalidInput for what is none of the three."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("More than %(most)s MB: an acknowledgement is smaller.", code="too-large", place="/",
                           most=MAX_BYTES // 1024 // 1024)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _loaded(_root(data))
    return _received(data.decode("utf-8", "replace"))


def _root(data: bytes) -> Any:
    try:
        return parse_root(data)
    except EpcisErrors as error:
        raise InvalidInput("This cannot be read as XML: %(reason)s", code=error.findings[0].code, place="/",
                           reason=error.findings[0].message) from None


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _all(element: Any, name: str) -> list[Any]:
    return [one for one in element.iter() if _local(one) == name][:_MOST]


def _said(element: Any, name: str) -> str:
    return next((" ".join((one.text or "").split()) for one in element.iter() if _local(one) == name), "")


def _loaded(root: Any) -> Acknowledgement:
    submission = next((one for one in root.iter() if _local(one) == "submission"), None)
    if submission is None:
        raise InvalidInput("This is not an acknowledgement of device reports: it has no submission.",
                           code="not-acknowledgement", place="/")
    errors = _errors(submission)
    answers = {number: ReportAnswer(number, passed, tuple(errors.pop(number, ())))
               for number, passed in _statuses(submission)}
    answers |= {number: ReportAnswer(number, False, tuple(found)) for number, found in errors.items()}
    failed = max(_count(submission, "numreportfailed"), sum(not one.passed for one in answers.values()))
    passed = max(_count(submission, "numreportpassed"), sum(one.passed for one in answers.values()))
    if not failed and not passed:
        raise InvalidInput("The acknowledgement does not say whether a report passed.", code="not-acknowledgement",
                           place="/")
    status = AckStatus.passed if not failed else AckStatus.partly if passed else AckStatus.failed
    return Acknowledgement(3, status, _said(submission, "coreid"), _said(submission, "batchid"),
                           _said(submission, "dateentered"), reports=tuple(answers.values()))


def _statuses(submission: Any) -> Iterator[tuple[str, bool]]:
    for report in _all(submission, "report"):
        number = (report.get("id") or _said(report, "reportid")).strip()
        yield number, _said(report, "status").lower() in ("passed", "pass", "success")


def _errors(submission: Any) -> dict[str, list[AckError]]:
    found: dict[str, list[AckError]] = {}
    for failure in _all(submission, "failure"):
        details = [AckError(_said(one, "section"), _said(one, "errormessage"), _said(one, "messagevalue"),
                            _said(one, "xpath")) for one in _all(failure, "detail")]
        for number in _all(failure, "reportid") or [None]:
            found.setdefault(((number.text or "") if number is not None else "").strip(), []).extend(details)
    return found


def _count(submission: Any, name: str) -> int:
    text = _said(submission, name)
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _received(text: str) -> Acknowledgement:
    lines = {match["name"].lower().replace(" ", "").replace("-", ""): match["value"] for match in _LINE.finditer(text)}
    level = 1 if "disposition" in lines else 2 if "coreid" in lines else 0
    if not level:
        raise InvalidInput("This is not an acknowledgement of device reports.", code="not-acknowledgement", place="/")
    verdict = lines["disposition"] if level == 1 else text
    status = AckStatus.failed if _FAULT.search(verdict) else AckStatus.passed
    received = next((value for name, value in lines.items() if "date" in name), "")
    message_id = lines.get("originalmessageid") or lines.get("messageid") or ""
    return Acknowledgement(level, status, lines.get("coreid", ""), "", received, message_id)
