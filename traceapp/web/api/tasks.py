"""The work list by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world
from traceapp.worklist import tasks as worklist
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.policy import duties_of, refuse_others_duty

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, choice, listed, moment, page_answer, words

blueprint = ApiBlueprint("api_tasks", __name__, url_prefix="/api/v1", description="Work list")
# Whose duty a task is decides further.
PERMISSIONS = {"api_tasks.list_tasks": "console.read", "api_tasks.read_task": "console.read",
               "api_tasks.assign": "console.read", "api_tasks.complete": "console.read"}


class TaskSchema(Schema):
    """Something that somebody must do by a time."""

    id = fields.String()
    kind = fields.String()
    about = fields.String()
    lot_key = fields.String(allow_none=True)
    params = fields.Raw()
    role = fields.String()
    assignee_id = fields.String(allow_none=True)
    created_at = moment()
    due_at = moment()
    state = choice(TaskState)
    done_at = moment(allow_none=True)
    done_by = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)


class AssignSchema(Schema):
    """Who does it: the one who asks, or again the whole team."""

    to = choice(("me", "team"), required=True)


class OutcomeSchema(Schema):
    """What came of it."""

    outcome = words(2000, least=1, required=True)


def _known(session: Session, task_id: str) -> Task:
    """The task, when it is a duty of the asker's role. Raises NotFound, Forbidden."""
    task = worklist.task_by_id(session, task_id)
    if task is None:
        raise NotFound("There is no such task.", code="unknown-task")
    refuse_others_duty(signed_in().role, task.role)
    return task


@blueprint.route("/tasks", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(TaskSchema, "TaskList"))
def list_tasks(wanted: dict[str, Any]) -> dict[str, Any]:
    """Open tasks that are duties of the token's role, the most urgent first"""
    with world().database.read() as session:
        return page_answer(worklist.open_task_page(session, duties_of(signed_in().role), **wanted))


@blueprint.route("/tasks/<task_id>", methods=["GET"])
@blueprint.response(200, TaskSchema)
def read_task(task_id: str) -> object:
    """One task"""
    with world().database.read() as session:
        return _known(session, task_id)


@blueprint.route("/tasks/<task_id>/assignment", methods=["POST"])
@blueprint.arguments(AssignSchema, example={"to": "me"})
@blueprint.response(200, TaskSchema)
def assign(given: dict[str, Any], task_id: str) -> object:
    """Take a task, or give it back to the team"""
    who = signed_in()
    with unit_of_work() as session:
        _known(session, task_id)
        return worklist.assign_task(session, who, world().clock, task_id, who.id if given["to"] == "me" else None)


@blueprint.route("/tasks/<task_id>/completion", methods=["POST"])
@blueprint.arguments(OutcomeSchema, example={"outcome": "Telephoned; the ward has none left."})
@blueprint.response(200, TaskSchema)
def complete(given: dict[str, Any], task_id: str) -> object:
    """Say that a task of the token's role is done"""
    with unit_of_work() as session:
        _known(session, task_id)
        return worklist.complete_task(session, signed_in(), world().clock, task_id, given["outcome"])
