"""A print job: how far it is, its file, and an end to it."""
from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from traceapp.code.print_states import OPEN
from traceapp.code.print_work import params_of
from traceapp.code.printing import cancel_print, job_by_id
from traceapp.core.errors import Problem
from traceapp.identity.lookup import names_of_users
from traceapp.making.work import KEPT
from traceapp.web.context import signed_in, world
from traceapp.web.label_words import told
from traceapp.web.printing import print_file

from .label_form import FORMAT_WORDS, TEMPLATES
from .layout import blueprint, page
from .lot_labels import own_head
from .words import PRINT_STATES, word

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.print_job": "label.print", "console.print_job_cancel": "label.print",
    "console.print_job_file": "label.print"}
_REFRESH_SECONDS = 2


@blueprint.get("/lots/<lot_key>/prints/<job_id>")
def print_job(lot_key: str, job_id: str) -> Response:
    """How far it is. An open job's page loads itself anew, unless the address says `still`."""
    with world().database.read() as session:
        head = own_head(session, lot_key)
        job = job_by_id(session, lot_key, job_id)
        people = names_of_users(session, [job.created_by])
    is_open = job.state in OPEN
    trouble = ""
    if job.trouble:
        message, params = job.trouble["message"], told(params_of(job.trouble))
        trouble = gettext(message) % params if params else gettext(message)
    answer = page("console/print_job.html", lot=head.lot, product=head.product, job=job, is_open=is_open,
                  is_still=bool(request.args.get("still")), trouble=trouble, people=people,
                  kept_until=None if job.finished_at is None else job.finished_at + KEPT,
                  state_word=word(PRINT_STATES, job.state), template_word=word(TEMPLATES, job.template),
                  format_word=word(FORMAT_WORDS, job.format))
    if is_open and not request.args.get("still"):
        answer.headers["Refresh"] = str(_REFRESH_SECONDS)
    return answer


@blueprint.post("/lots/<lot_key>/prints/<job_id>/cancel")
def print_job_cancel(lot_key: str, job_id: str) -> Response:
    """End it."""
    here = world()
    try:
        with here.database.write() as session:
            cancel_print(session, signed_in(), here.clock, job_by_id(session, lot_key, job_id, is_locked=True))
        flash(gettext("The print job is cancelled."), "go")
    except Problem as problem:
        if problem.status != 409:
            raise
        flash(gettext("It had ended already."), "info")
    return redirect(url_for("console.print_job", lot_key=lot_key, job_id=job_id), 303)


@blueprint.get("/lots/<lot_key>/prints/<job_id>/file")
def print_job_file(lot_key: str, job_id: str) -> Response:
    """The file."""
    return print_file(lot_key, job_id)
