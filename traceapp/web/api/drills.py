"""Drills by API: asking for one, its report, the plans, and what was taken up."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.capa.from_drill import take_up_gap
from traceapp.export.trace import plain_value
from traceapp.recall import drill_hours
from traceapp.recall.drill_hours import Hours, hours_now
from traceapp.recall.drill_model import Direction, DrillState
from traceapp.recall.drill_plans import MOST_MONTHS, MOST_PRODUCTS, SetDrillPlan, cadence_of, set_drill_plan
from traceapp.recall.drill_queries import DrillFilter, drill_by_id, drill_page, steps_of
from traceapp.recall.drilling import MOST_SEED, AskDrill, ask_drill, look_at_drill, run_again
from traceapp.rules import CALENDARS
from traceapp.web.context import signed_in, world
from traceapp.web.drill_record import FORMS, drill_facts, send_drill
from traceapp.web.drill_words import failure_text, gap_of

from .blueprint import ApiBlueprint
from .capas import CapaSchema
from .idempotency import unit_of_work
from .schemas import AsWritten, Paging, choice, created, listed, moment, page_answer, words

blueprint = ApiBlueprint("api_drills", __name__, url_prefix="/api/v1", description="Drills")
PERMISSIONS = {"api_drills.list_drills": "recall.write", "api_drills.ask": "recall.write",
               "api_drills.read_drill": "recall.write", "api_drills.look": "recall.write",
               "api_drills.again": "recall.write",
               "api_drills.take_up": "capa.write", "api_drills.report_file": "recall.write",
               "api_drills.list_cadence": "recall.write", "api_drills.set_plan": "recall.write",
               "api_drills.read_hours": "recall.write", "api_drills.set_hours": "recall.write"}


class DrillSchema(Schema):
    """A drill. `seed` null: any; `lot_key` null: the seed chooses; `product_id`: of this product only. `out_of_hours`:
    outside working hours on purpose. `is_provisional`: the holidays of that year were not known, so that the day of the
    week alone decided."""

    id = fields.String(dump_only=True)
    direction = choice(Direction, required=True)
    seed = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(0, MOST_SEED - 1))
    lot_key = words(32, load_default=None, allow_none=True)
    product_id = words(32, load_default=None, allow_none=True)
    state = choice(DrillState, dump_only=True)
    recall_id = fields.String(dump_only=True, allow_none=True)
    is_planned = fields.Boolean(dump_only=True)
    out_of_hours = fields.Boolean(dump_only=True)
    is_provisional = fields.Boolean(dump_only=True)
    due_at = moment(dump_only=True)
    asked_at = moment(dump_only=True)
    asked_by = fields.String(dump_only=True)
    started_at = moment(dump_only=True, allow_none=True)
    ended_at = moment(dump_only=True, allow_none=True)
    looked_at = moment(dump_only=True, allow_none=True)
    failure = fields.Function(failure_text)
    failed_step = fields.String(dump_only=True)


class DrillFilterSchema(Paging):
    """Which drills."""

    state = choice(DrillState, load_default="")


class PlanSchema(Schema):
    """How often a product is drilled; 0: not any more. `also`: the other products of its family."""

    every_months = fields.Integer(strict=True, required=True, validate=validate.Range(0, MOST_MONTHS))
    also = fields.List(words(32), load_default=list, validate=validate.Length(max=MOST_PRODUCTS))


class HoursSchema(Schema):
    """When the house works; `weekdays` from 0, which is Monday; `version` 0 is the stated default. `calendar`: the
    country whose public holidays are outside of it and whose make-up days inside, empty: none that is known, so that
    the moments of planned drills are provisional; left out: as it is."""

    zone = words(60, least=1, required=True)
    weekdays = fields.List(fields.Integer(strict=True, validate=validate.Range(0, 6)), required=True,
                           validate=validate.Length(min=1, max=7))
    opens = words(5, least=4, required=True)
    closes = words(5, least=4, required=True)
    calendar = choice((*CALENDARS, ""), load_default=None)
    reason = words(2000, least=1, required=True, load_only=True)
    version = fields.Integer(strict=True, load_default=None, allow_none=True)


class CadenceSchema(Schema):
    """How a product stands: drills within a year, and by when the next one has to be."""

    product_id = fields.String(attribute="product.id")
    drills = fields.Integer()
    last_at = moment(allow_none=True)
    due_at = moment()
    is_overdue = fields.Boolean()
    every_months = fields.Integer(attribute="plan.every_months", dump_default=0)
    plan_id = fields.String(attribute="plan.product_id", dump_default=None, allow_none=True)
    next_at = moment(attribute="plan.next_at", dump_default=None, allow_none=True)


class FormQuery(Schema):
    """In which form."""

    format = choice(FORMS, load_default="pdf")


@blueprint.route("/drills", methods=["GET"])
@blueprint.arguments(DrillFilterSchema, location="query")
@blueprint.response(200, listed(DrillSchema, "DrillList"))
def list_drills(wanted: dict[str, Any]) -> dict[str, Any]:
    """Drills, the newest first"""
    with world().database.read() as session:
        return page_answer(drill_page(session, DrillFilter(**wanted)))


@blueprint.route("/drills", methods=["POST"])
@blueprint.arguments(DrillSchema, example={"direction": "forward", "seed": 7})
@blueprint.alt_response(201, schema=DrillSchema)
def ask(given: dict[str, Any]) -> Response:
    """Ask for a drill; the scheduler plays it"""
    with unit_of_work() as session:
        answer = jsonify(DrillSchema().dump(ask_drill(session, signed_in(), world().clock, AskDrill(**given))))
    answer.status_code = 201
    return answer


@blueprint.route("/drills/<drill_id>", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_drill(drill_id: str) -> Response:
    """One drill with its log, the target times, and the report once it is done"""
    with world().database.read() as session:
        return jsonify(plain_value(drill_facts(drill_by_id(session, drill_id), steps_of(session, drill_id))))


@blueprint.route("/drills/<drill_id>/reading", methods=["POST"])
@blueprint.alt_response(200, schema=DrillSchema)
def look(drill_id: str) -> Response:
    """Note that you read the report"""
    with unit_of_work() as session:
        return jsonify(DrillSchema().dump(look_at_drill(session, signed_in(), world().clock, drill_id)))


@blueprint.route("/drills/<drill_id>/again", methods=["POST"])
@blueprint.alt_response(200, schema=DrillSchema)
def again(drill_id: str) -> Response:
    """Have a drill that ended without a report go on where it stopped"""
    with unit_of_work() as session:
        return jsonify(DrillSchema().dump(run_again(session, signed_in(), world().clock, drill_id)))


@blueprint.route("/drills/<drill_id>/gaps/<number>/capa", methods=["POST"])
@blueprint.alt_response(200, schema=CapaSchema)
def take_up(drill_id: str, number: str) -> Response:
    """Take up a gap in the CAPA of the drill; the first one opens it"""
    with unit_of_work() as session:
        capa = take_up_gap(session, signed_in(), world().clock, gap_of(drill_by_id(session, drill_id), number))
        session.flush()
        return jsonify(CapaSchema().dump(capa))


@blueprint.route("/exports/drills/<drill_id>", methods=["GET"])
@blueprint.arguments(FormQuery, location="query")
@blueprint.alt_response(200, content_type=FORMS["pdf"], schema={"type": "string", "format": "binary"})
@blueprint.alt_response(200, content_type=FORMS["docx"], schema={"type": "string", "format": "binary"})
def report_file(wanted: dict[str, Any], drill_id: str) -> Response:
    """The report of a drill as a document"""
    return send_drill(drill_id, wanted["format"])


@blueprint.route("/drill-plans", methods=["GET"])
@blueprint.response(200, CadenceSchema(many=True))
def list_cadence() -> object:
    """How every product stands: drills within a year, the plan, and what is overdue"""
    with world().database.read() as session:
        return list(cadence_of(session, world().clock))


@blueprint.route("/drill-hours", methods=["GET"])
@blueprint.response(200, HoursSchema)
def read_hours() -> dict[str, object]:
    """When the house works: of two planned drills one comes in these hours, one outside of them"""
    with world().database.read() as session:
        return _hours(hours_now(session))


@blueprint.route("/drill-hours", methods=["POST"])
@blueprint.arguments(HoursSchema, example={"zone": "Asia/Shanghai", "weekdays": [0, 1, 2, 3, 4], "opens": "08:30",
                                           "closes": "17:30", "reason": "Winter hours."})
@blueprint.alt_response(201, schema=HoursSchema)
def set_hours(given: dict[str, Any]) -> Response:
    """Set them anew"""
    with unit_of_work() as session:
        drill_hours.set_hours(session, signed_in(), world().clock, drill_hours.SetHours(
            **(given | {"weekdays": tuple(given["weekdays"])})))
        return created(HoursSchema(), _hours(hours_now(session)), "api_drills.read_hours")


def _hours(hours: Hours) -> dict[str, object]:
    return {"zone": hours.zone, "weekdays": hours.weekdays, "opens": hours.times[0], "closes": hours.times[1],
            "calendar": hours.calendar, "version": hours.version}


@blueprint.route("/drill-plans/<product_id>", methods=["PUT"])
@blueprint.arguments(PlanSchema)
@blueprint.alt_response(204)
def set_plan(given: dict[str, Any], product_id: str) -> Response:
    """Say how often a product is drilled"""
    with unit_of_work() as session:
        set_drill_plan(session, signed_in(), world().clock, SetDrillPlan(
            product_id, given["every_months"], tuple(given["also"])))
    return Response(status=204)
