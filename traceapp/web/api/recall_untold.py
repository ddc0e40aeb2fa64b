"""Despatches of recalled lots of which nobody told those who got them, by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.recall import untold
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import known_recall
from .schemas import Amount, moment, words

blueprint = ApiBlueprint("api_recall_untold", __name__, url_prefix="/api/v1",
                         description="Despatches of recalled lots of which nobody was told")
PERMISSIONS = {"api_recall_untold.read_untold": "recall.write", "api_recall_untold.note_untold": "recall.write"}


class UntoldSchema(Schema):
    """Units of a lot in scope that left and are not in the ledger. `source`: `booked` in our books, or `told` by an
    event of another system alone; `state`: waiting, taken, noted or withdrawn."""

    lot_key = fields.String()
    event_id = fields.String()
    source = fields.String()
    consignee_id = fields.String(allow_none=True)
    sent_to = fields.String()
    giver_id = fields.String(allow_none=True)
    units = Amount(allow_none=True)
    left_at = moment()
    came_at = moment()
    reason = fields.String()
    state = fields.String()
    ended_at = moment(allow_none=True)
    ended_by = fields.String(allow_none=True)


class NoteUntoldSchema(Schema):
    """Why nobody has to be told of a despatch."""

    lot_key = words(32, least=1, required=True)
    event_id = words(32, least=1, required=True)
    reason = words(2000, least=1, required=True)


@blueprint.route("/recalls/<recall_id>/untold-despatches", methods=["GET"])
@blueprint.response(200, UntoldSchema(many=True))
def read_untold(recall_id: str) -> object:
    """Despatches of lots in scope that are not in the ledger, or were not, the latest two hundred"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return untold.untold_of(session, recall_id)


@blueprint.route("/recalls/<recall_id>/untold-despatches/notes", methods=["POST"])
@blueprint.arguments(NoteUntoldSchema)
@blueprint.response(200, UntoldSchema)
def note_untold(given: dict[str, Any], recall_id: str) -> object:
    """Say why nobody has to be told of a despatch"""
    with unit_of_work() as session:
        return untold.note_untold(session, signed_in(), world().clock, untold.NoteUntold(recall_id, **given))
