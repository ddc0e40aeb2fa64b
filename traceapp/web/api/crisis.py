"""Task forces by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.complaint import crisis
from traceapp.complaint.crisis_model import CrisisCause, EntryKind, TaskForce
from traceapp.complaint.crisis_queries import crisis_of, task_forces
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Reason, choice, created, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_crisis", __name__, url_prefix="/api/v1", description="Task forces")
PERMISSIONS = {
    "api_crisis.list_task_forces": "complaint.read", "api_crisis.read_task_force": "complaint.read",
    "api_crisis.list_entries": "complaint.read", "api_crisis.list_members": "complaint.read",
    "api_crisis.open_one": "complaint.write", "api_crisis.join": "complaint.write",
    "api_crisis.write": "complaint.write", "api_crisis.add": "complaint.write",
    "api_crisis.hold": "trace.release", "api_crisis.end": "complaint.approve",
}


class TaskForceSchema(Schema):
    """A task force; `cause` is a cluster of critical reports on one batch, or somebody's decision."""

    id = fields.String()
    reference = fields.String()
    cause = choice(CrisisCause)
    lot_key = fields.String(allow_none=True)
    reason = fields.String()
    opened_at = moment()
    opened_by = fields.String()
    held_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)
    ended_by = fields.String(allow_none=True)
    end_reason = fields.String()


class OpenTaskForceSchema(Schema):
    """Why, and for which batch or case."""

    reason = words(4000, least=1, required=True)
    lot_key = words(32, load_default=None, allow_none=True)
    complaint_id = words(32, load_default=None, allow_none=True)


class TaskForceMemberSchema(Schema):
    """Somebody who works on it."""

    user_id = words(32, least=1, required=True)
    duty = words(120, load_default="")


class TaskForceEntrySchema(Schema):
    """What happened, on the line of time."""

    position = fields.Integer()
    at = moment()
    by = fields.String()
    kind = choice(EntryKind)
    params = fields.Raw()
    text = fields.String()


class NewTaskForceEntrySchema(Schema):
    """What happened, in somebody's words."""

    text = words(4000, least=1, required=True)


class TaskForceCaseSchema(Schema):
    """A complaint that it works on."""

    complaint_id = words(32, least=1, required=True)


@blueprint.route("/task-forces", methods=["GET"])
@blueprint.response(200, TaskForceSchema(many=True))
def list_task_forces() -> object:
    """All task forces, those at work first"""
    with world().database.read() as session:
        return task_forces(session)


@blueprint.route("/task-forces", methods=["POST"])
@blueprint.arguments(OpenTaskForceSchema)
@blueprint.alt_response(201, schema=TaskForceSchema)
def open_one(given: dict[str, Any]) -> Response:
    """Open a task force"""
    with unit_of_work() as session:
        force = crisis.open_task_force(session, signed_in(), world().clock, crisis.OpenTaskForce(**given))
        session.flush()
        return created(TaskForceSchema(), force, "api_crisis.read_task_force", task_force_id=force.id)


@blueprint.route("/task-forces/<task_force_id>", methods=["GET"])
@blueprint.alt_response(200, schema=TaskForceSchema)
def read_task_force(task_force_id: str) -> Response:
    """One task force"""
    with world().database.read() as session:
        return shown(TaskForceSchema(), crisis_of(session, task_force_id).force)


@blueprint.route("/task-forces/<task_force_id>/entries", methods=["GET"])
@blueprint.response(200, TaskForceEntrySchema(many=True))
def list_entries(task_force_id: str) -> object:
    """Its line of time, oldest first"""
    with world().database.read() as session:
        return crisis_of(session, task_force_id).entries


@blueprint.route("/task-forces/<task_force_id>/members", methods=["GET"])
@blueprint.response(200, TaskForceMemberSchema(many=True))
def list_members(task_force_id: str) -> object:
    """Who works on it"""
    with world().database.read() as session:
        return crisis_of(session, task_force_id).members


@blueprint.route("/task-forces/<task_force_id>/members", methods=["POST"])
@blueprint.arguments(TaskForceMemberSchema)
@blueprint.alt_response(200, schema=TaskForceSchema)
def join(given: dict[str, Any], task_force_id: str) -> Response:
    """Bring somebody in"""
    with unit_of_work() as session:
        return _shown(session, crisis.join_task_force(session, signed_in(), world().clock,
                                                      crisis.JoinTaskForce(task_force_id, **given)))


@blueprint.route("/task-forces/<task_force_id>/entries", methods=["POST"])
@blueprint.arguments(NewTaskForceEntrySchema)
@blueprint.alt_response(200, schema=TaskForceSchema)
def write(given: dict[str, Any], task_force_id: str) -> Response:
    """Write what happened"""
    with unit_of_work() as session:
        return _shown(session, crisis.write_entry(session, signed_in(), world().clock, task_force_id, given["text"]))


@blueprint.route("/task-forces/<task_force_id>/cases", methods=["POST"])
@blueprint.arguments(TaskForceCaseSchema)
@blueprint.alt_response(200, schema=TaskForceSchema)
def add(given: dict[str, Any], task_force_id: str) -> Response:
    """Take in one more complaint"""
    with unit_of_work() as session:
        return _shown(session, crisis.add_case(session, signed_in(), world().clock, task_force_id,
                                               given["complaint_id"]))


@blueprint.route("/task-forces/<task_force_id>/hold", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=TaskForceSchema)
def hold(given: dict[str, Any], task_force_id: str) -> Response:
    """Stop its batch"""
    with unit_of_work() as session:
        return _shown(session, crisis.hold_lot(session, signed_in(), world().clock, task_force_id, given["reason"]))


@blueprint.route("/task-forces/<task_force_id>/ending", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=TaskForceSchema)
def end(given: dict[str, Any], task_force_id: str) -> Response:
    """End it with a reason (If-Match)"""
    with unit_of_work() as session:
        return _shown(session, crisis.end_task_force(session, signed_in(), world().clock, task_force_id,
                                                     given["reason"], revision=wanted_revision()))


def _shown(session: Any, force: TaskForce) -> Response:
    session.flush()
    return shown(TaskForceSchema(), force)
