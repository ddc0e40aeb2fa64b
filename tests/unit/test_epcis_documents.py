"""Whatever a document carries comes back, in both syntaxes; whatever is wrong with one has a place inside it."""
from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.factories_epcis import MADE, URIS, Maker, plain
from traceapp.epcis import (
    EpcisErrors,
    check,
    check_json,
    dumps,
    event_hash,
    load_json,
    read,
    read_in_part,
    read_with_findings,
    write_json,
    write_xml,
)

Json = dict[str, Any]
SEEDS = st.integers(0, 2**40)
bounded = settings(max_examples=100, deadline=None)
spoiling = settings(max_examples=300, deadline=None)


def errors(raw: Json) -> list[tuple[str, str, str]]:
    return [(item.pointer, item.code, item.message) for item in check_json(raw) if item.is_error]


@bounded
@given(MADE)
def test_a_document_in_json_is_sound_and_written_as_it_was_read(raw: Json) -> None:
    assert errors(raw) == []
    assert read(write_json(read(dumps(raw)))).raw == raw


@bounded
@given(MADE)
def test_a_document_says_the_same_after_a_way_through_xml(raw: Json) -> None:
    first = read(dumps(raw))
    again = read(write_xml(first))
    assert plain(again.raw) == plain(raw)
    assert [event_hash(event) for event in again.events] == [event_hash(event) for event in first.events]
    assert [item for item in check(again) if item.is_error] == []


@bounded
@given(MADE)
def test_xml_is_read_the_same_after_being_written_again(raw: Json) -> None:
    first = read(write_xml(read(dumps(raw))))
    assert read(write_xml(first)).raw == first.raw
    assert read(write_json(first)).raw == first.raw


def points_inside(raw: Any, pointer: str) -> bool:
    """True where the JSON pointer leads to something. Source: RFC 6901."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(raw, list) and key.isdigit() and int(key) < len(raw):
            raw = raw[int(key)]
        elif isinstance(raw, dict) and key in raw:
            raw = raw[key]
        else:
            return False
    return True


def places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found += places(inner)
    return found


CHANGES: list[Any] = [
    None, True, 7, -1, "", "word", "a b", "urn:a:b", [], {}, [{}], [None], [[1]], {"a~/b": 1}, {"@context": 5}, "ext:x",
    "2026-03-04T11:00:30", "urn:epcglobal:cbv:bizstep:no", "ObjectEvent", "AssociationEvent", "EPCISDocument", "DELETE",
]  # fmt: skip


@spoiling
@given(SEEDS)
def test_every_fault_of_a_spoilt_document_is_inside_it_and_nothing_crashes(seed: int) -> None:
    raw, chance = copy.deepcopy(Maker(seed).document()), random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(places(raw) or [(raw, "type")])
        change = copy.deepcopy(chance.choice([..., *CHANGES, *URIS]))
        if change is ...:
            container.pop(key, None) if isinstance(container, dict) else container.pop(key)
        else:
            container[key] = change
    content = dumps(raw)
    try:
        document, findings = read_with_findings(content)
    except EpcisErrors as refusal:
        findings = refusal.findings
    else:
        assert read(write_json(document)).raw == raw
        assert all(event_hash(event).startswith("ni:///sha-256;") for event in document.events)
        written_as_xml_or_refused_with_a_place(document)
    assert all(finding.message and points_inside(raw, finding.pointer) for finding in findings)
    read_in_part_or_refused(content)


def written_as_xml_or_refused_with_a_place(document: Any) -> None:
    try:
        again = read(write_xml(document))
    except EpcisErrors as refusal:
        assert {finding.code for finding in refusal.findings} == {"not-in-xml"}
        assert points_inside(document.raw if "epcisBody" in document.raw else {"epcisBody": {}}, refusal.place or "")
    else:
        assert [event_hash(event) for event in again.events] == [event_hash(event) for event in document.events]


def read_in_part_or_refused(content: str | bytes) -> None:
    try:
        document, _errors = read_in_part(content)
    except EpcisErrors as refusal:
        assert refusal.findings
    else:
        assert not [item for item in check(document) if item.is_error]


def spoil(root: Any, chance: random.Random) -> None:
    """Change one thing in a tree."""
    element = chance.choice(list(root.iter()))
    act = chance.choice(["remove", "repeat", "text", "attribute", "rename", "less", "child"])
    parent = element.getparent()
    if act == "remove" and parent is not None:
        parent.remove(element)
    elif act == "repeat" and parent is not None:
        parent.append(copy.deepcopy(element))
    elif act == "text":
        element.text = chance.choice(["", "x", "9" * 5000, "1e999", "2026-03-04T11:00:30", "urn:a:b"])
    elif act == "attribute":
        element.set(chance.choice(["type", "foo", "value", "time", "{urn:x}a", "id"]), "y")
    elif act == "rename":
        names = ["epc", "{urn:x}a", "extension", "quantity", "action", "sensorReport", "EventList", "ObjectEvent"]
        element.tag = chance.choice(names)
    elif act == "less" and element.attrib:
        del element.attrib[chance.choice(sorted(element.attrib))]
    elif act == "child":
        etree.SubElement(element, chance.choice(["id", "{urn:x}a", "type", "extension", "set"])).text = "z"


@spoiling
@given(SEEDS)
def test_every_fault_of_spoilt_xml_is_at_an_xpath_inside_it_and_nothing_crashes(seed: int) -> None:
    root, chance = etree.fromstring(write_xml(read(dumps(Maker(seed).document()))), None), random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        spoil(root, chance)
    content = etree.tostring(root, encoding="utf-8")
    try:
        document, findings = read_with_findings(content)
    except EpcisErrors as refusal:
        findings = refusal.findings
    else:
        assert load_json(write_json(document)) == document.raw
        assert all(event_hash(event) for event in document.events)
    tree = etree.fromstring(content, None).getroottree()
    known = {prefix: uri for item in tree.iter() for prefix, uri in item.nsmap.items() if prefix}
    for finding in findings:
        assert finding.message
        assert tree.xpath(finding.pointer, namespaces=known), finding
    read_in_part_or_refused(content)


@pytest.mark.parametrize("content", [b"<", "<a>\ud800</a>", b"\xff\xfe<", b"<?xml version='1.0' encoding='x'?><a/>"])
def test_what_is_no_xml_is_refused_at_the_whole_text(content: bytes | str) -> None:
    with pytest.raises(EpcisErrors) as refusal:
        read(content)
    assert refusal.value.place == "/"
