"""The path of a scanned code, by the short way and by the whole one."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code import resolving
from traceapp.code.resolving import ScannedCode, code_of_path, keys_of_code, scanned_code
from traceapp.gs1 import Gs1Error, parse_path

GTINS = st.sampled_from(["06901234500011", "06901234500012", "00000000000000", "９９９９９９９９９９９９９９", "1234"])
LOTS = st.text("ABCabc0189-_.%/ é", max_size=22)
TAILS = st.sampled_from(["", "/", "/21/7", "?17=281104"])


def read_whole(path: str) -> ScannedCode | str:
    try:
        return scanned_code(parse_path(path))
    except Gs1Error as error:
        return error.code


@given(GTINS, LOTS, TAILS)
def test_the_short_way_reads_what_the_whole_one_reads(gtin: str, lot: str, tail: str) -> None:
    path = f"/01/{gtin}/10/{lot}{tail}"
    try:
        found: ScannedCode | str = code_of_path(path)
    except Gs1Error as error:
        found = error.code
    assert found == read_whole(path)


def test_a_lot_of_letters_and_digits_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = read_whole("/01/06901234500011/10/L000123")
    code_of_path("/01/06901234500011/10/OTHER")
    monkeypatch.setattr(resolving, "parse_path", lambda path: pytest.fail(f"read {path} again"))
    assert code_of_path("/01/06901234500011/10/L000123") == wanted


def test_a_lot_is_looked_for_once_where_product_and_code_say_the_same() -> None:
    code = ScannedCode("06901234500011", "B1", "77")
    own = "https://id.gs1.org/01/06901234500011"
    assert keys_of_code(code, own) == keys_of_code(code)
    assert len(keys_of_code(code, own)) == 2
    assert len(keys_of_code(code, "urn:traceapp:class:PLASTER")) == 3
