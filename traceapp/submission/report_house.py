"""The desk of the application: its forms, how cases are read, who reads answers."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore
from traceapp.export import forms
from traceapp.export.case_report import CaseReport, Profile, RenderedReport
from traceapp.vault.service import Vault

from .case_reading import CaseAsked, Look, read_case
from .report_answers import e2b_message_id, emdr_message_id, read_e2b_answer, read_emdr_answer
from .report_desk import AnswerReader, CaseWanted, ReportDesk
from .report_forms import Form
from .report_plain_form import PlainForm

READERS: Mapping[str, AnswerReader] = {"e2b-r3": read_e2b_answer, "emdr": read_emdr_answer}


def no_id(_data: bytes) -> str:
    """Of a form that people hand in: it has no id of its own by which an authority answers."""
    return ""


# How the id is read out of a filled form, where it has one.
MESSAGE_IDS: Mapping[str, Callable[[bytes], str]] = {"e2b-r3": e2b_message_id, "emdr": emdr_message_id}


@dataclass(frozen=True, slots=True)
class ShippedForm:
    """One of the forms that ship, with what reads the id in it."""

    form: forms.Form
    identify: Callable[[bytes], str] = no_id

    @property
    def name(self) -> str:
        """As in `nmpa-device`."""
        return self.form.name

    @property
    def formats(self) -> tuple[str, ...]:
        """What it can be had as."""
        return self.form.formats

    @property
    def render_many(self) -> Callable[..., RenderedReport] | None:
        """The table or batch of many cases, where the form has one."""
        return self.form.render_many

    def render(self, case: CaseReport, fmt: str) -> RenderedReport:
        """The filled form, with what its checks found."""
        return self.form.render(case, fmt)

    def message_id(self, data: bytes) -> str:
        """The id in a filled form."""
        return self.identify(data)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Where the schemas of authorities are; None where they are not."""

    e2b: Path | None = None
    emdr: Path | None = None
    mir: Path | None = None


def report_desk(store: FileStore, vault: Vault, schemas: Schemas | None = None) -> ReportDesk:
    """Every form and every reader of answers that ships."""
    known = schemas or Schemas()
    ours: tuple[Form, ...] = (*(ShippedForm(form, MESSAGE_IDS.get(form.name, no_id))
                               for form in forms.forms_with(known.mir, known.emdr, known.e2b).values()), PlainForm())

    def read(session: Session, wanted: CaseWanted) -> CaseReport:
        asked = CaseAsked("zh" if wanted.market in ("", "CN") else "en", wanted.clock.now(), market=wanted.market)
        if wanted.profile == Profile.masked:
            return read_case(session, wanted.adverse_event_id, asked=asked)
        return read_case(session, wanted.adverse_event_id, vault=vault, asked=asked,
                         look=Look(wanted.actor, wanted.clock, "report to an authority"))

    return ReportDesk(store, {form.name: form for form in ours}, read, dict(READERS), vault)
