"""The link registry by API: where codes lead besides our own pages."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.code import link_queries, links
from traceapp.code.link_types import LINK_TYPES, PREFIX, REGISTRABLE
from traceapp.code.model import DefaultUse
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_links", __name__, url_prefix="/api/v1", description="Links of codes")
PERMISSIONS = {
    "api_links.list_links": "console.read", "api_links.add_link": "link.write", "api_links.read_link": "console.read",
    "api_links.replace_link": "link.write", "api_links.withdraw": "link.write",
    "api_links.list_link_types": "console.read"}


LEAFLET = {"anchor": "(01)09506000134352(10)A2231", "link_type": "gs1:instructions", "languages": ["en"],
           "href": "https://maker.example/leaflets/plaster-en.pdf", "title": "How to use the plaster",
           "media_type": "application/pdf"}


class _Curie(fields.String):
    """A link type, answered as gs1:name; taken as name, CURIE or address."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else PREFIX + str(value)


class LinkFields(Schema):
    """A link. `anchor`: what it hangs on, as a Digital Link, AIs in brackets or a GTIN. `link_type`: of the GS1 Web
    Vocabulary, as gs1:instructions. `default_use`: whether the code leads there when nothing is asked for."""

    anchor = words(1000, least=1, required=True)
    link_type = _Curie(validate=validate.Length(min=1, max=80), required=True)
    href = words(2000, least=1, required=True)
    title = words(200, least=1, required=True)
    media_type = words(100, load_default="")
    languages = fields.List(words(10), load_default=list, validate=validate.Length(max=20))
    contexts = fields.List(words(60), load_default=list, validate=validate.Length(max=20))
    default_use = choice(DefaultUse, load_default=str(DefaultUse.no))


class CodeLinkSchema(LinkFields):
    """A link as it is kept; `anchor` and `key` are canonical URIs."""

    id = fields.String(dump_only=True)
    key = fields.String(dump_only=True)
    created_at = moment(dump_only=True)
    withdrawn_at = moment(dump_only=True, allow_none=True)
    withdrawal_reason = fields.String(dump_only=True)


class CodeLinkFilterSchema(Paging):
    """Which links: of one thing (`anchor`), of a key and everything below it (`key`), or those that hold a text."""

    text = words(200, load_default="")
    anchor = words(1000, load_default="")
    key = words(1000, load_default="")
    link_type = words(80, load_default=None, allow_none=True)
    with_withdrawn = fields.Boolean(load_default=False)


class LinkTypeSchema(Schema):
    """A link type with its names."""

    link_type = fields.String()
    title_zh = fields.String()
    title_en = fields.String()


def _link(given: dict[str, Any]) -> links.NewLink:
    return links.NewLink(**{**given, "languages": tuple(given["languages"]), "contexts": tuple(given["contexts"])})


@blueprint.route("/links", methods=["GET"])
@blueprint.arguments(CodeLinkFilterSchema, location="query")
@blueprint.response(200, listed(CodeLinkSchema, "CodeLinkList"))
def list_links(wanted: dict[str, Any]) -> dict[str, Any]:
    """Links, the newest first"""
    with world().database.read() as session:
        return page_answer(link_queries.link_page(session, link_queries.LinkFilter(**wanted)))


@blueprint.route("/links", methods=["POST"])
@blueprint.arguments(LinkFields, example=LEAFLET)
@blueprint.alt_response(201, schema=CodeLinkSchema)
def add_link(given: dict[str, Any]) -> Response:
    """Register a link"""
    here = world()
    with unit_of_work() as session:
        link = links.register_link(session, signed_in(), here.clock, _link(given), own_root=here.settings.base_url)
        session.flush()
        return created(CodeLinkSchema(), link, "api_links.read_link", link_id=link.id)


@blueprint.route("/links/<link_id>", methods=["GET"])
@blueprint.alt_response(200, schema=CodeLinkSchema)
def read_link(link_id: str) -> Response:
    """One link"""
    with world().database.read() as session:
        return shown(CodeLinkSchema(), link_queries.link_by_id(session, link_id))


@blueprint.route("/links/<link_id>", methods=["PUT"])
@blueprint.arguments(LinkFields)
@blueprint.alt_response(200, schema=CodeLinkSchema)
def replace_link(given: dict[str, Any], link_id: str) -> Response:
    """Change a link (If-Match)"""
    here = world()
    with unit_of_work() as session:
        link = links.change_link(session, signed_in(), here.clock, links.ChangeLink(
            link_id, _link(given), wanted_revision()), own_root=here.settings.base_url)
        session.flush()
        return shown(CodeLinkSchema(), link)


@blueprint.route("/links/<link_id>/withdrawal", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=CodeLinkSchema)
def withdraw(given: dict[str, Any], link_id: str) -> Response:
    """Withdraw a link with a reason (If-Match)"""
    here = world()
    with unit_of_work() as session:
        link = links.withdraw_link(session, signed_in(), here.clock, links.WithdrawLink(
            link_id, given["reason"], wanted_revision()))
        session.flush()
        return shown(CodeLinkSchema(), link)


@blueprint.route("/link-types", methods=["GET"])
@blueprint.response(200, LinkTypeSchema(many=True))
def list_link_types() -> object:
    """The link types that a link may have"""
    return [{"link_type": PREFIX + name, "title_zh": LINK_TYPES[name].title_zh, "title_en": LINK_TYPES[name].title_en}
            for name in REGISTRABLE]
