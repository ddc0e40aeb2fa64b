"""Imported code lists by API."""
from __future__ import annotations

from datetime import UTC
from typing import Any

from marshmallow import Schema, fields, validate

from traceapp.complaint import list_queries
from traceapp.complaint.coding import Stance, code_text
from traceapp.complaint.list_model import CodeSystem, TermStatus
from traceapp.complaint.term_choice import Wanted, find_choices, own_choice
from traceapp.complaint.terms import terms
from traceapp.core.errors import NotFound
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .schemas import choice, moment, words

blueprint = ApiBlueprint("api_code_lists", __name__, url_prefix="/api/v1", description="Code lists")
PERMISSIONS = {
    "api_code_lists.list_releases": "adverse_event.read", "api_code_lists.list_terms": "adverse_event.read",
    "api_code_lists.read_changes": "adverse_event.read", "api_code_lists.search_terms": "adverse_event.write",
    "api_code_lists.suggest": "adverse_event.write",
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


class NameSchema(Schema):
    """A term above another."""

    code = fields.String()
    name_en = fields.String()
    name_zh = fields.String()


class ChoiceSchema(NameSchema):
    """A term that an assessment may choose; `system` own: of our own list, by its own code or by that of IMDRF.
    `path`: the terms above it, the topmost first."""

    system = fields.String()
    version = fields.String()
    annex = fields.String()
    path = fields.List(fields.Nested(NameSchema))


class SearchSchema(Schema):
    """A code, its beginning, or words in English or Chinese. Without `list` in our own list, IMDRF's annexes and
    MedDRA's lowest level, each as it is in force; `limit`: of each."""

    text = words(200, load_default="")
    list = choice(("own", *CodeSystem), load_default=None)
    annex = choice(tuple("ABCDEFG"), load_default="")
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class ToldSchema(Schema):
    """What somebody told."""

    text = words(20_000, least=1, required=True)


class MentionSchema(Schema):
    """Words of a text, from `start` to before `end`, and the terms of our own list that they mean. `stance`: stated,
    denied, or asked or feared; `is_fuzzy`: one letter off."""

    start = fields.Integer()
    end = fields.Integer()
    words = fields.String()
    stance = choice(Stance)
    is_fuzzy = fields.Boolean()
    terms = fields.List(fields.Nested(ChoiceSchema))


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


@blueprint.route("/terms", methods=["GET"])
@blueprint.arguments(SearchSchema, location="query")
@blueprint.response(200, ChoiceSchema(many=True))
def search_terms(wanted: dict[str, Any]) -> object:
    """Terms that an assessment may choose, by code or words, over every list in force"""
    named = wanted.pop("list")
    asked = Wanted(**wanted) if named is None else Wanted(systems=(named,), **wanted)
    with world().database.read() as session:
        return find_choices(session, asked, world().clock.now().astimezone(UTC).date())


@blueprint.route("/term-suggestions", methods=["POST"])
@blueprint.arguments(ToldSchema)
@blueprint.response(200, MentionSchema(many=True))
def suggest(given: dict[str, Any]) -> object:
    """What a text in Chinese or English mentions, with the words that say so; for a person to confirm"""
    return [{"start": one.start, "end": one.end, "words": given["text"][one.start:one.end], "stance": one.stance,
             "is_fuzzy": one.is_fuzzy, "terms": [own_choice(terms()[code]) for code in one.codes]}
            for one in code_text(given["text"])]


@blueprint.route("/code-lists/<system>/releases/<version>/changes", methods=["GET"])
@blueprint.response(200, ChangesSchema)
def read_changes(system: str, version: str) -> object:
    """What a release changed since the one before it, and what has to be coded anew"""
    with world().database.read() as session:
        since, found = list_queries.changes_to(session, _known(system), version)
        renamed = [{"code": one.code, "before": one.name_en, "after": other.name_en} for one, other in found.renamed]
        return {"since": since, "vanished": found.vanished, "closed": found.closed, "renamed": renamed,
                "added": found.added, "own": found.own}
