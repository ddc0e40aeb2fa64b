"""One account, for administrators: its role, its end, a new password, and what happened to it."""
from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.audit import stream_of
from traceapp.audit.entries import entries_of
from traceapp.catalog.model import ProductKind
from traceapp.catalog.queries import all_products
from traceapp.core.errors import NotFound
from traceapp.identity.accounts import ChangeUser, change_user, user_by_id
from traceapp.identity.lookup import names_of_users
from traceapp.identity.passwords import ONE_TIME_LIFE
from traceapp.identity.policy import PERMISSIONS as ALL_SCOPES
from traceapp.identity.policy import Role
from traceapp.identity.renewal import ResetPassword, reset_password
from traceapp.oversight.setting import SetScope, set_scope
from traceapp.recall.assessors import LONGEST_QUALIFICATION, NameAssessor, name_assessor
from traceapp.web.clock_words import AUTHORITIES, authority_word
from traceapp.web.context import signed_in, world
from traceapp.web.reading import given
from traceapp.web.words import choices, joined_words, own_name

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import ROLES, blueprint, page
from .words import action_word, options, told, word

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.account": "user.manage", "console.account_change": "user.manage",
    "console.account_password": "user.manage", "console.account_scope": "user.manage",
    "console.account_assessor": "user.manage"}
_ACTS = ("password", "role", "end", "renew", "scope", "assessor")
_MOST_ENTRIES = 100


@blueprint.get("/accounts/<user_id>")
def account(user_id: str) -> Response:
    """One account; `do` opens the form of an act."""
    return _show(user_id, given("do"))


def _show(user_id: str, do: str = "", form: Entered | None = None, status: int = 200, shown: str = "") -> Response:
    """The page of an account; with a refused form the status of the refusal; `shown`: a new password, this once."""
    with world().database.read() as db:
        user = user_by_id(db, user_id)
        if user is None:
            raise NotFound("There is no such user.")
        entries = entries_of(db, stream_of("user", user.id), _MOST_ENTRIES)
        people = names_of_users(db, (entry.actor_id for entry in entries))
        products = {one.id: f"{one.code} · {own_name(one)}" for one in all_products(db, only_active=False)
                    if one.kind != ProductKind.material} if user.role == Role.regulator else {}
    is_own = user.id == signed_in().id
    return page("console/account.html", status, user=user, is_own=is_own, roles=ROLES, role_options=options(ROLES),
                do=do if do in _ACTS and not is_own else "", form=form or Entered({
                    "role": user.role, "jurisdictions": user.jurisdictions, "product_ids": user.product_ids,
                    "qualification": user.medical_qualification}),
                can_assess=user.role in ALL_SCOPES["recall.write"], longest=LONGEST_QUALIFICATION,
                shown=shown, products=products, authorities=choices(AUTHORITIES),
                places=joined_words([authority_word(one) for one in user.jurisdictions]),
                chosen=joined_words([products.get(one, one) for one in user.product_ids]),
                days=ONE_TIME_LIFE.days,
                entries=[(entry, action_word(entry.action), people.get(entry.actor_id, ""),
                          _told(json.loads(entry.data))) for entry in entries])


def _told(data: dict[str, Any]) -> str:
    """What an entry of the account's trail holds, in one line for people."""
    parts = _changes(data.pop("before", None), data.pop("after", None))
    if "role" in data:
        parts.append(word(ROLES, data["role"]))
    if data.get("over_limit"):
        parts.append(gettext("too many attempts"))
    if data.get("more"):
        parts.append(gettext("further ones are not recorded one by one"))
    return " · ".join(part for part in (*parts, told(data)) if part)


def _changes(before: Any, after: Any) -> list[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        found = [str(one) for one in (before, after) if one]
        return [" → ".join(found) if after else gettext("%(text)s → ended", text=before)] if found else []
    if "jurisdictions" in after:
        return [f"{_scope_words(before)} → {_scope_words(after)}"]
    states = {True: gettext("Active"), False: gettext("Ended")}
    parts = [(word(ROLES, before["role"]), word(ROLES, after["role"])),
             (states[before["is_active"]], states[after["is_active"]])]
    return [f"{old} → {new}" for old, new in parts if old != new]


def _scope_words(kept: dict[str, Any]) -> str:
    """A regulator's scope in one line."""
    places = joined_words([authority_word(one) for one in kept["jurisdictions"]])
    count = len(kept["products"])
    products = ngettext("%(num)d product", "%(num)d products", count) if count else gettext("all products")
    return f"{places} ({products})" if places else gettext("no scope")


@blueprint.post("/accounts/<user_id>")
def account_change(user_id: str) -> Response:
    """Change a role, or end or renew an account."""
    form = Entered()
    role = form.choice("role", list(Role), required=False) or None
    command = ChangeUser(user_id, role, {"1": True, "0": False}.get(form.get("active")), form.revision())

    def act(session: Session) -> Done:
        user = change_user(session, signed_in(), world().clock, command)
        return Done(url_for("console.account", user_id=user.id),
                    gettext("The account of %(name)s was changed.", name=user.name))

    return perform(form, act, Refusal(lambda status: _show(user_id, form.get("do"), form, status)))


@blueprint.post("/accounts/<user_id>/scope")
def account_scope(user_id: str) -> Response:
    """Say of which jurisdictions and products a regulator sees cases."""
    form = Entered()
    command = SetScope(user_id, tuple(form.several("jurisdictions")), tuple(form.several("product_ids")),
                       form.revision())

    def act(session: Session) -> Done:
        user = set_scope(session, signed_in(), world().clock, command)
        return Done(url_for("console.account", user_id=user.id),
                    gettext("%(name)s sees the cases of this scope from now on.", name=user.name))

    return perform(form, act, Refusal(lambda status: _show(user_id, "scope", form, status)))


@blueprint.post("/accounts/<user_id>/assessor")
def account_assessor(user_id: str) -> Response:
    """Name somebody a medical assessor, or end it."""
    form = Entered()
    ends = form.get("end") == "1"
    command = NameAssessor(user_id, "" if ends else form.text("qualification", required=True), form.revision())

    def act(session: Session) -> Done:
        user = name_assessor(session, signed_in(), world().clock, command)
        text = gettext("%(name)s is no medical assessor any more.", name=user.name) if ends else gettext(
            "%(name)s signs for medicine from now on.", name=user.name)
        return Done(url_for("console.account", user_id=user.id), text)

    return perform(form, act, Refusal(lambda status: _show(user_id, "assessor", form, status)))


@blueprint.post("/accounts/<user_id>/password")
def account_password(user_id: str) -> Response:
    """Give somebody a one-time password; it is shown once, in the answer to this form."""
    form, kept = Entered(), list[str]()
    command = ResetPassword(user_id, form.text("reason"), form.revision())

    def act(session: Session) -> Done:
        user, password = reset_password(session, signed_in(), world().clock, command)
        kept.append(password)
        return Done(url_for("console.account", user_id=user.id),
                    gettext("%(name)s has a one-time password now; all sessions of the account have ended.",
                            name=user.name))

    answer = perform(form, act, Refusal(lambda status: _show(user_id, "password", form, status)))
    return _show(user_id, shown=kept[0]) if kept else answer
