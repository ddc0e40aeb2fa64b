"""The work list by API."""
from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world
from traceapp.worklist import tasks as worklist
from traceapp.worklist.policy import duties_of, refuse_others_duty

from .idempotency import unit_of_work
from .schemas import moment, words

blueprint = Blueprint("api_tasks", __name__, url_prefix="/api/v1", description="Work list")
PERMISSIONS = {"api_tasks.list_tasks": "console.read", "api_tasks.complete": "console.read"}


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
    state = fields.String()


class OutcomeSchema(Schema):
    """What came of it."""

    outcome = words(400, least=1, required=True)


@blueprint.route("/tasks", methods=["GET"])
@blueprint.response(200, TaskSchema(many=True))
def list_tasks() -> object:
    """Open tasks that are duties of the token's role, the most urgent first"""
    with world().database.read() as session:
        found = [task for role in duties_of(signed_in().role) for task in worklist.open_tasks(session, role)]
    return sorted(found, key=lambda task: (task.due_at, task.id))


@blueprint.route("/tasks/<task_id>/completion", methods=["POST"])
@blueprint.arguments(OutcomeSchema)
@blueprint.response(200, TaskSchema)
def complete(given: dict[str, Any], task_id: str) -> object:
    """Say that a task of the token's role is done"""
    here = world()
    with unit_of_work() as session:
        task = worklist.task_by_id(session, task_id)
        if task is None:
            raise NotFound("There is no such task.", code="unknown-task")
        refuse_others_duty(signed_in().role, task.role)
        return worklist.complete_task(session, signed_in(), here.clock, task_id, given["outcome"])
