"""Clusters of complaints by API: who tells of one event, since when it was known, and a split of what does not."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.complaint import clusters
from traceapp.complaint.queries import complaint_by_id
from traceapp.core.errors import NotFound
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .complaints import ComplaintSchema
from .idempotency import unit_of_work
from .schemas import moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_complaint_clusters", __name__, url_prefix="/api/v1", description="Complaints")
PERMISSIONS = {"api_complaint_clusters.read_cluster": "complaint.read",
               "api_complaint_clusters.split": "complaint.write", "api_complaint_clusters.lead": "complaint.write"}


class ClusterSchema(Schema):
    """Reports of one event. Only `master` counts; `awareness_at` is the earliest of all, day 0 of the event."""

    master = fields.Nested(ComplaintSchema)
    others = fields.List(fields.Nested(ComplaintSchema))
    awareness_at = moment()


class SplitSchema(Schema):
    """Duplicates of this report that tell of another event; the first that was learned of becomes their master."""

    complaint_ids = fields.List(words(32, least=1), required=True)
    reason = words(4000, least=1, required=True)


class LeadSchema(Schema):
    """Why this duplicate shall be the one that counts."""

    reason = words(4000, least=1, required=True)


@blueprint.route("/complaints/<complaint_id>/cluster", methods=["GET"])
@blueprint.response(200, ClusterSchema)
def read_cluster(complaint_id: str) -> object:
    """The reports of the same event, with the one that counts and the earliest awareness"""
    with world().database.read() as session:
        complaint = complaint_by_id(session, complaint_id)
        if complaint is None:
            raise NotFound("There is no such complaint.", place="complaint_id")
        return clusters.cluster_of(session, complaint)


@blueprint.route("/complaints/<complaint_id>/split", methods=["POST"])
@blueprint.arguments(SplitSchema)
@blueprint.alt_response(200, schema=ClusterSchema)
def split(given: dict[str, Any], complaint_id: str) -> Response:
    """Split off duplicates of this report that tell of another event"""
    with unit_of_work() as session:
        found = clusters.split_cluster(session, signed_in(), world().clock, clusters.SplitCluster(
            complaint_id, tuple(given["complaint_ids"]), given["reason"]))
        return shown(ClusterSchema(), found)


@blueprint.route("/complaints/<complaint_id>/lead", methods=["POST"])
@blueprint.arguments(LeadSchema)
@blueprint.alt_response(200, schema=ClusterSchema)
def lead(given: dict[str, Any], complaint_id: str) -> Response:
    """Make this duplicate the one of its cluster that counts"""
    with unit_of_work() as session:
        found = clusters.lead_cluster(session, signed_in(), world().clock, clusters.LeadCluster(
            complaint_id, given["reason"], wanted_revision()))
        return shown(ClusterSchema(), found)
