"""The North American coupon codes: AI 8110 and AI 8112.

A cursor walks over the digits; every field either moves it on or says what is missing, too short or not allowed.
Source: GS1 US, North American Coupon Application Guideline Using GS1 DataBar Expanded Symbols.
"""
from __future__ import annotations

import re
from calendar import monthrange

from .errors import Gs1Error

_NON_DIGIT = re.compile(r"[^0-9]")
_NO_PREFIX = "9"


class _Digits:
    """A coupon's digits and how far they have been read."""

    def __init__(self, value: str) -> None:
        if found := _NON_DIGIT.search(value):
            raise Gs1Error("NON_DIGIT_CHARACTER", found.start(), 1)
        self.value = value
        self.at = 0

    @property
    def next_digit(self) -> str:
        return self.value[self.at : self.at + 1]

    def choice(self, missing: str, invalid: str, allowed: str) -> str:
        """One digit out of `allowed`."""
        digit = self.next_digit
        if not digit:
            raise Gs1Error(f"COUPON_MISSING_{missing}", 0, len(self.value))
        if digit not in allowed:
            raise Gs1Error(f"COUPON_INVALID_{invalid}", self.at, 1)
        self.at += 1
        return digit

    def field(self, length: int, truncated: str) -> str:
        """`length` digits."""
        rest = len(self.value) - self.at
        if rest < length:
            start = self.at if rest else 0
            raise Gs1Error(f"COUPON_{truncated}", start, len(self.value) - start)
        self.at += length
        return self.value[self.at - length : self.at]

    def sized(self, name: str, allowed: str, extra: int = 0) -> str:
        """A length digit and then as many digits, and `extra` more."""
        length = int(self.choice(f"{name}_VLI", f"{name}_LENGTH", allowed))
        return self.field(length + extra, f"TRUNCATED_{name}")

    def date(self, name: str) -> str:
        """A date as YYMMDD."""
        start = self.at
        digits = self.field(6, f"TOO_SHORT_FOR_{name}_DATE")
        month, day = int(digits[2:4]), int(digits[4:])
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(2000 + int(digits[:2]), month)[1]:
            # the misspelling is the published name of the code
            published = "EXIPIRATION" if name == "EXPIRATION" else name
            raise Gs1Error(f"COUPON_INVALID_{published}_DATE", start, 6)
        return digits

    def finish(self) -> None:
        """Nothing may be left."""
        if self.at < len(self.value):
            raise Gs1Error("COUPON_EXCESS_DATA", self.at, len(self.value) - self.at)


def _purchase(digits: _Digits, ordinal: str) -> None:
    digits.sized(f"{ordinal}_PURCHASE_REQUIREMENT", "12345")
    code = f"{ordinal}_PURCHASE_REQUIREMENT_CODE"
    digits.choice(code, code, "012349")
    digits.field(3, f"TRUNCATED_{ordinal}_PURCHASE_FAMILY_CODE")


def _purchase_prefix(digits: _Digits, ordinal: str) -> None:
    if digits.next_digit == _NO_PREFIX:
        digits.at += 1
        return
    digits.sized(f"{ordinal}_PURCHASE_GCP", "0123456", 6)


def _second_and_third(digits: _Digits) -> None:
    if digits.next_digit == "1":
        digits.at += 1
        code = "ADDITIONAL_PURCHASE_RULES_CODE"
        digits.choice(code, code, "0123")
        _purchase(digits, "2ND")
        _purchase_prefix(digits, "2ND")
    if digits.next_digit == "2":
        digits.at += 1
        _purchase(digits, "3RD")
        _purchase_prefix(digits, "3RD")


def _dates(digits: _Digits) -> None:
    expiration = ""
    if digits.next_digit == "3":
        digits.at += 1
        expiration = digits.date("EXPIRATION")
    if digits.next_digit == "4":
        digits.at += 1
        start = digits.date("START")
        if expiration and expiration < start:
            raise Gs1Error("COUPON_EXPIRATION_BEFORE_START", digits.at - 13, 13)


def _miscellaneous(digits: _Digits) -> None:
    digits.choice("SAVE_VALUE_CODE", "SAVE_VALUE_CODE", "01256")
    digits.choice("SAVE_VALUE_APPLIES_TO_ITEM", "SAVE_VALUE_APPLIES_TO_ITEM", "012")
    digits.choice("STORE_COUPON_FLAG", "STORE_COUPON_FLAG", "0123456789")
    digits.choice("DONT_MULTIPLY_FLAG", "DONT_MULTIPLY_FLAG", "01")


def lint_coupon_code(value: str) -> None:
    """A coupon code of AI 8110."""
    digits = _Digits(value)
    digits.sized("GCP", "0123456", 6)
    digits.field(6, "TRUNCATED_OFFER_CODE")
    digits.sized("SAVE_VALUE", "12345")
    _purchase(digits, "1ST")
    _second_and_third(digits)
    _dates(digits)
    if digits.next_digit == "5":
        digits.at += 1
        digits.sized("SERIAL_NUMBER", "0123456789", 6)
    if digits.next_digit == "6":
        digits.at += 1
        digits.sized("RETAILER_GCP_OR_GLN", "1234567", 6)
    if digits.next_digit == "9":
        digits.at += 1
        _miscellaneous(digits)
    digits.finish()


def lint_coupon_offer(value: str) -> None:
    """A positive offer file code of AI 8112."""
    digits = _Digits(value)
    digits.choice("FORMAT_CODE", "FORMAT_CODE", "01")
    digits.sized("FUNDER", "0123456", 6)
    digits.field(6, "TRUNCATED_OFFER_CODE")
    digits.sized("SERIAL_NUMBER", "0123456789", 6)
    digits.finish()
