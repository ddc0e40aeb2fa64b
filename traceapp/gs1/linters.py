"""The rules for what the parts of a value may be: one function a rule.

A linter takes the text of one component and returns nothing, or raises `Gs1Error` with the rule's code and the place
within that text. They don't judge the length of a value: the format of the AI does that.

Source: GS1 Barcode Syntax Tests (names and codes); GS1 General Specifications, sections 3 and 7.
"""
from __future__ import annotations

import csv
import re
from calendar import isleap
from collections.abc import Callable, Iterable
from functools import partial
from importlib.resources import files

from .coupons import lint_coupon_code, lint_coupon_offer
from .errors import Gs1Error

Linter = Callable[[str], None]

CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GCP_SHORTEST = 4
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_IBAN_SHORTEST, _IBAN_LONGEST = 10, 34
_PRIME_COUNT = 97


def _code_lists() -> dict[str, frozenset[str]]:
    """Every code list of data/codes.csv, by its name."""
    text = files(__package__).joinpath("data/codes.csv").read_text(encoding="utf-8")
    lists: dict[str, set[str]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        lists.setdefault(row["list"], set()).add(row["code"])
    return {name: frozenset(codes) for name, codes in lists.items()}


def _primes(count: int) -> tuple[int, ...]:
    """The first `count` primes."""
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return tuple(found)


CODE_LISTS = _code_lists()
_WEIGHTS = _primes(_PRIME_COUNT)
_CHARACTER_VALUES = {character: number for number, character in enumerate(CSET82)}
_NON_DIGIT = re.compile(r"[^0-9]")
_NOT_CSET82 = re.compile(r"[^!\"%-/0-9:-?A-Z_a-z]")
_NOT_CSET39 = re.compile(r"[^#\-/0-9A-Z]")
_NOT_CSET64 = re.compile(r"[^0-9A-Za-z_\-]")
_NOT_IBAN = re.compile(r"[^0-9A-Z]")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_POSITION = re.compile(r"([0-9]+)/([0-9]+)")


def _characters(value: str, *, unwanted: re.Pattern[str], code: str) -> None:
    if found := unwanted.search(value):
        raise Gs1Error(code, found.start(), 1)


lint_digits = partial(_characters, unwanted=_NON_DIGIT, code="NON_DIGIT_CHARACTER")
lint_cset82 = partial(_characters, unwanted=_NOT_CSET82, code="INVALID_CSET82_CHARACTER")
lint_cset39 = partial(_characters, unwanted=_NOT_CSET39, code="INVALID_CSET39_CHARACTER")


def lint_cset64(value: str) -> None:
    """Base64url, with padding or without."""
    bare = value.rstrip("=")
    pads = len(value) - len(bare)
    if pads > 2 or (pads and len(value) % 3):
        raise Gs1Error("INVALID_CSET64_PADDING", len(bare), pads)
    _characters(bare, unwanted=_NOT_CSET64, code="INVALID_CSET64_CHARACTER")


def check_digit(digits: str) -> str:
    """The check digit that belongs behind these digits (modulo 10, weights 3 and 1 from the right).

    Source: GS1 General Specifications, 7.9.1.
    """
    codes = digits.encode("ascii")
    # an ASCII digit is 48 more than its value
    odd, even = codes[-1::-2], codes[-2::-2]
    return str(-(3 * (sum(odd) - 48 * len(odd)) + sum(even) - 48 * len(even)) % 10)


def lint_csum(value: str) -> None:
    """The last digit is the right check digit."""
    if not value:
        raise Gs1Error("TOO_SHORT_FOR_CHECK_DIGIT", 0, 0)
    if not (value.isascii() and value.isdigit()):
        lint_digits(value)
    if check_digit(value[:-1]) != value[-1]:
        raise Gs1Error("INCORRECT_CHECK_DIGIT", len(value) - 1, 1)


def check_pair(text: str) -> str:
    """The two check characters that belong behind a text of character set 82, 97 characters at most.

    Raises KeyError for a character outside the set. Source: GS1 General Specifications, 7.9.5.
    """
    weighted = (_CHARACTER_VALUES[character] * weight for character, weight in zip(text[::-1], _WEIGHTS, strict=False))
    high, low = divmod(sum(weighted) % 1021, 32)
    return CSET32[high] + CSET32[low]


def lint_csumalpha(value: str) -> None:
    """The last two characters are the right check characters (Global Model Number)."""
    if len(value) > _PRIME_COUNT + 2:
        raise Gs1Error("TOO_LONG_FOR_CHECK_PAIR_IMPLEMENTATION", 0, len(value))
    if len(value) < 2:
        raise Gs1Error("TOO_SHORT_FOR_CHECK_PAIR", 0, len(value))
    lint_cset82(value[:-2])
    if check_pair(value[:-2]) != value[-2:]:
        raise Gs1Error("INCORRECT_CHECK_PAIR", len(value) - 2, 2)


def _company_prefix(value: str, *, skipped: int) -> None:
    # which prefixes are issued is not public, so only the form can be judged
    if len(value) < skipped + _GCP_SHORTEST:
        raise Gs1Error("TOO_SHORT_FOR_GCP", 0, len(value))
    if found := _NON_DIGIT.search(value, skipped, skipped + _GCP_SHORTEST):
        raise Gs1Error("INVALID_GCP_PREFIX", found.start(), 1)


def _whole(value: str, *, allowed: Iterable[str], code: str) -> None:
    if value not in allowed:
        raise Gs1Error(code, 0, len(value))


def lint_hyphen(value: str) -> None:
    """Nothing but hyphens."""
    if not value or value.strip("-"):
        raise Gs1Error("NOT_HYPHEN", 0, len(value))


def lint_hasnondigit(value: str) -> None:
    """At least one character is not a digit."""
    if not _NON_DIGIT.search(value):
        raise Gs1Error("REQUIRES_NON_DIGIT_CHARACTER", 0, len(value))


def lint_nonzero(value: str) -> None:
    """A number that is not zero."""
    lint_digits(value)
    if not value.strip("0"):
        raise Gs1Error("ILLEGAL_ZERO_VALUE", 0, len(value))


def lint_nozeroprefix(value: str) -> None:
    """A number without leading zeros."""
    if value.startswith("0"):
        raise Gs1Error("ILLEGAL_ZERO_PREFIX", 0, 1)
    lint_digits(value)


def lint_zero(value: str) -> None:
    """Nothing but zeros."""
    if not value or value.strip("0"):
        raise Gs1Error("NOT_ZERO", 0, len(value))


def lint_pcenc(value: str) -> None:
    """Every percent sign begins a percent-encoded character."""
    if found := _BAD_PERCENT.search(value):
        raise Gs1Error("INVALID_PERCENT_SEQUENCE", found.start(), min(3, len(value) - found.start()))


def lint_pieceoftotal(value: str) -> None:
    """Piece and total, each half of the digits: neither is zero, the piece is not more than the total."""
    half, odd = divmod(len(value), 2)
    if odd or not half:
        raise Gs1Error("INVALID_LENGTH_FOR_PIECE_OF_TOTAL", 0, len(value))
    lint_digits(value)
    piece, total = value[:half], value[half:]
    if not piece.strip("0"):
        raise Gs1Error("ZERO_PIECE_NUMBER", 0, half)
    if not total.strip("0"):
        raise Gs1Error("ZERO_TOTAL_PIECES", half, half)
    if piece > total:
        raise Gs1Error("PIECE_NUMBER_EXCEEDS_TOTAL", 0, len(value))


def lint_posinseqslash(value: str) -> None:
    """Position and end of a sequence with a slash between them, such as 2/3."""
    found = _POSITION.fullmatch(value)
    if found is None:
        raise Gs1Error("POSITION_IN_SEQUENCE_MALFORMED", 0, len(value))
    for group in (1, 2):
        if found[group].startswith("0"):
            raise Gs1Error("ILLEGAL_ZERO_PREFIX", found.start(group), len(found[group]))
    # texts of digits without leading zeros, however long, compare by length and then by letter
    if (len(found[1]), found[1]) > (len(found[2]), found[2]):
        raise Gs1Error("POSITION_EXCEEDS_END", 0, len(value))


def lint_importeridx(value: str) -> None:
    """One character of the importer index."""
    if len(value) != 1:
        raise Gs1Error("IMPORTER_IDX_MUST_BE_ONE_CHARACTER", 0, len(value))
    if _NOT_CSET64.search(value):
        raise Gs1Error("INVALID_IMPORT_IDX_CHARACTER", 0, 1)


def lint_iban(value: str) -> None:
    """An International Bank Account Number with the right check digits. Source: ISO 13616."""
    if len(value) > _IBAN_LONGEST:
        raise Gs1Error("IBAN_TOO_LONG", 0, len(value))
    if len(value) >= 4 and value[:2] not in CODE_LISTS["country-alpha2"]:
        raise Gs1Error("ILLEGAL_IBAN_COUNTRY_CODE", 0, 2)
    if len(value) < _IBAN_SHORTEST:
        raise Gs1Error("IBAN_TOO_SHORT", 0, len(value))
    _characters(value, unwanted=_NOT_IBAN, code="INVALID_IBAN_CHARACTER")
    digits = "".join(str(int(character, 36)) for character in value[4:] + value[:4])
    if int(digits) % 97 != 1:
        raise Gs1Error("INCORRECT_IBAN_CHECKSUM", 2, 2)


def _ten_digits(value: str, *, name: str, highest: str) -> None:
    if len(value) != 10:
        raise Gs1Error(f"{name}_INVALID_LENGTH", 0, len(value))
    lint_digits(value)
    if value > highest:
        raise Gs1Error(f"INVALID_{name}", 0, 10)


def _sized_digits(value: str, *, length: int, name: str) -> None:
    if len(value) != length:
        raise Gs1Error(f"{name}_TOO_{'SHORT' if len(value) < length else 'LONG'}", 0, len(value))
    lint_digits(value)


def _clock_part(value: str, *, name: str, highest: str) -> None:
    _sized_digits(value, length=2, name=name)
    if value > highest:
        raise Gs1Error(f"ILLEGAL_{name}", 0, 2)


def lint_hhmi(value: str) -> None:
    """Hour and minute."""
    _sized_digits(value, length=4, name="HOUR_WITH_MINUTE")
    if value[:2] > "23":
        raise Gs1Error("ILLEGAL_HOUR", 0, 2)
    if value[2:] > "59":
        raise Gs1Error("ILLEGAL_MINUTE", 2, 2)


def _date(value: str, *, year_digits: int, day_zero: bool) -> None:
    _sized_digits(value, length=year_digits + 4, name="DATE")
    # of the two-digit years only 00 depends on the century, and 2000 is the one that GS1 dates can mean
    year = int(value[:year_digits]) + (2000 if year_digits == 2 else 0)
    month, day = int(value[year_digits : year_digits + 2]), int(value[year_digits + 2 :])
    if not 1 <= month <= 12:
        raise Gs1Error("ILLEGAL_MONTH", year_digits, 2)
    days = 29 if month == 2 and isleap(year) else _MONTH_DAYS[month - 1]
    if not (0 if day_zero else 1) <= day <= days:
        raise Gs1Error("ILLEGAL_DAY", year_digits + 2, 2)


LINTERS: dict[str, Linter] = {
    "couponcode": lint_coupon_code,
    "couponposoffer": lint_coupon_offer,
    "cset39": lint_cset39,
    "cset64": lint_cset64,
    "cset82": lint_cset82,
    "csetnumeric": lint_digits,
    "csum": lint_csum,
    "csumalpha": lint_csumalpha,
    "gcppos1": partial(_company_prefix, skipped=0),
    "gcppos2": partial(_company_prefix, skipped=1),
    "hasnondigit": lint_hasnondigit,
    "hh": partial(_clock_part, name="HOUR", highest="23"),
    "hhmi": lint_hhmi,
    "hyphen": lint_hyphen,
    "iban": lint_iban,
    "importeridx": lint_importeridx,
    "iso3166": partial(_whole, allowed=CODE_LISTS["country-numeric"], code="NOT_ISO3166"),
    "iso3166999": partial(_whole, allowed=CODE_LISTS["country-numeric"] | {"999"}, code="NOT_ISO3166_OR_999"),
    "iso3166alpha2": partial(_whole, allowed=CODE_LISTS["country-alpha2"], code="NOT_ISO3166_ALPHA2"),
    "iso4217": partial(_whole, allowed=CODE_LISTS["currency-numeric"], code="NOT_ISO4217"),
    "iso5218": partial(_whole, allowed=frozenset("0129"), code="INVALID_BIOLOGICAL_SEX_CODE"),
    "latitude": partial(_ten_digits, name="LATITUDE", highest="1800000000"),
    "longitude": partial(_ten_digits, name="LONGITUDE", highest="3600000000"),
    "mediatype": partial(_whole, allowed=CODE_LISTS["media-type"], code="INVALID_MEDIA_TYPE"),
    "mi": partial(_clock_part, name="MINUTE", highest="59"),
    "nonzero": lint_nonzero,
    "nozeroprefix": lint_nozeroprefix,
    "packagetype": partial(_whole, allowed=CODE_LISTS["package-type"], code="INVALID_PACKAGE_TYPE"),
    "pcenc": lint_pcenc,
    "pieceoftotal": lint_pieceoftotal,
    "posinseqslash": lint_posinseqslash,
    "ss": partial(_clock_part, name="SECOND", highest="59"),
    "winding": partial(_whole, allowed=frozenset("019"), code="INVALID_WINDING_DIRECTION"),
    "yesno": partial(_whole, allowed=frozenset("01"), code="NOT_ZERO_OR_ONE"),
    "yymmd0": partial(_date, year_digits=2, day_zero=True),
    "yymmdd": partial(_date, year_digits=2, day_zero=False),
    "yyyymmd0": partial(_date, year_digits=4, day_zero=True),
    "yyyymmdd": partial(_date, year_digits=4, day_zero=False),
    "zero": lint_zero,
}
