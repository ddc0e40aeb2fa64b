"""A file for an authority is in its own language: no codes, its own zone, and what is in another one is told."""
from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D

import openpyxl
import pytest

from tests.factories_recall_files import AT, make_consignees, make_dossier
from tests.unit.test_recall_file_forms import words_of_pdf
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import ConsigneeLine, Signed
from traceapp.export.recall_files.fields import is_foreign, said, untranslated_fields, writable_fields
from traceapp.export.recall_files.rendering import Consignees, consignees_table, copies_of


def told(letter: str) -> Consignees:
    """One consignee that has answered: of 800 units 300 are there, 200 were used, 300 went on."""
    (line,) = make_consignees(1).lines()

    def lines() -> Iterator[ConsigneeLine]:
        yield replace(line, letter=letter, told_at=datetime(2026, 11, 30, 18, 3, tzinfo=UTC), on_hand=D(300),
                      used=D(200), returned=D(0), passed_on=D(300))

    return Consignees(1, lines)


def table_of(letter: str, language: str) -> list[str]:
    name = "cn_plan" if language == "zh" else "us_806"
    held = io.BytesIO()
    next(one for one in copies_of(KINDS[name], make_dossier(), told(letter)) if one.form == "consignees").write(held)
    sheet = openpyxl.load_workbook(io.BytesIO(held.getvalue())).active
    return [str(cell) for cell in list(sheet.iter_rows(values_only=True))[1]]


@pytest.mark.parametrize("letter", ["queued", "sent", "not_sent", "uncertain", "answered"])
def test_the_list_of_consignees_has_words_and_the_zone_of_its_file(letter: str) -> None:
    chinese, english = table_of(letter, "zh"), table_of(letter, "en")
    assert letter not in chinese and "EA" not in chinese and "CN" not in chinese
    assert "2026-12-01 02:03 (UTC+08:00)" in chinese and "2026-11-30 18:03 (UTC)" in english
    assert "件" in chinese and "中国" in chinese and "pcs" in english and "China" in english
    assert not any("_" in cell for cell in english)


def test_a_line_of_the_document_adds_up_where_units_went_on() -> None:
    (line,) = told("answered").lines()
    table = consignees_table([line], "en")
    row = dict(zip(table.heads, table.rows[0], strict=True))
    assert [row[head] for head in ("On hand", "Used", "Passed on", "Returned", "Destroyed, corrected")] == [
        "300", "200", "300", "0", "0"]
    assert len(table.widths) == len(table.heads)


def test_who_signed_the_evaluation_stands_in_words_and_nobody_else() -> None:
    kind = KINDS["cn_assessment"]
    signed = next(one for one in kind.fields if one.key == "signed")
    dossier = make_dossier(signatures=(
        Signed("沈砚", "evaluated_quality", AT, "ab" * 32),
        Signed("顾汀", "evaluated_medical", AT, "ab" * 32, "皮肤科医师"), Signed("顾汀", "approved", AT, "cd" * 32)))
    assert said(signed, dossier, "zh") == (
        "沈砚（评估，质量方面，2026-11-22 16:00 (UTC+08:00)）；"
        "顾汀（评估，医学方面；医学资格：皮肤科医师，2026-11-22 16:00 (UTC+08:00)）")


@pytest.mark.parametrize(("text", "is_other"), [
    ("Twenty people with blisters.", True), ("结论：Passing harm; take it back.", True), ("Red, swollen skin.", True),
    ("SG-2611-AQJQGG, Acrylic adhesive batch GL2610-01: 22 reports where 3.8 were expected.\n投诉 25 件", True),
    ("青禾质量部 Qinghe quality 000-0000-0001", False), ("UDI-DI 09520426001012, 货号 PLASTER", False),
    ("CK-20；72 mm × 19 mm，20 片/盒", False), ("Li Wen", False), ("2026-11-30 20:01 (UTC+08:00)", False)])
def test_english_in_a_chinese_file_is_seen(text: str, is_other: bool) -> None:
    assert is_foreign(text, "zh") is is_other


def test_an_english_reason_in_a_chinese_file_is_told_and_can_be_written_in_chinese() -> None:
    kind = KINDS["cn_event"]
    dossier = make_dossier()
    reason = next(one for one in kind.fields if one.key == "reason")
    assert reason in untranslated_fields(kind, dossier) and reason in writable_fields(kind, dossier)
    written = replace(dossier, written={"reason": "投诉 14 件，预期 3 件"})
    assert said(reason, written, "zh") == "投诉 14 件，预期 3 件"
    assert reason not in untranslated_fields(kind, written)


def test_no_number_is_broken_over_two_lines_in_the_document() -> None:
    (line,) = told("answered").lines()
    large = replace(line, lot="CK26110301", on_hand=D(12300), used=D(25801), passed_on=D(13002), returned=D(12003),
                    destroyed=D(25004))
    held = io.BytesIO()
    next(one for one in copies_of(KINDS["us_status"], make_dossier(), Consignees(1, lambda: iter([large])))
         if one.form == "pdf").write(held)
    text = words_of_pdf(held.getvalue())
    for whole in ("12,300", "25,801", "13,002", "12,003", "25,004", "CK26110301", "Returned"):
        assert whole in text, whole
