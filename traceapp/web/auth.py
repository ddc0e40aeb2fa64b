"""Who is asking, and may they: one check before every view."""
from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Flask, Response, g, redirect, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect

from traceapp.config import Settings
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.errors import Forbidden, NotSignedIn, Problem
from traceapp.identity.service import actor_of, session_of, token_actor, touch_session

from . import oversight
from . import permissions as table
from .context import world

_TOUCH_EVERY = timedelta(minutes=1)
_SAFE = {"GET", "HEAD", "OPTIONS"}


class FormExpired(Problem):
    """The form's token is missing or too old."""

    status = 400
    code = "form-expired"


def configure(app: Flask, settings: Settings) -> None:
    """The session's cookie, as the address of this installation demands it."""
    app.config.update(SESSION_COOKIE_NAME="__Host-traceapp" if settings.is_https else "traceapp",
                      SESSION_COOKIE_SECURE=settings.is_https)


def install(app: Flask, routes: dict[str, str]) -> None:
    """Check every request against `routes` (endpoint -> permission)."""
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=True,
    )
    app.extensions["permissions"] = routes
    csrf = CSRFProtect(app)

    @app.before_request
    def check() -> Response | None:
        endpoint = request.endpoint
        if endpoint is None:
            return None
        needed = routes.get(endpoint)
        if needed == table.PUBLIC and not endpoint.startswith("identity."):
            return None
        by_token = _identify()
        if request.method not in _SAFE and not by_token:
            try:
                csrf.protect()
            except CSRFError as error:
                raise FormExpired("This form is too old or was opened elsewhere. Reload the page and send it again. "
                                  "Nothing was saved.") from error
        return _judge(needed)


def _identify() -> bool:
    """Put who is asking into `g`; answers whether it was by a bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    here = world()
    if scheme.lower() == "bearer":
        with here.database.read() as db:
            g.actor = token_actor(db, here.clock, token.strip())
        return True
    g.actor = PUBLIC
    cookie = session.get("token")
    if not cookie:
        return False
    with here.database.read() as db:
        found = session_of(db, here.clock, cookie)
    if found is None:
        session.clear()
        return False
    user, opened = found
    g.actor, g.user_language = actor_of(user), user.language
    if here.clock.now() - opened.seen_at > _TOUCH_EVERY:
        with here.database.write() as db:
            touch_session(db, here.clock, cookie)
    return False


def _judge(needed: str | None) -> Response | None:
    who: Actor = g.actor
    if needed == table.PUBLIC:
        return None
    if who.role == PUBLIC.role:
        if request.method in _SAFE and not request.path.startswith(("/api/", "/epcis/")):
            return redirect(f"/sign-in?next={quote(request.full_path.rstrip('?'))}")  # type: ignore[return-value]
        raise NotSignedIn("Please sign in.")
    if who.must_change_password and request.endpoint not in table.WITH_ONE_TIME_PASSWORD:
        if request.method in _SAFE and not request.path.startswith("/api/"):
            return redirect("/console/account")  # type: ignore[return-value]
        raise Forbidden("Choose a password of your own first: sign in and open “My account”.",
                        code="password-change-needed")
    if needed != table.SIGNED_IN and (needed is None or needed not in who.scopes):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")
    oversight.judge(request.endpoint, request.view_args or {})
    return None


def may(permission: str) -> bool:
    """Whether the present actor holds `permission`; for showing or hiding an act."""
    who: Actor = g.get("actor", PUBLIC)
    return permission in who.scopes
