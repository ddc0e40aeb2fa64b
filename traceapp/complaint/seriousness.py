"""What makes harm serious, and the plain questions that find out. Pure."""
from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from traceapp.core.errors import InvalidInput

from .states import Severity


class SeriousnessCriterion(StrEnum):
    """Source: ICH E2D(R1) and SAMR Order 1 (2018): what makes an event serious."""

    death = "death"
    life_threatening = "life_threatening"
    hospitalised = "hospitalised"
    disabling = "disabling"
    congenital_anomaly = "congenital_anomaly"
    intervention = "intervention"
    other_serious = "other_serious"


class Harm(StrEnum):
    """What a reporter says: somebody was harmed, somebody could have been, nobody was, or not said."""

    yes = "yes"
    could = "could"
    no = "no"
    unknown = "unknown"


_C = SeriousnessCriterion
_CRITERIA = frozenset(criterion.value for criterion in SeriousnessCriterion)
# What the form asks in plain words -> the criterion that a "yes" means. None: worth knowing, not serious by itself.
PLAIN_ANSWERS: dict[str, SeriousnessCriterion | None] = {
    "died": _C.death,
    "life_in_danger": _C.life_threatening,
    "stayed_in_hospital": _C.hospitalised,
    "lasting_damage": _C.disabling,
    "harm_to_unborn": _C.congenital_anomaly,
    "needed_treatment_to_prevent_damage": _C.intervention,
    "infection_or_disfigurement": _C.other_serious,
    "saw_a_doctor": None,
    "took_medicine": None,
    "missed_work_or_school": None,
    "stopped_using_it": None,
}


def criteria_of(answers: Iterable[str]) -> tuple[SeriousnessCriterion, ...]:
    """The criteria that answers mean, in the order of the enum; an answer is a plain one or a criterion itself.

    Raises InvalidInput for an answer that the form does not have.
    """
    found: set[SeriousnessCriterion] = set()
    for answer in answers:
        if answer in PLAIN_ANSWERS:
            criterion = PLAIN_ANSWERS[answer]
            if criterion is not None:
                found.add(criterion)
        elif answer in _CRITERIA:
            found.add(SeriousnessCriterion(answer))
        else:
            raise InvalidInput("“%(answer)s” is not an answer to how bad it was. Known answers: %(known)s.",
                               code="unknown-answer", place="seriousness", answer=answer[:40],
                               known=", ".join((*PLAIN_ANSWERS, *SeriousnessCriterion)))
    return tuple(criterion for criterion in SeriousnessCriterion if criterion in found)


def is_serious(criteria: Iterable[str]) -> bool:
    """Whether any criterion holds."""
    return not _CRITERIA.isdisjoint(criteria)


def severity_of(criteria: Iterable[str], harm: Harm) -> Severity:
    """The severity that the answers mean; a criterion outweighs a “no harm”.

    Harm that nobody denied and nobody stated is treated as possible: `minor`, never `none`.
    """
    held = set(criteria)
    if held & {_C.death, _C.life_threatening}:
        return Severity.critical
    if held:
        return Severity.major
    if harm is Harm.yes:
        return Severity.moderate
    return Severity.none if harm is Harm.no else Severity.minor
