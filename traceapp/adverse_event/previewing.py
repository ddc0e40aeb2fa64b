"""An adverse event as it would stand with an assessment that somebody still types."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import inspect

from traceapp.complaint.policy import AgeBand, Sex
from traceapp.complaint.seriousness import SeriousnessCriterion
from traceapp.complaint.terms import terms

from .details import readable_details
from .model import AdverseEvent
from .service import AssessAdverseEvent
from .states import Causality, Expectedness, Outcome

_CODES: dict[str, type[StrEnum]] = {
    "age_band": AgeBand, "sex": Sex, "outcome": Outcome, "causality": Causality, "expectedness": Expectedness}


def preview_of(event: AdverseEvent, command: AssessAdverseEvent, now: datetime) -> AdverseEvent:
    """A copy of the event that is no row of the database; what cannot be kept of the assessment is left out, and a code
    that is not known stays as it was."""
    values: dict[str, Any] = {column.key: getattr(event, column.key) for column in inspect(AdverseEvent).column_attrs}
    for name, known in _CODES.items():
        if getattr(command, name) in set(known):
            values[name] = getattr(command, name)
    return AdverseEvent(**values | {
        "onset_on": command.onset_on, "onset_precision": command.onset_precision,
        "terms": _known(command.terms, terms()), "seriousness": _known(command.seriousness, set(SeriousnessCriterion)),
        "narrative": command.narrative, "use_text": command.use_text,
        "details": readable_details(command.details, now.date())})


def _known(codes: Iterable[str], known: Iterable[str]) -> list[str]:
    return [code for code in dict.fromkeys(codes) if code in known]
