"""Records for an authority, of a batch or a period: at once, or made in the background."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import NotFound
from traceapp.making.work import KEPT
from traceapp.submission.records import FORMS
from traceapp.submission.records_jobs import cancel_records, own_job, own_jobs
from traceapp.submission.records_states import OPEN
from traceapp.web.context import signed_in, world
from traceapp.web.importing import trouble_text
from traceapp.web.records import FIELDS, asked_records, ordered, page_values, send_asked, send_made

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "export.run" for name in (
    "console.records", "console.records_file", "console.records_order", "console.records_job",
    "console.records_job_cancel", "console.records_job_file")}

_ = lazy_gettext
STATES: dict[str, tuple[Any, str]] = {
    "queued": (_("Waiting"), "info"), "running": (_("Being made"), "info"), "done": (_("Ready"), "go"),
    "failed": (_("Failed"), "stop"), "cancelled": (_("Cancelled"), "plain")}
_REFRESH_SECONDS = 3


@blueprint.get("/records")
def records() -> Response:
    """Choose what the file shall hold; what was taken before."""
    return _show(Entered())


def _show(form: Entered, status: int = 0) -> Response:
    found, values = page_values("console.records", "console.records_file")
    with world().database.read() as session:
        jobs = own_jobs(session, signed_in())
    values["errors"] = [*values["errors"], *form.summary]
    return page("records.html", status or found, jobs=jobs, file_states=STATES,
                order_url=url_for("console.records_order"), **values)


@blueprint.get("/records/file")
def records_file() -> Response:
    """The file, at once."""
    return send_asked()


@blueprint.post("/records/order")
def records_order() -> Response:
    """Have it made in the background."""
    form = Entered()
    wanted = {name: form.text(name)[:200] for name in FIELDS}
    kind = form.get("form")
    if kind not in FORMS:
        raise NotFound("There is nothing at this address.")

    def act(session: Session) -> Done:
        job = ordered(session, asked_records(session, wanted), kind, wanted)
        return Done(url_for("console.records_job", file_id=job.id), gettext("The file is being made."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


@blueprint.get("/records/<file_id>")
def records_job(file_id: str) -> Response:
    """How far a file is. An open one's page loads itself anew, unless the address says `still`."""
    with world().database.read() as session:
        job = own_job(session, signed_in(), file_id)
    is_open, is_still = job.state in OPEN, bool(request.args.get("still"))
    answer = page("console/records_job.html", job=job, is_open=is_open, is_still=is_still,
                  trouble=trouble_text(job.trouble),
                  state=STATES[job.state], kept_until=None if job.finished_at is None else job.finished_at + KEPT)
    if is_open and not is_still:
        answer.headers["Refresh"] = str(_REFRESH_SECONDS)
    return answer


@blueprint.post("/records/<file_id>/cancel")
def records_job_cancel(file_id: str) -> Response:
    """End it."""
    form = Entered()

    def act(session: Session) -> Done:
        cancel_records(session, signed_in(), world().clock, file_id)
        return Done(url_for("console.records"), gettext("The file is not made."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


@blueprint.get("/records/<file_id>/file")
def records_job_file(file_id: str) -> Response:
    """The file that was made."""
    return send_made(file_id)
