"""What contradicts itself in a report is found at its boundary, and what may still be true is let pass."""
from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2b_reports import accepted
from traceapp.export.e2b_r3.agreement import agreement_findings
from traceapp.export.e2b_r3.dates import span_of
from traceapp.export.e2b_r3.elements import elements
from traceapp.export.e2b_r3.model import Section, Value


def report_with(values: dict[str, str]) -> Section:
    """A report that agrees, with other values; `NULL:UNK` is no value, an empty text takes the element away."""
    batch = accepted()
    report = batch.each("N.2.r")[0]
    sections = {section.name: section for section in report.walk()}
    for element, text in values.items():
        home = elements()[element].section
        section = sections.get(home) or report.add(home)
        sections[home] = section
        section.values.pop(element, None)
        section.put(element, None if text.startswith("NULL:") else text, null=text[5:] if text.startswith("NULL:") else "")
    return batch


def found(values: dict[str, str]) -> dict[str, bool]:
    """What is found: whether it is an error by element and code."""
    return {f"{one.element} {one.code}": one.is_error for one in agreement_findings(report_with(values))}


BORN, DEAD = {"D.2.2a": "", "D.2.2b": ""}, {"E.i.7": "5", "E.i.3.2a": "true", "D.9.2.r.1b": "10040880"}
UNBORN = {**BORN, "D.2.3": "0"}
ORDER = [
    ({"C.1.4": "20240305", "C.1.5": "20240305"}, {}),
    ({"C.1.4": "20240306", "C.1.5": "20240305"}, {"C.1.5 before-other": True}),
    ({"C.1.4": "20240306000000+0800", "C.1.5": "20240305170000+0000"}, {}),
    ({"C.1.4": "20240306010001+0800", "C.1.5": "20240305170000+0000"}, {"C.1.5 before-other": True}),
    ({"E.i.4": "20240305"}, {}), ({"E.i.4": "20240306"}, {"E.i.4 after-other": True}),
    ({"E.i.4": "202403"}, {}), ({"E.i.4": "202404"}, {"E.i.4 after-other": True}),
    ({"E.i.4": "2024"}, {}), ({"E.i.4": "2025"}, {"E.i.4 after-other": True}), ({"E.i.4": "NULL:ASKU"}, {}),
    ({"E.i.4": "2024030523"}, {}),
    # A day that is told without its zone may have begun where it is earliest.
    ({"E.i.4": "20240306", "C.1.5": "20240305100001+0000"}, {}),
    ({"E.i.4": "20240306", "C.1.5": "20240305095959+0000"}, {"E.i.4 after-other": True}),
    ({"E.i.4": "20240305", "E.i.5": "20240304"}, {"E.i.5 before-other": False}),
    ({"E.i.5": "20240306"}, {"E.i.5 after-other": False}),
    ({"F.r.1": "20240306"}, {"F.r.1 after-other": False}), ({"F.r.1": "202403"}, {}),
    ({**BORN, "D.2.1": "20240301"}, {"E.i.4 before-other": True}), ({**BORN, "D.2.1": "20240229"}, {}),
    ({**BORN, "D.2.1": "20240302", "E.i.4": "202403"}, {"C.1.4 before-other": True}),
    ({**BORN, "D.2.1": "20240301", "E.i.4": "202403"}, {}),
    ({**UNBORN, "D.2.1": "20240302"}, {"E.i.4 before-other": False, "C.1.4 before-other": False}),
    ({**BORN, "D.10.1": "AB", "D.2.1": "20240301"}, {"E.i.4 before-other": False}),
    ({**BORN, "D.2.1": "NULL:MSK", "E.i.4": "1900"}, {}),
    ({**DEAD, "D.9.1": "20240305"}, {}), ({**DEAD, "D.9.1": "20240306"}, {"D.9.1 after-other": True}),
    ({**DEAD, "D.9.1": "202402"}, {}), ({**DEAD, "D.9.1": "202401"}, {"E.i.4 after-other": True}),
    ({**DEAD, **BORN, "D.2.1": "19500102", "D.9.1": "19500101", "E.i.4": "NULL:ASKU"}, {"D.9.1 before-other": True}),
    ({**DEAD, **BORN, "D.2.1": "19500102", "D.9.1": "1950", "E.i.4": "NULL:ASKU"}, {}),
    # A fault that was found on somebody who had died of something else.
    ({"D.9.1": "202401"}, {"E.i.4 after-other": False}),
]


@pytest.mark.parametrize(("values", "wanted"), ORDER, ids=str)
def test_dates_contradict_each_other_where_no_filling_of_their_parts_brings_them_in_order(
        values: dict[str, str], wanted: dict[str, bool]) -> None:
    assert found(values) == wanted


DEATHS = [
    ({"E.i.7": "5"}, {"E.i.3.2a fatal-without-death": True, "D.9.1 death-not-told": False,
                      "D.9.2.r.2 death-not-told": False}),
    (DEAD, {"D.9.1 death-not-told": False}), ({**DEAD, "D.9.1": "NULL:ASKU"}, {}), ({**DEAD, "D.9.1": "2024"}, {}),
    ({**DEAD, "D.9.1": "2024", "E.i.7": "1"}, {"E.i.7 death-without-fatal": True}),
    ({**DEAD, "D.9.1": "2024", "E.i.7": "4"}, {"E.i.7 death-without-fatal": True}),
    ({**DEAD, "D.9.1": "2024", "E.i.7": "0"}, {}), ({**DEAD, "D.9.1": "2024", "E.i.7": ""}, {}),
    ({"E.i.7": "4"}, {}),
    ({"D.9.3": "true"}, {"D.9.3 nobody-died": False}), ({"D.9.3": "false"}, {}), ({"D.9.3": "NULL:UNK"}, {}),
    ({"D.9.3": "true", "D.9.1": "NULL:ASKU"}, {}), ({"D.9.3": "true", "D.9.2.r.1b": "10040880"}, {}),
    ({"D.9.3": "true", "D.9.1": "2024", "D.9.4.r.1b": "10040880"}, {}),
    ({"D.9.3": "false", "D.9.1": "2024", "D.9.4.r.1b": "10040880"}, {"D.9.3 no-autopsy": True}),
    ({"D.9.3": "NULL:UNK", "D.9.1": "2024", "D.9.4.r.1b": "10040880"}, {"D.9.3 no-autopsy": False}),
]


@pytest.mark.parametrize(("values", "wanted"), DEATHS, ids=str)
def test_outcome_criterion_date_and_autopsy_tell_of_the_same_death(values: dict[str, str], wanted: dict[str, bool]) -> None:
    assert found(values) == wanted


@pytest.mark.parametrize("outcome", ["5", "1"])
def test_a_criterion_that_stands_at_another_reaction_of_the_case_warns_alone(outcome: str) -> None:
    batch = report_with({**DEAD, "D.9.1": "2024"})
    other = batch.each("N.2.r")[0].add("E.i")
    other.put("E.i.7", outcome)
    other.put("E.i.3.2a", None if outcome == "5" else "true", null="NI" if outcome == "5" else "")
    assert [(one.code, one.is_error) for one in agreement_findings(batch)] == [
        ("fatal-without-death" if outcome == "5" else "death-without-fatal", False)]


@pytest.mark.parametrize(("element", "unit", "most", "least_wrong"), [
    ("D.2.2a", "a", "150", "151"), ("D.2.2a", "10.a", "15", "16"), ("D.2.2a", "{decade}", "15", "15.1"),
    ("D.2.2a", "mo", "1800", "1801"), ("D.2.2a", "wk", "7826", "7827"), ("D.2.2a", "d", "54787", "54788"),
    ("D.2.2a", "h", "1314900", "1314901"), ("D.2.2a", "a", "0", "-1"), ("D.2.2a", "a", "1.5e2", "1e999"),
    ("D.10.2.2a", "a", "150", "151"), ("D.2.2.1a", "wk", "52", "53"), ("D.2.2.1a", "{trimester}", "3", "4"),
    ("G.k.6a", "mo", "12", "13"), ("G.k.6a", "d", "365", "366")])
def test_an_age_that_nobody_has_is_an_error_in_every_unit(element: str, unit: str, most: str, least_wrong: str) -> None:
    units = element[:-1] + "b"
    assert found({element: most, units: unit}) == {}
    assert found({element: least_wrong, units: unit}) == {f"{element} not-possible": True}


@pytest.mark.parametrize(("element", "most", "wrong"), [
    ("D.3", "1000", "1000.1"), ("D.3", "0.4", "0"), ("D.3", "61.5", "-61.5"), ("D.4", "300", "301"), ("D.10.4", "1000", "1001"),
    ("D.10.5", "300", "301")])
def test_a_weight_or_height_that_nobody_has_is_an_error(element: str, most: str, wrong: str) -> None:
    assert found({element: most}) == {}
    assert found({element: wrong}) == {f"{element} not-possible": True}


PATIENT = [
    ({"D.10.2.1": "1970", "D.10.2.2a": "50", "D.10.2.2b": "a"}, {"D.10.2.2a not-both": False}), ({"D.10.2.1": "1970"}, {}),
    ({"D.6": "2024", "D.5": "1"}, {"D.6 of-a-man": False}), ({"D.6": "2024", "D.5": "2"}, {}), ({"D.6": "NULL:ASKU", "D.5": "1"}, {}),
    ({"D.10.3": "2024", "D.10.6": "1"}, {"D.10.3 of-a-man": False}),
    ({"E.i.8": "false"}, {"E.i.8 needs-none": False}), ({"E.i.8": "true", "C.2.r.4": "5"}, {}),
    ({"E.i.8": "true", "C.2.r.4": "1"}, {"E.i.8 needs-none": False}), ({"E.i.8": "true", "C.2.r.5": ""}, {}),
]


@pytest.mark.parametrize(("values", "wanted"), PATIENT, ids=str)
def test_what_should_not_stand_together_warns(values: dict[str, str], wanted: dict[str, bool]) -> None:
    assert found(values) == wanted


@pytest.mark.parametrize(("age", "unit", "birth", "onset", "fits"), [
    ("40", "a", "19800101", "20200101", True), ("41", "a", "19800101", "20200101", True),
    ("42", "a", "19800101", "20200101", False), ("37", "a", "19800101", "20200101", False),
    ("38", "a", "19800101", "20191231", True), ("42", "a", "19800101", "2020", True),
    ("43", "a", "19800101", "2020", False), ("4", "10.a", "19800101", "20240101", True),
    ("3", "10.a", "19800101", "20240101", False), ("3", "mo", "20230101", "20230401", True),
    ("48", "a", "19800101", "NULL:UNK", True), ("48", "a", "NULL:MSK", "2020", True), ("48", "mg", "19800101", "2020", True)])
def test_an_age_fits_birth_and_onset_within_a_year(age: str, unit: str, birth: str, onset: str, fits: bool) -> None:
    wanted = {} if fits else {"D.2.2a age-and-birth": False}
    assert found({"D.2.2a": age, "D.2.2b": unit, "D.2.1": birth, "E.i.4": onset}) == wanted


def test_the_first_onset_of_several_counts_for_the_age() -> None:
    batch = report_with({"D.2.2a": "40", "D.2.2b": "a", "D.2.1": "19800101", "E.i.4": "2023"})
    batch.each("N.2.r")[0].add("E.i").put("E.i.4", "20200601")
    assert list(agreement_findings(batch)) == []


def test_a_finding_names_its_place_and_both_values() -> None:
    (one,) = agreement_findings(report_with({"C.1.4": "20240306", "C.1.5": "20240305"}))
    assert one.message == "It is 20240305, before C.1.4, which is 20240306 (N.2.r 1)."


@pytest.mark.parametrize("values", [
    {**BORN, "D.2.1": "19870605", "E.i.4": "1980"}, {"D.2.1": "19870605", "D.2.2a": "61"},
    {**BORN, "D.10.2.1": "19870605", "D.10.2.2a": "30", "D.10.2.2b": "a"}])
def test_no_finding_shows_on_which_day_somebody_was_born(values: dict[str, str]) -> None:
    said = [one.message for one in agreement_findings(report_with(values))]
    assert said and all("1987" in text and "198706" not in text for text in said)


def test_a_finding_says_that_more_of_the_birth_is_known_than_it_shows() -> None:
    (one,) = agreement_findings(report_with({**BORN, "D.2.1": "20240301"}))
    assert one.message == "It is 202402, before D.2.1, which is 2024… (N.2.r 1, E.i 1)."


def test_the_time_of_the_check_grows_with_the_reactions_and_not_with_their_square() -> None:
    """Asking each reaction about all others would take minutes here."""
    batch = report_with({"E.i.7": "5", "E.i.8": "true"})
    report = batch.each("N.2.r")[0]
    report.sections["E.i"] *= 20_000
    report.sections["C.2.r"] = [Section("C.2.r")] * 20_000 + report.each("C.2.r")
    begun = time.process_time()
    found = sum(one.code == "fatal-without-death" for one in agreement_findings(batch))
    assert (found, time.process_time() - begun < 10) == (20_000, True)


_DATES = st.one_of(
    st.from_regex(r"\d{4}((0[1-9]|1[0-2])([0-2]\d([01]\d([0-5]\d([0-5]\d(\.\d{1,3})?)?)?)?)?)?([+-]\d{4})?", fullmatch=True),
    st.sampled_from(["", "0000", "0001", "9999", "99991231235959-1200", "00010101000000+1400"]), st.text(max_size=20))
_TEXTS = st.one_of(_DATES, st.sampled_from(["5", "1", "true", "a", "10.a", "inf", "nan", "-1", "1e400"]))
_LOOKED_AT = sorted({"C.1.4", "C.1.5", "E.i.4", "E.i.5", "E.i.7", "E.i.3.2a", "D.2.1", "D.2.2a", "D.2.2b", "D.2.3", "D.9.1",
                     "D.9.3", "F.r.1", "G.k.4.r.4", "G.k.4.r.5", "G.k.6a", "G.k.6b"})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(_LOOKED_AT), _TEXTS))
def test_no_value_whatever_breaks_the_check(values: dict[str, str]) -> None:
    batch = accepted()
    for section in batch.walk():
        section.values |= {element: Value(text) for element, text in values.items()
                           if elements()[element].section == section.name}
    for finding in agreement_findings(batch):
        assert "%" not in finding.message or any("%" in text for text in values.values())


@pytest.mark.parametrize(("text", "days"), [
    ("2023", 365), ("2024", 366), ("202402", 29), ("202302", 28), ("202412", 31), ("20240229", 1), ("99991231", 1),
    ("20240131235959.123456+0000", 1 / 86_400), ("2024013123", 1 / 24), ("202401312359", 1 / 1_440)])
def test_a_date_means_all_that_its_parts_leave_open(text: str, days: float) -> None:
    span = span_of(text)
    assert span is not None and (span.end - span.start) == round(days * 86_400)


@pytest.mark.parametrize("text", ["", "20230229", "2024-01-01", "0000", "20240131235959.1234567+0000", "2" * 1_000_000],
                         ids=lambda text: text[:30])
def test_what_is_no_date_means_nothing(text: str) -> None:
    assert span_of(text) is None


@settings(deadline=None)
@given(_DATES, _DATES)
def test_of_two_dates_never_each_lies_after_the_other(first: str, second: str) -> None:
    one, two = span_of(first), span_of(second)
    if one is not None and two is not None:
        assert not (one.is_after(two) and two.is_after(one))
        assert not one.is_after(one)
