"""The page of somebody who got units from a consignee: what we recall, what they got, what they say."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from traceapp.attachment.service import attachment
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Problem, Stale, TooLarge, TooMany
from traceapp.core.quantity import plain
from traceapp.recall import answer, answer_limits, passed_answer
from traceapp.recall.answer_said import far_said, parse_units
from traceapp.recall.naming import PassOn
from traceapp.recall.passed_answer import TOLD, AnswerPassed, PassedView
from traceapp.recall.passed_proofs import keep_passed_proof
from traceapp.web.context import source_network, world
from traceapp.web.files import shown_file
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.problems import translated
from traceapp.web.receivers import (
    Receiver,
    commands_of,
    given_of,
    labels_of,
    shown_place,
    typed_rows,
    waiting_rows,
    with_named,
)

from .form import FURTHER
from .sent_file import keep_sent_file, too_large

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"consignee.passed": "public", "consignee.answer_passed": "public",
                               "consignee.passed_proof": "public"}


@dataclass(slots=True)
class _Typed:
    """The form as it was typed, with the rows of those whom units were passed on to; what is wrong by field; what a lot
    comes to where it is far more than they got."""

    values: Mapping[str, str]
    receivers: tuple[Receiver, ...]
    errors: dict[str, str] = field(default_factory=dict)
    far: dict[str, str] = field(default_factory=dict)


def passed(token: str) -> Response:
    """The notice with the form."""
    here = world()
    view = _view(token)
    if view.notice.opened_at is None and request.method == "GET":
        with here.database.write() as db:
            passed_answer.note_passed_opened(db, here.clock, passed_answer.passed_of_token(db, token, lock=True))
    return _page(token, view, _shown(view))


def proof(token: str, attachment_id: str) -> Response:
    """A file that was sent behind this link."""
    if attachment_id not in {one.id for one in _view(token).files}:
        raise NotFound("There is no such file.")
    with world().database.read() as db:
        return shown_file(*attachment(db, attachment_id))


def _shown(view: PassedView) -> _Typed:
    """The form as it is first seen."""
    return _Typed(_recorded(view), waiting_rows(view.named, [one.passed for one in view.waiting]))


def answer_it(token: str) -> Response:
    """Record what was filled in, or that nothing is left."""
    here = world()
    view = _view(token)
    with here.database.write() as db:
        answer_limits.limit_answers(db, here.clock, token, source_network())
    try:
        values = {name: request.form.get(name, "")[:2000] for name in request.form}
    except RequestEntityTooLarge:
        typed = _shown(view)
        typed.errors["proof"] = translated(too_large())
        return _page(token, view, typed, 413)
    rows = typed_rows(values, view.named, [shown.line.lot_key for shown in view.lines])
    typed = _Typed(values, (*rows, Receiver()))
    command = _command(view, typed, rows)
    if values.get("more"):
        typed.errors.clear()
        return _page(token, view, typed)
    try:
        keep_sent_file(token, keep_passed_proof)
    except (InvalidInput, TooLarge, TooMany) as error:
        typed.errors["proof"] = translated(error)
    if typed.errors:
        return _refused(token, typed, command)
    try:
        with here.database.write() as db:
            passed_answer.answer_passed(db, here.clock, passed_answer.passed_of_token(db, token, lock=True), command,
                                        vault=here.vault)
    except InvalidInput as error:
        typed.errors |= {shown_place(place): gettext(text) for place, text in error.errors.items()} or {
            error.place or "lines": translated(error)}
        return _refused(token, typed, command)
    except Stale as error:
        return _outdated(token, _view(token), typed, error)
    except Conflict as error:
        return _page(token, _view(token), typed, 409, error)
    return redirect(_address("consignee.passed", token) + "#answer", 303)


def _refused(token: str, typed: _Typed, command: AnswerPassed) -> Response:
    """The form with its faults; an old one beside what a colleague answered since, which would be lost otherwise."""
    present = _view(token)
    if command.seen is None or command.seen == present.notice.answers:
        return _page(token, present, typed, 422)
    typed.errors.pop("explanation", None)  # whether one is needed depends on what the colleague said
    return _outdated(token, present, typed, answer.answered_meanwhile())


def _outdated(token: str, present: PassedView, typed: _Typed, error: Stale) -> Response:
    typed.receivers = with_named(typed.receivers, present.named)
    return _page(token, present, typed, 412, error)


def _view(token: str) -> PassedView:
    here = world()
    try:
        with here.database.read() as db:
            return passed_answer.view_of(db, passed_answer.passed_of_token(db, token))
    except NotFound:
        with here.database.write() as db:
            answer_limits.limit_misses(db, here.clock, source_network())
        raise


def _recorded(view: PassedView) -> dict[str, str]:
    """The form as it is first seen: what was answered before."""
    values = {f"{name}:{shown.line.lot_key}": plain(getattr(shown.line, name)) for shown in view.lines
              for name in TOLD if shown.line.on_hand is not None and (name not in FURTHER or getattr(shown.line, name))}
    for shown in view.lines:
        values |= {"explanation": shown.line.explanation} if shown.line.explanation else {}
        values |= {"answered_by": shown.line.answered_by} if shown.line.answered_by else {}
    for one in view.waiting:
        values |= {f"{name}:{key}": text for key, said in one.lines.items() for name, text in said.items()
                   if name not in FURTHER or text != "0"}
        values |= {"explanation": one.explanation}
    return values


def _command(view: PassedView, typed: _Typed, rows: tuple[Receiver, ...]) -> AnswerPassed:
    values = typed.values
    seen = values.get("seen", "")
    count = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else None
    if values.get("none") == "all":
        return AnswerPassed(tuple(
            answer.AnswerLine(shown.line.lot_key, Decimal(0), max(
                Decimal(0), shown.line.units - view.passed_on(shown.line.lot_key)), Decimal(0)) for shown in view.lines
            if shown.line.on_hand is None), view.notice.name, seen=count)
    passed = commands_of(rows, view.named, typed.errors)
    found = (_line(view, shown.line.lot_key, typed, passed) for shown in view.lines)
    return AnswerPassed(tuple(line for line in found if line is not None), values.get("answered_by", ""),
                        values.get("explanation", ""), count, passed)


def _line(view: PassedView, lot_key: str, typed: _Typed, passed: tuple[PassOn, ...]) -> answer.AnswerLine | None:
    texts = {name: typed.values.get(f"{name}:{lot_key}", "").strip()[:40] for name in TOLD}
    passed_on = given_of(passed, lot_key)
    if not any(texts.values()) and passed_on == view.passed_on(lot_key):
        return None
    numbers: dict[str, Decimal] = {}
    for name, text in texts.items():
        place = f"{name}:{lot_key}"
        try:
            numbers[name] = parse_units(text, place=place) if text else Decimal(0)
        except InvalidInput as error:
            typed.errors[place] = translated(error)
            numbers[name] = Decimal(0)
    got = next(shown.line.units for shown in view.lines if shown.line.lot_key == lot_key)
    said = answer.AnswerLine(lot_key, **numbers)
    units = far_said(said, got, passed_on)
    if units is None:
        return said
    typed.far[lot_key] = plain(units)
    return replace(said, sure=units) if typed.values.get(f"sure:{lot_key}") == plain(units) else said


def _address(endpoint: str, token: str) -> str:
    wish = request.args.get("lang", "")
    return url_for(endpoint, token=token) + (f"?lang={wish}" if wish in LANGUAGES else "")


def _page(token: str, view: PassedView, typed: _Typed, status: int = 200, said: Problem | None = None) -> Response:
    numbers, labels = {shown.line.lot_key: shown.number for shown in view.lines}, labels_of(len(typed.receivers))
    listed: list[tuple[str | None, str]] = []
    for name, text in typed.errors.items():
        kind, _, key = name.partition(":")
        where = [part for part in (numbers.get(key), labels.get(kind)) if part]
        listed.append((None if name == "lines" else name, " · ".join([*where, text])))
    return make_response(render_template(
        "consignee/passed.html", view=view, typed=typed, listed=listed, tongue=language(), further=FURTHER,
        file_url=lambda key: url_for("consignee.passed_proof", token=token, attachment_id=key),
        said=translated(said) if said else "", is_stale=isinstance(said, Stale),
        action=_address("consignee.answer_passed", token)), status)


ROUTES: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...] = (
    ("/r/p/<token>", "passed", passed, ("GET",)), ("/r/p/<token>", "answer_passed", answer_it, ("POST",)),
    ("/r/p/<token>/files/<attachment_id>", "passed_proof", proof, ("GET",)))
