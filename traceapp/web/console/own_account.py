"""My account, for everybody who signs in: the language of one's pages, and one's password."""
from __future__ import annotations

from flask import request, session, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.identity.accounts import set_email, set_language, user_by_id
from traceapp.identity.passwords import MINIMUM_PASSWORD
from traceapp.identity.renewal import ChangePassword, change_own_password
from traceapp.web.context import signed_in, world
from traceapp.web.i18n import COOKIE

from .acting import Done, Refusal, perform
from .casework import count_signature
from .entering import Entered
from .layout import ROLES, blueprint, home_url, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.own_account": "signed_in", "console.own_account_change": "signed_in", "console.own_password": "signed_in"}


@blueprint.get("/account")
def own_account() -> Response:
    """Who one is here, in which language, and a new password; nothing but the last for whom it must be changed."""
    with world().database.read() as db:
        user = user_by_id(db, signed_in().id)
    return _show(Entered({"email": user.email if user else ""}))


def _show(form: Entered, status: int = 200) -> Response:
    return page("console/own_account.html", status, form=form, actor=signed_in(), roles=ROLES, least=MINIMUM_PASSWORD)


@blueprint.post("/account")
def own_account_change() -> Response:
    """Change one's own language, and where one is called."""
    form = Entered()

    def act(db: Session) -> Done:
        set_language(db, signed_in(), world().clock, form.get("language"))
        if "email" in request.form:
            set_email(db, signed_in(), world().clock, form.text("email"))
        return Done(url_for("console.own_account"), gettext("Your account is changed."))

    answer = perform(form, act, Refusal(lambda status: _show(form, status)))
    if answer.status_code == 303:
        answer.delete_cookie(COOKIE)
    return answer


@blueprint.post("/account/password")
def own_password() -> Response:
    """Take a new password; every other session of this person ends."""
    form = Entered()
    command = ChangePassword(form.get("present_password"), form.get("new_password"), session.get("token", ""))
    if command.new != form.get("new_password_again"):
        form.fault("new_password_again", gettext("This is not the same as above."))
    if form.is_good:
        count_signature()

    def act(db: Session) -> Done:
        change_own_password(db, signed_in(), world().clock, command)
        target = home_url() if signed_in().must_change_password else url_for("console.own_account")
        return Done(target, gettext("Your password was changed. All your other sessions have ended."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))
