"""Users and tokens by API, for administrators; one's own account, for everybody."""
from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.core.errors import NotFound
from traceapp.identity import accounts, renewal, service
from traceapp.identity.attempts import limit_signature
from traceapp.identity.model import User
from traceapp.identity.passwords import LONGEST_PASSWORD, MINIMUM_PASSWORD
from traceapp.identity.policy import PERMISSIONS as ALL_SCOPES
from traceapp.identity.policy import Role
from traceapp.oversight.setting import SetScope, known_jurisdictions, set_scope
from traceapp.recall.assessors import LONGEST_QUALIFICATION, NameAssessor, name_assessor
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import keep_instead, unit_of_work
from .schemas import Paging, choice, created, etag, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_accounts", __name__, url_prefix="/api/v1", description="Users and tokens")
PERMISSIONS = {
    "api_accounts.list_users": "user.manage", "api_accounts.add_user": "user.manage",
    "api_accounts.read_user": "user.manage", "api_accounts.change_user": "user.manage",
    "api_accounts.list_tokens": "token.manage", "api_accounts.add_token": "token.manage",
    "api_accounts.revoke": "token.manage", "api_accounts.read_account": "signed_in",
    "api_accounts.change_account": "signed_in", "api_accounts.change_password": "signed_in",
    "api_accounts.reset": "user.manage", "api_accounts.set_regulator_scope": "user.manage",
    "api_accounts.set_medical_assessor": "user.manage",
}


class UserSchema(Schema):
    """A person who may sign in."""

    id = fields.String()
    sign_in_name = fields.String()
    name = fields.String()
    role = choice(Role)
    language = choice(accounts.LANGUAGES)
    is_active = fields.Boolean()
    created_at = moment()
    one_time_until = moment(allow_none=True)
    jurisdictions = fields.List(fields.String())
    product_ids = fields.List(fields.String())
    medical_qualification = fields.String()


class AssessorSchema(Schema):
    """The qualification of a medical assessor in words, as signatures show it; empty: the account is none any more."""

    qualification = words(LONGEST_QUALIFICATION, required=True)


class RegulatorScopeSchema(Schema):
    """Whose cases a regulator sees: jurisdictions as the rules name them, and products, none for all of them."""

    jurisdictions = fields.List(choice(known_jurisdictions()), required=True, validate=validate.Length(min=1, max=50))
    product_ids = fields.List(words(32), load_default=list, validate=validate.Length(max=10_000))


class NewUserSchema(Schema):
    """A person who shall be able to sign in; the password is good for a week, then or before another is chosen."""

    sign_in_name = words(80, least=1, required=True)
    name = words(120, least=1, required=True)
    role = choice(Role, required=True)
    password = words(LONGEST_PASSWORD, least=MINIMUM_PASSWORD, required=True, load_only=True)
    language = choice(accounts.LANGUAGES, load_default="zh")


class ChangeUserSchema(Schema):
    """The role, and whether the person may sign in."""

    role = choice(Role, required=True)
    is_active = fields.Boolean(required=True)


class TokenSchema(Schema):
    """A key of a machine. `token` is its text, told once, in the answer that made it."""

    id = fields.String()
    prefix = fields.String()
    name = fields.String()
    user_id = fields.String()
    scopes = fields.Function(lambda token: token.scopes.split())
    created_at = moment()
    expires_at = moment(allow_none=True)
    revoked_at = moment(allow_none=True)
    token = fields.String(allow_none=True)


class NewTokenSchema(Schema):
    """For whom it speaks and what it may do, which is never more than that person may."""

    name = words(120, least=1, required=True)
    user_id = words(32, required=True)
    scopes = fields.List(choice(ALL_SCOPES), required=True, validate=validate.Length(min=1, max=len(ALL_SCOPES)))
    expires_at = moment(load_default=None, allow_none=True)


class AccountSchema(UserSchema):
    """Whom the token speaks for, and what it may do."""

    email = fields.String()
    scopes = fields.List(fields.String())


class ResetSchema(Schema):
    """Why somebody needs another password; it stays with the account."""

    reason = words(500, least=3, required=True)


class OneTimePasswordSchema(UserSchema):
    """An account with the password that its person is to be told; null to a repetition with the same key."""

    password = fields.String(allow_none=True)


class OwnPasswordSchema(Schema):
    """The present password and the one that shall be."""

    present_password = words(1000, least=1, required=True)
    new_password = words(LONGEST_PASSWORD, least=MINIMUM_PASSWORD, required=True)


class OwnAccountSchema(Schema):
    """The language of one's own pages and mails, and where one is called when on duty; left out: stays."""

    language = choice(accounts.LANGUAGES, required=True)
    email = words(254, load_default=None, allow_none=True)


@blueprint.route("/users", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(UserSchema, "UserList"))
def list_users(wanted: dict[str, Any]) -> dict[str, Any]:
    """Everybody who has an account, by sign-in name"""
    with world().database.read() as session:
        return page_answer(accounts.user_page(session, **wanted))


@blueprint.route("/users", methods=["POST"])
@blueprint.arguments(NewUserSchema, example={"sign_in_name": "liwen", "name": "Li Wen", "role": "quality",
                                             "password": "a long sentence of your own", "language": "zh"})
@blueprint.alt_response(201, schema=UserSchema)
def add_user(given: dict[str, Any]) -> Response:
    """Add somebody who may sign in"""
    with unit_of_work() as session:
        user = service.create_user(session, signed_in(), world().clock, service.NewUser(
            **given, is_one_time=True))
        session.flush()
        return created(UserSchema(), user, "api_accounts.read_user", user_id=user.id)


def _known(session: Any, user_id: str) -> User:
    user: User | None = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    return user


@blueprint.route("/users/<user_id>", methods=["GET"])
@blueprint.alt_response(200, schema=UserSchema)
def read_user(user_id: str) -> Response:
    """One account"""
    with world().database.read() as session:
        return shown(UserSchema(), _known(session, user_id))


@blueprint.route("/users/<user_id>", methods=["PUT"])
@blueprint.arguments(ChangeUserSchema)
@blueprint.alt_response(200, schema=UserSchema)
def change_user(given: dict[str, Any], user_id: str) -> Response:
    """Change a role, or end or renew an account (If-Match)"""
    with unit_of_work() as session:
        user = accounts.change_user(session, signed_in(), world().clock, accounts.ChangeUser(
            user_id, revision=wanted_revision(), **given))
        session.flush()
        return shown(UserSchema(), user)


@blueprint.route("/users/<user_id>/scope", methods=["PUT"])
@blueprint.arguments(RegulatorScopeSchema, example={"jurisdictions": ["CN", "EU"], "product_ids": []})
@blueprint.alt_response(200, schema=UserSchema)
def set_regulator_scope(given: dict[str, Any], user_id: str) -> Response:
    """Say of which jurisdictions and products a regulator sees cases; tokens of the account too (If-Match)"""
    with unit_of_work() as session:
        user = set_scope(session, signed_in(), world().clock, SetScope(
            user_id, tuple(given["jurisdictions"]), tuple(given["product_ids"]), wanted_revision()))
        return shown(UserSchema(), user)


@blueprint.route("/users/<user_id>/medical-assessor", methods=["PUT"])
@blueprint.arguments(AssessorSchema, example={"qualification": "Physician, dermatology; ten years of device safety"})
@blueprint.alt_response(200, schema=UserSchema)
def set_medical_assessor(given: dict[str, Any], user_id: str) -> Response:
    """Name somebody a medical assessor, who alone signs evaluations for medicine from then on, or end it (If-Match)"""
    with unit_of_work() as session:
        user = name_assessor(session, signed_in(), world().clock, NameAssessor(
            user_id, given["qualification"], wanted_revision()))
        return shown(UserSchema(), user)


@blueprint.route("/users/<user_id>/password", methods=["POST"])
@blueprint.arguments(ResetSchema, example={"reason": "Forgot it; asked in person."})
@blueprint.alt_response(200, schema=OneTimePasswordSchema)
def reset(given: dict[str, Any], user_id: str) -> Response:
    """Give somebody a one-time password, told in this answer alone; all sessions of the account end (If-Match)"""
    with unit_of_work() as session:
        user, password = renewal.reset_password(session, signed_in(), world().clock, renewal.ResetPassword(
            user_id, given["reason"], wanted_revision()))
        told = UserSchema().dump(user)
        keep_instead(told | {"password": None})
    answer = jsonify(told | {"password": password})
    answer.headers.update(etag(user) | {"Cache-Control": "no-store"})
    return answer


@blueprint.route("/tokens", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(TokenSchema, "TokenList"))
def list_tokens(wanted: dict[str, Any]) -> dict[str, Any]:
    """Tokens, the newest first; never their text"""
    with world().database.read() as session:
        return page_answer(accounts.token_page(session, **wanted))


@blueprint.route("/tokens", methods=["POST"])
@blueprint.arguments(NewTokenSchema, example={"name": "ERP", "user_id": "01996d3c0a7c7a10bb0f2f1b6c5d4e41",
                                              "scopes": ["trace.read", "trace.record"]})
@blueprint.alt_response(201, schema=TokenSchema)
def add_token(given: dict[str, Any]) -> Response:
    """Make a token; its text is told in this answer and never again, also not to a repetition with the same key"""
    given["scopes"] = tuple(given["scopes"])
    if given["expires_at"] is not None:
        given["expires_at"] = given["expires_at"].astimezone(UTC)
    with unit_of_work() as session:
        token, text = service.create_token(session, signed_in(), world().clock, service.NewToken(**given))
        session.flush()
        told = TokenSchema().dump(token)
        keep_instead(told | {"token": None})
    answer = jsonify(told | {"token": text})
    answer.status_code = 201
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/tokens/<token_id>/revocation", methods=["POST"])
@blueprint.alt_response(204)
def revoke(token_id: str) -> Response:
    """Make a token worthless from now on"""
    with unit_of_work() as session:
        service.revoke_token(session, signed_in(), world().clock, token_id)
    return Response(status=204)


def _own() -> Any:
    with world().database.read() as session:
        user = _known(session, signed_in().id)
    told = {name: getattr(user, name) for name in UserSchema().fields}
    return AccountSchema().dump(told | {"scopes": sorted(signed_in().scopes)})


@blueprint.route("/account", methods=["GET"])
@blueprint.alt_response(200, schema=AccountSchema)
def read_account() -> Response:
    """Whom the token speaks for, and what it may do"""
    return jsonify(_own())


@blueprint.route("/account", methods=["PUT"])
@blueprint.arguments(OwnAccountSchema)
@blueprint.alt_response(200, schema=AccountSchema)
def change_account(given: dict[str, Any]) -> Response:
    """Choose the language of one's own pages, and where one is called when on duty"""
    with unit_of_work() as session:
        accounts.set_language(session, signed_in(), world().clock, given["language"])
        if given["email"] is not None:
            accounts.set_email(session, signed_in(), world().clock, given["email"])
    return jsonify(_own())


@blueprint.route("/account/password", methods=["POST"])
@blueprint.arguments(OwnPasswordSchema)
@blueprint.alt_response(204)
def change_password(given: dict[str, Any]) -> Response:
    """Take another password; every session of this person ends, tokens stay"""
    here = world()
    with here.database.write() as session:  # counted whatever comes of it
        limit_signature(session, here.clock, signed_in())
    with unit_of_work() as session:
        renewal.change_own_password(session, signed_in(), here.clock, renewal.ChangePassword(
            given["present_password"], given["new_password"]))
    return Response(status=204)
