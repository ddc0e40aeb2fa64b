"""FDA device reports: what the schema lets through and FDA would not."""
from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.factories_mdr import HEAD, LEAST, NOW, file_of
from tests.unit.test_emdr_message import FOLDER, HOSTILE, SAMPLES
from traceapp.export.emdr.check_dates import ORDER
from traceapp.export.emdr.checking import check_mdr
from traceapp.export.emdr.message import Batch, Mdr, write_batch
from traceapp.export.emdr.places import Nothing
from traceapp.export.emdr.table import codes, country_of, elements, whole_lists

SOURCES = Path(__file__).resolve().parents[2] / "traceapp" / "export"
SCHEMA = FOLDER if FOLDER.is_dir() else None
FOLLOWUP = {"G7": ("C53579",), "G7.number": ("1",), "H2": ("C53586",)}


def found(data: bytes, *, errors: bool = True) -> set[tuple[str, str]]:
    """Element and code of each error, or of each warning."""
    return {(one.element, one.code) for one in check_mdr(data, xsd_dir=SCHEMA, now=NOW)
            if one.is_error == errors and one.code != "schema-absent"}


def test_a_report_with_all_that_is_asked_has_no_findings() -> None:
    assert [one for one in check_mdr(file_of(), xsd_dir=SCHEMA, now=NOW) if one.code != "schema-absent"] == []


@pytest.mark.skipif(not SAMPLES, reason="../shared/conformance is not here")
def test_the_official_sample_is_not_refused_and_its_contradictions_are_named() -> None:
    data = SAMPLES[0].read_bytes()
    assert found(data) == set()
    assert {("B2", "death"), ("B3", "date-order"), ("G4", "date-order")} == found(data, errors=False)


MUTATIONS: dict[str, tuple[Mapping[str, tuple[str, ...]], tuple[str, str]]] = {
    "no narrative": ({"B5": ()}, ("B5", "required")),
    "no product code": ({"D2.code": ()}, ("D2", "required")),
    "no device name": ({"D2.name": ()}, ("D2", "required")),
    "no report number": ({"G9": ()}, ("G9", "required")),
    "no occupation": ({"E3": ()}, ("E3", "required")),
    "no problem code": ({"H6.device": ()}, ("H6", "problem-code")),
    "report number without its sequence": ({"G9": ("1234567-2026",)}, ("G9", "report-number")),
    "report number of nine digits": ({"G9": ("123456789-2026-00001",)}, ("G9", "report-number")),
    "product code of two letters": ({"D2.code": ("NA",)}, ("D2", "product-code")),
    "kind of event from nowhere": ({"B1": ("C99999",)}, ("B1", "code")),
    "outcome from nowhere": ({"B2": ("C12345",)}, ("B2", "code")),
    "sex in place of the type of report": ({"G7": ("C20197",)}, ("G7", "code")),
    "occupation from nowhere": ({"E3": ("C99999",)}, ("E3", "code")),
    "death as an occupation": ({"E3": ("C28554",)}, ("E3", "code")),
    "problem code in words": ({"H6.device": ("broken",)}, ("H6", "code")),
    "patient's IMDRF code as the device's": ({"H6.device": ("E0101",)}, ("H6", "code")),
    "long brand": ({"D1": ("x" * 81,)}, ("D1", "too-long")),
    "long lot": ({"D4.lot": ("x" * 31,)}, ("D4", "too-long")),
    "long UDI": ({"D4.udi": ("x" * 151,)}, ("D4", "too-long")),
    "long narrative": ({"B5": ("x" * 32_766,)}, ("B5", "too-long")),
    "long patient identifier": ({"A1": ("x" * 11,)}, ("A1", "too-long")),
    "event in 2099": ({"B3": ("20990101",), "G4": ("20990102",), "B4": ("20990103",)}, ("B3", "future")),
    "report tomorrow but one": ({"B4": ("20261201",)}, ("B4", "future")),
    "the thirty-first of February": ({"B3": ("20260231",)}, ("B3", "date")),
    "an expiry in 2099": ({"D4.expiry": ("20990101",)}, ("D4", "expiry")),
    "event after awareness": ({"B3": ("20261111",)}, ("B3", "date-order")),
    "born after the event": ({"A2.birth": ("20261120",)}, ("A2", "date-order")),
    "follow-up that does not say which": ({**FOLLOWUP, "G7.number": ()}, ("G7", "followup-number")),
    "follow-up number nought": ({**FOLLOWUP, "G7.number": ("0",)}, ("G7", "followup-number")),
    "follow-up without its type": ({**FOLLOWUP, "H2": ()}, ("H2", "followup-type")),
    "follow-up without the number of the report": ({**FOLLOWUP, "G9": ()}, ("G9", "followup-of")),
    "follow-up number in another script's digits that are none": ({**FOLLOWUP, "G7.number": ("²",)},
                                                                  ("G7", "followup-number")),
    "follow-up number without end": ({**FOLLOWUP, "G7.number": ("9" * 5000,)}, ("G7", "followup-number")),
    "death that is called a malfunction": ({"B2": ("C28554",), "H1": ("C25745",)}, ("H1", "death")),
    "date of death without a death": ({"B2.death": ("20261104",)}, ("B2", "death")),
    "death that is called a problem alone": ({"B1": ("C53054",), "B2": ("C28554",)}, ("B1", "event-kind")),
    "age without a unit": ({"A2.age": ("65",)}, ("A2", "unit")),
    "age in words": ({"A2.age": ("old",), "A2.age_unit": ("YR",)}, ("A2", "number")),
}
# These the schema refuses too; the rules have to find them without it.
NOT_VALID = {"age in words"}


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_the_schema_lets_through_is_refused(name: str) -> None:
    changes, expected = MUTATIONS[name]
    errors = {(one.element, one.code) for one in check_mdr(file_of(changes), xsd_dir=None, now=NOW) if one.is_error}
    assert expected in errors
    if SCHEMA is not None and name not in NOT_VALID:
        assert "schema" not in {code for _, code in found(file_of(changes))}


@pytest.mark.skipif(SCHEMA is None, reason="../shared/conformance is not here")
def test_the_schema_names_the_element_that_it_refuses() -> None:
    faulty = file_of().replace(b"<statusCode/>", b"<status/>")
    element = next(one.element for one in check_mdr(faulty, xsd_dir=SCHEMA, now=NOW) if one.code == "schema")
    assert element == "message/controlActProcess/subject/investigationEvent/status"


def test_without_the_schema_a_warning_says_so_and_the_rest_is_checked(tmp_path: Path) -> None:
    for folder in (None, tmp_path, tmp_path / "nowhere"):
        findings = check_mdr(file_of({"B5": ()}), xsd_dir=folder, now=NOW)
        assert [(one.code, one.is_error) for one in findings] == [("schema-absent", False), ("required", True)]


def test_a_broken_schema_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "Con170227.xsd").write_text("<xs:schema/>")
    assert [one.code for one in check_mdr(file_of(), xsd_dir=tmp_path, now=NOW)] == ["schema-broken"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_read_gets_one_finding(name: str) -> None:
    findings = check_mdr(HOSTILE[name], xsd_dir=SCHEMA, now=NOW)
    assert len(findings) == 1
    assert findings[0].is_error
    assert findings[0].message


def test_a_null_value_is_no_answer_and_others_than_three_are_refused() -> None:
    def checked(flavour: str) -> set[tuple[str, str]]:
        report = Mdr.of({**LEAST, "B5": (), "D2.code": (Nothing(flavour),)})
        return found(write_batch(Batch.of(HEAD, [report])))

    assert checked("NI") == {("B5", "required"), ("D2", "required")}
    assert ("D2", "null-value") in checked("UNK")


def test_a_follow_up_and_a_death_as_they_should_be_have_no_errors() -> None:
    assert found(file_of(FOLLOWUP)) == set()
    assert found(file_of({"B2": ("C28554",), "H1": ("C28554",), "B2.death": ("20261104",)})) == set()


def test_what_does_not_fit_together_without_being_impossible_is_a_warning() -> None:
    for changes, expected in (({"G7.number": ("2",)}, ("G7", "not-followup")), ({"B1": ("C53054",)}, ("B1", "event-kind")),
                              ({"D5": ("C17649",)}, ("D5", "other-words")), ({"H7": ("C53609",)}, ("H9", "removal-number"))):
        assert expected in found(file_of(changes), errors=False)
        assert found(file_of(changes)) == set()


def test_a_facility_reports_under_its_own_number() -> None:
    facility = {"message.author": ("C53567",), "F2": ("1234567890-2026-0003",), "G9": ()}
    assert found(file_of(facility)) == set()
    assert ("G9", "required") in found(file_of({"F2": ("1234567890-2026-0003",), "G9": ()}))


def test_a_code_that_we_do_not_know_where_our_list_is_not_whole_is_a_warning() -> None:
    assert ("F12", "code-unknown") in found(file_of({"F12": ("C51282",)}), errors=False)
    assert found(file_of({"F12": ("C51282",)})) == set()
    assert ("H6", "imdrf-code") in found(file_of({"H6.device": ("A010101",)}), errors=False)


def test_a_partial_date_is_compared_as_far_as_it_goes() -> None:
    assert found(file_of({"B3": ("202611",)})) == set()
    assert ("B3", "date-part") in found(file_of({"B3": ("202611",)}), errors=False)
    assert ("B3", "date-order") in found(file_of({"B3": ("202612",), "B4": ()}))


@pytest.mark.parametrize(("age", "unit", "birth", "event", "fits"), [
    ("40", "YR", "19861103", "20261103", True), ("41", "YR", "19861103", "20261103", True),
    ("42", "YR", "19861103", "20261103", False), ("37", "YR", "19861103", "20261103", False),
    ("42", "YR", "19860101", "2026", True), ("43", "YR", "19860101", "2026", False), ("42", "YR", "1985", "202611", True),
    ("480", "MO", "19861103", "20261103", True), ("40", "MO", "19861103", "20261103", False),
    ("40", "xx", "2020", "20261103", True), ("40", "YR", "", "20261103", True), ("40", "YR", "1900", "", True)])
def test_an_age_fits_birth_and_event_within_a_year(age: str, unit: str, birth: str, event: str, fits: bool) -> None:
    told = file_of({name: (text,) if text else () for name, text in {
        "A2.age": age, "A2.age_unit": unit, "A2.birth": birth, "B3": event}.items()})
    assert (("A2", "age-birth") not in found(told, errors=False)) is fits
    assert ("A2", "age-birth") not in found(told)


def test_a_finding_about_an_age_shows_the_year_of_birth_alone() -> None:
    data = file_of({"A2.age": ("80",), "A2.age_unit": ("YR",), "A2.birth": ("19870605",)})
    (said,) = [one.message for one in check_mdr(data, xsd_dir=SCHEMA, now=NOW) if one.code == "age-birth"]
    assert said == "The age 80 YR does not fit the birth in 1987 and the event on 20261103."


@pytest.mark.parametrize(("age", "unit", "possible"), [
    ("150", "YR", True), ("151", "YR", False), ("1800", "MO", True), ("1801", "MO", False), ("7826", "WK", True),
    ("7827", "WK", False), ("54787", "DY", True), ("54788", "DY", False)])
def test_an_age_that_nobody_has_is_refused(age: str, unit: str, possible: bool) -> None:
    assert (("A2", "age") not in found(file_of({"A2.age": (age,), "A2.age_unit": (unit,)}))) is possible


def test_a_batch_that_counts_wrongly_or_holds_a_report_twice_is_refused() -> None:
    twice = write_batch(Batch.of(HEAD, [Mdr.of(LEAST), Mdr.of(LEAST)]))
    assert ("G9", "duplicate") in found(twice)
    assert ("batch.total", "batch-total") in found(file_of().replace(b'Number value="1"', b'Number value="2"'))


def test_the_finding_says_which_report_of_the_batch_it_is_about() -> None:
    other = {**LEAST, "G9": ("1234567-2026-00043",), "B5": ()}
    assert found(write_batch(Batch.of(HEAD, [Mdr.of(LEAST), Mdr.of(other)]))) == {("2/B5", "required")}


def test_a_wrong_question_code_is_refused() -> None:
    changed = file_of({"A2.age": ("3",), "A2.age_unit": ("YR",)}).replace(b'"C25150"', b'"C99999"')
    assert "code" in {code for _, code in found(changed)}
    newer = file_of().replace(b"</procedureEvent>", b'<approval><code code="NDA"/></approval></procedureEvent>')
    assert [one.code for one in check_mdr(newer, xsd_dir=None, now=NOW)] == ["schema-absent", "not-read"]


@pytest.mark.parametrize("content", ["%%%", "照片", "QUJD=QUJD"])
def test_an_attachment_that_cannot_be_opened_is_named(content: str) -> None:
    holder = f'<attachment><id nullFlavor="NA"/><text representation="B64">{content}</text></attachment>'
    broken = file_of().replace(b"<controlActProcess", holder.encode() + b"<controlActProcess", 1)
    assert found(broken) == {("", "attachment")}


def test_chinese_text_is_named_because_fda_reads_english() -> None:
    assert ("B5", "language") in found(file_of({"B5": ("敷料粘连伤口。",)}), errors=False)


def test_the_table_is_consistent() -> None:
    assert {one.code_list for one in elements().values() if one.kind == "code"} <= set(codes())
    assert whole_lists() <= set(codes())
    assert len({(one.id.startswith("batch."), one.place) for one in elements().values()}) == len(elements())
    assert (country_of("CN"), country_of("us"), country_of("World")) == ("CHN", "USA", "World")


def finding_texts(folder: Path) -> set[str]:
    """The message of every finding that the modules of a folder make."""
    texts = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding" and len(node.args) > 2 \
                    and isinstance(node.args[2], ast.Constant):
                texts.add(node.args[2].value)
    return texts | {text for *_, text in ORDER}


def test_every_finding_has_its_chinese_with_the_same_places() -> None:
    catalogue = SOURCES.parent / "web" / "translations" / "zh" / "emdr.po"
    with catalogue.open("rb") as file:
        known = {message.id: message.string for message in read_po(file, locale="zh")}
    texts = finding_texts(SOURCES / "emdr")
    assert len(texts) > 40
    assert {text for text in texts if not known.get(text)} == set()
    places = re.compile(r"%\((\w+)\)[sd]")
    assert {text for text in texts if set(places.findall(text)) != set(places.findall(known[text]))} == set()


def test_a_finding_speaks_with_its_values() -> None:
    texts = {one.message for one in check_mdr(file_of({"D4.lot": ("x" * 31,)}), xsd_dir=None, now=NOW)}
    assert "This has 31 characters; FDA takes 30." in texts


_JUNK = ["", "²", "٣", "9" * 5000, "-1", "1e9999", "20261399", "C", "x" * 40_000, "\u2028", "MSK", "%", "mailto:", "照片",
         "202611310000+2500"]


@settings(max_examples=60, deadline=None, phases=(Phase.generate,))
@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["value", "text", "away", "twice"]),
                          st.sampled_from(_JUNK)), min_size=1, max_size=12))
def test_however_a_file_is_spoilt_the_check_answers(changes: list[tuple[int, str, str]]) -> None:
    root = etree.fromstring(file_of({**FOLLOWUP, "A2.age": ("3",), "A2.age_unit": ("YR",), "D4.expiry": ("20300101",)}))
    for place, act, junk in changes:
        nodes = list(root.iter())
        node = nodes[place % len(nodes)]
        if act == "text":
            node.text = junk
        elif act == "value" and node.attrib:
            node.set(sorted(node.attrib)[place % len(node.attrib)], junk)
        elif act == "away" and node is not root:
            node.getparent().remove(node)
        elif act == "twice" and node is not root:
            node.getparent().append(copy.deepcopy(node))
    assert all(one.message for one in check_mdr(etree.tostring(root), xsd_dir=None, now=NOW))
