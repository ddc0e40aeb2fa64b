"""Periodic reports as files, for the console and for machines: read, written, recorded, sent."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO

from flask import Response
from flask_babel import gettext as _

from traceapp.core.errors import InvalidInput
from traceapp.core.places import country
from traceapp.export.psur import docx, pdf
from traceapp.export.psur.document import document_of
from traceapp.export.psur.values import for_the_public
from traceapp.export.spreadsheet import Written, told
from traceapp.submission.periodic import Period, read_periodic
from traceapp.submission.periodic_model import PeriodicClock

from . import clock_words, words
from .context import world
from .i18n import language
from .tables import NewFile, send_file
from .ui import current_locale
from .ui.display import unit as unit_word

KIND = "periodic_report"
FORMS = ("docx", "pdf")
_TYPES = {"docx": docx.MEDIA_TYPE, "pdf": pdf.MEDIA_TYPE}


@dataclass(frozen=True, slots=True)
class PeriodicFile:
    """Which product and days, in which form, and whether it is for the public."""

    product_id: str
    first_on: date
    last_on: date
    form: str = "docx"
    is_public: bool = False


def send_periodic(wanted: PeriodicFile) -> Response:
    """The file in the reader's language, recorded with its hash before it is sent. Raises what reading it raises."""
    if wanted.form not in FORMS:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=wanted.form[:20], known=", ".join(FORMS))
    content = periodic_content(wanted)

    def write(file: BinaryIO) -> Written:
        file.write(content)
        return told(file, 1, _TYPES[wanted.form])

    return send_file(NewFile(KIND, wanted.form, {
        "product": wanted.product_id, "since": wanted.first_on.isoformat(), "until": wanted.last_on.isoformat(),
        "language": language(), "public": "yes" if wanted.is_public else ""}), write)


def period_file(period: PeriodicClock, form: str) -> tuple[str, bytes]:
    """(name, bytes) of the report of a period as the service writes it, in the reader's language."""
    return (f"{KIND}-{period.first_on:%Y%m%d}-{period.last_on:%Y%m%d}.{form}",
            periodic_content(PeriodicFile(period.product_id, period.first_on, period.last_on, form)))


def periodic_content(wanted: PeriodicFile) -> bytes:
    """The bytes of the file."""
    here = world()
    with here.database.snapshot() as session:
        report = read_periodic(session, Period(wanted.product_id, wanted.first_on, wanted.last_on), here.clock.now())
    if wanted.is_public:
        report = for_the_public(report)
    locale = current_locale()
    report = replace(report, unit=unit_word(report.unit, locale))
    names = {code: country(code, locale) for code, _units in report.countries if code}
    blocks = document_of(report, language(), _, _words() | {"countries": names})
    return docx.docx(blocks) if wanted.form == "docx" else pdf.pdf(_("Periodic safety report"), blocks)


def _words() -> dict[str, dict[str, str]]:
    """The words of codes in the reader's language."""
    tables = {"outcomes": words.OUTCOMES, "criteria": words.CRITERIA, "causalities": words.CAUSALITIES,
              "ages": words.AGE_BANDS, "sexes": words.SEXES, "signal_states": words.SIGNAL_STATES,
              "recall_states": words.RECALL_STATES, "authorities": clock_words.AUTHORITIES}
    return {name: {code: str(word) for code, (word, _meaning) in table.items()} for name, table in tables.items()}
