"""What a schema allows beyond the published reports is read and written back with nothing lost."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.schema_instances import Making, Schema
from tests.xml_facts import facts_of
from traceapp.export.e2b_r3 import reader as e2b
from traceapp.export.e2b_r3 import writer as e2b_writer
from traceapp.export.emdr import message as emdr
from traceapp.submission.case_files import read_cases

SET = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "icsr"
E2B = SET / "e2b-r3" / "xsd" / "multicacheschemas" / "MCCI_IN200100UV01.xsd"
EMDR = SET / "emdr" / "coreschemas" / "Con061019.xsd"
REPORTS = [(E2B, path) for path in sorted((SET / "e2b-r3" / "samples").glob("*.xml"))]
REPORTS += [(EMDR, path) for path in sorted((SET / "emdr").glob("*.xml"))]
AGAIN: dict[Path, Callable[[bytes], bytes]] = {
    E2B: lambda data: e2b_writer.write_batch(e2b.read_batch(data)),
    EMDR: lambda data: emdr.write_batch(emdr.read_batch(data))}

schema = cache(Schema)


def enriched(entry: Path, path: Path, seed: int) -> bytes:
    root: Any = etree.fromstring(path.read_bytes(), etree.XMLParser(remove_comments=True))
    return etree.tostring(Making(schema(entry), seed).enriched(root, 80))


@pytest.mark.skipif(not REPORTS, reason="../shared/conformance is not here")
@pytest.mark.parametrize(("entry", "path"), REPORTS, ids=[path.stem for _, path in REPORTS])
@pytest.mark.parametrize("seed", [3, 11])
def test_a_published_report_with_more_of_what_the_schema_allows_loses_nothing(entry: Path, path: Path,
                                                                              seed: int) -> None:
    data = enriched(entry, path, seed)
    again = AGAIN[entry](data)
    assert sum((facts_of(data) - facts_of(path.read_bytes())).values()) > 30
    assert facts_of(data) - facts_of(again) == {}
    schema(entry).validates.assertValid(etree.fromstring(again))
    assert read_cases(data)


BETWEEN = '<name>Dr <given>Ann</given> born <family>Li</family> &amp; Co</name>'


@pytest.mark.parametrize("start", [
    '<MCCI_IN200100UV01 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">',
    '<PORR_IN040001UV01 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">'])
def test_text_between_the_parts_of_a_name_is_kept(start: str) -> None:
    data = f"{start}{BETWEEN}</{start[1:18]}>".encode()
    again = AGAIN[E2B if "MCCI" in start else EMDR](data)
    assert facts_of(data) - facts_of(again) == {}
    assert b"&amp; Co" in again
