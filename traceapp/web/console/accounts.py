"""Users and tokens, for administrators."""
from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.audit.entries import entries_of
from traceapp.identity.accounts import LANGUAGES, tokens
from traceapp.identity.attempts import UNKNOWN_NAMES
from traceapp.identity.passwords import MINIMUM_PASSWORD
from traceapp.identity.policy import PERMISSIONS as ALL_SCOPES
from traceapp.identity.policy import Role
from traceapp.identity.service import NewToken, NewUser, create_token, create_user, revoke_token, users
from traceapp.recall.assessors import assessors
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import ROLES, ZONE, blueprint, page
from .words import options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.accounts": "user.manage", "console.account_new": "user.manage",
    "console.token_new": "token.manage", "console.token_revoke": "token.manage",
}
_MOST_REFUSED = 20


@blueprint.get("/accounts")
def accounts() -> Response:
    """Everybody who may sign in, and every token."""
    return _show()


@blueprint.route("/accounts/new", methods=["GET", "POST"])
def account_new() -> Response:
    """A new user."""
    form = Entered({"language": "zh", "role": Role.operator})

    def again(status: int = 200) -> Response:
        return page("console/account_new.html", status, form=form, roles=options(ROLES), least=MINIMUM_PASSWORD)

    if request.method == "GET":
        return again()
    command = NewUser(form.text("sign_in_name", required=True), form.text("name", required=True),
                      form.choice("role", list(Role)), form.get("password"), form.choice("language", LANGUAGES),
                      is_one_time=True)

    def act(session: Session) -> Done:
        user = create_user(session, signed_in(), world().clock, command)
        if user.role == Role.regulator:
            return Done(url_for("console.account", user_id=user.id, do="scope"),
                        gettext("%(name)s can sign in now. Say of which jurisdictions.", name=user.name))
        return Done(url_for("console.accounts"), gettext("%(name)s can sign in now.", name=user.name))

    return perform(form, act, Refusal(again))


def _show(status: int = 200, form: Entered | None = None, shown: str = "") -> Response:
    """The page; `shown`: the text of a new token, this once."""
    with world().database.read() as session:
        everybody, given = users(session), tokens(session)
        unknown, medics = entries_of(session, UNKNOWN_NAMES, _MOST_REFUSED), {one.id for one in assessors(session)}
    return page("console/accounts.html", status, users=everybody, tokens=given, roles=ROLES, form=form, shown=shown,
                medics=medics, refused=[(entry.at, json.loads(entry.data).get("network", "")) for entry in unknown])


@blueprint.route("/tokens/new", methods=["GET", "POST"])
def token_new() -> Response:
    """A new token of a machine; its text is shown once, in the answer to this form."""
    form = Entered()
    with world().database.read() as session:
        people = [user for user in users(session) if user.is_active]

    def again(status: int = 200) -> Response:
        return page("console/token_new.html", status, form=form,
                    scopes=[(scope, scope) for scope in sorted(ALL_SCOPES)],
                    people=[(user.id, f"{user.name} ({ROLES[user.role]})") for user in people])

    if request.method == "GET":
        return again()
    user_id = form.choice("user_id", [user.id for user in people])
    ends_on = form.day("expires_on")
    expires_at = datetime.combine(ends_on + timedelta(days=1), time.min, ZoneInfo(ZONE)).astimezone(
        UTC) if ends_on else None
    scopes = tuple(form.several("scopes"))
    name = form.text("name", required=True)
    if not form.is_good:
        return again(422)
    kept: list[str] = []

    def act(session: Session) -> Done:
        token, text = create_token(session, signed_in(), world().clock, NewToken(name, user_id, scopes, expires_at))
        kept.append(text)
        return Done(url_for("console.accounts"), gettext("The token “%(name)s” was made.", name=token.name))

    answer = perform(form, act, Refusal(again))
    return _show(shown=kept[0]) if kept else answer


@blueprint.post("/tokens/<token_id>/revoke")
def token_revoke(token_id: str) -> Response:
    """End a token."""
    form = Entered()

    def act(session: Session) -> Done:
        revoke_token(session, signed_in(), world().clock, token_id)
        return Done(url_for("console.accounts"), gettext("The token is worthless from now on."))

    return perform(form, act, Refusal(lambda status: _show(status, form)))
