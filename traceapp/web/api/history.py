"""What was done to a thing, by API: its entries of the trail."""
from __future__ import annotations

import json
from typing import Any

from marshmallow import Schema, fields, validate

from traceapp.audit import stream_of
from traceapp.audit.entries import entries_of
from traceapp.core.errors import Forbidden
from traceapp.web.auth import may
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import choice, moment, words

blueprint = ApiBlueprint("api_history", __name__, url_prefix="/api/v1", description="What was done, by whom and when")
PERMISSIONS = {"api_history.read_history": "signed_in"}  # the kind of thing decides
READERS = {"lot": "trace.read", "product": "console.read", "party": "console.read", "site": "console.read",
           "links": "console.read",
           "complaint": "complaint.read", "adverse_event": "adverse_event.write", "signal": "signal.read",
           "report": "report.write", "recall": "recall.write", "capa": "capa.read", "user": "user.manage"}


class HistoryQuery(Schema):
    """Of which thing, and how many entries at most."""

    kind = choice(READERS, required=True)
    id = words(80, least=1, required=True)
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=1000))


class EntrySchema(Schema):
    """One entry of the trail; `hash` chains it to the one before."""

    seq = fields.Integer()
    at = moment()
    actor_id = fields.String()
    action = fields.String()
    data = fields.Function(lambda entry: json.loads(entry.data))
    hash = fields.String()


@blueprint.route("/history", methods=["GET"])
@blueprint.arguments(HistoryQuery, location="query")
@blueprint.response(200, EntrySchema(many=True))
def read_history(wanted: dict[str, Any]) -> object:
    """What was done to a thing, newest first"""
    if not may(READERS[wanted["kind"]]):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")
    with world().database.read() as session:
        return entries_of(session, stream_of(wanted["kind"], wanted["id"]), wanted["limit"])
