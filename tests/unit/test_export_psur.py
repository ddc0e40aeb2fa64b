"""The periodic report as a document: what it says, what it hides, that its files can be opened."""
from __future__ import annotations

import ast
import inspect
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pypdfium2
import pytest
from lxml import etree

from tests.arch.test_translations import catalogue
from traceapp.export.psur import document
from traceapp.export.psur.blocks import Block, Chart, Paragraph, Table
from traceapp.export.psur.document import document_of
from traceapp.export.psur.docx import docx
from traceapp.export.psur.pdf import pdf
from traceapp.export.psur.values import (
    HIDDEN,
    PeriodicReport,
    RecallLine,
    ReportsLine,
    SignalLine,
    TermCount,
    for_the_public,
    hide_small,
)

REPORT = PeriodicReport(
    "P1", "透气敷料", "Breathable dressing", "国械注准20260001", "II", "pieces", "甲厂", date(2026, 1, 1), date(2026, 3, 31),
    datetime(2026, 4, 2, 8, tzinfo=UTC), ["2026-01", "2026-02", "2026-03"], [Decimal(1000), Decimal(-20), Decimal("500.5")],
    [("CN", Decimal(1400)), ("", Decimal("80.5"))], [3, 0, 12], 2, 13, {"recovered": 14, "fatal": 1}, {"death": 2},
    {"probable": 15}, {"18-44": 15}, {"female": 9, "male": 6}, [TermCount("皮肤发红", "Redness", 1, 9)],
    [SignalLine("SG-1", "A1", date(2026, 2, 3), 4, 1.25, "confirmed", "glue & <solvent>")],
    [RecallLine("RC-1", "II", "召回", "Recall", date(2026, 3, 1), "closed", 2, Decimal(300))],
    [ReportsLine("CN", 7, 6, 1)])
WORDS = {name: {} for name in ("outcomes", "criteria", "causalities", "ages", "sexes", "signal_states", "recall_states",
                               "authorities", "countries")}


def blocks(report: PeriodicReport, language: str = "en") -> list[Block]:
    return document_of(report, language, str, WORDS)


def said(found: list[Block]) -> str:
    texts = []
    for block in found:
        if isinstance(block, Table):
            texts += [" | ".join(row) for row in block.rows]
        elif not isinstance(block, Chart):
            texts.append(block.text)
    return "\n".join(texts)


def test_the_document_tells_sales_cases_signals_recalls_and_reports() -> None:
    text = said(blocks(REPORT))
    for part in ("1,480.5 pieces", "15 cases became known, 2 of them serious. That is 1013.17 for 100,000", "2026-02 | -20",
                 "Redness | 1 | 9", "SG-1 | A1 | 2026-02-03 | 4 | 1.2 | confirmed | glue & <solvent>",
                 "RC-1 | Recall | II | 2026-03-01 | closed | 2 | 300", "CN | 7 | 6 | 1", "not known | 80.5"):
        assert part in text, part
    assert "皮肤发红" in said(blocks(REPORT, "zh"))


def test_the_public_is_not_told_small_counts_nor_what_would_tell_them() -> None:
    public = for_the_public(REPORT)
    text = said(blocks(public))
    assert "cases became known" not in text and "glue" not in text and "below 5" in text
    assert (public.serious, public.not_serious, list(public.cases_by_month)) == (HIDDEN, HIDDEN, [HIDDEN, 0, HIDDEN])
    assert dict(public.by_outcome) == {"recovered": HIDDEN, "fatal": HIDDEN}
    assert dict(public.by_sex) == {"female": 9, "male": 6}
    assert "Redness | <5 | <5" in text and "SG-1 | A1 | 2026-02-03 | <5" in text


@pytest.mark.parametrize(("counts", "shown"), [
    ([0, 9], [0, 9]), ([4, 9, 7], [HIDDEN, 9, HIDDEN]), ([4, 3, 9], [HIDDEN, HIDDEN, 9]), ([4], [HIDDEN]), ([5], [5]), ([], [])])
def test_one_hidden_count_never_stands_alone(counts: list[int], shown: list[int]) -> None:
    assert hide_small(counts) == shown


def test_the_word_document_is_sound_xml_with_every_table_and_chart() -> None:
    found = blocks(REPORT)
    data = docx(found)
    assert data == docx(found)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        trees = {name: etree.fromstring(file.read(name)) for name in file.namelist()}
    space = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
             "c": "http://schemas.openxmlformats.org/drawingml/2006/chart"}
    body = trees["word/document.xml"]
    assert len(body.findall(".//w:tbl", space)) == sum(isinstance(one, Table) for one in found)
    targets = {one.get("Id"): one.get("Target") for one in trees["word/_rels/document.xml.rels"]}
    charts = [f"word/{targets[one.values()[-1]]}" for one in body.findall(".//c:chart", space)]
    assert charts == ["word/charts/chart1.xml", "word/charts/chart2.xml"]
    assert [one.text for one in trees[charts[1]].findall(".//c:val//c:v", space)] == ["3", "0", "12"]
    assert "glue & <solvent>" in "".join(body.itertext())
    listed = {one.get("PartName") for one in trees["[Content_Types].xml"] if one.get("PartName")}
    assert [one.get(f"{{{space['w']}}}instr").strip() for one in trees["word/footer1.xml"].iter(
        f"{{{space['w']}}}fldSimple")] == ["PAGE", "NUMPAGES"]
    footer = body.find(".//w:sectPr/w:footerReference", space).values()[-1]
    assert targets[footer] == "footer1.xml"
    assert {name.lstrip("/") for name in listed} == {name for name in trees if name.startswith("word/") and "_rels" not in name}


def test_the_pdf_goes_on_over_pages_and_repeats_the_head_of_its_tables() -> None:
    many = replace(REPORT, terms=[TermCount(f"表现{at}", f"Something that happened {at}", at, at) for at in range(90)])
    data = pdf("Periodic", blocks(many))
    assert data == pdf("Periodic", blocks(many))
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data)]
    assert len(pages) >= 4 and sum("What happened" in page for page in pages) >= 2
    assert "Something that happened 89" in pages[-1] + pages[-2]


def test_a_text_without_a_place_to_break_is_cut_and_a_strange_character_is_not_lost_silently() -> None:
    data = pdf("x", [Paragraph("x" * 400 + " \u0000\U0001f9ff"), Table(("A",), [("z" * 400,)]), Chart("empty", [], [])])
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert text.count("x") == 400 and text.count("z") == 400 and "?" in text


def test_every_word_of_the_document_has_its_chinese() -> None:
    known = catalogue()
    words = {node.args[0].value for node in ast.walk(ast.parse(inspect.getsource(document)))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
             and isinstance(node.args[0], ast.Constant)}
    assert len(words) > 40 and {word for word in words if not known.get(word)} == set()
