"""A number with its unit. Decimal only: what is weighed and counted must add up."""
from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from .errors import InvalidInput

# Source: UN/ECE Recommendation 20. Factor to the first unit of the same dimension.
UNITS: dict[str, tuple[str, Decimal]] = {
    "EA": ("count", Decimal(1)), "C62": ("count", Decimal(1)), "H87": ("count", Decimal(1)),
    "KGM": ("mass", Decimal(1)), "GRM": ("mass", Decimal("0.001")), "MGM": ("mass", Decimal("0.000001")),
    "TNE": ("mass", Decimal(1000)), "LBR": ("mass", Decimal("0.45359237")),
    "LTR": ("volume", Decimal(1)), "MLT": ("volume", Decimal("0.001")), "MTQ": ("volume", Decimal(1000)),
    "MTR": ("length", Decimal(1)), "CMT": ("length", Decimal("0.01")), "MMT": ("length", Decimal("0.001")),
    "MTK": ("area", Decimal(1)), "CMK": ("area", Decimal("0.0001")),
}  # fmt: skip
SCALE = 6
_LARGEST = Decimal(10) ** 12
_STEP = Decimal(1).scaleb(-SCALE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in `unit` (UN/ECE Rec 20 code); at most six decimals and below 10^12."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{plain(self.value)} {self.unit}"

    def to(self, unit: str) -> Quantity:
        """The same amount in another unit of the same dimension. Raises InvalidInput where there is none."""
        if unit == self.unit:
            return self
        mine, other = UNITS.get(self.unit), UNITS.get(unit)
        if mine is None or other is None or mine[0] != other[0]:
            raise InvalidInput("%(from_unit)s cannot be converted to %(to_unit)s.", code="unit-mismatch",
                               from_unit=self.unit, to_unit=unit)
        return Quantity(rounded(self.value * mine[1] / other[1]), unit)


def rounded(value: Decimal) -> Decimal:
    """`value` to the six decimals that the database keeps (half even)."""
    return value.quantize(_STEP)


def plain(value: Decimal) -> str:
    """`value` without exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_amount(text: str | int | Decimal, *, place: str, positive: bool = True) -> Decimal:
    """The number that a person or file wrote, with commas between thousands only: “1,5” could mean one and a half.

    Raises InvalidInput for what is no number, too fine, or too large.
    """
    cleaned = str(text).strip().replace("，", ",")
    if _THOUSANDS.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise InvalidInput("“%(text)s” is not a number.", code="not-a-number", place=place, text=text) from None
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise InvalidInput("The number %(text)s is out of range.", code="out-of-range", place=place, text=text)
    if value != rounded(value):
        raise InvalidInput("%(text)s has more than six decimals.", code="too-fine", place=place, text=text)
    if positive and value <= 0:
        raise InvalidInput("The quantity must be more than zero.", code="not-positive", place=place)
    return value


def known_unit(unit: str, *, place: str) -> str:
    """`unit` when it is one that we can add up. Raises InvalidInput otherwise."""
    if unit not in UNITS:
        raise InvalidInput("The unit “%(unit)s” is not known. Known units: %(known)s.", code="unknown-unit",
                           place=place, unit=unit, known=", ".join(UNITS))
    return unit
