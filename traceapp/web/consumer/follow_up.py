"""The reporter's own page: where the report stands, what was written, what they want to add."""
from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from traceapp.complaint.public import FollowUp, Grades, add_reporter_message, answer_survey, follow_up
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.identity.rate import hit
from traceapp.web.context import source_network, world
from traceapp.web.problems import translated
from traceapp.web.ui import display

from .report_words import recommendation_choices, satisfaction_choices, state_words
from .scan_view import PUBLIC_ZONE
from .state import public_page
from .wishes import linked, settle_language

_MESSAGES_AN_HOUR = 30


def follow(token: str) -> Response:
    """The page of a report, by its secret."""
    settle_language()
    return _page(token, {}, "")


def follow_submit(token: str) -> AnyResponse:
    """Add a message, or say what one thinks of how it was handled."""
    settle_language()
    here = world()
    if "survey" in request.form:
        return _survey(token)
    text = request.form.get("text", "")[:20_000]
    try:
        with here.database.write() as session:
            hit(session, here.clock, f"message {source_network()}", _MESSAGES_AN_HOUR, 3600)
            add_reporter_message(session, here.clock, token[:100], text)
    except InvalidInput as error:
        return _page(token, {"text": translated(error)}, text, status=422)
    return redirect(linked(f"/report/{token}", added="1"), 303)


def _survey(token: str) -> AnyResponse:
    here = world()
    try:
        with here.database.write() as session:
            hit(session, here.clock, f"message {source_network()}", _MESSAGES_AN_HOUR, 3600)
            answer_survey(session, here.clock, token[:100], Grades(_grade("satisfaction"), _grade("recommendation")))
    except (InvalidInput, Conflict) as error:
        return _page(token, {"satisfaction": translated(error)}, "", status=error.status)
    return redirect(linked(f"/report/{token}", thanked="1"), 303)


def _grade(name: str) -> int | None:
    """The number that was chosen; -1, which is no grade, for anything else."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else -1


def _page(token: str, errors: dict[str, str], text: str, status: int = 200) -> Response:
    here = world()
    with here.database.read() as session:
        found = follow_up(session, token[:100])
    address = f"{here.settings.base_url}/report/{token}"
    return public_page(
        "follow_up.html", status=status, report=found,
        state=state_words(found.state, g.language, is_investigated=found.is_investigated),
        error=errors.get("text"), survey_error=errors.get("satisfaction"), text=text,
        satisfactions=satisfaction_choices(g.language), recommendations=recommendation_choices(g.language),
        action=linked(f"/report/{token}"), address=address, notes=_notes(found),
        answer_by=_moment(found.answer_by), received=_moment(found.received_at),
        is_new=request.args.get("sent") == "1", is_added=request.args.get("added") == "1",
        is_thanked=request.args.get("thanked") == "1")


def _notes(found: FollowUp) -> list[tuple[str, str, bool]]:
    return [(_moment(note.at), note.text, note.is_from_reporter) for note in found.notes]


def _moment(at: datetime) -> str:
    return display.moment(at.astimezone(ZoneInfo(PUBLIC_ZONE)), g.language, PUBLIC_ZONE)
