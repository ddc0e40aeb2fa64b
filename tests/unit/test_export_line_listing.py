"""The line listing shows what happened and not to whom."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from traceapp.adverse_event.public import AdverseEventLine
from traceapp.export.line_listing import listing_columns, listing_rows, masked_text

LINE = AdverseEventLine(
    reference="AE-2611-AAAAAA", complaint_reference="CP-2611-BBBBBB", state="assessed",
    awareness_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC), onset_on=date(2026, 11, 20), onset_precision="day",
    product_code="P1", product_zh="敷料", product_en="Dressing", registration_number="R1", lot_number="A2231K",
    lot_uri="urn:traceapp:lot:P1:A2231K", consignee_region="江苏", age_band="18-44", sex="female", terms=("redness",),
    is_serious=True, seriousness=("hospitalised",), outcome="recovered", causality="probable",
    narrative="Called from 139 0000 1234 on 2026-11-20", use_text="mail a.b@example.org")


def test_every_column_has_its_value_and_terms_are_named_in_the_readers_language() -> None:
    (row,) = listing_rows([LINE])
    assert set(row) == {column.key for column in listing_columns()}
    assert (row["terms"], row["term_codes"]) == (["皮肤发红"], ("redness",))
    (english,) = listing_rows([LINE], "en")
    assert english["terms"] == ["Redness"]
    assert (row["narrative"], row["use"]) == ("Called from […] on 2026-11-20", "mail […]")


def test_titles_are_translated() -> None:
    assert [column.title for column in listing_columns(str.upper)][0] == "REFERENCE"


@pytest.mark.parametrize(("text", "masked"), [
    ("电话13900001234请回", "电话[…]请回"), ("身份证11010519491231002X。", "身份证[…]。"), ("+86 139-0000-1234", "[…]"),
    ("2026-11-20 起 3 天", "2026-11-20 起 3 天"), ("2026年11月20日", "2026年11月20日"), ("batch A2231K", "batch A2231K"),
    ("用了2片,37.5度", "用了2片,37.5度"), ("写信到 某人@example.com", "写信到 […]")])
def test_telephones_identity_numbers_and_addresses_are_masked_in_free_text(text: str, masked: str) -> None:
    assert masked_text(text) == masked
