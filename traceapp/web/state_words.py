"""A refusal because of the state of a case, as people read it: the state by its word, and no name of an action."""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from flask_babel import gettext

from traceapp.adverse_event.states import AdverseEventState
from traceapp.capa.states import CapaState
from traceapp.complaint.return_states import ReturnState
from traceapp.complaint.states import ComplaintState
from traceapp.core.errors import Problem
from traceapp.recall.states import RecallState
from traceapp.submission.report_states import ReportState
from traceapp.surveillance.states import SignalState

from .capa_words import CAPA_STATES
from .report_words import STATES as REPORT_STATES
from .words import COMPLAINT_STATES, EVENT_STATES, RECALL_STATES, RETURN_STATES, SIGNAL_STATES, Words, word

_TABLES: Mapping[type[StrEnum], Words] = {
    AdverseEventState: EVENT_STATES, CapaState: CAPA_STATES, ComplaintState: COMPLAINT_STATES,
    RecallState: RECALL_STATES, ReportState: REPORT_STATES, ReturnState: RETURN_STATES, SignalState: SIGNAL_STATES}


def said_params(problem: Problem) -> dict[str, object]:
    """What a message is filled with; a state by its word."""
    return {name: word(_TABLES[type(value)], value) if isinstance(value, StrEnum) and type(value) in _TABLES else value
            for name, value in problem.params.items()}


def said_template(problem: Problem) -> str:
    """The message in the reader's language, unfilled. One that names an action by its code says instead that the page
    is older than the case."""
    if type(problem.params.get("state")) in _TABLES and "action" in problem.params:
        return gettext("This cannot be done any more: it now reads “%(state)s”. Perhaps somebody else was faster; the "
                       "page shows how it stands.")
    return gettext(problem.message)
