"""What is wrong with a GS1 identifier, and where in the text it is."""
from __future__ import annotations

from traceapp.core.errors import InvalidInput

MESSAGES = {
    "AI_EMPTY_VALUE": "The AI has no value",
    "AI_NOT_ALLOWED_HERE": "This AI may not stand in the path or query of this Digital Link",
    "AI_VALUE_LENGTH": "The value has the wrong length for this AI",
    "CONTROL_CHARACTER": "A NUL character cannot be part of a value",
    "DATE_TOO_LONG": "The date has too many digits",
    "DATE_TOO_SHORT": "The date has too few digits",
    "EXCESS_DATA": "There is text after the end of the last value",
    "EXCLUDED_PAIR": "These two AIs may not mark the same item",
    "FNC1_MISSING": "An element string begins with FNC1 (written ^), a bracketed one with (",
    "HOUR_TOO_LONG": "The hour has two digits",
    "HOUR_TOO_SHORT": "The hour has two digits",
    "HOUR_WITH_MINUTE_TOO_LONG": "Hour and minute have four digits",
    "HOUR_WITH_MINUTE_TOO_SHORT": "Hour and minute have four digits",
    "IBAN_TOO_LONG": "An IBAN has at most 34 characters",
    "IBAN_TOO_SHORT": "This is too short for an IBAN",
    "ILLEGAL_DAY": "The month has no such day",
    "ILLEGAL_HOUR": "There is no such hour",
    "ILLEGAL_IBAN_COUNTRY_CODE": "An IBAN begins with the two letters of a country",
    "ILLEGAL_MINUTE": "There is no such minute",
    "ILLEGAL_MONTH": "There is no such month",
    "ILLEGAL_SECOND": "There is no such second",
    "ILLEGAL_ZERO_PREFIX": "This number may not begin with a zero",
    "ILLEGAL_ZERO_VALUE": "This number may not be zero",
    "IMPORTER_IDX_MUST_BE_ONE_CHARACTER": "The importer index is one character",
    "INCORRECT_CHECK_CHARACTER": "The check character is wrong",
    "INCORRECT_CHECK_DIGIT": "The check digit is wrong",
    "INCORRECT_CHECK_PAIR": "The pair of check characters is wrong",
    "INCORRECT_IBAN_CHECKSUM": "The check digits of the IBAN are wrong",
    "INVALID_BIOLOGICAL_SEX_CODE": "The code for sex is 0, 1, 2 or 9",
    "INVALID_CSET39_CHARACTER": "Only capital letters, digits, # - and / are allowed here",
    "INVALID_CSET64_CHARACTER": "Only letters, digits, - and _ are allowed here",
    "INVALID_CSET64_PADDING": "The = signs at the end do not fit the length",
    "INVALID_CSET82_CHARACTER": "This character is not one that GS1 values may have",
    "INVALID_GCP_PREFIX": "A company prefix begins with at least four digits",
    "INVALID_HIBC_CHARACTER": "An HIBC code has capital letters, digits, spaces and - . $ / + % only",
    "INVALID_IBAN_CHARACTER": "An IBAN has capital letters and digits only",
    "INVALID_IMPORT_IDX_CHARACTER": "The importer index is a letter, a digit, - or _",
    "INVALID_LATITUDE": "A latitude is at most 1800000000",
    "INVALID_LENGTH_FOR_PIECE_OF_TOTAL": "The number of the piece and the total have the same number of digits",
    "INVALID_LONGITUDE": "A longitude is at most 3600000000",
    "INVALID_MEDIA_TYPE": "There is no such type of data carrier",
    "INVALID_PACKAGE_TYPE": "There is no such type of package",
    "INVALID_PERCENT_SEQUENCE": "Two hexadecimal digits must follow a percent sign",
    "INVALID_WINDING_DIRECTION": "The winding direction is 0, 1 or 9",
    "LATITUDE_INVALID_LENGTH": "A latitude has ten digits",
    "LONGITUDE_INVALID_LENGTH": "A longitude has ten digits",
    "MALFORMED_AI": "An AI in brackets has two to four digits",
    "MINUTE_TOO_LONG": "The minute has two digits",
    "MINUTE_TOO_SHORT": "The minute has two digits",
    "MISSING_COMPANION": "Another AI must be there together with this one",
    "NON_DIGIT_CHARACTER": "Only digits are allowed here",
    "NOT_A_GS1_TEXT": "This is neither a Digital Link, nor an element string, nor scan data",
    "NOT_HYPHEN": "Only a minus sign may stand here",
    "NOT_ISO3166": "There is no country with this number",
    "NOT_ISO3166_ALPHA2": "There is no country with these two letters",
    "NOT_ISO3166_OR_999": "There is no country with this number",
    "NOT_ISO4217": "There is no currency with this number",
    "NOT_ZERO": "Only zeros may stand here",
    "NOT_ZERO_OR_ONE": "Only 0 or 1 may stand here",
    "NO_KEY": "There is no GS1 identification key in it",
    "PIECE_NUMBER_EXCEEDS_TOTAL": "The number of the piece is more than the total",
    "POSITION_EXCEEDS_END": "The position is behind the end of the sequence",
    "POSITION_IN_SEQUENCE_MALFORMED": "The position in a sequence is two numbers with a slash, such as 1/2",
    "QUALIFIERS_OUT_OF_ORDER": "The AIs in the path are not a sequence that this key allows",
    "REPEATED_AI": "The AI stands twice",
    "REQUIRES_NON_DIGIT_CHARACTER": "At least one character must not be a digit",
    "SECOND_TOO_LONG": "The second has two digits",
    "SECOND_TOO_SHORT": "The second has two digits",
    "TOO_LONG_FOR_CHECK_PAIR_IMPLEMENTATION": "This is too long for a pair of check characters",
    "TOO_SHORT_FOR_CHECK_DIGIT": "This is too short to have a check digit",
    "TOO_SHORT_FOR_CHECK_PAIR": "This is too short to have a pair of check characters",
    "TOO_SHORT_FOR_GCP": "This is too short to hold a company prefix",
    "UNKNOWN_AI": "There is no such AI",
    "UNKNOWN_SYMBOLOGY": "This symbology identifier is not one of GS1 data",
    "UNVERIFIED": "What this means is not known for certain; it is kept as text",
    "URI_CHARACTER": "This character may not stand in a URI",
    "URI_HOST": "The URI needs a host name before its path",
    "URI_SCHEME": "The URI must begin with https:// or http://",
    "ZERO_PIECE_NUMBER": "The number of the piece is zero",
    "ZERO_TOTAL_PIECES": "The total of pieces is zero",
}

_COUPON = "COUPON_"
_COUPON_MESSAGE = "The coupon code breaks the rule %(rule)s"


class Gs1Error(InvalidInput):
    """A GS1 text breaks a rule.

    `code` is the rule's name, in capitals. `start` and `length` say which characters of the text that was handed in
    are wrong (a missing thing has length 0); they always lie within that text.
    """

    def __init__(
        self,
        code: str,
        start: int = 0,
        length: int = 0,
        message: str = "",
        *,
        place: str | None = None,
        **params: object,
    ) -> None:
        if not message and code.startswith(_COUPON):
            message, params = _COUPON_MESSAGE, {"rule": code.removeprefix(_COUPON)}
        template = message or MESSAGES.get(code) or code.replace("_", " ").capitalize()
        super().__init__(template, code=code, place=place or f"{start}+{length}", errors=None, **params)
        self.start = start
        self.length = length

    def moved(self, start: int, length: int | None = None) -> Gs1Error:
        """The same complaint about another stretch of text, with the words of this one."""
        size = self.length if length is None else length
        return Gs1Error(self.code, start, size, self.message, place=None, **self.params)
