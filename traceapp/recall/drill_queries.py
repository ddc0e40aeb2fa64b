"""Reads of drills: the list, the log, and the target times beside what was measured."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.db.page import Order, Page, page_of

from .drill_model import Drill, DrillStep
from .model import Recall


@dataclass(frozen=True, slots=True)
class DrillFilter:
    """`state` empty: all."""

    state: str = ""
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Target:
    """A time that is asked for: from the beginning to the end of the step `until`; `seconds` None: not reached."""

    name: str
    hours: int
    until: str
    seconds: float | None

    @property
    def is_met(self) -> bool:
        """Whether it took no longer."""
        return self.seconds is not None and self.seconds <= self.hours * 3600


# Who asks for what: lots and consignees known with quantities (SQF, FSMA 204: the list), everybody told (the first day
# of a Chinese class I recall), every unit accounted for (BRCGS).
# Source: BRCGS food safety 3.9, SQF, 21 CFR 1.1455(c)(3), CFDA Order 29 (2017).
_TARGETS = (("SQF", 2, "submit"), ("FSMA 204", 24, "submit"), ("CFDA 29 I", 24, "approve"), ("BRCGS", 4, "close"))


def drill_by_id(session: Session, drill_id: str) -> Drill:
    """The drill. Raises NotFound."""
    drill = session.get(Drill, drill_id)
    if drill is None:
        raise NotFound("There is no such drill.", code="unknown-drill", place="drill_id")
    return drill


def drill_page(session: Session, wanted: DrillFilter) -> Page[Drill]:
    """Drills, the newest first."""
    found = select(Drill)
    if wanted.state:
        found = found.where(Drill.state == wanted.state)
    return page_of(session, found, Order(Drill.asked_at, Drill.id, descending=True), wanted.after, wanted.limit)


def failure_fields(drill: Drill, language: str) -> dict[str, Any]:
    """The fields of the text that says why a drill ended without a report, in a language; none where it has none."""
    if drill.failure_values is None and "%(number)s" in drill.failure:
        return {"number": drill.id}
    return {name: value[language] if isinstance(value, dict) else value
            for name, value in (drill.failure_values or {}).items()}


def played_by_people() -> Select[str]:
    """The ids of the cases of drills that no service plays."""
    return select(Recall.id).where(Recall.is_drill.is_(True), ~exists().where(Drill.recall_id == Recall.id))


def drill_of_recall(session: Session, recall_id: str) -> Drill | None:
    """The drill that played this case; None for one that people play."""
    return session.scalar(select(Drill).where(Drill.recall_id == recall_id))


def steps_of(session: Session, drill_id: str) -> tuple[DrillStep, ...]:
    """The log, the first step first."""
    return tuple(session.scalars(select(DrillStep).where(DrillStep.drill_id == drill_id).order_by(DrillStep.position)))


def targets_of(steps: Sequence[DrillStep]) -> tuple[Target, ...]:
    """The target times beside what was measured: the sum of the seconds of the steps, without the waits between."""
    def until(name: str) -> float | None:
        ends = [at for at, one in enumerate(steps) if one.step == name]
        return sum(one.seconds for one in steps[:ends[-1] + 1]) if ends else None

    return tuple(Target(name, hours, step, until(step)) for name, hours, step in _TARGETS)


def seconds_of(steps: Sequence[DrillStep]) -> float:
    """How long all steps took together."""
    return sum(one.seconds for one in steps)
