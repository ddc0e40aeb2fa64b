"""What our people filled in since a report came in goes to its own element, and into the comment where none is meant."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.e2b_cases import ROUTE, case
from tests.e2b_reports import accepted
from traceapp.export.case_report import CaseReport, PartialDate, ReceivedReport
from traceapp.export.e2b_r3.forwarding import batch_to_send
from traceapp.export.e2b_r3.model import Icsr, Section, reports
from traceapp.export.e2b_r3.reader import read_batch
from traceapp.export.e2b_r3.schema import schema_findings
from traceapp.export.e2b_r3.writer import write_batch

SET = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr" / "e2b-r3"


def ours() -> CaseReport:
    """What our people know of it by now."""
    one = case()
    return replace(
        one,
        patient=replace(one.patient, age=Decimal(63), age_unit="a", weight_kg=Decimal("71.50"), height_cm=Decimal(168),
                        history="Ulcer since 2019."),
        event=replace(one.event, ended_on=PartialDate(date(2024, 2, 20)), died_on=PartialDate(date(2024, 3, 1)),
                      death_cause="Sepsis", country="DE", tests="Culture negative."),
        use=replace(one.use, purpose="Ulcer", dose=Decimal(2), dose_unit="g", dose_text="thin", route="on the skin",
                    action_taken="drug_withdrawn", rechallenge="not_done", began_on=PartialDate(date(2024, 2, 1))),
        reporter=replace(one.reporter, qualification="pharmacist", country="AT", facility_report_number="H-77"),
        assessment=replace(one.assessment, naranjo=5, sender_comment="We looked at the batch."))


def sent(fields: Mapping[str, Any], came: Section | None = None) -> tuple[Icsr, list[str], bytes]:
    """The report under our head with these fields of the details new, and which of them stand in the comment."""
    data = write_batch(came or accepted())
    changes = {f"details.{field}": (None, value) for field, value in fields.items()}
    batch, findings = batch_to_send([replace(ours(), received=ReceivedReport("e2b-r3", data, changes))], ROUTE)
    written = write_batch(batch)
    return reports(read_batch(written))[0], [str(one.values["field"]) for one in findings
                                             if one.code == "said-in-comment"], written


def at(report: Icsr, where: str) -> Section:
    """A part of the report by the names on the way to it, the last of each."""
    for name in filter(None, where.split("/")):
        report = report.each(name)[-1]
    return report


@pytest.mark.parametrize(("fields", "where", "wanted"), [
    ({"age": "63", "age_unit": "a"}, "", {"D.2.2a": "63", "D.2.2b": "a"}),
    ({"weight_kg": "71.50"}, "", {"D.3": "71.5"}), ({"height_cm": "168"}, "", {"D.4": "168"}),
    ({"history": "Ulcer since 2019."}, "", {"D.7.2": "Diabetes\nUlcer since 2019."}),
    ({"died_on": "2024-03-01"}, "", {"D.9.1": "20240301"}), ({"death_cause": "Sepsis"}, "D.9.2.r", {"D.9.2.r.2": "Sepsis"}),
    ({"event_ended_on": "2024-02-20"}, "E.i", {"E.i.4": "202402", "E.i.5": "20240220"}),
    ({"event_country": "DE"}, "E.i", {"E.i.9": "DE"}), ({"tests": "Culture negative."}, "F.r", {"F.r.3.4": "Culture negative."}),
    ({"qualification": "pharmacist", "reporter_country": "AT"}, "C.2.r", {"C.2.r.4": "2", "C.2.r.3": "AT"}),
    ({"facility_report_number": "H-77"}, "C.1.9.1.r", {"C.1.9.1.r.2": "H-77"}),
    ({"purpose": "Ulcer"}, "G.k/G.k.7.r", {"G.k.7.r.1": "Ulcer"}), ({"action_taken": "drug_withdrawn"}, "G.k", {"G.k.8": "1"}),
    ({"dose": "2", "dose_unit": "g", "dose_text": "thin", "route": "on the skin", "use_began_on": "2024-02-01"},
     "G.k/G.k.4.r", {"G.k.4.r.1a": "2", "G.k.4.r.1b": "g", "G.k.4.r.8": "thin", "G.k.4.r.10.1": "on the skin",
                     "G.k.4.r.4": "20240201", "G.k.4.r.7": "L240101"}),
    ({"naranjo_1": "yes", "naranjo_2": "no"}, "G.k/G.k.9.i.2.r", {"G.k.9.i.2.r.2": "Naranjo", "G.k.9.i.2.r.3": "5"})],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else "")
def test_a_field_that_was_filled_in_stands_in_its_own_element(fields: dict[str, str], where: str,
                                                              wanted: dict[str, str]) -> None:
    report, in_comment, data = sent(fields)
    found = at(report, where)
    assert {name: found.text(name) for name in wanted} == wanted
    assert in_comment == [] and not report.has("H.4")
    if SET.exists():
        assert schema_findings(etree.fromstring(data), SET / "xsd", "MCCI_IN200100UV01.xsd", "") == []


def test_our_own_comment_is_added_as_it_stands() -> None:
    report, _, _ = sent({"sender_comment": "We looked at the batch."})
    assert report.text("H.4").splitlines()[1:] == ["We looked at the batch."]


@pytest.mark.parametrize("field", ["dechallenge", "place_name", "occupation", "measures"])
def test_a_field_without_an_element_is_said_in_the_comment(field: str) -> None:
    report, in_comment, _ = sent({field: "yes"})
    assert in_comment == [field.replace("_", " ")] and "yes" in report.text("H.4")


def test_nothing_is_laid_where_it_is_not_certain_which_part_is_meant() -> None:
    came = accepted()
    first = reports(came)[0]
    first.sections["E.i"].append(Section("E.i", dict(first.each("E.i")[0].values)))
    first.each("E.i")[1].put("E.i.0", "254eb889-958b-45f2-a02f-42d4d6f4657f")
    report, in_comment, _ = sent({"event_ended_on": "2024-02-20", "naranjo_1": "yes"}, came)
    assert [one.text("E.i.5") for one in report.each("E.i")] == ["", ""]
    assert in_comment == ["event ended on", "naranjo 1"]


def test_what_stood_beside_a_value_goes_with_it() -> None:
    came = accepted()
    report = reports(came)[0]
    report.put("D.3", "158")
    data = write_batch(came).replace(b'unit="kg" value="158"', b'unit="[lb_av]" value="158"')
    assert b"[lb_av]" in data
    after, _, written = sent({"weight_kg": "71.50"}, read_batch(data))
    assert after.text("D.3") == "71.5" and b"[lb_av]" not in written and b'unit="kg"' in written


def test_a_day_takes_the_place_of_a_time_that_was_not_known() -> None:
    came = accepted()
    del reports(came)[0].each("E.i")[0].values["E.i.4"]
    data = write_batch(came)
    at_code = data.index(b'displayName="reaction"')
    end = data.index(b"/>", at_code) + 2
    data = data[:end] + b'<effectiveTime nullFlavor="UNK"/>' + data[end:]
    after, _, written = sent({"event_ended_on": "2024-02-20"}, read_batch(data))
    assert after.each("E.i")[0].text("E.i.5") == "20240220"
    assert b'xsi:type="IVL_TS"><high value="20240220"/>' in written
