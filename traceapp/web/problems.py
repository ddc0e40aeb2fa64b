"""Errors as people and machines read them: an HTML page or RFC 9457 problem+json."""
from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from traceapp.core.actor import PUBLIC
from traceapp.core.errors import InvalidInput, NotSignedIn, Problem, TooLarge, TooMany, Unavailable

from .label_words import told
from .resending import late_form
from .state_words import said_params, said_template

log = structlog.get_logger()
_TITLES = {
    400: "The request is not right", 401: "Please sign in", 403: "Not allowed", 404: "Not found",
    405: "This address does not do that", 406: "No such format", 409: "That does not go together",
    412: "Changed in the meantime", 413: "Too large", 415: "This kind of content is not taken",
    422: "Please check what was entered", 428: "Say which version you change", 429: "Too many attempts",
    500: "Something went wrong on our side", 501: "Not offered", 503: "Not available just now",
}
_FOR_MACHINES = ("application/json", "application/ld+json", "application/linkset+json")


def wants_json() -> bool:
    """Whether the answer to this request is for a machine."""
    if request.path.startswith(("/api/", "/epcis")) or request.path.endswith(".json"):
        return True
    accept = request.accept_mimetypes
    page = accept["text/html"]
    return accept.best == "application/problem+json" or any(accept[form] > page for form in _FOR_MACHINES)


def translated(problem: Problem, *, keeps_names: bool = False) -> str:
    """The message in the language of the request; `keeps_names` as `told` has it."""
    params = told(problem.params if keeps_names else said_params(problem), keeps_names=keeps_names)
    template = gettext(problem.message) if keeps_names else said_template(problem)
    return _sendable(template % params if params else template)


def _sendable(text: str) -> str:
    """The text without halves of characters, which somebody sent and no answer can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def install(app: Flask) -> None:
    """Render every error."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return render(error)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        found = TooLarge("What was sent is larger than %(limit)s MB. Nothing was saved. Send a smaller file.",
                         limit=app.extensions["traceapp"].settings.upload_limit_bytes // 1_000_000) if isinstance(
            error, RequestEntityTooLarge) else Problem(_detail(status, error), code=_code(status))
        found.status = status
        found.errors = _places(getattr(error, "data", None))
        if found.errors:
            found.code, found.place = "invalid-input", next(iter(found.errors))
        answer = render(found)
        for name, value in error.get_headers(request.environ):
            if name.lower() in ("allow", "retry-after", "location", "www-authenticate"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(OperationalError)
    def database(error: OperationalError) -> Response:
        log.error("database_unavailable", error=type(error.orig).__name__)
        return render(Unavailable("The database does not answer just now. Nothing was saved. Try again in a minute."))

    @app.errorhandler(DataError)
    def unfit(error: DataError) -> Response:
        log.warning("data_refused", error=type(error.orig).__name__, endpoint=request.endpoint)
        return render(InvalidInput("Something in it cannot be stored: a character or a number that is out of range. "
                                   "Nothing was saved."))

    @app.errorhandler(RecursionError)
    def nested(_error: RecursionError) -> Response:
        return render(InvalidInput("What was sent is nested too deeply. Nothing was saved.", code="too-deep"))

    @app.errorhandler(Exception)
    def anything(error: Exception) -> Response:
        log.exception("unhandled", endpoint=request.endpoint, request_id=g.get("request_id"))
        broken = Problem("An error on our side. Nothing was saved. Please try again; if it stays, tell us the number "
                         "%(number)s.", code="internal", number=g.get("request_id", "-"))
        broken.status = 500
        return render(broken)


def _code(status: int) -> str:
    return {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(status, f"http-{status}")


def _places(data: object) -> dict[str, str]:
    """What the reading of a request found wrong: place with dots, and what. Empty for any other error."""
    found: dict[str, str] = {}

    def walk(value: object, place: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{place}.{key}" if place else str(key))
        elif isinstance(value, list):
            found[place] = " ".join(str(message) for message in value)

    messages = data.get("messages") if isinstance(data, dict) else None
    for inner in messages.values() if isinstance(messages, dict) else ():
        walk(inner, "")
    return found


def _detail(status: int, error: HTTPException) -> str:
    if status == 404:
        return "There is nothing at this address."
    if status == 405:
        return "This address cannot be used in this way."
    if status == 422:
        return "Some fields are missing or not right. Nothing was saved."
    return (error.description or _TITLES.get(status, "")).replace("%", "%%")


def _start() -> str:
    """Where who is asking begins; empty for the public."""
    role = g.get("actor", PUBLIC).role
    return "" if role == PUBLIC.role else "/regulator" if role == "regulator" else "/console"


def _is_to_be_sent_again(error: Problem) -> bool:
    """Whether nothing is wrong with what was typed: the form is too old, or somebody on the staff has to wait."""
    return error.code == "form-expired" or isinstance(error, TooMany) and _start() != ""


def render(error: Problem, *, is_json: bool | None = None) -> Response:
    """The answer for one problem, in the form that the client reads; `is_json` where that is known already."""
    is_json = wants_json() if is_json is None else is_json
    text = translated(error, keeps_names=is_json)
    if is_json:
        body: dict[str, Any] = {
            "type": f"urn:traceapp:problem:{error.code}", "title": _TITLES.get(error.status, "Error"),
            "status": error.status, "detail": text, "code": error.code}
        if error.place:
            body["place"] = _sendable(error.place)
        if error.errors:
            body["errors"] = {_sendable(place): _sendable(told) for place, told in error.errors.items()}
        answer = jsonify(body)
        answer.mimetype = "application/problem+json"
    else:
        title = gettext(_TITLES.get(error.status, "Error"))
        answer = Response(render_template("problem.html", problem_title=title, text=text, problem=error,
                                          late=late_form() if _is_to_be_sent_again(error) else None, start=_start()),
                          mimetype="text/html")
    answer.status_code = error.status
    if isinstance(error, TooMany | Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotSignedIn):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="traceapp"'
    return answer
