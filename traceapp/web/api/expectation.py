"""What is expected of a product, by whom and from which history, by API."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema

from traceapp.signals.delay import ENOUGH_REPORTS
from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.basis import FollowHistory, follow_history
from traceapp.surveillance.expectation import Expectation, ask_refit, days_until, expectation_of
from traceapp.surveillance.fit_model import DetectionRate
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import AsWritten, wanted_revision, words

blueprint = ApiBlueprint("api_expectation", __name__, url_prefix="/api/v1", description="Detection")
PERMISSIONS = {
    "api_expectation.read_expectation": "signal.read", "api_expectation.use_history": "surveillance.configure",
    "api_expectation.learn_anew": "surveillance.configure",
}


class FollowHistorySchema(Schema):
    """Why."""

    reason = words(4000, least=1, required=True)


@blueprint.route("/products/<product_id>/expectation", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_expectation(product_id: str) -> Response:
    """What is expected of a product: in force, stated, and as its history says

    Rates are reports per unit over its whole life; `half_days` and `most_days` the days within which half, and nine of
    ten, of all reports come. `history` is the number of reports that a rate was learnt from, null for a stated one.
    """
    with world().database.read() as session:
        return _shown(expectation_of(session, product_id))


@blueprint.route("/products/<product_id>/detection/history", methods=["POST"])
@blueprint.arguments(FollowHistorySchema)
@blueprint.alt_response(200, schema=AsWritten)
def use_history(given: dict[str, Any], product_id: str) -> Response:
    """Use what history says in place of what quality set (If-Match with the revision of /detection)"""
    with unit_of_work() as session:
        follow_history(session, signed_in(), world().clock, FollowHistory(
            product_id, given["reason"], wanted_revision()))
        return _shown(expectation_of(session, product_id))


@blueprint.route("/products/<product_id>/detection/refits", methods=["POST"])
@blueprint.alt_response(200, schema=AsWritten)
def learn_anew(product_id: str) -> Response:
    """Have the past of a product learnt anew; it takes about a minute"""
    with unit_of_work() as session:
        ask_refit(session, signed_in(), world().clock, product_id)
        return _shown(expectation_of(session, product_id))


def _shown(found: Expectation) -> Response:
    fit, force = found.fit, found.in_force
    return jsonify({
        "product_id": found.product.id, "source": force.source, "revision": found.stated.revision,
        "in_force": {group: {"rate_per_unit": force.rate(group), "history": force.history(group)}
                     for group in SeverityGroup} | _waits(force.law),
        "stated": {"rate_per_unit": found.stated.rate_per_unit, "is_default": found.stated.is_default,
                   "note": found.stated.note, "set_by": found.stated.set_by} | _waits(found.stated.law),
        "enough_reports": ENOUGH_REPORTS,
        "fit": None if fit is None else {
            "number": fit.number, "fitted_at": fit.fitted_at.isoformat(), "fitted_by": fit.fitted_by,
            "in_force_from": fit.in_force_from.isoformat() if fit.in_force_from else None, "lots": fit.lots,
            "reports": fit.delay_reports, "reports_without_despatch": fit.unexposed,
            "is_wait_fitted": bool(fit.waits), "rates": [_rate(row) for row in found.rates],
            "left_out": [{"lot_key": key, "number": number, "why": why} for key, number, why in fit.left_out],
            "publicity": [{"first": first, "last": last} for first, last in fit.publicity]}})


def _waits(law: Any) -> dict[str, object]:
    return {"half_days": days_until(law, 0.5), "most_days": days_until(law, 0.9)}


def _rate(row: DetectionRate) -> dict[str, object]:
    return {"group": row.severity_group, "region": row.region, "reports": row.reports, "exposure": row.exposure,
            "rate_per_unit": row.rate, "low": row.low, "high": row.high, "history": row.history,
            "family_mean": row.family_mean, "family_shape": row.family_shape}
