"""Console: task forces. The list, one of them with its line of time, and what its members do."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint import crisis_queries
from traceapp.complaint.crisis import (
    JoinTaskForce,
    OpenTaskForce,
    add_case,
    end_task_force,
    hold_lot,
    join_task_force,
    open_task_force,
    write_entry,
)
from traceapp.complaint.crisis_model import TaskForceEntry
from traceapp.complaint.crisis_queries import crisis_of
from traceapp.complaint.queries import complaint_by_reference
from traceapp.core.errors import InvalidInput
from traceapp.identity.lookup import names_of_users
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.words import CRISIS_ENTRIES, word
from traceapp.worklist.rostering import people_for_duty

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.task_forces": "complaint.read", "console.task_force": "complaint.read",
    "console.task_force_open": "complaint.write", "console.task_force_join": "complaint.write",
    "console.task_force_write": "complaint.write", "console.task_force_case": "complaint.write",
    "console.task_force_hold": "trace.release", "console.task_force_end": "complaint.approve"}


@blueprint.get("/task-forces")
def task_forces() -> Response:
    """All task forces, and the form that opens one; `lot` and `case` fill it in."""
    return _list(Entered({"lot": given("lot"), "case": given("case")}))


def _list(form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        found = crisis_queries.task_forces(db)
        lots = lots_by_key(db, [one.lot_key for one in found if one.lot_key])
    return case_page("console/task_forces.html", status, rows=found, lots=lots, form=form)


@blueprint.post("/task-forces")
def task_force_open() -> Response:
    """Open one by decision."""
    form = Entered()

    def act(db: Session) -> Done:
        lots = lots_of_number(db, form.text("lot")) if form.text("lot") else []
        if form.text("lot") and len(lots) != 1:
            raise InvalidInput("There is no batch “%(number)s” of ours." if not lots else
                               "Several products have a batch “%(number)s”.", place="lot", number=form.text("lot"))
        force = open_task_force(db, actor(), world().clock, OpenTaskForce(
            form.text("reason"), lots[0].lot_key if lots else None, _case_id(db, form)))
        return Done(url_for("console.task_force", task_force_id=force.id),
                    _("The task force %(reference)s is open.", reference=force.reference))

    return perform(form, act, Refusal(lambda status: _list(form, status), {"lot_key": "lot", "complaint_id": "case"}))


def _case_id(db: Session, form: Entered) -> str | None:
    if not form.text("case"):
        return None
    case = complaint_by_reference(db, form.text("case"))
    if case is None:
        raise InvalidInput("There is no complaint with this number.", place="case")
    return case.id


@blueprint.get("/task-forces/<task_force_id>")
def task_force(task_force_id: str) -> Response:
    """One, with its people, its cases and its line of time."""
    return _show(task_force_id, Entered(), given("do"))


def _show(task_force_id: str, form: Entered, do: str = "", status: int = 200) -> Response:
    with world().database.read() as db:
        crisis = crisis_of(db, task_force_id)
        names = names_of_users(db, [*(entry.by for entry in crisis.entries), *(one.user_id for one in crisis.members),
                                    *(entry.params.get("user") for entry in crisis.entries)])
        lot = lots_by_key(db, [crisis.force.lot_key or ""]).get(crisis.force.lot_key or "")
        people = [(person.id, person.name) for person in people_for_duty(db)
                  if person.id not in {one.user_id for one in crisis.members}]
    return case_page(
        "console/task_force.html", status, crisis=crisis, force=crisis.force, lot=lot, people=people, names=names,
        form=form, do=do, title_of=lambda entry: _title(entry, names, lot.number if lot else ""))


def _title(entry: TaskForceEntry, names: dict[str, str], number: str) -> str:
    whom = {"joined": names.get(entry.params.get("user", ""), ""), "case_added": entry.params.get("complaint", ""),
            "hold_proposed": number, "held": number}.get(entry.kind, "")
    said = word(CRISIS_ENTRIES, entry.kind)
    return f"{said}: {whom}" if whom else said


def _do(task_force_id: str, do: str, act: Callable[[Session, Entered], object], said: str) -> Response:
    form = Entered()

    def run(db: Session) -> Done:
        act(db, form)
        return Done(url_for("console.task_force", task_force_id=task_force_id), said)

    return perform(form, run, Refusal(lambda status: _show(task_force_id, form, do, status)))


@blueprint.post("/task-forces/<task_force_id>/members")
def task_force_join(task_force_id: str) -> Response:
    """Bring somebody in."""
    return _do(task_force_id, "join", lambda db, form: join_task_force(db, actor(), world().clock, JoinTaskForce(
        task_force_id, form.text("user_id") or actor().id, form.text("duty"))), _("Kept."))


@blueprint.post("/task-forces/<task_force_id>/entries")
def task_force_write(task_force_id: str) -> Response:
    """Write what happened."""
    return _do(task_force_id, "", lambda db, form: write_entry(
        db, actor(), world().clock, task_force_id, form.text("text")), _("Kept."))


@blueprint.post("/task-forces/<task_force_id>/cases")
def task_force_case(task_force_id: str) -> Response:
    """Take in one more complaint."""
    def act(db: Session, form: Entered) -> object:
        case_id = _case_id(db, form)
        if case_id is None:
            raise InvalidInput("There is no complaint with this number.", place="case")
        return add_case(db, actor(), world().clock, task_force_id, case_id)

    return _do(task_force_id, "case", act, _("Kept."))


@blueprint.post("/task-forces/<task_force_id>/hold")
def task_force_hold(task_force_id: str) -> Response:
    """Stop the batch."""
    return _do(task_force_id, "hold", lambda db, form: hold_lot(
        db, actor(), world().clock, task_force_id, form.text("reason")), _("The batch is stopped."))


@blueprint.post("/task-forces/<task_force_id>/end")
def task_force_end(task_force_id: str) -> Response:
    """End it with a reason."""
    return _do(task_force_id, "end", lambda db, form: end_task_force(
        db, actor(), world().clock, task_force_id, form.text("reason"), revision=form.revision()),
        _("The task force has ended. A hold stays until somebody lifts it."))
