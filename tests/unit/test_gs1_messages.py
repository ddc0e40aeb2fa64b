from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import traceapp
from tests.unit.test_gs1_vectors import conformance_file
from traceapp.gs1 import LINTERS, Gs1Error, digital_link, gtin14
from traceapp.gs1.errors import MESSAGES

PACKAGE = Path(traceapp.__file__).parent
CATALOGUE = PACKAGE / "web" / "translations" / "zh" / "gs1.po"
# what raises, and at which place it is given words of its own
RAISES = {"Gs1Error": 3, "malformed": 0, "_wrong": 1}
WORDS = re.compile(r"[A-Z%].* .*")
FIELDS = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def words_in_the_source() -> set[str]:
    """Every message of the package: those handed to what raises, and the constants that are messages."""
    found = set()
    for path in (PACKAGE / "gs1").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call):
                place = RAISES.get(ast.unparse(node.func).split(".")[-1])
                given = [] if place is None else node.args[place : place + 1]
            elif isinstance(node, ast.Assign):
                given = [node.value]
            found.update(
                one.value
                for one in given
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and WORDS.fullmatch(one.value)
            )
    return found


def test_every_message_that_has_a_code_is_there_in_chinese(chinese: Catalog) -> None:
    assert [text for text in MESSAGES.values() if text not in chinese or not chinese[text].string] == []


def test_every_message_in_the_source_is_there_in_chinese_with_its_fields(chinese: Catalog) -> None:
    messages = words_in_the_source()
    assert len(messages) > 40
    assert {text for text in messages if text not in chinese or not chinese[text].string} == set()
    for text in messages:
        assert set(FIELDS.findall(text)) == set(FIELDS.findall(chinese[text].string)), text


def test_every_rule_tells_people_what_is_wrong_in_words() -> None:
    dictionary = conformance_file("vectors.json").read_text(encoding="utf-8")
    codes = set(re.findall(r'"error": ?"([A-Z0-9_]+)"', dictionary)) - {"GCP_DATASOURCE_OFFLINE"}
    assert len(codes) > 80
    assert {code for code in codes if not code.startswith("COUPON_")} <= MESSAGES.keys()


def test_a_broken_coupon_names_its_rule() -> None:
    with pytest.raises(Gs1Error) as caught:
        LINTERS["couponcode"]("7")
    error = caught.value.moved(3)
    assert (error.code, error.text) == ("COUPON_INVALID_GCP_LENGTH", "The coupon code breaks the rule INVALID_GCP_LENGTH")


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
    assert Gs1Error("SOMETHING_NEW", 0, 2).text == "Something new"
