"""A masked case names nobody, in fields and in free text, in whatever form it is rendered."""
from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import openpyxl
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories_case_report import changed, cosmetic_case, device_case, drug_case, european_case
from traceapp.export.case_report import CaseReport, Organisation, Profile
from traceapp.export.forms import FORMS
from traceapp.export.masking import MASK, masked

FREE = ("event__narrative", "event__harm", "event__fault", "event__tests", "event__place_name", "use__process",
        "use__combined", "use__purpose", "patient__history", "patient__earlier_reactions", "assessment__cause",
        "assessment__measures", "assessment__investigation", "assessment__first_handling", "similar_basis",
        "assessment__preliminary_comments", "assessment__sender_comment", "head__reason", "reporter__occupation")
CHINESE = st.builds(str.__add__, st.sampled_from("郗亓仉佟雒"), st.text("翀昱骞曌璟", min_size=1, max_size=2))
LATIN = st.sampled_from(["Zdenka Vrbová", "Quilliam Oakhurst", "Bronwyn Llewellyn"])
NAMES = st.one_of(CHINESE, LATIN)
NUMBERS = st.from_regex(r"ZY[0-9]{6}-[0-9]{4}", fullmatch=True)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
EMAILS = st.from_regex(r"[a-z]{6}\.q[a-z]{5}@example\.(org|net)", fullmatch=True)


@st.composite
def told(draw: st.DrawFn) -> tuple[CaseReport, set[str]]:
    """A case in whose free texts persons are named, with everything that is personal in it."""
    case = draw(st.sampled_from([device_case(), drug_case(), cosmetic_case(), european_case()]))
    patient, reporter, contact = draw(NAMES), draw(NAMES), draw(NAMES)
    number, phone, email = draw(NUMBERS), draw(PHONES), draw(EMAILS)
    sender = replace(case.head.sender, contact_name=contact, phone=draw(PHONES), email=draw(EMAILS))
    case = changed(case, patient__name=patient, patient__record_number=number, reporter__name=reporter,
                   reporter__phone=phone, reporter__email=email, head__sender=sender, patient__ethnicity="纳西族",
                   product__holder=sender, product__manufacturer=sender)
    values = [patient, reporter, contact, number, phone, email, sender.phone, sender.email, "1958年4月12日"]
    for place in draw(st.lists(st.sampled_from(FREE), max_size=8)):
        value = draw(st.sampled_from(values))
        case = changed(case, **{place: f"患者说{value}来电，the person {value}, called"})
    return case, {*values, "纳西族", "1958-04-12"}


def words(form: str, fmt: str, case: CaseReport) -> str:
    """All text of a rendered form, without white space."""
    data = FORMS[form].render(case, fmt).data
    if fmt.startswith("pdf"):
        document = pypdfium2.PdfDocument(data)
        text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    elif fmt == "xlsx":
        text = "".join(str(cell.value) for sheet in openpyxl.load_workbook(BytesIO(data)) for row in sheet.iter_rows()
                       for cell in row if cell.value)
    else:
        text = data.decode()
    return re.sub(r"\s", "", text)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told(), st.sampled_from([(form.name, fmt) for form in FORMS.values() for fmt in form.formats]))
def test_no_personal_value_stands_in_any_masked_form(given_case: tuple[CaseReport, set[str]],
                                                     form: tuple[str, str]) -> None:
    case, values = given_case
    found = words(*form, masked(case))
    assert [value for value in values if re.sub(r"\s", "", value) in found] == []


@settings(max_examples=60, deadline=None)
@given(told())
def test_no_personal_value_stands_anywhere_in_a_masked_case(given_case: tuple[CaseReport, set[str]]) -> None:
    case, values = given_case
    found = repr(masked(case)) + "".join(map(str, (
        masked(case).patient.name, masked(case).reporter.name, masked(case).head.sender.email)))
    assert [value for value in values if value in found] == []


@pytest.mark.parametrize(("form", "fmt"), [("nmpa-device", "pdf"), ("mir", "xml"), ("csv", "csv")])
def test_a_case_that_is_only_called_masked_is_masked_by_the_form(form: str, fmt: str) -> None:
    case = changed(device_case(), profile=Profile.masked)
    found = words(form, fmt, case)
    assert "欧阳丽华" not in found
    assert "13900001234" not in found


def test_a_batch_hides_the_persons_of_a_masked_case_only() -> None:
    render = FORMS["nmpa-device"].render_many
    assert render is not None
    lines = render([device_case(), changed(device_case(), profile=Profile.masked)], "csv").data.decode().splitlines()
    assert ["欧阳丽华" in line for line in lines] == [False, True, False]


def test_what_is_no_person_stays_as_it_was() -> None:
    case, hidden = device_case(), masked(device_case())
    assert hidden.profile is Profile.masked
    assert (hidden.lot, hidden.product.registration_number) == (case.lot, case.product.registration_number)
    assert hidden.use.process == case.use.process
    assert (hidden.event.place_name, hidden.event.reactions) == (case.event.place_name, case.event.reactions)
    assert hidden.event.narrative == "患者[…]（住院号 […]）使用水胶体敷料 26 小时后局部红肿、起水疱，家属电话 […]。"
    assert (hidden.patient.name, hidden.patient.born_on, hidden.patient.age) == (MASK, None, case.patient.age)


def test_masking_twice_changes_nothing_more() -> None:
    once = masked(device_case())
    assert masked(once) == once


def test_what_is_not_known_is_not_marked_as_hidden() -> None:
    case = masked(changed(device_case(), patient__name="", reporter__phone="", patient__initials=""))
    assert (case.patient.name, case.reporter.phone, case.patient.initials) == ("", "", "")


@pytest.mark.parametrize(("text", "hidden"), [
    ("欧阳女士诉灼痛", "[…]诉灼痛"), ("欧阳 丽华来院", "[…]来院"), ("沈护士发现", "[…]发现"), ("OYLH 于 11 月入院", "[…] 于 11 月入院"),
    ("生于1958.4.12", "生于[…]"), ("1958 年 4 月的手术", "1958 年 4 月的手术"), ("批号 B26031501", "批号 B26031501"),
    ("0510 8270-1111", "[…]"), ("沈阳的医院", "沈阳的医院")])
def test_persons_of_the_case_are_found_in_other_ways_to_write_them(text: str, hidden: str) -> None:
    assert masked(changed(device_case(), event__narrative=text)).event.narrative == hidden


def test_a_private_reporter_has_no_organisation_left_and_a_home_no_address() -> None:
    home = Organisation(name_zh="王记小店", address="枫林路 9 弄 4 号 302 室")
    case = masked(changed(device_case(), reporter__qualification="consumer", reporter__organisation=home,
                          event__place_kind="home", event__place_name="枫林路 9 弄 4 号",
                          event__narrative="在枫林路 9 弄 4 号 302 室（王记小店）使用"))
    assert case.reporter.organisation == Organisation(name_zh=MASK, address=MASK)
    assert case.event.place_name == MASK
    assert "枫林路" not in case.event.narrative
    assert "王记" not in case.event.narrative
