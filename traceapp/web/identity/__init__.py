"""Signing in and out."""
from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from traceapp.core.errors import NotSignedIn
from traceapp.identity import service
from traceapp.identity.policy import Role
from traceapp.web.context import actor, source_address, world
from traceapp.web.problems import translated

blueprint = Blueprint("identity", __name__, template_folder="templates")


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
    with here.database.write() as db:
        service.limit_sign_in(db, here.clock, name, source_address())
    try:
        with here.database.write() as db:
            opened = service.sign_in(db, here.clock, name, password, source_address())
    except NotSignedIn as error:
        page = render_template("identity/sign_in.html", name=name,
                               next_path=request.form.get("next", ""), error=translated(error))
        return make_response(page, 401)
    session.clear()
    session["token"] = opened.token
    session.permanent = True
    return redirect(_safe_target(request.form.get("next", ""), opened.user.role), 303)


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session on both sides."""
    here = world()
    if session.get("token"):
        with here.database.write() as db:
            service.sign_out(db, actor(), here.clock, session["token"])
    session.clear()
    return redirect("/", 303)
