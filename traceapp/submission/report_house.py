"""The desk of the application: its forms, how cases are read, who reads answers."""
from __future__ import annotations

from traceapp.attachment.store import FileStore
from traceapp.vault.service import Vault

from .report_case import read_plain_case
from .report_desk import AnswerReader, ReportDesk
from .report_forms import Form
from .report_plain_form import PlainForm

FORMS: dict[str, Form] = {form.name: form for form in (PlainForm(),)}
READERS: dict[str, AnswerReader] = {}


def report_desk(store: FileStore, vault: Vault) -> ReportDesk:
    """Every form and every reader of answers that ships."""
    del vault
    return ReportDesk(store, FORMS, read_plain_case, READERS)
