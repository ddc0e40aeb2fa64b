"""Numbers as people write them."""
from __future__ import annotations

from decimal import Decimal

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import parse_amount


@pytest.mark.parametrize(("text", "value"), [
    ("1,000", "1000"), ("1,234,567.5", "1234567.5"), ("-12,000", "-12000"), ("1，000", "1000"), (" 0.5 ", "0.5"),
    ("1000", "1000"), ("2.", "2")])
def test_commas_stand_between_thousands(text: str, value: str) -> None:
    assert parse_amount(text, place="quantity", positive=False) == Decimal(value)


@pytest.mark.parametrize("text", ["1,5", "1，5", "1,00", "12,34,567", "1,0000", ",100", "1,000,", "1.000,5"])
def test_a_comma_that_could_mean_a_point_is_refused_and_not_left_out(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount(text, place="quantity")
    assert (refused.value.code, refused.value.place) == ("not-a-number", "quantity")
