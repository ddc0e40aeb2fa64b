"""Exchange with partners: the EPCIS documents that came, what was noticed about them, and taking one in."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import Problem
from traceapp.epcis import EpcisErrors, Finding
from traceapp.identity.lookup import names_of_users
from traceapp.trace.capture import CaptureDocument, read_document
from traceapp.trace.capture_jobs import run_capture
from traceapp.trace.captured_documents import CapturedDocument, captured_document, captured_page
from traceapp.web.auth import may
from traceapp.web.captured import send_events
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .finding_words import finding_word
from .layout import blueprint, page
from .listing import PAGE_ROWS, address

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "epcis.capture" for name in (
    "console.exchange", "console.exchange_new", "console.exchange_document", "console.exchange_events")}

_ = lazy_gettext
STATES: dict[str, tuple[Any, str]] = {
    "stored": (_("Stored"), "go"), "in_part": (_("Stored in part"), "check"),
    "refused": (_("Nothing was stored"), "stop")}
_MOST_FINDINGS = 200


def exchange_tabs(current: str) -> list[dict[str, Any]]:
    """The two sides: what comes, and who is told."""
    tabs = [("documents", gettext("Documents that came"), "console.exchange", "epcis.capture"),
            ("subscriptions", gettext("Who is told of events"), "console.exchange_subscriptions", "epcis.subscribe")]
    return [{"label": label, "url": url_for(endpoint), "current": name == current}
            for name, label, endpoint, permission in tabs if may(permission)]


@blueprint.get("/exchange")
def exchange() -> Response:
    """The documents, the newest first."""
    after = request.args.get("after", "")[:32] or None
    with world().database.read() as session:
        found = captured_page(session, after, PAGE_ROWS)
        people = names_of_users(session, [row.actor_id for row in found.rows])
    following = address("console.exchange", {}, after=found.next) if found.next else None
    return page("console/exchange.html", rows=found.rows, people=people, states=STATES, name_of=_name,
                tab_links=exchange_tabs("documents"), following=following,
                first=url_for("console.exchange") if after else None)


def _name(row: CapturedDocument) -> str:
    """What a document is called; those that machines send have no name."""
    return row.name if row.name and not row.name.startswith("/epcis/") else gettext("Sent by a system")


@blueprint.get("/exchange/<document_id>")
def exchange_document(document_id: str) -> Response:
    """One document with its findings."""
    with world().database.read() as session:
        found = captured_document(session, document_id)
        people = names_of_users(session, [found.actor_id, *(job.actor_id for job in found.jobs)])
    return page("console/exchange_document.html", found=found, people=people, states=STATES, name=_name(found),
                finding_word=finding_word)


@blueprint.get("/exchange/<document_id>/events.json")
def exchange_events(document_id: str) -> Response:
    """The events that it brought."""
    return send_events(document_id)


@blueprint.route("/exchange/new", methods=["GET", "POST"])
def exchange_new() -> Response:
    """Take in a document from a file."""
    form, findings = Entered(), list[Finding]()

    def again(status: int = 200) -> Response:
        return page("console/exchange_new.html", status, form=form, findings=findings[:_MOST_FINDINGS],
                    more=max(0, len(findings) - _MOST_FINDINGS), finding_word=finding_word,
                    limit=world().settings.upload_limit_bytes // 1_000_000)

    if request.method == "GET":
        return again()
    file = form.file("file")
    if file is None:
        form.fault("file", gettext("Choose a file."))
        return again(422)
    try:
        document = read_document(CaptureDocument(
            file.filename or "", file.stream.read(), form.is_checked("proceeds")))
    except Problem as problem:
        findings.extend(problem.findings if isinstance(problem, EpcisErrors) else ())
        form.refuse(problem)
        return again(problem.status)

    def act(session: Session) -> Done:
        try:
            job = run_capture(session, signed_in(), world().clock, document)
        except EpcisErrors as error:
            findings.extend(error.findings)
            raise
        return Done(url_for("console.exchange_document", document_id=job.capture_id),
                    gettext("The document was taken in."), "check" if job.errors else "go")

    return perform(form, act, Refusal(again))
