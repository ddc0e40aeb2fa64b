"""Serial numbers in a row: a whole run is four values, however long it is. Pure."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from traceapp.core.errors import InvalidInput
from traceapp.gs1 import TABLE, Gs1Error

# AI (21) holds 20 characters; 18 digits fit the whole numbers of both databases.
LONGEST_SERIAL = 20
MOST_DIGITS = 18
_ENDING = re.compile(r"(|.*[^0-9])([0-9]{1,18})", re.DOTALL)


class Serial(NamedTuple):
    """A serial number taken apart: the number at its end, with how many digits, and what stands before it."""

    prefix: str
    width: int
    number: int


def read_serial(text: str) -> Serial | None:
    """The parts of a serial number; None for one that no run can hold: without digits at its end, or too long."""
    found = _ENDING.fullmatch(text) if len(text) <= LONGEST_SERIAL else None
    return None if found is None else Serial(found[1], len(found[2]), int(found[2]))


@dataclass(frozen=True, slots=True)
class Run:
    """`count` serial numbers: `prefix`, then a number of `width` digits, from `first` on.

    The prefix never ends in a digit, so a serial number stands in a run in one way only, and two runs hold the same
    one only if prefix and width are the same.
    """

    prefix: str
    width: int
    first: int
    count: int

    @property
    def end(self) -> int:
        """The first number after it."""
        return self.first + self.count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[str]:
        return (self.text(number) for number in range(self.first, self.end))

    def __contains__(self, text: object) -> bool:
        serial = read_serial(text) if isinstance(text, str) else None
        return serial is not None and (serial.prefix, serial.width) == (self.prefix, self.width) \
            and self.first <= serial.number < self.end

    def text(self, number: int) -> str:
        """The serial number with this number in it."""
        return f"{self.prefix}{number:0{self.width}d}"

    def overlaps(self, other: Run) -> bool:
        """Whether a serial number stands in both."""
        return (self.prefix, self.width) == (other.prefix, other.width) \
            and self.first < other.end and other.first < self.end


def room_of(prefix: str, width: int) -> Run:
    """Every serial number that is `prefix` and `width` digits; digits at the end of the prefix join the number.

    Raises InvalidInput for what is no serial number by AI (21) or has more digits than can be counted.
    """
    if width < 1 or len(prefix) + width > LONGEST_SERIAL:
        raise InvalidInput("A serial number has at most 20 characters: prefix and digits together.",
                           code="bad-serial", place="width")
    try:
        TABLE["21"].check(prefix + "0" * width)
    except Gs1Error as error:
        raise InvalidInput("“%(prefix)s” cannot begin a serial number: only letters, digits and signs that GS1 allows; "
                           "character %(position)d is wrong.", code="bad-serial", place="prefix", prefix=prefix,
                           position=error.start + 1) from None
    letters = prefix.rstrip("0123456789")
    fixed = prefix[len(letters):]
    if len(fixed) + width > MOST_DIGITS:
        raise InvalidInput("At most 18 digits can stand in a row at the end of a serial number. Put a letter into the "
                           "prefix, or take fewer digits.", code="bad-serial", place="width")
    return Run(letters, len(fixed) + width, int(fixed or "0") * 10 ** width, 10 ** width)
