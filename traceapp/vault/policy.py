"""What the vault asks of a person's details. Pure."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from traceapp.core.errors import InvalidInput
from traceapp.core.mail_address import is_mail_address

MINOR_BELOW_YEARS = 14
"""Source: Personal Information Protection Law of the PRC (2021), art. 28 and 31: under 14 with a guardian."""

_LIMITS = {"name": 120, "phone": 40, "email": 254, "guardian_name": 120, "note": 2000, "patient_name": 120,
           "initials": 10, "record_number": 60, "born_on": 10}
PATIENT_FIELDS = ("patient_name", "initials", "record_number", "born_on")
_BORN = re.compile(r"(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who somebody is and how to reach them. Values never show in a representation.

    For a child, telephone and e-mail are those of the guardian. The last four are a patient's, where that is another
    person than the one who told us or where a report asks for them; `born_on` as far as it is known: 1980-03-09,
    1980-03, 1980.
    """

    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    guardian_name: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    patient_name: str = field(default="", repr=False)
    initials: str = field(default="", repr=False)
    record_number: str = field(default="", repr=False)
    born_on: str = field(default="", repr=False)

    def is_empty(self) -> bool:
        return self.is_of_patient_alone() and not any(getattr(self, name) for name in PATIENT_FIELDS)

    def is_of_patient_alone(self) -> bool:
        """Whether nothing is said of who told us."""
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
    if values["email"] and not is_mail_address(values["email"]):
        raise InvalidInput("An e-mail address looks like name@example.com.", code="not-an-email", place="email")
    _check_born_on(values["born_on"])
    return PersonDetails(**values)


def _check_born_on(text: str) -> None:
    """Raises InvalidInput for what is no date, however much of it is known."""
    if not text:
        return
    try:
        if not _BORN.fullmatch(text):
            raise ValueError
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        raise InvalidInput("Write the date of birth as far as it is known: 1980-03-09, 1980-03 or 1980.",
                           code="not-a-date", place="born_on") from None


def check_guardian(details: PersonDetails, *, is_minor: bool) -> None:
    """Raises InvalidInput where a child's details come without a guardian who can be reached.

    What a report to an authority must say of the patient needs no guardian. Source: the same law, art. 13.
    """
    if not is_minor or details.is_of_patient_alone():
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
