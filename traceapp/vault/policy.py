"""What the vault asks of a person's details. Pure."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from traceapp.core.errors import InvalidInput

MINOR_BELOW_YEARS = 14
"""Source: Personal Information Protection Law of the PRC (2021), art. 28 and 31: under 14 with a guardian."""

_LIMITS = {"name": 120, "phone": 40, "email": 254, "guardian_name": 120, "note": 2000}
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who somebody is and how to reach them. Values never show in a representation.

    For a child, telephone and e-mail are those of the guardian.
    """

    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    guardian_name: str = field(default="", repr=False)
    note: str = field(default="", repr=False)

    def is_empty(self) -> bool:
        return not (self.name or self.phone or self.email or self.guardian_name or self.note)

    @property
    def contact(self) -> str:
        """The telephone number, else the e-mail address, else nothing."""
        return self.phone or self.email


def cleaned_details(details: PersonDetails) -> PersonDetails:
    """The details in NFKC without blanks at the ends.

    Raises InvalidInput that names the field, never its value.
    """
    if details.is_empty():
        return details
    values = {name: unicodedata.normalize("NFKC", getattr(details, name)).strip() for name in _LIMITS}
    for name, limit in _LIMITS.items():
        if len(values[name]) > limit:
            raise InvalidInput("This is longer than %(limit)s characters.", code="too-long", place=name, limit=limit)
    digits = re.sub(r"\D", "", values["phone"])
    if values["phone"] and not 5 <= len(digits) <= 15:
        raise InvalidInput("A telephone number has 5 to 15 digits.", code="not-a-phone", place="phone")
    if values["email"] and not _EMAIL.fullmatch(values["email"]):
        raise InvalidInput("An e-mail address looks like name@example.com.", code="not-an-email", place="email")
    return PersonDetails(**values)


def check_guardian(details: PersonDetails, *, is_minor: bool) -> None:
    """Raises InvalidInput where a child's details come without a guardian who can be reached."""
    if not is_minor:
        return
    if not details.guardian_name:
        raise InvalidInput("For a child under 14 we need the name of a parent or guardian. Or leave out all details: "
                           "the report is then anonymous.", code="guardian-needed", place="guardian_name")
    if not details.contact:
        raise InvalidInput("For a child under 14 we need the parent's or guardian's telephone or e-mail. Or leave "
                           "out all details: the report is then anonymous.", code="guardian-needed", place="phone")


def checked_reason(reason: str) -> str:
    """The reason for looking or erasing. Raises InvalidInput where there is none."""
    cleaned = reason.strip()
    if len(cleaned) < 3:
        raise InvalidInput("Say why you need this; the reason is recorded.", code="reason-needed", place="reason")
    if len(cleaned) > 500:
        raise InvalidInput("This is longer than %(limit)s characters.", code="too-long", place="reason", limit=500)
    return cleaned
