"""FDA device reports: reading keeps everything, writing is what the schema allows."""
from __future__ import annotations

import base64
import re
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.factories_mdr import HEAD, LEAST, NOW, file_of
from traceapp.core.errors import InvalidInput
from traceapp.export.emdr.checking import check_mdr
from traceapp.export.emdr.message import Attachment, Batch, Mdr, read_batch, write_batch
from traceapp.export.emdr.places import Nothing, Value
from traceapp.export.emdr.schema import schema_findings, schema_path
from traceapp.export.emdr.table import codes, elements
from traceapp.export.emdr.tree import MAX_BYTES

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr" / "emdr"
SAMPLES = sorted(FOLDER.glob("*.xml"))
HOSTILE = {
    "entity bomb": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    "outside entity": b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r>&a;</r>',
    "outside document type": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r/>',
    "not XML": b"Form 3500A", "empty": b"", "cut off": b'<PORR_IN040001UV01 xmlns="urn:hl7-org:v3"><id',
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><a/>',
    "wrong encoding": b'<?xml version="1.0" encoding="UTF-8"?><a>\xff\xfe\xfa</a>',
    "another root": b'<MCCI_IN200100UV01 xmlns="urn:hl7-org:v3"/>',
    "the root without its namespace": b"<PORR_IN040001UV01/>",
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
}


def samples() -> list[Any]:
    return list(SAMPLES) or [pytest.param(Path(), marks=pytest.mark.skip("../shared/conformance is not here"))]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    path = schema_path(FOLDER, "")
    if path is None:
        pytest.skip("../shared/conformance is not here")
    return etree.XMLSchema(etree.parse(str(path)))


def leaves(data: bytes) -> Counter[tuple[str, str, str]]:
    """Every attribute and every text of a file with the names on the way to it, read by the library alone."""
    found: Counter[tuple[str, str, str]] = Counter()
    for element in etree.fromstring(data).iter(etree.Element):
        path = "/".join([etree.QName(one).localname for one in reversed(list(element.iterancestors()))]
                        + [etree.QName(element).localname])
        for name, value in element.attrib.items():
            found[path, name, value] += 1
        if element.text and element.text.strip():
            found[path, "", element.text] += 1
        found[path, "element", ""] += 1
    return found


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_an_official_sample_is_written_again_with_every_datum_and_validates(path: Path,
                                                                            schema: etree.XMLSchema) -> None:
    data = path.read_bytes()
    again = write_batch(read_batch(data))
    assert leaves(again) == leaves(data)
    schema.assertValid(etree.fromstring(again))


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_an_official_sample_built_anew_from_its_values_says_the_same_and_validates(path: Path,
                                                                                   schema: etree.XMLSchema) -> None:
    batch = read_batch(path.read_bytes())
    built = Batch.of(batch.head(), [Mdr.of(one.values(), one.attachments()) for one in batch.reports])
    again = read_batch(write_batch(built))
    schema.assertValid(etree.fromstring(write_batch(built)))
    assert again.head() == batch.head()
    for before, after in zip(batch.reports, again.reports, strict=True):
        assert after.values() == before.values()
        assert after.attachments() == before.attachments()


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_every_datum_of_an_official_sample_has_its_box(path: Path) -> None:
    assert [list(report.unread()) for report in read_batch(path.read_bytes()).reports] == [[]]


def test_what_the_form_has_no_box_for_is_kept_and_named() -> None:
    strange = file_of({"A1": ("P1",)}).replace(b"</subjectAffectedPerson>", b'<quirk code="Q7">why</quirk></subjectAffectedPerson>')
    batch = read_batch(strange)
    assert [value for _, value in batch.reports[0].unread()] == ["Q7", "why"]
    assert leaves(write_batch(batch)) == leaves(strange)


def test_a_second_device_is_kept() -> None:
    data = file_of()
    block = re.search(rb"<pertainsTo>.*</pertainsTo>", data, re.DOTALL)
    assert block is not None
    double = data.replace(block[0], block[0] + block[0].replace(b"Softheal", b"Hardheal"))
    assert leaves(write_batch(read_batch(double))) == leaves(double)
    assert "Hardheal" in [value for _, value in read_batch(double).reports[0].unread()]


def test_the_hl7_version_can_be_the_one_of_the_newer_package() -> None:
    data = write_batch(read_batch(file_of()), "V3NORMED_2016")
    assert read_batch(data).head()["batch.version"] == "V3NORMED_2016"
    assert read_batch(data).reports == read_batch(file_of()).reports


def test_prefixes_and_other_encodings_say_the_same() -> None:
    root = etree.fromstring(file_of({"B5": ("Verband löste sich nicht",)}))
    text = etree.tostring(root, encoding="unicode").replace('xmlns="urn:hl7-org:v3"', 'xmlns:h="urn:hl7-org:v3"')
    text = re.sub(r"<(/?)(?=[A-Za-z])", r"<\1h:", text).replace('type="CE"', 'type="h:CE"')
    plain = read_batch(file_of({"B5": ("Verband löste sich nicht",)}))
    assert read_batch(text.encode("utf-8")) == plain
    for encoding in ("utf-16", "iso-8859-1"):
        assert read_batch(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)) == plain


def test_a_type_of_another_namespace_is_refused() -> None:
    data = file_of().replace(b'xsi:type="CE"', b'xmlns:o="urn:other" xsi:type="o:CE"')
    with pytest.raises(InvalidInput) as caught:
        read_batch(data)
    assert caught.value.code == "unknown-type"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        read_batch(HOSTILE[name])


def test_a_gigabyte_is_refused_without_a_tree_of_it() -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for data in (memoryview(bytearray(MAX_BYTES + 1)), b"<a/>" * (MAX_BYTES // 5), b'<a b="" c="" d=""/>' * 3_000_000):
        with pytest.raises(InvalidInput) as caught:
            read_batch(bytes(data))
        assert caught.value.code == "too-large"
    assert time.process_time() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


_HEAD = '<PORR_IN040001UV01 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_BLOCK = ('<subjectOf><deviceObservation><code code="C53982"/><value code="bad"/></deviceObservation></subjectOf>')
_AROUND = ("message", "controlActProcess", "subject", "investigationEvent", "pertainsTo", "procedureEvent", "device",
           "identifiedDevice")
CROWDED = {
    "attributes": _HEAD + "".join(f' a{number}=""' for number in range(140_000)) + "/>",
    "namespaces": _HEAD + "".join(f' xmlns:n{number}="urn:hl7-org:v3"' for number in range(30_000)) + ">"
    + '<a xsi:type="n7:CE"/>' * 30_000 + "</PORR_IN040001UV01>",
    "reports": _HEAD + ">" + "<message/>" * 40_000 + "</PORR_IN040001UV01>",
    "blocks": _HEAD + ">" + "".join(f"<{one}>" for one in _AROUND) + _BLOCK * 8_000
    + "".join(f"</{one}>" for one in reversed(_AROUND)) + "</PORR_IN040001UV01>",
    "dates": _HEAD + "><message>" + '<effectiveTime value="2099"/>' * 30_000 + "</message></PORR_IN040001UV01>",
}


@pytest.mark.parametrize(("name", "encoding"), [*((name, "utf-8") for name in CROWDED), ("attributes", "utf-16"),
                                                ("namespaces", "utf-16")])
def test_a_crowded_file_is_checked_or_refused_in_bounded_time(name: str, encoding: str) -> None:
    began = time.process_time()
    found = check_mdr(CROWDED[name].encode(encoding), xsd_dir=None, now=NOW)
    assert time.process_time() - began < 10
    assert any(one.is_error for one in found)
    assert len(found) < 2000


def test_a_text_as_long_as_a_book_is_bounded() -> None:
    long = file_of().replace(b"stuck to the wound", b"x" * 11_000_000)
    began = time.process_time()
    with pytest.raises(InvalidInput):
        read_batch(long)
    assert time.process_time() - began < 5


def test_an_attachment_comes_back_byte_for_byte(schema: etree.XMLSchema) -> None:
    photo = Attachment("photo.jpg", bytes(range(256)) * 40, "image/jpeg")
    data = write_batch(Batch.of(HEAD, [Mdr.of(LEAST, [photo, Attachment("a.pdf", b"%PDF")])]))
    assert read_batch(data).reports[0].attachments() == (photo, Attachment("a.pdf", b"%PDF"))
    assert base64.b64encode(b"%PDF") in data
    schema.assertValid(etree.fromstring(data))


def test_several_reports_in_a_batch_are_numbered() -> None:
    batch = Batch.of(HEAD, [Mdr.of(LEAST), Mdr.of({**LEAST, "G9": ("1234567-2026-00043",)})])
    assert [one.text("message.id") for one in read_batch(write_batch(batch)).reports] == ["1", "2"]
    assert batch.head()["batch.total"] == "2"


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
                min_size=1, max_size=30)


def _value(element_id: str) -> st.SearchStrategy[Value]:
    element = elements()[element_id]
    if element.code_list in codes():
        return st.sampled_from(sorted(codes()[element.code_list]))
    plain: st.SearchStrategy[Value] = {
        "date": st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8)), "expiry": st.just("20301231"),
        "bool": st.sampled_from(["true", "false"]), "negated": st.sampled_from(["true", "false"]),
        "number": st.integers(0, 10**6).map(str), "fda_code": st.integers(1, 9999).map(str)}.get(
            element.kind, st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True) if "@" in element.place else _TEXT)
    has_null = not element.place.endswith(("text()", "@unit")) and element.kind != "phone"
    return plain if not has_null else plain | st.sampled_from(
        [Nothing("NI"), Nothing("NA"), Nothing("ASKU")])


@st.composite
def reports(draw: st.DrawFn) -> dict[str, tuple[Value, ...]]:
    ours = [one for one in elements() if not one.startswith("batch.") and one != "message.id"]
    chosen = draw(st.sets(st.sampled_from(ours), min_size=1))
    return {key: tuple(draw(st.lists(_value(key), min_size=1, max_size=_most(key))))
            for key in elements() if key in chosen}


def _most(key: str) -> int:
    return 2 if key == "B1" else 3 if "*" in elements()[key].place else 1


@settings(max_examples=60, deadline=None)
@given(reports())
def test_what_is_written_is_read_again_and_the_schema_allows_it(values: dict[str, tuple[Value, ...]]) -> None:
    data = write_batch(Batch.of(HEAD, [Mdr.of(values)]))
    read = read_batch(data).reports[0]
    assert {key: tuple(one for one in read.get(key) if one) for key in values} == values
    extra = {key: given for key, given in read.values().items() if key not in values and key != "message.id"}
    assert all(isinstance(one, Nothing) for given in extra.values() for one in given), extra
    path = schema_path(FOLDER, "")
    if path is not None:
        assert not [one for one in schema_findings(etree.fromstring(data), "", FOLDER)], data
