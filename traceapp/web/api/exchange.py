"""Captured documents and subscriptions by API: what was noticed, how deliveries stand. Capturing and subscribing are
the standard's, under /epcis."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from traceapp.trace.captured_documents import DocumentState, captured_document, captured_page
from traceapp.trace.subscription_list import subscription_list
from traceapp.trace.subscriptions import pause, resume
from traceapp.web.captured import send_events
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, choice, moment, shown

blueprint = ApiBlueprint("api_exchange", __name__, url_prefix="/api/v1",
                         description="Documents that came, and who is told of events")
PERMISSIONS = dict.fromkeys((
    "api_exchange.list_documents", "api_exchange.read_document", "api_exchange.document_events"), "epcis.capture")
PERMISSIONS |= dict.fromkeys((
    "api_exchange.list_subscriptions", "api_exchange.pause_subscription", "api_exchange.resume_subscription"),
    "epcis.subscribe")


class FindingSchema(Schema):
    """One remark. `level`: error (it was left out) or flag (it was kept)."""

    pointer = fields.String()
    code = fields.String()
    message = fields.String()
    level = fields.String()


class DocumentRowSchema(Schema):
    """A document, or a refused attempt. `events` were new, `duplicates` stored before."""

    id = fields.String()
    at = moment()
    actor_id = fields.String()
    name = fields.String()
    state = choice(DocumentState)
    events = fields.Integer()
    duplicates = fields.Integer()


class CaptureRequestSchema(Schema):
    """A request that brought it; `id` is the captureID of the standard's interface."""

    id = fields.String()
    created_at = moment()
    actor_id = fields.String()
    behaviour = fields.String()


class DocumentSchema(DocumentRowSchema):
    """With what was noticed, errors first, and the requests that brought it."""

    sha256 = fields.String(allow_none=True)
    findings = fields.List(fields.Nested(FindingSchema))
    jobs = fields.List(fields.Nested(CaptureRequestSchema))


class DocumentPageSchema(Schema):
    """The newest first. `next`: send it as `after`; null on the last page."""

    rows = fields.List(fields.Nested(DocumentRowSchema))
    next = fields.String(allow_none=True)


@blueprint.route("/documents", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, DocumentPageSchema)
def list_documents(wanted: dict[str, Any]) -> dict[str, Any]:
    """The EPCIS documents that came, and those that were refused"""
    with world().database.read() as session:
        found = captured_page(session, wanted["after"], wanted["limit"])
    return {"rows": found.rows, "next": found.next}


@blueprint.route("/documents/<document_id>", methods=["GET"])
@blueprint.response(200, DocumentSchema)
def read_document(document_id: str) -> Any:
    """One document with what was noticed about it"""
    with world().database.read() as session:
        return captured_document(session, document_id)


@blueprint.route("/documents/<document_id>/events", methods=["GET"])
@blueprint.alt_response(200, content_type="application/ld+json", schema={"type": "string", "format": "binary"})
def document_events(document_id: str) -> Response:
    """The events that a document brought, as one EPCIS document"""
    return send_events(document_id)


class SubscriptionSchema(Schema):
    """Who is told of events. `schedule` null: at once. `waiting`: messages on their way, `gathered`: events that wait
    for the clock, `failed`: messages given up; `fault` is what the address answered last to what it did not take."""

    id = fields.String(attribute="subscription.id")
    query_name = fields.String(attribute="subscription.query_name")
    dest = fields.String(attribute="subscription.dest")
    schedule = fields.Dict(attribute="subscription.schedule", allow_none=True)
    created_at = moment(attribute="subscription.created_at")
    last_notified_at = moment(attribute="subscription.last_notified_at", allow_none=True)
    paused_at = moment(attribute="subscription.paused_at", allow_none=True)
    waiting = fields.Integer()
    gathered = fields.Integer()
    failed = fields.Integer()
    fault = fields.String()
    fault_at = moment(allow_none=True)


class SubscriptionListSchema(Schema):
    """All of them: they are few."""

    rows = fields.List(fields.Nested(SubscriptionSchema))


@blueprint.route("/subscriptions", methods=["GET"])
@blueprint.response(200, SubscriptionListSchema)
def list_subscriptions() -> dict[str, Any]:
    """Who is told of events, and how the deliveries stand"""
    with world().database.read() as session:
        return {"rows": subscription_list(session)}


@blueprint.route("/subscriptions/<subscription_id>/pause", methods=["POST"])
@blueprint.alt_response(200, schema=SubscriptionSchema)
def pause_subscription(subscription_id: str) -> Response:
    """Tell an address of nothing new for a while"""
    with unit_of_work() as session:
        pause(session, signed_in(), world().clock, subscription_id)
        return _standing(session, subscription_id)


@blueprint.route("/subscriptions/<subscription_id>/resumption", methods=["POST"])
@blueprint.alt_response(200, schema=SubscriptionSchema)
def resume_subscription(subscription_id: str) -> Response:
    """Tell it again, first of what was recorded meanwhile"""
    with unit_of_work() as session:
        resume(session, signed_in(), world().clock, subscription_id)
        return _standing(session, subscription_id)


def _standing(session: Session, subscription_id: str) -> Response:
    session.flush()
    return shown(SubscriptionSchema(), next(row for row in subscription_list(session)
                                            if row.subscription.id == subscription_id))
