"""CAPAs by API: the list, one with all its parts, and what changes its state."""
from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from traceapp.capa import queries
from traceapp.capa.cases import capa_by_id
from traceapp.capa.model import Capa
from traceapp.capa.moving import STEPS
from traceapp.capa.problems import ProblemFilter, problem_rows, year_until
from traceapp.capa.service import (
    ChangeCapa,
    CloseCapa,
    LinkCapa,
    LinkTo,
    MoveCapa,
    OpenCapa,
    UnlinkCapa,
    change_capa,
    close_capa,
    link_capa,
    move_capa,
    open_capa,
    unlink_capa,
)
from traceapp.capa.states import ActionState, CapaKind, CapaState, CauseKind, Conclusion, LinkKind, Verdict
from traceapp.core.errors import InvalidInput
from traceapp.identity.attempts import limit_signature
from traceapp.web.context import signed_in, world
from traceapp.web.reading import ZONE

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, Reason, choice, created, etag, listed, moment, page_answer, wanted_revision, words

blueprint = ApiBlueprint("api_capas", __name__, url_prefix="/api/v1", description="CAPAs")
PERMISSIONS = {
    "api_capas.list_capas": "capa.read", "api_capas.open_one": "capa.write", "api_capas.read_capa": "capa.read",
    "api_capas.describe": "capa.write", "api_capas.link": "capa.write", "api_capas.unlink": "capa.write",
    "api_capas.take_step": "capa.write",
    "api_capas.close": "capa.close", "api_capas.list_problems": "capa.read",
}
EXAMPLE = {"kind": "corrective", "title": "Adhesive causes redness",
           "problem": "14 reports of redness where 3 were expected", "problem_kind": "redness"}


class CapaLinkSchema(Schema):
    """What a CAPA is about. An inspection is named with its lot; `name` is what people call the thing."""

    kind = choice(LinkKind, required=True)
    target_id = words(32, least=1, required=True)
    lot_key = words(32, load_default=None, allow_none=True)
    name = fields.String(dump_only=True)


class DescriptionSchema(Schema):
    """`problem_kind`: a term of the list of what goes wrong, or empty; without `owner_id` whoever opens it owns it,
    without `due_on` it is due in ninety days."""

    title = words(300, least=1, required=True)
    problem = words(20_000, least=1, required=True)
    problem_kind = words(40, load_default="")
    product_ids = fields.List(words(32), load_default=list, validate=validate.Length(max=50))


class NewCapaSchema(DescriptionSchema):
    """The first of `links` is what it is opened from: one of each kind runs for it at a time."""

    kind = choice(CapaKind, required=True)
    links = fields.List(fields.Nested(CapaLinkSchema), load_default=list, validate=validate.Length(max=200))
    owner_id = words(32, load_default=None, allow_none=True)
    due_on = fields.Date(load_default=None, allow_none=True)


class ChangedCapaSchema(DescriptionSchema):
    owner_id = words(32, least=1, required=True)
    due_on = fields.Date(required=True)


class CapaSchema(Schema):
    """A CAPA as lists show it. `no_cause`: why its cause cannot be found."""

    id = fields.String()
    reference = fields.String()
    kind = choice(CapaKind)
    state = choice(CapaState)
    title = fields.String()
    problem = fields.String()
    problem_kind = fields.String()
    owner_id = fields.String()
    due_on = fields.Date()
    opened_at = moment()
    opened_by = fields.String()
    closed_at = moment(allow_none=True)
    no_cause = fields.String()
    revision = fields.Integer()


class CauseSchema(Schema):
    """A node of the cause tree; `parent_id` null: it would explain the problem itself."""

    id = fields.String()
    parent_id = fields.String(allow_none=True)
    kind = choice(CauseKind)
    text = fields.String()
    evidence = fields.String()
    verdict = choice(Verdict)


class CapaActionSchema(Schema):
    """What is done, by whom, by when."""

    id = fields.String()
    what = fields.String()
    owner_id = fields.String(allow_none=True)
    due_on = fields.Date(allow_none=True)
    state = choice(ActionState)
    done_at = moment(allow_none=True)
    done_by = fields.String(allow_none=True)
    outcome = fields.String()


class EffectCheckSchema(Schema):
    """A verification of effectiveness: the criterion, stated before; what was found."""

    id = fields.String()
    criterion = fields.String()
    method = fields.String()
    planned_on = fields.Date()
    stated_at = moment()
    stated_by = fields.String()
    result = fields.String()
    conclusion = fields.String(allow_none=True, validate=validate.OneOf([*Conclusion, None]))
    concluded_at = moment(allow_none=True)
    concluded_by = fields.String(allow_none=True)


class QuestionSchema(Schema):
    """A question to development. `is_due_sure` false: counted over a year whose holidays nobody has entered."""

    id = fields.String()
    question = fields.String()
    asked_at = moment()
    asked_by = fields.String()
    asked_of_id = fields.String()
    due_at = moment()
    is_due_sure = fields.Boolean()
    answer = fields.String()
    answered_at = moment(allow_none=True)
    answered_by = fields.String(allow_none=True)


class CapaDecisionSchema(Schema):
    """What changed the state; a closing carries what its signature means and the hash of what was signed."""

    position = fields.Integer()
    action = fields.String()
    before = choice(CapaState)
    after = choice(CapaState)
    reason = fields.String()
    at = moment()
    user_id = fields.String()
    user_name = fields.String()
    meaning = fields.String()
    signed_hash = fields.String()


class WholeCapaSchema(CapaSchema):
    """A CAPA with all its parts."""

    product_ids = fields.List(fields.String())
    links = fields.List(fields.Nested(CapaLinkSchema))
    whys = fields.List(fields.String())
    causes = fields.List(fields.Nested(CauseSchema))
    actions = fields.List(fields.Nested(CapaActionSchema))
    checks = fields.List(fields.Nested(EffectCheckSchema))
    questions = fields.List(fields.Nested(QuestionSchema))
    decisions = fields.List(fields.Nested(CapaDecisionSchema))


class CapaFilterSchema(Paging):
    """Which CAPAs; `late`: those in which something is late; `link_kind` and `target_id` together: those about it."""

    text = words(200, load_default="")
    state = choice(CapaState, load_default=None)
    kind = choice(CapaKind, load_default=None)
    product_id = words(32, load_default=None)
    owner_id = words(32, load_default=None)
    late = fields.Boolean(load_default=False)
    link_kind = choice(LinkKind, load_default=None)
    target_id = words(32, load_default=None)


class StepSchema(Schema):
    """A step of the state table; going back, reopening and cancelling take a reason."""

    action = choice(STEPS, required=True)
    reason = words(20_000, load_default="")


class ClosingSchema(Schema):
    """The signer's password, asked for again, and what it came to."""

    password = words(1000, least=1, required=True)
    reason = words(20_000, least=1, required=True)


class ProblemQuery(Schema):
    """Whole months, the last included; at most 24."""

    since = fields.Date(load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)
    product_id = words(32, load_default=None)
    kind = words(40, load_default=None)


class ProblemRowSchema(Schema):
    """How often one kind of problem was seen with one product. `kind`: a term of the list of what goes wrong,
    `stands_out` for signals, empty where nobody said; `by_month`: all counts by month, the first month first."""

    product_id = fields.String(allow_none=True)
    kind = fields.String()
    complaints = fields.Integer()
    signals = fields.Integer()
    capas = fields.Integer()
    total = fields.Integer()
    by_month = fields.List(fields.Integer())


def whole(session: Session, capa: Capa) -> Response:
    """All of a CAPA with its version."""
    session.flush()
    parts: dict[str, Any] = {
        "product_ids": [one.id for one in queries.products_of(session, capa.id)],
        "links": queries.links_of(session, capa.id), "whys": [one.answer for one in queries.whys_of(session, capa.id)],
        "causes": queries.causes_of(session, capa.id), "actions": queries.actions_of(session, capa.id),
        "checks": queries.checks_of(session, capa.id), "questions": queries.questions_of(session, capa.id),
        "decisions": queries.decisions_of(session, capa.id)}
    own = {name: getattr(capa, name) for name in CapaSchema().fields}
    answer = jsonify(WholeCapaSchema().dump(own | parts))
    answer.headers.update(etag(capa))
    return answer


def filter_of(wanted: dict[str, Any]) -> queries.CapaFilter:
    """The filter that was asked for."""
    is_late, kind, target = wanted.pop("late"), wanted.pop("link_kind"), wanted.pop("target_id")
    if (kind is None) != (target is None):
        raise InvalidInput("Name both, what kind of thing and which.", code="half-a-link",
                           place="target_id" if target is None else "link_kind")
    return queries.CapaFilter(**wanted, late_at=world().clock.now() if is_late else None,
                              link=(kind, target) if kind and target else None)


def problems_of(wanted: dict[str, Any]) -> ProblemFilter:
    """The period and what is asked of it; without one the last twelve months."""
    today: date = world().clock.now().astimezone(ZONE).date()
    until = wanted["until"] or today
    since = wanted["since"] or year_until(until)
    return ProblemFilter(since, until, wanted["product_id"], wanted["kind"])


@blueprint.route("/capas", methods=["GET"])
@blueprint.arguments(CapaFilterSchema, location="query")
@blueprint.response(200, listed(CapaSchema, "CapaList"))
def list_capas(wanted: dict[str, Any]) -> dict[str, Any]:
    """CAPAs, the newest first"""
    with world().database.read() as session:
        return page_answer(queries.capa_page(session, filter_of(wanted)))


@blueprint.route("/capas", methods=["POST"])
@blueprint.arguments(NewCapaSchema, example=EXAMPLE)
@blueprint.alt_response(201, schema=CapaSchema)
def open_one(given: dict[str, Any]) -> Response:
    """Open a CAPA"""
    links = tuple(LinkTo(**one) for one in given.pop("links"))
    given["product_ids"] = tuple(given["product_ids"])
    with unit_of_work() as session:
        capa = open_capa(session, signed_in(), world().clock, OpenCapa(links=links, **given))
        return created(CapaSchema(), capa, "api_capas.read_capa", capa_id=capa.id)


@blueprint.route("/capas/<capa_id>", methods=["GET"])
@blueprint.alt_response(200, schema=WholeCapaSchema)
def read_capa(capa_id: str) -> Response:
    """One CAPA with all its parts"""
    with world().database.read() as session:
        return whole(session, capa_by_id(session, capa_id))


@blueprint.route("/capas/<capa_id>", methods=["PUT"])
@blueprint.arguments(ChangedCapaSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def describe(given: dict[str, Any], capa_id: str) -> Response:
    """Describe it anew, hand it on, move its day (If-Match)"""
    given["product_ids"] = tuple(given["product_ids"])
    with unit_of_work() as session:
        return whole(session, change_capa(session, signed_in(), world().clock, ChangeCapa(
            capa_id, revision=wanted_revision(), **given)))


@blueprint.route("/capas/<capa_id>/links", methods=["POST"])
@blueprint.arguments(CapaLinkSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def link(given: dict[str, Any], capa_id: str) -> Response:
    """Say of one thing more that the CAPA is about it (If-Match)"""
    with unit_of_work() as session:
        return whole(session, link_capa(session, signed_in(), world().clock, LinkCapa(
            capa_id, LinkTo(**given), wanted_revision())))


@blueprint.route("/capas/<capa_id>/links/<kind>/<target_id>/removal", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def unlink(given: dict[str, Any], capa_id: str, kind: str, target_id: str) -> Response:
    """Take back that the CAPA is about a thing (If-Match)"""
    with unit_of_work() as session:
        return whole(session, unlink_capa(session, signed_in(), world().clock, UnlinkCapa(
            capa_id, kind, target_id, given["reason"], wanted_revision())))


@blueprint.route("/capas/<capa_id>/steps", methods=["POST"])
@blueprint.arguments(StepSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def take_step(given: dict[str, Any], capa_id: str) -> Response:
    """Go on by the state table (If-Match)"""
    with unit_of_work() as session:
        return whole(session, move_capa(session, signed_in(), world().clock, MoveCapa(
            capa_id, revision=wanted_revision(), **given)))


@blueprint.route("/capas/<capa_id>/closing", methods=["POST"])
@blueprint.arguments(ClosingSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def close(given: dict[str, Any], capa_id: str) -> Response:
    """Close it, signed by somebody who had no action in it (If-Match)"""
    here = world()
    with here.database.write() as session:  # counted whatever comes of it
        limit_signature(session, here.clock, signed_in())
    with unit_of_work() as session:
        return whole(session, close_capa(session, signed_in(), here.clock, CloseCapa(
            capa_id, revision=wanted_revision(), **given)))


@blueprint.route("/capa-problems", methods=["GET"])
@blueprint.arguments(ProblemQuery, location="query")
@blueprint.response(200, ProblemRowSchema(many=True))
def list_problems(wanted: dict[str, Any]) -> object:
    """How often which kind of problem was seen with which product, by month; without a period of twelve months"""
    with world().database.read() as session:
        return problem_rows(session, problems_of(wanted))
