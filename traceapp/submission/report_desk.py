"""What reports are made with: the file store, the forms, how a case is read, and who reads the answers."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.export.case_report import CaseReport, Profile
from traceapp.vault.service import Vault

from .report_forms import Form
from .report_states import AnswerVerdict


@dataclass(frozen=True, slots=True)
class CaseWanted:
    """Which case, for whom: a full report names persons, and who asked for it is recorded. `market`: the jurisdiction
    that the report is for, empty: the one at home."""

    adverse_event_id: str
    profile: Profile
    actor: Actor
    clock: Clock
    market: str = ""


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What an authority's file says of one report. `names` are the numbers by which it names the report: of the
    message, of the case; `number` the authority's own; `texts` what it says in words."""

    verdict: AnswerVerdict
    names: tuple[str, ...]
    number: str = ""
    texts: tuple[str, ...] = field(default=())


# The answers in a file; None when it is no file of this kind.
AnswerReader = Callable[[bytes], Sequence[ReadAnswer] | None]


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """`forms` and `readers` by name; `vault` opens the reports that came in, without it they stay closed."""

    store: FileStore
    forms: Mapping[str, Form]
    read_case: Callable[[Session, CaseWanted], CaseReport]
    readers: Mapping[str, AnswerReader]
    vault: Vault | None = None
