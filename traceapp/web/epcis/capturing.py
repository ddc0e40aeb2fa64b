"""Taking in documents and single events."""
from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from flask import Response, request

from traceapp.core.errors import InvalidInput, Problem, Stale, TooLarge
from traceapp.db import Taken
from traceapp.epcis.xml_form import looks_like_xml
from traceapp.trace.capture import CaptureDocument, EventIdReused, ReadDocument, read_document
from traceapp.trace.capture_jobs import capture_job, capture_jobs, note_refused_capture, run_capture
from traceapp.trace.query_model import CaptureJob
from traceapp.web.context import signed_in, world

from .blueprint import JSON_FORMS, MOST_EVENTS_A_CAPTURE, PERMISSIONS, XML_FORM, answered, blueprint, wanted_form
from .paging import page_size, page_token, with_next

PERMISSIONS.update({"epcis.capture": "epcis.capture", "epcis.list_captures": "epcis.capture",
                    "epcis.show_capture": "epcis.capture", "epcis.capture_event": "epcis.capture"})
_BEHAVIOUR = "GS1-Capture-Error-Behaviour"
_TRIES = 4
_XML_FORMS = (XML_FORM, "text/xml")


@blueprint.post("/capture", provide_automatic_options=False)
def capture() -> Response:
    """Store the events of a document: all or none, or as many as are sound where `proceed` is asked for."""
    wanted_form(has_xml=True)
    behaviour = request.headers.get(_BEHAVIOUR, "rollback").strip().lower()
    behaviour = "rollback" if behaviour == "all" else behaviour  # all or nothing, by its other name in the description
    if behaviour not in ("rollback", "proceed"):
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", place=_BEHAVIOUR, name=_BEHAVIOUR,
                           value=behaviour[:60])
    document = read_document(CaptureDocument("/epcis/capture", _sent(), behaviour == "proceed", MOST_EVENTS_A_CAPTURE))
    if not _is_document(document):
        raise InvalidInput("Send a document here; a single event goes to /epcis/events.", place="type")
    try:
        job = _captured(document)
    except EventIdReused as error:
        with world().database.write() as session:
            job = note_refused_capture(session, signed_in(), world().clock, document, error.findings)
    answer = Response(status=202)
    answer.headers["Location"] = f"/epcis/capture/{job.id}"
    answer.headers[_BEHAVIOUR] = job.behaviour
    return answer


@blueprint.get("/capture", provide_automatic_options=False)
def list_captures() -> Response:
    """The jobs, the newest first."""
    size, after = page_size(), page_token()
    if after is not None and (len(after) != 32 or not after.isalnum()):
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="query-parameter",
                           place="nextPageToken")
    with world().database.read() as session:
        jobs = capture_jobs(session, after, size + 1)
    return with_next(answered([_shown(job) for job in jobs[:size]]), jobs[size - 1].id if len(jobs) > size else None)


@blueprint.get("/capture/<job_id>", provide_automatic_options=False)
def show_capture(job_id: str) -> Response:
    """What came of a job."""
    with world().database.read() as session:
        return answered(_shown(capture_job(session, job_id)))


@blueprint.post("/events", provide_automatic_options=False)
def capture_event() -> Response:
    """Store a single event; the very same one again is the same."""
    wanted_form(has_xml=True)
    content = _sent()
    document = read_document(CaptureDocument("/epcis/events", content))
    # In XML a document around the event is what senders of 1.x have.
    is_wrapped = document.is_query or (_is_document(document) and not looks_like_xml(content))
    if len(document.events) != 1 or is_wrapped:
        raise InvalidInput("Send one event here; documents go to /epcis/capture.", place="type")
    _captured(document)
    (event,) = document.events
    answer = Response(status=201)
    answer.headers["Location"] = f"/epcis/events/{quote(event.said.event_id or event.digest, safe='')}"
    return answer


def _is_document(document: ReadDocument) -> bool:
    return document.header["type"] in ("EPCISDocument", "EPCISQueryDocument")


def _captured(document: ReadDocument) -> CaptureJob:
    """The job. Who stores the same event or changes the same lot at the same moment is waited for: then it is there
    already."""
    for _ in range(_TRIES - 1):
        with suppress(Taken, Stale):
            return _captured_once(document)
    return _captured_once(document)


def _captured_once(document: ReadDocument) -> CaptureJob:
    with world().database.write() as session:
        return run_capture(session, signed_in(), world().clock, document)


def _sent() -> bytes:
    """The body. Raises Problem (415) for another kind of content, TooLarge, InvalidInput for one that is not what it is
    called."""
    if request.mimetype not in (*JSON_FORMS, *_XML_FORMS):
        problem = Problem("Send EPCIS as %(forms)s.", code="unsupported-media-type", place="Content-Type",
                          forms=", ".join((*JSON_FORMS, XML_FORM)))
        problem.status = 415
        raise problem
    limit = world().settings.upload_limit_bytes
    if (request.content_length or 0) > limit:
        raise TooLarge("The document is larger than %(limit)d MB. Nothing was stored; send it in parts.",
                       code="document-too-large", limit=limit // 1_000_000)
    content = request.get_data(cache=False)
    if content and looks_like_xml(content) != (request.mimetype in _XML_FORMS):
        raise InvalidInput("What was sent is not %(form)s.", place="Content-Type", form=request.mimetype)
    return content


def _shown(job: CaptureJob) -> dict[str, Any]:
    return {"captureID": job.id, "createdAt": _time(job.created_at), "finishedAt": _time(job.finished_at),
            "running": False, "success": not job.errors, "captureErrorBehaviour": job.behaviour,
            "errors": [_error(one) for one in job.errors]}


def _error(one: dict[str, str]) -> dict[str, Any]:
    reused = one["code"] == EventIdReused.code
    return {"type": "epcisException:" + ("ResourceAlreadyExistsException" if reused else "ValidationException"),
            "title": "An event was not stored", "status": 409 if reused else 400, "detail": one["message"],
            "code": one["code"], "place": one["pointer"]}


def _time(at: Any) -> str:
    return str(at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


