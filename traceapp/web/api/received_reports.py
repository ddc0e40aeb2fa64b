"""Reports that others send as files, by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.submission.case_intake import Taken, take_case
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, choice, moment

blueprint = ApiBlueprint("api_received_reports", __name__, url_prefix="/api/v1", description="Reports that others send")
PERMISSIONS = {"api_received_reports.take": "complaint.write"}


class ReceivedFileSchema(Schema):
    """A file of E2B(R3) or FDA device reports (eMDR) as XML; `awareness_at`: when it reached us, if before now."""

    file = FilePart(required=True)
    awareness_at = moment(load_default=None)


class ReceivedReportSchema(Schema):
    """What a report became: `created` a case, `followed` one that is known, or was here `already`. `correction`:
    `nullification` where its sender takes the case back, `amendment`, or empty; `reference` is our number of it."""

    form = fields.String()
    case_id = fields.String()
    version = fields.String()
    correction = fields.String()
    how = choice(Taken)
    complaint_id = fields.String()
    adverse_event_id = fields.String()
    reference = fields.String()


@blueprint.route("/received-reports", methods=["POST"])
@blueprint.arguments(ReceivedFileSchema, location="multipart")
@blueprint.response(201, ReceivedReportSchema(many=True))
def take(given: dict[str, Any]) -> object:
    """Take in a file of reports, whole or not at all; what was here already changes nothing"""
    from traceapp.submission.case_files import read_cases  # noqa: PLC0415  XML is loaded when a file comes

    here = world()
    cases = read_cases(given["file"].stream.read(), given["awareness_at"])
    with unit_of_work() as session:
        taken = [(one, take_case(session, signed_in(), here.clock, one, vault=here.vault)) for one in cases]
    return [{"form": one.form, "case_id": one.case_id, "version": one.version, "correction": one.correction,
             "how": done.how, "complaint_id": done.complaint_id, "adverse_event_id": done.adverse_event_id,
             "reference": done.reference} for one, done in taken]
