"""The fields of imported tables: titles that lead to one field each, cells as people write them."""
from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from traceapp import importing
from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import UNITS
from traceapp.importing.fields import Field, fields_of, read_cell, read_values, titles_of, words_of
from traceapp.importing.kinds import KINDS
from traceapp.tables.cells import column_letter
from traceapp.tables.heads import guess_heads, plain_title

ZONE = ZoneInfo("Asia/Shanghai")
DATA = Path(importing.__file__).parent / "data"


def field(reader: str, *, is_required: bool = False) -> Field:
    return Field("x", "某", "Some", ("Some",), is_required, reader, "")


def test_every_kind_has_fields_and_every_field_a_kind() -> None:
    with (DATA / "fields.csv").open(encoding="utf-8", newline="") as file:
        assert {row["kind"] for row in csv.DictReader(file)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_no_title_of_a_kind_leads_to_two_fields(kind: str) -> None:
    seen: dict[str, str] = {}
    for one in fields_of(kind):
        for title in (*one.titles, one.name):
            assert seen.setdefault(plain_title(title), one.name) == one.name, title


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_titles_of_a_template_are_recognised(kind: str, language: str) -> None:
    head = [getattr(one, language) + ("*" if one.is_required else "") for one in fields_of(kind)]
    assert list(guess_heads(head, titles_of(kind)).places) == [one.name for one in fields_of(kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_template_can_be_read(kind: str) -> None:
    fields = fields_of(kind)
    _values, wrong = read_values(kind, [one.example for one in fields],
                                 {one.name: place for place, one in enumerate(fields)}, ZONE)
    assert wrong == []


@pytest.mark.parametrize("name", sorted({one.reader for kind in KINDS for one in fields_of(kind)}))
def test_every_reader_is_known(name: str) -> None:
    assert words_of(name) or read_cell(field(name), "", ZONE) is None


def test_every_unit_has_its_word_and_no_word_two_units() -> None:
    assert set(words_of("unit").values()) == set(UNITS) - {"C62", "H87"}
    with (DATA / "words.csv").open(encoding="utf-8", newline="") as file:
        words = [(row["set"], word.casefold()) for row in csv.DictReader(file)
                 for word in {row["value"].casefold(), *row["words"].casefold().split("|")}]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(("reader", "text", "value"), [
    ("unit", "公斤", "KGM"), ("unit", "ＫＧ", "KGM"), ("unit", "m²", "MTK"), ("kind", "医疗器械", "device"),
    ("amount", "1,234.5", Decimal("1234.5")), ("number", "-0.5", Decimal("-0.5")), ("number", "0", Decimal(0)),
    ("day", "2024年3月9日", date(2024, 3, 9)), ("day", "20240309", date(2024, 3, 9)),
    ("moment", "2024/3/9 14:30", datetime(2024, 3, 9, 6, 30, tzinfo=UTC)),
    ("moment", "2024-03-09T14:30:00Z", datetime(2024, 3, 9, 14, 30, tzinfo=UTC)),
    ("yes_no", "是", True), ("yes_no", "N", False), ("roles", "供应商；客户", ("supplier", "distributor")),
    ("whole", "730", 730), ("text", "-", None), ("text", "NA", "NA"), ("amount", "n/a", None)])
def test_a_cell_is_read_as_people_write_it(reader: str, text: str, value: Any) -> None:
    assert read_cell(field(reader), text, ZONE) == value


@pytest.mark.parametrize(("reader", "text", "code"), [
    ("unit", "桶", "unknown-value"), ("amount", "1,5", "not-a-number"), ("amount", "0", "not-positive"),
    ("day", "9.3.2024", "not-a-day"), ("day", "2024-02-30", "not-a-day"), ("moment", "2024-03-09 25:00", "not-a-time"),
    ("whole", "7.5", "not-whole-number"), ("yes_no", "maybe", "unknown-value")])
def test_a_cell_that_cannot_be_read_is_refused(reader: str, text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cell(field(reader), text, ZONE)
    assert refused.value.code == code


def test_a_required_cell_must_say_something() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cell(field("text", is_required=True), " - ", ZONE)
    assert refused.value.code == "missing"


@pytest.mark.parametrize(("place", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"),
                                               (702, "AAA")])
def test_columns_have_the_letters_of_a_spreadsheet(place: int, letter: str) -> None:
    assert column_letter(place) == letter
