"""What is seen across the lots of a product, and plans of detection, by API."""
from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask import Response, jsonify, url_for
from marshmallow import Schema, fields, validate

from traceapp.catalog.model import Product
from traceapp.core.errors import NotFound
from traceapp.surveillance.lot_terms import LotTermsWish, lot_terms
from traceapp.surveillance.plan_model import PlanRun
from traceapp.surveillance.plan_runs import OrderPlan, answer_in, cancel_plan, order_plan, plan_in, plan_run, plan_runs
from traceapp.surveillance.planning import BOUNDS, CAUSES, Answer, Course, Plan
from traceapp.surveillance.planning_facts import plan_facts
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import AsWritten, choice, words

blueprint = ApiBlueprint("api_planning", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {"api_planning.read_plan": "signal.read", "api_planning.read_facts": "signal.read",
               "api_planning.read_terms": "signal.read", "api_planning.list_plans": "signal.read",
               "api_planning.order": "signal.decide", "api_planning.cancel": "signal.decide"}
_EXAMPLE = Plan()


def _within(name: str) -> validate.Range:
    least, most = BOUNDS[name]
    return validate.Range(min=least, max=most)


class PlanSchema(Schema):
    """A plant: rates in reports per unit, shares from 0 to 1, times in days. What is left out is an example's."""

    lots_a_year = fields.Integer(validate=_within("lots_a_year"), load_default=_EXAMPLE.lots_a_year)
    units = fields.Integer(validate=_within("units"), load_default=_EXAMPLE.units)
    shipping_days = fields.Integer(validate=_within("shipping_days"), load_default=_EXAMPLE.shipping_days)
    use_days = fields.Float(validate=_within("use_days"), load_default=_EXAMPLE.use_days)
    report_days = fields.Float(validate=_within("report_days"), load_default=_EXAMPLE.report_days)
    baseline = fields.Float(validate=_within("baseline"), load_default=_EXAMPLE.baseline)
    cause = choice(CAUSES, load_default=_EXAMPLE.cause)
    rate_ratio = fields.Float(validate=_within("rate_ratio"), load_default=_EXAMPLE.rate_ratio)
    counted = fields.Float(validate=_within("counted"), load_default=_EXAMPLE.counted)
    shipping_known = fields.Boolean(load_default=_EXAMPLE.shipping_known)
    lots_a_raw = fields.Integer(validate=_within("lots_a_raw"), load_default=_EXAMPLE.lots_a_raw)
    raws = fields.Integer(validate=_within("raws"), load_default=_EXAMPLE.raws)
    lines = fields.Integer(validate=_within("lines"), load_default=_EXAMPLE.lines)
    nodes_watched = fields.Boolean(load_default=_EXAMPLE.nodes_watched)


class TermsWishSchema(Schema):
    """How far back, and how much of the table."""

    days = fields.Integer(validate=validate.Range(min=1, max=1830), load_default=365)
    rows = fields.Integer(validate=validate.Range(min=1, max=100), load_default=15)
    columns = fields.Integer(validate=validate.Range(min=1, max=100), load_default=10)


class OrderPlanSchema(PlanSchema):
    """A plan, and from whose records it was filled in, if from any."""

    product_id = words(32, load_default="")


@blueprint.route("/detection-plans", methods=["POST"])
@blueprint.arguments(OrderPlanSchema)
@blueprint.alt_response(201, schema=AsWritten)
def order(given: dict[str, Any]) -> Response:
    """Have a plan played in the background: days to the alarm in a plant like this, and what changes would buy"""
    product_id = given.pop("product_id")
    with unit_of_work() as session:
        if product_id:
            _known(session, product_id)
        run = order_plan(session, signed_in(), world().clock, OrderPlan(Plan(**given), product_id or None))
        answer = jsonify(_run(run))
        answer.status_code, answer.headers["Location"] = 201, url_for("api_planning.read_plan", run_id=run.id)
        return answer


@blueprint.route("/detection-plans", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def list_plans() -> Response:
    """The plans that were played, the newest first"""
    with world().database.read() as session:
        return jsonify({"rows": [_run(run) for run in plan_runs(session)]})


@blueprint.route("/detection-plans/<run_id>", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_plan(run_id: str) -> Response:
    """One of them: how far it is, then what came of it"""
    with world().database.read() as session:
        return jsonify(_run(plan_run(session, run_id)))


@blueprint.route("/detection-plans/<run_id>/cancel", methods=["POST"])
@blueprint.alt_response(200, schema=AsWritten)
def cancel(run_id: str) -> Response:
    """Have it not played after all"""
    with unit_of_work() as session:
        return jsonify(_run(cancel_plan(session, signed_in(), world().clock, run_id)))


def _run(run: PlanRun) -> dict[str, Any]:
    answer = answer_in(run)
    return {"id": run.id, "state": run.state, "done": run.done, "total": run.total, "product_id": run.product_id,
            "created_at": run.created_at.isoformat(), "trouble": run.trouble, "plan": asdict(plan_in(run)),
            "answer": None if answer is None else _answer(answer)}


def _answer(answer: Answer) -> dict[str, Any]:
    return {"lots": answer.lots, "now": _course(answer.now), "changes": [
        {"change": one.key, "is_in_place": one.is_in_place, "without": _course(one.worse), "with": _course(one.better),
         "days_saved": one.saved} for one in answer.changes]}


def _course(course: Course) -> dict[str, Any]:
    return {"runs": course.runs, "delays": course.delays, "detected": course.detected, "median": course.day(0.5),
            "median_range": course.median_range, "p90": course.day(0.9),
            "false_alarms_per_100_lots": course.false_alarms_per_100_lots, "top1": course.top1, "bound": course.bound}


@blueprint.route("/products/<product_id>/detection-plan", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_facts(product_id: str) -> Response:
    """What a product's last year says about its plant"""
    here = world()
    with here.database.read() as session:
        _known(session, product_id)
        return jsonify(plan_facts(session, product_id, here.clock.now().date()))


@blueprint.route("/products/<product_id>/lot-terms", methods=["GET"])
@blueprint.arguments(TermsWishSchema, location="query")
@blueprint.alt_response(200, schema=AsWritten)
def read_terms(given: dict[str, Any], product_id: str) -> Response:
    """Reports of a product by lot and term, beside what would be usual"""
    here = world()
    since = here.clock.now() - timedelta(days=given.pop("days"))
    with here.database.read() as session:
        _known(session, product_id)
        found = lot_terms(session, LotTermsWish(product_id, since, **given))
    return jsonify({
        "reports": found.reports, "lots": found.of_lot, "terms": found.of_term, "hidden_lots": found.hidden_lots,
        "hidden_terms": found.hidden_terms, "is_cut": found.is_cut, "cells": [
            {"lot_key": lot, "term": term, "reports": cell.reports, "expected": cell.expected, "ic": cell.component,
             "ic025": cell.low} for (lot, term), cell in found.cells.items()]})


def _known(session: Any, product_id: str) -> None:
    if session.get(Product, product_id) is None:
        raise NotFound("There is no such product.", place="product_id")
