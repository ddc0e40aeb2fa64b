from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import traceapp
from traceapp.gs1 import Gs1Error, digital_link, gtin14
from traceapp.gs1.errors import MESSAGES

CATALOGUE = Path(traceapp.__file__).parent / "web" / "translations" / "zh" / "gs1.po"


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def test_every_message_that_has_a_code_is_there_in_chinese(chinese: Catalog) -> None:
    assert [text for text in MESSAGES.values() if not chinese[text].string] == []


def test_a_message_with_fields_keeps_them_in_chinese(chinese: Catalog) -> None:
    with pytest.raises(Gs1Error) as caught:
        gtin14("9506000134353", place="gtin")
    error = caught.value
    assert "3" in chinese[error.message].string % error.params
    assert error.text == "The check digit of this GTIN is wrong: it ends in 3 and should end in 2"


def test_an_error_that_is_moved_keeps_its_words_and_fields() -> None:
    with pytest.raises(Gs1Error) as caught:
        digital_link([("415", "9506000134352")])
    moved = caught.value.moved(7, 2)
    assert (moved.text, moved.start, moved.length) == ("AI 415 needs AI 8020 beside it", 7, 2)


def test_a_code_without_words_of_its_own_is_told_as_a_sentence() -> None:
    assert Gs1Error("ZERO_PIECE_NUMBER", 0, 2).text == "Zero piece number"
