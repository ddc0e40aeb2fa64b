"""What an authority answers to a batch of E2B(R3) is read: codes of the batch and of each report, and the errors."""
from __future__ import annotations

from pathlib import Path

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.export.e2b_r3.acknowledgement import check_acknowledgement, read_acknowledgement

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr" / "e2b-r3" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/conformance is not here")


@needs_samples
def test_a_positive_answer_is_read() -> None:
    found = read_acknowledgement((SAMPLES / "R3ack-positive.ack").read_bytes())
    assert (found.number, found.sender, found.receiver, found.sent) == (
        "33439257", "ZZFDA", "4567AB89012", "20220811135030-0400")
    assert (found.batch_number, found.local_number, found.batch_sent, found.code) == (
        "FAERS2022Scenario1-4069-a2dd-08002b30309d", "427032", "20141214151617-0500", "AA")
    assert found.is_accepted
    answer = found.answer("US-APHARMA-8744554B")
    assert answer is not None and answer.is_accepted
    assert (answer.local_number, answer.sender, answer.receiver, answer.created, answer.code, answer.messages) == (
        "19426648", "CDER", "4567AB89012", "20141214151617-0500", "CA", ("Report Loaded Successfully",))


@needs_samples
def test_a_negative_answer_is_read_with_its_errors_apart() -> None:
    found = read_acknowledgement((SAMPLES / "R3ack-negative.ack").read_bytes())
    assert (found.code, found.is_accepted) == ("AE", False)
    answer = found.answer("US-APHARMA-7644554")
    assert answer is not None and not answer.is_accepted
    assert answer.code == "CR"
    assert len(answer.messages) == 4
    assert answer.messages[0].endswith("FDA.C.1.7.1 is Mandatory.")
    assert found.answer("US-APHARMA-1") is None


def ack(body: str) -> bytes:
    return f'<MCCI_IN200101UV01 xmlns="urn:hl7-org:v3">{body}</MCCI_IN200101UV01>'.encode()


def test_an_answer_in_another_order_and_without_details_is_read() -> None:
    found = read_acknowledgement(ack('<acknowledgement typeCode="AR"/><id extension="7"/>'))
    assert (found.number, found.code, found.reports, found.is_accepted) == ("7", "AR", (), False)


def test_a_batch_that_was_taken_with_one_report_that_was_not_is_not_accepted() -> None:
    found = read_acknowledgement(ack('<MCCI_IN000002UV01><acknowledgement typeCode="CR"/></MCCI_IN000002UV01>'
                                     '<acknowledgement typeCode="AA"/>'))
    assert not found.is_accepted


@pytest.mark.parametrize(("data", "code"), [
    (ack(""), "no-answer"), (b"<other/>", "not-an-ack"), (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "document-type")])
def test_what_is_no_answer_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_acknowledgement(data)
    assert refused.value.code == code


@needs_samples
@pytest.mark.parametrize("name", ["R3ack-positive.ack", "R3ack-negative.ack"])
def test_the_published_answers_are_sound(name: str) -> None:
    assert check_acknowledgement((SAMPLES / name).read_bytes(), xsd_dir=SAMPLES.parent / "xsd") == []


def test_an_answer_with_a_code_that_does_not_exist_is_told() -> None:
    found = check_acknowledgement(ack('<MCCI_IN000002UV01><acknowledgement typeCode="XX"/></MCCI_IN000002UV01>'
                                      '<acknowledgement typeCode="AA"/>'), xsd_dir=None)
    assert [(finding.element, finding.code) for finding in found] == [("/", "no-schema"), ("ACK.B.r.6", "not-in-list")]
    assert [finding.code for finding in check_acknowledgement(ack(""), xsd_dir=None)] == ["no-answer"]
