"""Device events for the public: openFDA's shape, nobody in them, no small cells."""
from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories_mdr import mdr_case
from traceapp.export.case_report import CaseReport, CodedTerm, PartialDate
from traceapp.export.openfda import LEAST, Record, public_document, public_events

# The fields of device/event that this file may use; openFDA has more.
EVENT = {"mdr_report_key", "event_type", "date_of_event", "adverse_event_flag", "product_problem_flag", "product_problems",
         "event_location", "health_professional", "remedial_action", "number_devices_in_event",
         "number_patients_in_event", "device", "patient"}
DEVICE = {"device_sequence_number", "brand_name", "generic_name", "model_number", "catalog_number", "lot_number",
          "device_report_product_code", "manufacturer_d_name", "device_operator"}
PATIENT = {"patient_sequence_number", "sequence_number_outcome", "patient_sex", "patient_age"}


def case_of(day: date = date(2026, 11, 3), sex: str = "female", band: str = "45-64", lot: str = "L1",
            seriousness: tuple[str, ...] = ("hospitalised",), told_by: str = "physician") -> CaseReport:
    case = mdr_case()
    case = replace(case, reporter=replace(case.reporter, qualification=told_by))
    return replace(case, event=replace(case.event, began_on=PartialDate(day), seriousness=seriousness, place_kind="home"),
                   patient=replace(case.patient, sex=sex, age_band=band), lot=replace(case.lot, number=lot))


def quasi(record: Record) -> tuple[str, ...]:
    """What could tell somebody who it was."""
    device, patient = record["device"][0], record["patient"][0]  # type: ignore[index]
    return (device["brand_name"], str(record["event_type"]), "|".join(patient["sequence_number_outcome"]),
            str(record["date_of_event"]), device["lot_number"], patient.get("patient_sex", ""),
            patient.get("patient_age", ""), str(record["event_location"]), device["device_operator"],
            *(str(record[name]) for name in ("product_problems", "health_professional", "remedial_action")))


def test_alike_events_are_told_with_lot_month_and_band() -> None:
    found = public_events([case_of(date(2026, 11, day)) for day in range(1, 1 + LEAST)])
    assert len(found.results) == LEAST
    assert not found.is_suppressed
    record = found.results[0]
    assert (record["date_of_event"], record["event_type"], record["event_location"]) == ("202611", "Injury", "Home")
    assert record["patient"] == [{"patient_sequence_number": "1", "sequence_number_outcome": ["Hospitalization"],
                                  "patient_sex": "Female", "patient_age": "45-64"}]
    assert {one["device"][0]["lot_number"] for one in found.results} == {"L1"}  # type: ignore[index]


def test_fewer_than_five_alike_are_not_told_and_how_many_is_not_said() -> None:
    found = public_events([case_of()] * (LEAST - 1))
    assert (list(found.results), found.is_suppressed) == ([], True)
    assert b'"total": 0' in public_document(found, date(2026, 11, 29))


def test_what_stands_alone_is_told_less_exactly() -> None:
    lots = public_events([case_of(lot=f"L{number}") for number in range(LEAST)]).results
    assert {one["device"][0]["lot_number"] for one in lots} == {""}  # type: ignore[index]
    bands = public_events([case_of(lot=str(number), band=band) for number, band in enumerate("abcde")]).results
    assert all("patient_sex" not in one["patient"][0] for one in bands)  # type: ignore[index]
    told = public_events([case_of(told_by="consumer" if number else "physician") for number in range(LEAST)]).results
    assert {(one["health_professional"], one["date_of_event"]) for one in told} == {("", "202611")}
    months = public_events([case_of(date(2026, month, 1)) for month in range(1, 1 + LEAST)]).results
    assert {one["date_of_event"] for one in months} == {"2026"}


def test_a_rare_death_does_not_hide_among_injuries() -> None:
    found = public_events([*[case_of()] * 20, case_of(seriousness=("death",))])
    assert {one["event_type"] for one in found.results} == {"Injury"}
    assert found.is_suppressed


def test_nothing_says_who_and_only_openfdas_fields_are_used() -> None:
    text = public_document(public_events([case_of()] * 9), date(2026, 11, 29)).decode()
    for secret in ("Doe", "J.D.", "Ann", "Xiulan", "8f3a2c1d9e", "stuck", "Diabetes", "1961", "City Clinic", "20261103",
                   "3001234567-2026", "AE-2026"):
        assert secret not in text
    document = json.loads(text)
    assert document["meta"]["results"]["total"] == 9
    for record in document["results"]:
        assert set(record) <= EVENT
        assert set(record["device"][0]) <= DEVICE
        assert set(record["patient"][0]) <= PATIENT


def test_the_order_does_not_say_who_came_first() -> None:
    cases = [case_of(lot=lot, sex=sex) for lot in "ab" for sex in ("female", "male") for _ in range(LEAST)]
    assert public_events(cases).results == public_events(cases[::-1]).results


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(
    case_of, st.dates(date(2025, 11, 1), date(2026, 2, 28)), st.sampled_from(["female", "male", "unknown"]),
    st.sampled_from(["18-44", "45-64"]), st.sampled_from(["L1", "L2"]),
    st.sampled_from([(), ("death",), ("hospitalised",)]), st.sampled_from(["physician", "consumer"])), max_size=60))
def test_whatever_happened_every_cell_has_five(cases: list[CaseReport]) -> None:
    found = public_events(cases)
    assert all(count >= LEAST for count in Counter(map(quasi, found.results)).values())
    assert found.is_suppressed == (len(found.results) < len(cases))


def test_terms_are_told_by_their_english_names() -> None:
    terms = (CodedTerm("imdrf", "A010101", "生物相容性", "Biocompatibility"), CodedTerm("own", "leak", "渗漏", ""))
    case = case_of()
    found = public_events([replace(case, assessment=replace(case.assessment, problem_codes=terms))] * LEAST)
    assert found.results[0]["product_problems"] == ["Biocompatibility", "leak"]
