"""FDA's answers to a submission, in whichever order their parts come."""
from __future__ import annotations

import random

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.export.emdr.acknowledgement import MAX_BYTES, AckError, AckStatus, read_acknowledgement

HEAD = ["<coreId>ci1700000000.41@fdsul01_te1</coreId>", "<batchId>3001234567-20261128101500</batchId>",
        "<dateEntered>Sat Nov 28 05:20:11 EST 2026</dateEntered>"]
FAULTS = """<failure><reportId>3001234567-2026-00008</reportId>
<detail><section>F10</section><errorMessage><![CDATA[No valid code of the device problem.]]></errorMessage>
<messageValue><![CDATA[900]]></messageValue><xPath>//message[1]/</xPath></detail>
<detail><errorMessage>Code 40 is not valid.</errorMessage><section>H6</section></detail></failure>"""


def loaded(parts: list[str]) -> bytes:
    return ("<?xml version='1.0'?><?xml-stylesheet type='text/xsl'?><submission>" + "".join(parts)
            + "</submission>").encode()


def answer(number: str, status: str) -> str:
    return f'<report id="{number}"><status>{status}</status></report>'


PARTLY = [*HEAD, "<numReportFailed>1</numReportFailed>", "<numReportPassed>1</numReportPassed>",
          answer("3001234567-2026-00007", "passed"), answer("3001234567-2026-00008", "failed"), FAULTS]


def test_a_batch_that_passed_says_so_for_each_report() -> None:
    read = read_acknowledgement(loaded([*HEAD, "<numReportPassed>1</numReportPassed>",
                                        "<numReportFailed>0</numReportFailed>", answer("3001234567-2026-00007", "passed")]))
    assert (read.level, read.status, read.is_final) == (3, AckStatus.passed, True)
    assert (read.core_id, read.batch_id) == ("ci1700000000.41@fdsul01_te1", "3001234567-20261128101500")
    assert [(one.number, one.passed, one.errors) for one in read.reports] == [("3001234567-2026-00007", True, ())]


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_that_passed_in_part_says_what_failed_in_any_order(seed: int) -> None:
    parts = list(PARTLY)
    random.Random(seed).shuffle(parts)
    read = read_acknowledgement(loaded(parts))
    assert read.status == AckStatus.partly
    failed = next(one for one in read.reports if not one.passed)
    assert failed.number == "3001234567-2026-00008"
    assert failed.errors == (AckError("F10", "No valid code of the device problem.", "900", "//message[1]/"),
                             AckError("H6", "Code 40 is not valid."))
    assert {one.number: one.passed for one in read.reports}["3001234567-2026-00007"]


def test_failures_alone_and_counts_alone_are_enough() -> None:
    assert read_acknowledgement(loaded([FAULTS])).status == AckStatus.failed
    assert read_acknowledgement(loaded(["<numReportFailed>2</numReportFailed>"])).status == AckStatus.failed
    assert read_acknowledgement(loaded(["<numReportPassed>2</numReportPassed>"])).status == AckStatus.passed
    assert read_acknowledgement(loaded([answer("1", "failed"), answer("2", "passed")])).status == AckStatus.partly


def test_a_report_that_failed_never_counts_as_passed_whatever_the_counts_say() -> None:
    parts = ["<numReportPassed>1</numReportPassed><numReportFailed>0</numReportFailed>", answer("1", "failed")]
    assert read_acknowledgement(loaded(parts)).status != AckStatus.passed


def test_namespaces_and_wrappers_do_not_matter() -> None:
    wrapped = b'<ack xmlns="urn:x"><submission>' + answer("1", "PASSED").encode() + b"</submission></ack>"
    assert read_acknowledgement(wrapped).status == AckStatus.passed


GATEWAY = """Content-Type: message/disposition-notification

Reporting-UA: AS2 Server
Original-Message-ID: <4711@gateway>
Disposition: automatic-action/MDN-sent-automatically; {verdict}
Date: Sat, 28 Nov 2026 10:16:02 GMT
"""
CENTRE = """MessageId: <4711@gateway>
CoreId: ci1700000000.41@fdsul01_te1
DateTime Receipt Generated: 11-28-2026, 10:18:44
File Count: 1

CDRH has received your submission
"""


def test_the_gateways_receipt_is_the_first_answer() -> None:
    read = read_acknowledgement(GATEWAY.format(verdict="processed").encode())
    assert (read.level, read.status, read.is_final) == (1, AckStatus.passed, False)
    assert (read.message_id, read.received) == ("<4711@gateway>", "Sat, 28 Nov 2026 10:16:02 GMT")
    refused = read_acknowledgement(GATEWAY.format(verdict="processed/error: decryption-failed").encode())
    assert (refused.status, refused.is_final) == (AckStatus.failed, True)


def test_the_centres_receipt_is_the_second_answer() -> None:
    read = read_acknowledgement(CENTRE.replace("\n", "\r\n").encode())
    assert (read.level, read.status, read.core_id) == (2, AckStatus.passed, "ci1700000000.41@fdsul01_te1")
    assert read.received == "11-28-2026, 10:18:44"


@pytest.mark.parametrize("data", [b"", b"Dear sir", b"<submission/>", b"<html><body>Passed</body></html>", b"<a",
                                  b"<!DOCTYPE a [<!ENTITY b 'c'>]><submission>&b;</submission>",
                                  b"<submission>" + b" " * MAX_BYTES + b"</submission>"],
                         ids=["empty", "letter", "no verdict", "page", "cut off", "entity", "huge"])
def test_what_is_no_acknowledgement_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_acknowledgement(data)
