"""The likeliest causes of a signal, and results of samples, by API."""
from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.signals.samples import SENSITIVITY, SPECIFICITY, Found, Taken
from traceapp.surveillance.case_reads import lot_keys_of
from traceapp.surveillance.model import Signal
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.ranking import Likeliest, likeliest_cause
from traceapp.surveillance.samples import EnterSample, enter_sample, samples_of
from traceapp.trace.model import Lot
from traceapp.web.cause_words import day_words, names_in
from traceapp.web.context import signed_in, world
from traceapp.web.listings_causes import causes_table
from traceapp.web.tables import send_table

from .blueprint import ApiBlueprint
from .exports import FileQuery
from .idempotency import unit_of_work
from .schemas import AsWritten, choice, moment, words

blueprint = ApiBlueprint("api_causes", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {
    "api_causes.read_causes": "signal.read", "api_causes.read_file": "signal.read",
    "api_causes.list_samples": "signal.read", "api_causes.create_sample": "signal.decide",
}


class SampleSchema(Schema):
    """The result of a sample of a lot. `sensitivity` and `specificity` are those of the test, `corrects` the id of an
    earlier result of the lot in whose place this one counts (then `note` says why)."""

    lot_key = fields.String(dump_only=True)
    id = fields.String(dump_only=True)
    taken = choice(Taken, required=True)
    sampled_on = fields.Date(required=True)
    method = words(200, least=1, required=True)
    result = choice(Found, required=True)
    sensitivity = fields.Float(load_default=SENSITIVITY, validate=validate.Range(min=0, max=1))
    specificity = fields.Float(load_default=SPECIFICITY, validate=validate.Range(min=0, max=1))
    note = words(4000, load_default="")
    corrects = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=32))
    at = moment(dump_only=True)
    by = fields.String(dump_only=True)


@blueprint.route("/signals/<signal_id>/causes", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_causes(signal_id: str) -> Response:
    """The likeliest causes, what cannot be told apart, and which sample would tell"""
    with world().database.read() as session:
        found = likeliest_cause(session, lot_keys_of(session, _signal(session, signal_id)), world().clock.now().date())
        names = names_in(session, found)
        return jsonify({
            "reason": found.reason or None, "no_cause": found.ranking.no_cause if found.ranking else None,
            "is_cut": found.lineage.is_cut, "without_exposure": found.silent,
            "causes": [_cause(found, one) for one in found.ranking.classes] if found.ranking else [],
            "second": [_cause(found, one) for one in found.second],
            "next_samples": [{"lot_key": one.node, "taken": found.available[one.node], "chance_of_bad": one.chance,
                              "bits": one.bits} for one in found.next],
            "nodes": {node: {"kind": found.lineage.kind_of(node), "name": names(node), "posterior": chance,
                             "marks": sorted(found.marks.get(node, ()))}
                      for node, chance in (found.ranking.chances if found.ranking else {}).items()},
            "lots": [{"lot_key": one.lot_key, "number": one.number, "observed": one.observed,
                      "expected": one.expected, "units": str(one.units)} for one in found.seen.values()],
            "samples": [SampleSchema().dump(row) for row in found.samples],
            "confirmed_causes": {kind.value: count for kind, count in found.confirmed.items()}})


def _cause(found: Likeliest, one: Any) -> dict[str, Any]:
    """A class with its lots, and its splits as plain values."""
    plain = {name: getattr(one, name) for name in (
        "members", "lots", "complaints", "expected", "log_bf", "posterior", "rate_ratio", "low", "high", "explained",
        "llr", "p")}
    since = day_words(one.since)
    return plain | {"units": str(found.units(one)), "since": since.isoformat() if since else None,
                    "splits": [asdict(split) for split in one.splits]}


@blueprint.route("/exports/signals/<signal_id>/causes", methods=["GET"])
@blueprint.arguments(FileQuery, location="query")
@blueprint.alt_response(200, content_type="text/csv", schema={"type": "string", "format": "binary"})
def read_file(wanted: dict[str, Any], signal_id: str) -> Response:
    """The ranking of causes as a table"""
    with world().database.read() as session:
        case = _signal(session, signal_id)
        found = likeliest_cause(session, lot_keys_of(session, case), world().clock.now().date())
        table = causes_table(found, names_in(session, found), case.reference)
    return send_table(table, wanted["format"])


@blueprint.route("/lots/<lot_key>/samples", methods=["GET"])
@blueprint.alt_response(200, schema=SampleSchema(many=True))
def list_samples(lot_key: str) -> Response:
    """Results of samples of a lot, also those that were corrected, the newest first"""
    with world().database.read() as session:
        if session.get(Lot, lot_key) is None:
            raise NotFound("There is no such lot.", place="lot_key")
        return jsonify([SampleSchema().dump(row) for row in samples_of(session, [lot_key])])


@blueprint.route("/lots/<lot_key>/samples", methods=["POST"])
@blueprint.arguments(SampleSchema)
@blueprint.response(201, SampleSchema)
def create_sample(given: dict[str, Any], lot_key: str) -> object:
    """Enter the result of a sample; every ranking with this lot is weighed with it"""
    with unit_of_work() as session:
        return enter_sample(session, signed_in(), world().clock, EnterSample(
            lot_key, Taken(given.pop("taken")), result=Found(given.pop("result")), **given))


def _signal(session: Session, signal_id: str) -> Signal:
    found = signal_by_id(session, signal_id)
    if found is None:
        raise NotFound("There is no such signal.", place="signal_id")
    return found
