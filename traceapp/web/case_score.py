"""How complete the report of an adverse event would be, as staff and machines read it."""
from __future__ import annotations

from dataclasses import dataclass, replace

from flask_babel import gettext
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.previewing import preview_of
from traceapp.adverse_event.service import AssessAdverseEvent
from traceapp.export.nmpa.rubric import ScoredItem, score
from traceapp.submission.case_reading import SCORED, CaseAsked, case_of
from traceapp.vault.service import erased_at

from .context import world
from .i18n import language


@dataclass(frozen=True, slots=True)
class ItemShown:
    """One item of the rubric: what was got of its points, and what would gain the others."""

    key: str
    title: str
    points: int
    of: int
    where: str
    reasons: tuple[str, ...]

    @property
    def missing(self) -> int:
        """The points that can still be gained."""
        return self.of - self.points


@dataclass(frozen=True, slots=True)
class ScoreShown:
    """`gains`: what would gain points, the most first; `notes`: what is found without costing points."""

    points: int
    of: int
    items: tuple[ItemShown, ...]
    gains: tuple[ItemShown, ...]
    notes: tuple[str, ...]


def score_of(session: Session, event: AdverseEvent, typed: AssessAdverseEvent | None = None) -> ScoreShown | None:
    """The score of the event, or as it would be with what is typed; None for a kind of product without a rubric."""
    now = world().clock.now()
    shown = event if typed is None else preview_of(event, typed, now)
    case = case_of(session, shown, CaseAsked(language(), created_at=now, with_figures=False))
    if case.product.kind not in SCORED:
        return None
    if event.person_id and erased_at(session, event.person_id) is None:
        # The vault knows the reporter; the full report will name them.
        case = replace(case, reporter=replace(case.reporter, name="vault"))
    found = score(case)
    items = tuple(_shown(item) for item in found.items)
    gains = sorted((item for item in items if item.missing), key=lambda item: -item.missing)
    notes = tuple(reason for item in items if not item.of for reason in item.reasons)
    return ScoreShown(found.points, found.of, items, tuple(gains), notes)


def _shown(scored: ScoredItem) -> ItemShown:
    item = scored.item
    title, where = (item.zh, item.where_zh) if language() == "zh" else (item.en, item.where_en)
    reasons = tuple(gettext(found.text) % found.values if found.values else gettext(found.text)
                    for found in scored.reasons)
    return ItemShown(item.key, title, scored.points, item.points, where, reasons)
