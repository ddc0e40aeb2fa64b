"""The columns of the records for an authority do not change unnoticed, and are described wherever they are told."""
from __future__ import annotations

import re
from pathlib import Path

from traceapp.epcis.vocabulary import BIZ_STEPS
from traceapp.export.records import COLUMNS, KINDS, SIDES, record_columns, record_notes, record_texts
from traceapp.trace.tracking_kinds import NOT_CRITICAL, Tracking
from traceapp.web.i18n import catalogue

DOCS = Path(__file__).resolve().parents[2] / "docs" / "records.md"
KEYS = ["event_time", "time_zone", "event_date", "event", "side", "lot", "supplier_lot", "item_kind", "gtin", "product_code", "product", "quantity", "unit", "lot_source", "lot_source_id", "from_party", "from_party_id", "from_location", "from_location_id", "from_address", "to_party", "to_party_id", "to_location", "to_location_id", "to_address", "place", "place_id", "paper_type", "paper_number", "made_on", "expires_on", "step", "disposition", "item_id", "event_type", "event_id", "recorded_at", "recorded_by"]


def test_the_columns_stand_in_the_order_that_readers_know() -> None:
    assert [column.key for column in record_columns()] == KEYS


def test_the_document_describes_every_column_and_code_as_the_second_sheet_does() -> None:
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row for row in rows if len(row) == 5] == [
        (f"`{column.key}`", column.title, column.meaning, column.form, column.source) for column in COLUMNS]
    assert [row for row in rows if len(row) == 2] == [
        (f"`{code}`", meaning) for code, meaning in (*KINDS.items(), *SIDES.items())]
    sheet = record_notes().rows
    assert [row[0] for row in sheet[1:]] == [
        *(column.title for column in COLUMNS), *map(str, KINDS), *SIDES, "unknown"]


def test_every_kind_is_described() -> None:
    assert set(KINDS) == set(Tracking)
    assert {kind for kind, meaning in KINDS.items() if "only where asked for" in meaning} == NOT_CRITICAL


def test_every_text_has_its_chinese() -> None:
    chinese = catalogue("zh")
    same = {text for text in record_texts() if chinese.gettext(text) == text}
    assert same == {"GTIN", "URI"}


def test_the_steps_that_the_document_names_are_words_of_the_vocabulary() -> None:
    named = re.search(r"<!-- steps -->(.*?)<!-- end -->", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert named is not None
    assert set(re.findall(r"`([a-z_]+)`", named[1])) <= BIZ_STEPS
