"""Console: what is to be done next in a recall, the most urgent first, each one click from where it is done."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from traceapp.recall.model import Recall
from traceapp.web import clock_words
from traceapp.web.context import signed_in
from traceapp.web.words import DUTIES, word
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import REPORT_TASK
from traceapp.worklist.model import Task
from traceapp.worklist.policy import duties_of

# Where the duties about a case are done, as the address of its page is extended; other duties end on the page itself.
_PLACES: dict[str, dict[str, Any]] = {
    "clock.decide": {"_anchor": "clocks"},
    "recall.approve": {"do": "approve", "_anchor": "do"}, "recall.decide": {"do": "decide", "_anchor": "do"},
    "recall.evaluate": {"part": "assessment"}, "recall.grew": {"part": "scope"}}
_ON_TELLING = ("recall.not_sent", "recall.consumers")


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do, where (empty: it waits for somebody else), and by when."""

    text: str
    url: str
    due_at: datetime


def next_steps(case: Recall, tasks: Iterable[Task], clocks: Iterable[LegalClock],
               left: tuple[int, datetime | None]) -> list[NextStep]:
    """The open tasks about a case, those about its consignees as one (`left`: how many, when the first is due), and of
    its running legal clocks the first that ends, which says more than the task about the clocks."""
    own = duties_of(signed_in().role)
    found = [NextStep(word(DUTIES, task.kind), _place(case, task.kind) if task.role in own else "", task.due_at)
             for task in tasks if task.kind != REPORT_TASK]
    count, due_at = left
    if due_at is not None:
        found.append(NextStep(ngettext("%(num)d piece of work about consignees is left",
                                       "%(num)d pieces of work about consignees are left", count),
                              url_for("console.recall_telling", recall_id=case.id), due_at))
    running = sorted((one for one in clocks if one.state == ClockState.running), key=lambda one: one.due_at)
    if running:
        found.append(NextStep(
            _("Report to the authority: %(market)s", market=clock_words.market_word(running[0].jurisdiction)),
            url_for("console.recall", recall_id=case.id, _anchor="clocks"), running[0].due_at))
    return sorted(found, key=lambda one: one.due_at)


def _place(case: Recall, kind: str) -> str:
    if kind in _ON_TELLING:
        return url_for("console.recall_telling", recall_id=case.id)
    return url_for("console.recall", recall_id=case.id, **_PLACES.get(kind, {}))
