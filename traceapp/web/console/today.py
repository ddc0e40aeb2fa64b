"""Today: what is late, what is due, what is new; one's own duties and the team's, each one click from the act."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import redirect, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.code.doubts import KINDS as ABOUT_SCANS
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.recall.drill_plans import OVERDUE_ABOUT
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.figures import RecallCounts
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.states import ENDED, RecallState
from traceapp.surveillance.budget import budget_state
from traceapp.surveillance.queries import SignalFilter, signal_page
from traceapp.surveillance.states import UNDECIDED
from traceapp.trace.queries import lot_counts
from traceapp.web.auth import may
from traceapp.web.context import signed_in, world
from traceapp.web.figure_words import funnel
from traceapp.web.i18n import language
from traceapp.web.signal_words import case_names
from traceapp.web.words import DUTIES, word
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.policy import BY_THEIR_ACT, duties_of, refuse_others_duty
from traceapp.worklist.tasks import TaskCounts, assign_task, complete_task, open_task_counts, open_tasks, task_by_id

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .layout import today as date_here
from .promise_widget import promise_widget
from .recall_case import untold_url

_RUNNING = tuple(str(state) for state in RecallState if state not in ENDED)
# endpoint -> permission (see traceapp.web.permissions); whose duty a task is decides further
PERMISSIONS: dict[str, str] = {
    "console.home": "console.read", "console.today": "console.read", "console.task": "console.read",
    "console.task_take": "console.read", "console.task_done": "console.read"}

_PAGES = {"complaint": "/console/complaints/", "adverse_event": "/console/adverse-events/",
          "signal": "/console/signals/", "recall": "/console/recalls/", "lot": "/console/lots/",
          "task_force": "/console/task-forces/", "report": "/console/reports/",
          "report_answer": "/console/reports/answers/", "periodic": "/console/reports/periods/",
          "product": "/console/products/", "capa": "/console/capa/", "group": "/console/groups/",
          "drill": "/console/drills/",
          "drift": "/console/signals/drifts/", "screen": "/console/signals/screen?lot=",
          "jump": "/console/signals/screen?product="}
_SHOWN = 100
_SOON = timedelta(days=1)
_FEW = 5
"""Of the tasks that are due later, so that the page keeps to what matters today; the others unfold."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A task with where it is done and who took it."""

    task: Task
    title: str
    about: str
    url: str
    assignee: str
    is_mine: bool


def _notice_url(task: Task) -> str:
    """The page of a consignee, or of somebody who got units from one."""
    case, passed_id = f"/console/recalls/{task.params.get('recall_id', '')}", task.params.get("passed_id")
    return f"{case}/passed/{passed_id}" if passed_id else f"{case}/consignees/{task.params.get('consignee_id', '')}"


def act_url(task: Task) -> str:
    """The page on which the task is done."""
    kind, _, key = task.about.partition(":")
    if kind in ("notice", "untold"):
        return untold_url(task.params["recall_id"]) if kind == "untold" else _notice_url(task)
    if kind in ("capa_action", "capa_question"):
        return url_for("console.capa", capa_id=task.params["capa_id"]) + ("#actions" if kind == "capa_action" else
                                                                         "#questions")
    if task.about == OVERDUE_ABOUT:
        return url_for("console.drills") + "#plans"
    if task.kind == "person.retention":
        return url_for("console.persons") + "#expired"
    if kind == "partner_recall" and task.lot_key:
        return url_for("console.lot", lot_key=task.lot_key)
    if kind == "excursion" and task.lot_key:
        return url_for("console.lot", lot_key=task.lot_key, part="storage")
    if kind == "subscription":
        return url_for("console.exchange_subscriptions")
    if kind == "lot" and task.kind in ABOUT_SCANS:
        return url_for("console.lot", lot_key=key, part="scans")
    if kind == "registration":
        return url_for("console.product", product_id=task.params["product_id"]) + "#markets"
    return f"{_PAGES[kind]}{key}" if kind in _PAGES else url_for("console.task", task_id=task.id)
@blueprint.get("/")
def home() -> Response:
    """The way in."""
    return redirect(url_for("console.today"))


@blueprint.get("/today")
def today() -> Response:
    """The page of today. The tiles count all that is open; of each list the most urgent stand here."""
    with world().database.read() as session:
        lists, counts = _duties(session)
        values = _news(session)
    return page("console/today.html", **lists, tasks=counts, few=_FEW, **values)


def _duties(session: Session) -> tuple[dict[str, Any], TaskCounts]:
    """The open tasks of the actor's role, by when they are due, and one's own; how many there are of each."""
    who, now = signed_in(), world().clock.now()
    roles, soon = duties_of(who.role), now + _SOON
    counts = open_task_counts(session, roles, who.id, now, soon)
    found = {
        "late": open_tasks(session, roles, until=now, limit=_SHOWN) if counts.late else [],
        "due": open_tasks(session, roles, since=now, until=soon, limit=_SHOWN) if counts.due else [],
        "later": open_tasks(session, roles, since=soon, limit=_SHOWN) if counts.later else [],
        "mine": open_tasks(session, roles, assignee_id=who.id, limit=_SHOWN) if counts.mine else []}
    names = names_of_users(session, (task.assignee_id for tasks in found.values() for task in tasks))
    return {name: [_duty(task, names, who.id) for task in tasks] for name, tasks in found.items()}, counts


def _duty(task: Task, names: Mapping[str, str], user_id: str) -> Duty:
    return Duty(task, word(DUTIES, task.kind), _subject(task), act_url(task), names.get(task.assignee_id or "", ""),
                task.assignee_id == user_id)


def _subject(task: Task) -> str:
    """What the task is about: a reference or number, and whom it names."""
    who = task.params.get("name_zh" if language() == "zh" else "name_en")
    return " · ".join(str(part) for part in (task.params.get("reference") or task.params.get("number"), who) if part)


def _news(session: Session) -> dict[str, Any]:
    """Signals first, then recalls that run, complaints that wait, lots that wait."""
    values: dict[str, Any] = {"signals": None, "recalls": None, "complaints": None, "names": None, "counts": None,
                              "promise": None}
    if may("signal.read"):
        values["promise"] = promise_widget(budget_state(session, world().clock.now().date()))
        values["signals"] = signal_page(session, SignalFilter(states=tuple(UNDECIDED), limit=10))
        values["names"] = case_names(session, values["signals"].rows)
    if may("recall.write"):
        running = recall_page(session, RecallFilter(states=_RUNNING, limit=10))
        figures = figures_of(session, world().clock.now(), running.rows)
        values["recalls"] = [(row, _funnel(row.reference, figures[row.id].counts)) for row in running.rows]
    if may("complaint.read"):
        values["complaints"] = complaint_page(session, ComplaintFilter(states=("received",), limit=5))
    if may("trace.read"):
        values["counts"] = lot_counts(session, date_here())
    return values


def _funnel(reference: str, counts: RecallCounts) -> Any:
    if not counts.consignees:
        return None
    return funnel(counts, gettext("Consignees of recall %(reference)s", reference=reference))["drawing"]


def _known(session: Session, task_id: str) -> Task:
    """The task, when it is a duty of the actor's role. Raises NotFound, Forbidden."""
    task = task_by_id(session, task_id)
    if task is None:
        raise NotFound("There is no such task.", code="unknown-task")
    refuse_others_duty(signed_in().role, task.role)
    return task


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    """One task: what it is about, whose it is, and how it is ended by hand."""
    return _task_page(task_id, Entered())


def _task_page(task_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as session:
        found = _known(session, task_id)
        names = names_of_users(session, (found.assignee_id, found.done_by))
    url = act_url(found)
    return page("console/task.html", status, task=found, title=word(DUTIES, found.kind), form=form,
                act_url=None if url == url_for("console.task", task_id=task_id) else url,
                assignee=names.get(found.assignee_id or "", ""), done_by=names.get(found.done_by or "", found.done_by),
                is_open=found.state == TaskState.open, subject=_subject(found),
                ends_by_hand=found.kind not in BY_THEIR_ACT, is_mine=found.assignee_id == signed_in().id)


@blueprint.post("/tasks/<task_id>/take")
def task_take(task_id: str) -> Response:
    """Take a task, or with `back` give it back to the team."""
    form = Entered()
    assignee = None if form.get("back") else signed_in().id

    def act(session: Session) -> Done:
        _known(session, task_id)
        assign_task(session, signed_in(), world().clock, task_id, assignee)
        return Done(url_for("console.today"),
                    gettext("The task is yours.") if assignee else gettext("The task is the team's again."))

    return perform(form, act, Refusal(lambda status: _task_page(task_id, form, status)))


@blueprint.post("/tasks/<task_id>/done")
def task_done(task_id: str) -> Response:
    """End a task by hand, saying what came of it."""
    form = Entered()
    outcome = form.text("reason", required=True)

    def act(session: Session) -> Done:
        _known(session, task_id)
        complete_task(session, signed_in(), world().clock, task_id, outcome[:2000])
        return Done(url_for("console.today"), gettext("The task is done."))

    return perform(form, act, Refusal(lambda status: _task_page(task_id, form, status)))
