"""The report form: one question a page, kept by a secret in the address, sent once."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, BinaryIO, cast
from urllib.parse import urlsplit

from flask import Response, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from traceapp.attachment.service import NewFile, ReadyFile, add_file, attachments_of, hang_elsewhere, ready_file
from traceapp.code.resolving import scanned_code
from traceapp.complaint.drafts import Draft, complete_draft, files_of_draft, read_draft, save_draft, start_draft
from traceapp.complaint.intake import Submitted, about, repeat_of
from traceapp.complaint.policy import is_grave
from traceapp.complaint.proof import Proof, accept_proof, new_challenge
from traceapp.complaint.report import SubmitComplaint
from traceapp.complaint.seriousness import Harm, criteria_of, severity_of
from traceapp.core.actor import PUBLIC
from traceapp.core.errors import InvalidInput, Problem, TooLarge
from traceapp.core.networks import network_of
from traceapp.gs1 import Gs1Error, parse_path
from traceapp.identity.rate import hit
from traceapp.trace.public import scan_facts
from traceapp.web.context import source_address, source_network, world
from traceapp.web.problems import translated

from . import report_answers as steps
from . import scan_view
from .report_answers import Answers
from .report_pages import check_rows, page_of
from .state import public_page
from .wishes import linked, settle_language

_DRAFTS_AN_HOUR = 600
_REPORTS_AN_HOUR = 30
_PHOTOS_AN_HOUR = 120
_MOST_PHOTOS = 5
_HOUR = 3600
_TOO_LARGE = 413


def _query(name: str, limit: int) -> str:
    return request.args.get(name, "").strip()[:limit]


def begin() -> Response:
    """The first page: danger first, then what happened. Nothing is kept yet."""
    settle_language()
    answers = _from_address()
    return _page("what", answers, None, {})


def _from_address() -> Answers:
    """What the link to the form knows: the lot that was scanned, or a number that we do not know."""
    via = _query("via", 10)
    answers: Answers = {"via": via}
    key = _query("lot", 32)
    if key:
        with world().database.reading() as connection:
            facts = scan_facts(connection, key)
        if facts is not None:
            answers.update(lot_key=key, lot_name=_lot_name(facts.number, scan_view.product_name(facts, g.language)),
                           product_id=facts.product.id if facts.product else None)
            serial = _serial_before(facts.number)
            return answers | ({"serial": serial} if serial else {})
    answers.update(lot_text=_query("number", 200), product_id=_query("product", 32) or None)
    if via == "unknown":
        answers["terms_first"] = ["suspected_fake"]
    return answers


def _lot_name(number: str, product: str) -> str:
    return f"{product} · {number}" if product else number


def _serial_before(number: str) -> str | None:
    """The serial of the code whose page led here; pages are kept by lot, so only the browser knows it."""
    try:
        code = scanned_code(parse_path(urlsplit(request.referrer or "").path))
    except (Gs1Error, ValueError):
        return None
    return code.serial if code.lot == number else None


def begin_submit() -> AnyResponse:
    """Keep the first answers under a new secret and go on."""
    settle_language()
    here = world()
    answers = _from_address() | {"language": g.language}
    try:
        answers |= steps.read_step("what", request.form)
        steps.check_step("what", answers, here.clock.now())
    except InvalidInput as error:
        return _page("what", answers | {"narrative": request.form.get("narrative", "")}, None, _said(error), status=422)
    with here.database.write() as session:
        hit(session, here.clock, f"draft {source_network()}", _DRAFTS_AN_HOUR, _HOUR)
        token = start_draft(session, here.clock, answers, vault=here.vault)
    return redirect(_address(token, "signs"), 303)


def _address(token: str, step: str) -> str:
    return linked(f"/report/d/{token}/{step}")


def _draft(token: str) -> tuple[Draft, Answers] | AnyResponse:
    """The draft with its answers; when it was sent in, the way to its page."""
    here = world()
    with here.database.read() as session:
        draft = read_draft(session, here.clock, token[:100], vault=here.vault)
        sent = repeat_of(session, draft.complaint_id, here.vault) if draft.complaint_id else None
    settle_language(draft.answers.get("language"))
    if sent is not None:
        return _done(sent)
    return draft, dict(draft.answers)


def _done(sent: Submitted) -> AnyResponse:
    if sent.follow_up_token is None:
        return public_page("report_sent.html", reference=sent.complaint.reference)
    return redirect(linked(f"/report/{sent.follow_up_token}", sent="1"), 303)


def step(token: str, name: str) -> AnyResponse:
    """One page of the form with what was answered so far."""
    settle_language()
    found = _draft(token)
    if not isinstance(found, tuple):
        return found
    answers = found[1]
    if name not in steps.steps_for(answers):
        return redirect(_address(token, "what"), 303)
    if name == "check":
        missing = steps.missing_step(answers)
        if missing is not None:
            return redirect(_address(token, missing), 303)
    return _page(name, answers, token, {})


def step_submit(token: str, name: str) -> AnyResponse:
    """Keep what one page answers and go on; from the last page, send the report."""
    settle_language()
    found = _draft(token)
    if not isinstance(found, tuple):
        return found
    answers = found[1] | {"language": g.language}
    if name == "check":
        return _send(token, answers)
    if name not in steps.FIELDS:
        return redirect(_address(token, "what"), 303)
    try:
        return _kept(token, name, answers)
    except RequestEntityTooLarge:
        return _page(name, answers, token, _said(_too_large(name)), status=_TOO_LARGE)
    except (InvalidInput, TooLarge) as error:
        typed = {field: request.form[field] for field in request.form if field in steps.FIELDS[name]}
        return _page(name, answers | typed, token, _said(error), status=error.status)


def _too_large(name: str) -> TooLarge:
    """What to say when more came than is taken."""
    if name != "photo":
        return TooLarge("This is more text than we can take. Your other answers are kept. Please shorten it.")
    return TooLarge("The photo is larger than %(limit)d MB, so it was not taken. Your other answers are kept. Send a "
                    "smaller one, or go on without.", place="photo",
                    limit=world().settings.upload_limit_bytes // 1_000_000)


def _kept(token: str, name: str, answers: Answers) -> AnyResponse:
    """Check and keep one page. Raises InvalidInput, TooLarge."""
    here = world()
    form = request.form
    answers = answers | steps.read_step(name, form)
    steps.check_step(name, answers, here.clock.now())
    photo = request.files.get("photo") if name == "photo" else None
    has_photo = photo is not None and bool(photo.filename)
    ready = _ready(photo.stream) if photo is not None and has_photo else None
    with here.database.write() as session:
        if photo is not None and ready is not None:
            if len(attachments_of(session, files_of_draft(token))) >= _MOST_PHOTOS:
                raise InvalidInput("Five photos are enough; this one was not taken.", code="too-many", place="photo")
            add_file(session, PUBLIC, here.clock, NewFile(files_of_draft(token), photo.filename or "", ready),
                     store=here.files)
        save_draft(session, here.clock, token, answers, vault=here.vault)
    if has_photo and "more" in form:
        return redirect(_address(token, "photo"), 303)
    to_check = form.get("to") == "check" and steps.missing_step(answers) is None
    return redirect(_address(token, "check" if to_check else steps.after(name, answers)), 303)


def _ready(sent: IO[bytes]) -> ReadyFile:
    """The photo in the form that is kept; every try counts, since drawing a picture anew is dear. Raises TooMany."""
    here = world()
    with here.database.write() as session:
        hit(session, here.clock, f"photo {source_network()}", _PHOTOS_AN_HOUR, _HOUR)
    return ready_file(cast(BinaryIO, sent), store=here.files)


def _send(token: str, answers: Answers) -> AnyResponse:
    """Send the report once; what is refused leads back to its page with nothing lost."""
    here = world()
    missing = steps.missing_step(answers)
    if missing is not None:
        return redirect(_address(token, missing), 303)
    command = steps.complaint_of_answers(answers)
    try:
        with here.database.write() as session:
            _limit(session, command)
            proof = accept_proof(session, here.clock, request.form.get("altcha", "")[:8192], vault=here.vault)
            sent = complete_draft(session, PUBLIC, here.clock, token, replace(
                command, has_proof=proof is Proof.proven, source=network_of(source_address())), vault=here.vault)
            if not sent.is_repeat:
                hang_elsewhere(session, PUBLIC, here.clock, files_of_draft(token), about(sent.complaint.id))
    except InvalidInput as error:
        return _page(steps.step_of_field(error.place), answers, token, _said(error), status=422)
    return _done(sent)


def _limit(session: Session, command: SubmitComplaint) -> None:
    """Count the report of this source. Raises TooMany; a grave one is never refused."""
    here = world()
    if is_grave(severity_of(criteria_of(command.seriousness), Harm(command.harm))):
        return
    hit(session, here.clock, f"report {source_network()}", _REPORTS_AN_HOUR, _HOUR)


def _said(error: Problem) -> dict[str, str]:
    place = {"lot_key": "lot", "file": "photo", "attachment": "photo"}.get(error.place or "", error.place or "page")
    return {place: translated(error)}


def _page(name: str, answers: Mapping[str, Any], token: str | None, errors: dict[str, str],
          status: int = 200) -> Response:
    """A page of the form as an answer."""
    here = world()
    photos: list[str] = []
    if token is not None and name in ("photo", "check"):
        with here.database.read() as session:
            photos = [row.name for row in attachments_of(session, files_of_draft(token))]
    back = steps.before(name, answers)
    is_last = name == "check"
    # A form that was too large cannot be asked again.
    wanted_check = (request.args if status == _TOO_LARGE else request.values).get("to")
    return public_page(
        "report_step.html", status=status, step=name, answers=answers, page=page_of(name, answers, g.language, photos),
        errors=errors, error_list=[(None if field == "page" else field, text) for field, text in errors.items()],
        action=request.full_path.rstrip("?") if token is None else _address(token, name), token=token,
        back_url=_address(token, back) if token and back else None, heading=_heading(name),
        may_finish=token is not None and steps.missing_step(answers) in (None, name),
        must_finish=wanted_check == "check",
        challenge=json.dumps(new_challenge(here.clock, vault=here.vault)) if is_last else None,
        script=url_for("consumer.static", filename="report.js") if is_last else None,
        rows=[(question, answer, linked(f"/report/d/{token}/{asked}", to="check"))
              for question, answer, asked in check_rows(answers, g.language, photos)] if is_last else [])


def _heading(name: str) -> str:
    return {
        "what": _("What happened?"), "signs": _("Which of these fit?"), "whom": _("Who was affected?"),
        "bad": _("How bad was it?"), "use": _("When and how was it used?"), "photo": _("Do you have a photo?"),
        "contact": _("May we contact you?"), "check": _("Check your answers"),
    }[name]

