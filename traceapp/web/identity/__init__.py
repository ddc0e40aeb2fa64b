"""Signing in and out. A browser in which somebody signed in keeps a mark: nobody elsewhere can shut them out."""
from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from traceapp.core.errors import NotSignedIn, TooMany
from traceapp.identity import service
from traceapp.identity.attempts import Attempt, forget_attempt, limit_sign_in, note_refused_sign_in
from traceapp.identity.marks import browser_of, marked
from traceapp.identity.policy import Role
from traceapp.web.context import actor, source_network, world
from traceapp.web.problems import translated

blueprint = Blueprint("identity", __name__, template_folder="templates")
_MARK_SECONDS = 365 * 24 * 3600


def _safe_target(target: str, role: str) -> str:
    """A path of ours to go to next; anything that could leave the site is dropped."""
    parts = urlsplit(target)
    if target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and "\\" not in target:
        return target
    return "/regulator" if role == Role.regulator else "/console"


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The form."""
    next_path = request.args.get("next", "")
    return make_response(render_template("identity/sign_in.html", next_path=next_path, error=None, name=""))


@blueprint.post("/sign-in")
def sign_in_submit() -> AnyResponse:
    """Sign in and go where one wanted to go."""
    here = world()
    name, password = request.form.get("name", "")[:200], request.form.get("password", "")[:1000]
    attempt = Attempt(name, source_network(), browser_of(here.settings.secret_key, _mark(), name))
    try:
        opened = _let_in(attempt, password)
    except NotSignedIn as error:
        page = render_template("identity/sign_in.html", name=name,
                               next_path=request.form.get("next", ""), error=translated(error))
        return make_response(page, 401)
    session.clear()
    session["token"] = opened.token
    session.permanent = True
    answer = redirect(_safe_target(request.form.get("next", ""), opened.user.role), 303)
    answer.set_cookie(_mark_name(), marked(here.settings.secret_key, _mark(), name), max_age=_MARK_SECONDS,
                      secure=here.settings.is_https, httponly=True, samesite="Lax")
    return answer


def _let_in(attempt: Attempt, password: str) -> service.SignedIn:
    """The session of an attempt that is right, which is then not counted; any other is counted and recorded."""
    here = world()
    try:
        with here.database.write() as db:
            limit_sign_in(db, here.clock, attempt)
        with here.database.read() as db:
            proof = service.prove_password(db, attempt.name, password)
        with here.database.write() as db:
            opened = service.sign_in(db, here.clock, proof, attempt.network)
            forget_attempt(db, here.clock, attempt)
            return opened
    except (NotSignedIn, TooMany) as error:
        with here.database.write() as db:
            note_refused_sign_in(db, here.clock, attempt, is_over_limit=isinstance(error, TooMany))
        raise


def _mark_name() -> str:
    return "__Host-traceapp-browser" if world().settings.is_https else "traceapp-browser"


def _mark() -> str:
    return request.cookies.get(_mark_name(), "")


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session on both sides."""
    here = world()
    if session.get("token"):
        with here.database.write() as db:
            service.sign_out(db, actor(), here.clock, session["token"])
    session.clear()
    return redirect("/", 303)
