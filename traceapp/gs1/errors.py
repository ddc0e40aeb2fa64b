"""What is wrong with a GS1 identifier, and where in the text it is."""
from __future__ import annotations

from traceapp.core.errors import InvalidInput

MESSAGES = {
    "AI_EMPTY_VALUE": "The AI has no value",
    "AI_NOT_ALLOWED_HERE": "This AI may not stand in the path or query of this Digital Link",
    "AI_VALUE_LENGTH": "The value has the wrong length for this AI",
    "CONTROL_CHARACTER": "A NUL character cannot be part of a value",
    "EXCLUDED_PAIR": "These two AIs may not mark the same item",
    "EXCESS_DATA": "There is text after the end of the last value",
    "FNC1_MISSING": "An element string begins with FNC1 (written ^), a bracketed one with (",
    "ILLEGAL_DAY": "The month has no such day",
    "ILLEGAL_MONTH": "There is no such month",
    "INCORRECT_CHECK_DIGIT": "The check digit is wrong",
    "INCORRECT_CHECK_PAIR": "The pair of check characters is wrong",
    "INVALID_CSET39_CHARACTER": "Only capital letters, digits, # - and / are allowed here",
    "INVALID_CSET64_CHARACTER": "Only letters, digits, - and _ are allowed here",
    "INVALID_CSET82_CHARACTER": "This character is not one that GS1 values may have",
    "MALFORMED_AI": "An AI in brackets has two to four digits",
    "MISSING_COMPANION": "Another AI must be there together with this one",
    "NO_KEY": "There is no GS1 identification key in it",
    "NON_DIGIT_CHARACTER": "Only digits are allowed here",
    "NOT_A_GS1_TEXT": "This is neither a Digital Link, nor an element string, nor scan data",
    "QUALIFIERS_OUT_OF_ORDER": "The AIs in the path are not a sequence that this key allows",
    "REPEATED_AI": "The AI stands twice",
    "UNKNOWN_AI": "There is no such AI",
    "URI_CHARACTER": "This character may not stand in a URI",
    "URI_HOST": "The URI needs a host name before its path",
    "URI_SCHEME": "The URI must begin with https:// or http://",
}


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
        template = message or MESSAGES.get(code) or code.replace("_", " ").capitalize()
        super().__init__(template, code=code, place=place or f"{start}+{length}", errors=None, **params)
        self.start = start
        self.length = length

    def moved(self, start: int, length: int | None = None) -> Gs1Error:
        """The same complaint about another stretch of text, with the words of this one."""
        size = self.length if length is None else length
        return Gs1Error(self.code, start, size, self.message, place=None, **self.params)
