"""E2B(R3) messages are read and written back with nothing lost."""
from __future__ import annotations

import io
import tracemalloc
from collections import Counter
from copy import deepcopy
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.e2b_reports import filled
from traceapp.core.errors import InvalidInput, Problem, TooLarge
from traceapp.export.e2b_r3 import reader, xml_input
from traceapp.export.e2b_r3.elements import elements
from traceapp.export.e2b_r3.layout import plans
from traceapp.export.e2b_r3.model import Section, new_batch, reports
from traceapp.export.e2b_r3.reader import read_batch
from traceapp.export.e2b_r3.references import APART, ROLE
from traceapp.export.e2b_r3.schema import schema_findings
from traceapp.export.e2b_r3.writer import write_batch

SET = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr" / "e2b-r3"
SAMPLES = sorted((SET / "samples").glob("*.xml"))
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
BATCH = "MCCI_IN200100UV01.xsd"
MISSING = pytest.mark.skip("../shared/conformance is not here")
needs_set = pytest.mark.skipif(not SAMPLES, reason="../shared/conformance is not here")
every_sample = pytest.mark.parametrize("path", SAMPLES or [pytest.param(Path(), marks=MISSING)], ids=lambda path: path.stem)


def leaves(data: bytes) -> Counter[tuple[str, str, str]]:
    """Every attribute and every text of a document with its path of names, read by nothing of ours."""
    found: Counter[tuple[str, str, str]] = Counter()
    for element in etree.fromstring(data, etree.XMLParser(remove_comments=True, huge_tree=True)).iter():
        names = [etree.QName(part).localname for part in (element, *element.iterancestors())]
        path = "/".join(reversed(names))
        found.update((path, str(name), str(value)) for name, value in element.attrib.items())
        if element.text and element.text.strip():
            found[path, "", element.text.strip()] += 1
    return found


def invalid(data: bytes) -> list[str]:
    return [finding.message for finding in schema_findings(etree.fromstring(data), SET / "xsd", BATCH, "")]


@every_sample
def test_a_published_report_comes_back_with_every_value_and_valid(path: Path) -> None:
    again = write_batch(read_batch(path.read_bytes()))
    assert leaves(again) == leaves(path.read_bytes())
    assert invalid(again) == []


@every_sample
def test_what_was_written_once_is_written_the_same_the_second_time(path: Path) -> None:
    once = write_batch(read_batch(path.read_bytes()))
    assert write_batch(read_batch(once)) == once


@needs_set
def test_every_element_of_the_table_has_a_place_that_the_schema_allows() -> None:
    data = write_batch(filled())
    assert invalid(data) == []
    assert read_batch(data) == filled()


def test_every_element_is_in_the_layout_or_known_to_have_no_place() -> None:
    placed = {element for plan in plans().values() for element, _ in plan.values}
    assert placed - set(elements()) == set()
    assert {element for element, row in elements().items() if not row.section} == set(elements()) - placed


@needs_set
def test_a_prefix_for_the_namespace_changes_nothing() -> None:
    root = etree.fromstring(SAMPLES[1].read_bytes(), etree.XMLParser(remove_comments=True))
    prefixed = etree.Element(root.tag, dict(root.attrib), nsmap={"h": "urn:hl7-org:v3", "xsi": root.nsmap["xsi"]})
    prefixed.extend(list(root))
    for element in prefixed.iter("{*}value", "{*}effectiveTime"):
        if element.get(TYPE):
            element.set(TYPE, f"h:{element.get(TYPE)}")
    etree.cleanup_namespaces(prefixed)
    again = write_batch(read_batch(etree.tostring(prefixed)))
    assert leaves(again) == leaves(SAMPLES[1].read_bytes())
    assert invalid(again) == []


@needs_set
def test_a_batch_of_several_reports_keeps_them_apart() -> None:
    batch = read_batch(SAMPLES[0].read_bytes())
    second = read_batch(SAMPLES[1].read_bytes())
    batch.sections["N.2.r"] += reports(second)
    data = write_batch(batch)
    assert invalid(data) == []
    assert [report.text("C.1.1") for report in reports(read_batch(data))] == [
        reports(batch)[0].text("C.1.1"), reports(second)[0].text("C.1.1")]


def message(body: str, prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return (f'{prolog}<MCCI_IN200100UV01 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'ITSVersion="XML_1.0">{body}</MCCI_IN200100UV01>').encode()


@pytest.mark.parametrize("body", [
    '<id extension="B" root="1.2.3" displayable="true"/>',
    '<name code="1" codeSystem="other" displayName="x"><originalText>own</originalText></name>',
    "<batchComment>first</batchComment><batchComment>second</batchComment>",
    '<PORR_IN049017UV><id extension="x"/><attentionLine><value>8</value></attentionLine></PORR_IN049017UV>',
    '<creationTime value="20240101"/><creationTime value="20240102"/>',
    '<PORR_IN049016UV><id/><controlActProcess><text>odd</text></controlActProcess></PORR_IN049016UV>',
    '<name xmlns="urn:other">foreign</name>',
])
def test_what_nobody_knows_is_kept(body: str) -> None:
    batch = read_batch(message(body))
    assert leaves(message(body)) - leaves(write_batch(batch)) == Counter()
    assert read_batch(write_batch(batch)) == batch


NAMES = ("observation", "value", "code", "id", "name", "low", "component")
ATTRIBUTES = ("code", "value", "codeSystem", "displayName", "root", "nullFlavor", "classCode", "mediaType")


def disturb(root: Any, chance: Random) -> None:
    """Do one thing to one element: double it, drop it, rename it, move it, give it text or an attribute."""
    element = chance.choice([one for one in root.iter() if one is not root])
    act = chance.choice(("double", "drop", "rename", "move", "text", "attribute", "null"))
    if act == "double":
        element.addnext(deepcopy(element))
    elif act == "drop":
        element.getparent().remove(element)
    elif act == "rename":
        element.tag = f"{{urn:hl7-org:v3}}{chance.choice(NAMES)}"
    elif act == "move":
        target = chance.choice([one for one in root.iter() if one is not element and element not in one.iterancestors()])
        target.append(element)
    elif act == "text":
        element.text = "said"
    else:
        if act == "null":
            element.attrib.clear()
        element.set("nullFlavor" if act == "null" else chance.choice(ATTRIBUTES), chance.choice(("NI", "1", "")))


@pytest.mark.parametrize("seed", range(40))
def test_a_message_that_was_disturbed_loses_nothing(seed: int) -> None:
    chance = Random(seed)
    root = etree.fromstring(write_batch(filled()))
    for _ in range(5):
        disturb(root, chance)
    data = etree.tostring(root)
    assert leaves(data) - leaves(write_batch(read_batch(data))) == Counter()


def test_an_attribute_that_no_table_knows_is_kept_or_refused() -> None:
    data = message('<name code="1" xml:lang="de" xsi:nil="false"/>')
    assert leaves(data) - leaves(write_batch(read_batch(data))) == Counter()
    with pytest.raises(InvalidInput) as refused:
        read_batch(message('<name code="1" xmlns:o="urn:other" o:colour="red"/>'))
    assert (refused.value.code, refused.value.place) == ("foreign-attribute", "line 1: name")


def test_a_telephone_or_address_that_is_not_told_keeps_which_it_is() -> None:
    body = ('<PORR_IN049016UV><controlActProcess><subject><investigationEvent><outboundRelationship><relatedInvestigation>'
            '<code code="2" codeSystem="2.16.840.1.113883.3.989.2.1.1.22"/><subjectOf2><controlActEvent><author>'
            '<assignedEntity><telecom nullFlavor="NASK" value="mailto"/><telecom value="tel:+49"/></assignedEntity></author>'
            '</controlActEvent></subjectOf2></relatedInvestigation></outboundRelationship></investigationEvent></subject>'
            '</controlActProcess></PORR_IN049016UV>')
    batch = read_batch(message(body))
    reporter, = reports(batch)[0].each("C.2.r")
    assert (reporter.null("FDA.C.2.r.2.8"), reporter.text("C.2.r.2.7")) == ("NASK", "+49")
    assert leaves(message(body)) - leaves(write_batch(batch)) == Counter()


def test_every_node_with_values_says_where_the_reason_for_none_stands() -> None:
    assert [node.path for plan in plans().values() for node in plan.nodes.values() if node.slots and not node.main] == []


def test_text_between_elements_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_batch(message('<id extension="a"/>loose<creationTime value="2024"/>'))
    assert (refused.value.code, refused.value.place) == ("loose-text", "line 1: id")


LAUGHS = ("<!DOCTYPE m [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{'&a' + str(n - 1) + ';' if n else '&a;'}'>"
          for n in range(10)) + "]>")


@pytest.mark.parametrize(("data", "code"), [
    (message("<name>&a9;</name>", LAUGHS), "document-type"),
    (message("<name>&x;</name>", '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "document-type"),
    (message("<name>" + "&x;" * 9, '<!DOCTYPE m [<!ENTITY x "' + "k" * 90_000 + '">]>'), "document-type"),
    (message("", '<?xml version="1.0"?><!-- a --><!DOCTYPE m SYSTEM "http://192.0.2.1/a.dtd">'), "document-type"),
    (message("<id", '<?xml version="1.0"?>').decode().encode("utf-16"), "not-xml"),
    (message("<name>&nope;</name>"), "not-xml"),
    (message("", '<?xml version="1.0" encoding="UTF-7"?>'), "encoding"),
    (message("", '<?xml version="1.0" encoding="EBCDIC-CP-US"?>'), "encoding"),
    (message("").decode().encode("utf-32"), "encoding"),
    (message("<name>\xe9</name>").replace(b"\xc3\xa9", b"\xe9"), "encoding"),
    (b"", "not-xml"),
    (b"\x00\x01\x02", "not-xml"),
    (b"PK\x03\x04" + b"\x00" * 40, "not-xml"),
    (message("<a>" * 5000), "not-xml"),
    (message("<name " + " ".join(f'a{n}="1"' for n in range(101)) + "/>"), "too-large"),
    (message("".join(f'<n{n}:a xmlns:n{n}="urn:{n}"/>' for n in range(xml_input.MAX_NAMES + 1))), "too-large"),
    (message("<PORR_IN049016UV/>" * (reader.MAX_SECTIONS + 1)), "too-large"),
    (message("<a/>" * (reader.MAX_KEPT + 1)), "too-large"),
    (b"<ichicsr/>", "not-e2b-r3"),
])
def test_hostile_and_wrong_files_are_refused_by_code(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as refused:
        read_batch(data)
    assert refused.value.code == code
    assert refused.value.place


class Endless(io.RawIOBase):
    """A gigabyte that is made while it is read; remembers how much was asked for."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.read_bytes += size
        return b"<" + b"a" * (size - 1)


def test_a_gigabyte_is_refused_after_the_limit() -> None:
    stream: Any = Endless()
    with pytest.raises(TooLarge):
        read_batch(stream)
    assert stream.read_bytes == xml_input.MAX_BYTES + 1


def test_a_file_of_nothing_but_elements_is_refused_before_a_tree_is_made() -> None:
    data = message("<a/>" * (xml_input.MAX_NODES + 1))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        read_batch(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_very_many_instructions_before_the_root_cost_no_memory() -> None:
    data = b"<?x ?>" * 1_000_000 + message("", "")
    tracemalloc.start()
    xml_input.root_name(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert xml_input.root_name(b"<?x ?><!-- a -->" * 500 + message("", "")) == "MCCI_IN200100UV01"


def test_a_large_attachment_is_read_and_written_in_a_moment() -> None:
    batch = filled()
    reports(batch)[0].each("C.1.6.1.r")[0].put("C.1.6.1.r.2", "QUJD" * 2_000_000)
    began = process_time()
    assert read_batch(write_batch(batch)) == batch
    assert process_time() - began < 5


def test_a_character_that_xml_cannot_carry_is_refused_by_element() -> None:
    batch = new_batch()
    batch.add("N.2.r").put("H.1", "broken \x0b here")
    with pytest.raises(InvalidInput) as refused:
        write_batch(batch)
    assert refused.value.place == "H.1"


def test_a_value_without_a_place_is_refused_by_element() -> None:
    batch = new_batch()
    batch.add("N.2.r").put("E.i.7", "1")
    with pytest.raises(InvalidInput) as refused:
        write_batch(batch)
    assert refused.value.place == "E.i.7"


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda text: text.strip() and not set(text) & {"\ufffe", "\uffff"})
# Of two elements of one name the second is only found behind the first.
SECONDS = {"C.2.r.1.3": "C.2.r.1.2", "C.3.3.4": "C.3.3.3", "FDA.G.k.12.r.5": "FDA.G.k.12.r.4"}


@st.composite
def sections(draw: st.DrawFn, name: str = "batch") -> Section:
    plan = plans()[name]
    section = Section(name)
    mains = {node.main.element for node in plan.nodes.values() if node.main}
    usual = sorted(element for element, place in plan.values if place == 0 and element not in ("E.i.6a", "E.i.6b"))
    for element in draw(st.lists(st.sampled_from(usual), unique=True, max_size=12)) if usual else []:
        if SECONDS.get(element, element) == element or SECONDS[element] in section.values:
            section.put(element, draw(TEXTS), null=draw(st.sampled_from(["", "", "MSK"])) if element in mains else "")
    for hook in sorted(plan.hooks):
        if hook not in (ROLE, *APART):
            for _ in range(draw(st.integers(0, 2)) if draw(st.booleans()) else 0):
                section.sections.setdefault(hook, []).append(draw(sections(hook)))
    if name == "G.k":
        section.put("G.k.0", str(draw(st.uuids())))
        section.put("G.k.1", "1")
    return section


@settings(max_examples=60, deadline=None)
@given(sections())
def test_any_report_that_is_written_reads_back_equal(batch: Section) -> None:
    assert read_batch(write_batch(batch)) == batch
