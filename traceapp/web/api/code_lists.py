"""Imported code lists by API."""
from __future__ import annotations

from datetime import UTC
from typing import Any

from marshmallow import Schema, fields, validate

from traceapp.complaint import list_queries
from traceapp.complaint.list_model import CodeSystem, TermStatus
from traceapp.core.errors import NotFound
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import choice, moment, words

blueprint = ApiBlueprint("api_code_lists", __name__, url_prefix="/api/v1", description="Code lists")
PERMISSIONS = {
    "api_code_lists.list_releases": "adverse_event.read", "api_code_lists.list_terms": "adverse_event.read",
    "api_code_lists.read_changes": "adverse_event.read",
}


class ReleaseSchema(Schema):
    """A release of a list; in force until before `valid_to`, null: still."""

    system = choice(CodeSystem)
    version = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    imported_at = moment()
    terms = fields.Integer()


class CodeTermSchema(Schema):
    """A term. `parent`: the code above it, "" at the top. Only what is `selectable` may be chosen."""

    version = fields.String()
    annex = fields.String()
    code = fields.String()
    name_en = fields.String()
    name_zh = fields.String()
    parent = fields.String()
    status = choice(TermStatus)


class WantedSchema(Schema):
    """`text`: a code, its beginning, or words in English or Chinese. Without it: what stands under `under` in `annex`,
    or at its top."""

    annex = words(10, load_default="")
    text = words(200, load_default="")
    under = words(20, load_default="")
    version = words(40, load_default="")
    only_selectable = fields.Boolean(load_default=False)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class OwnSchema(Schema):
    """A term of our own list, and the code that it was mapped to."""

    code = fields.String()
    imdrf = fields.String()


class RenamedSchema(Schema):
    """What a code was called, and what it is called now."""

    code = fields.String()
    before = fields.String()
    after = fields.String()


class ChangesSchema(Schema):
    """What became of the codes of the release before (`since`, null: this is the first): what was coded by a vanished
    or closed one has to be coded anew; so do the terms of our own list that are named."""

    since = fields.String(allow_none=True)
    vanished = fields.List(fields.Nested(CodeTermSchema))
    closed = fields.List(fields.Nested(CodeTermSchema))
    renamed = fields.List(fields.Nested(RenamedSchema))
    added = fields.List(fields.Nested(CodeTermSchema))
    own = fields.List(fields.Nested(OwnSchema))


def _known(system: str) -> CodeSystem:
    try:
        return CodeSystem(system)
    except ValueError:
        raise NotFound("There is no such code list.", place="system") from None


@blueprint.route("/code-lists", methods=["GET"])
@blueprint.response(200, ReleaseSchema(many=True))
def list_releases() -> object:
    """The code lists that were imported, each release, the latest first"""
    with world().database.read() as session:
        return [{"system": row.system, "version": row.version, "valid_from": row.valid_from, "valid_to": row.valid_to,
                 "imported_at": row.imported_at, "terms": number} for row, number in list_queries.releases(session)]


@blueprint.route("/code-lists/<system>/terms", methods=["GET"])
@blueprint.arguments(WantedSchema, location="query")
@blueprint.response(200, CodeTermSchema(many=True))
def list_terms(wanted: dict[str, Any], system: str) -> object:
    """Terms by code, by words, or by their place in the tree of an annex; of the release in force or of a named one"""
    under, version = wanted.pop("under"), wanted.pop("version")
    today = world().clock.now().astimezone(UTC).date()
    with world().database.read() as session:
        named = version or list_queries.version_on(session, _known(system), today)
        if named is None:
            return []
        if wanted["text"]:
            return list_queries.find_terms(session, list_queries.TermSearch(system, version=named, **wanted), today)
        found = list_queries.terms_below(session, (system, named), wanted["annex"], under)
        return [term for term, _has_more in found
                if not wanted["only_selectable"] or term.status == TermStatus.selectable]


@blueprint.route("/code-lists/<system>/releases/<version>/changes", methods=["GET"])
@blueprint.response(200, ChangesSchema)
def read_changes(system: str, version: str) -> object:
    """What a release changed since the one before it, and what has to be coded anew"""
    with world().database.read() as session:
        since, found = list_queries.changes_to(session, _known(system), version)
        renamed = [{"code": one.code, "before": one.name_en, "after": other.name_en} for one, other in found.renamed]
        return {"since": since, "vanished": found.vanished, "closed": found.closed, "renamed": renamed,
                "added": found.added, "own": found.own}
