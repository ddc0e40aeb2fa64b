"""The assessment of an adverse event as the API takes and answers it: its fields follow from their table."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from traceapp.adverse_event.details import Field, row_fields
from traceapp.adverse_event.details import fields as detail_fields
from traceapp.adverse_event.states import Causality, ChangeKind, Expectedness, Outcome, SeriousnessCriterion
from traceapp.export.line_listing import masked_text
from traceapp.identity.policy import Role
from traceapp.web.assessment_words import masked_details
from traceapp.web.context import signed_in

from .schemas import Amount, choice, moment, words


def _members(table: dict[str, Field]) -> dict[str, fields.Field[Any]]:
    return {name: _member(field) for name, field in table.items()}


def _member(field: Field) -> fields.Field[Any]:
    said: dict[str, Any] = {"metadata": {"description": " ".join(filter(None, (field.title, field.hint)))},
                            "allow_none": True}
    if field.type in ("date", "due"):
        said["metadata"] |= {"example": "2026-03", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}
        return words(10, **said)
    if field.type == "decimal":
        return Amount(positive=True, allow_none=True)
    if field.type == "whole":
        return fields.Integer(validate=validate.Range(min=1, max=field.limit), **said)
    if field.type == "flag":
        return fields.Boolean(**said)
    if field.type == "choice":
        return choice(field.choices, **said)
    if field.type == "choices":
        return fields.List(choice(field.choices), **said)
    if field.type in ("codes", "meddra", "list"):
        return fields.List(words(60 if field.type == "list" else 8), **said)
    if field.type == "rows":
        return fields.List(fields.Nested(OtherProductSchema), **said)
    return words(field.limit, **said)


OtherProductSchema = type("OtherProductSchema", (Schema,), {
    "__doc__": "A product that was used at the same time; what has no value is left out.", **_members(row_fields())})
DetailsSchema = type("DetailsSchema", (Schema,), {
    "__doc__": "What an assessment holds beside its main fields; what has no value is left out.",
    **_members(detail_fields())})


class Told(fields.String):
    """Free text; an authority reads it as in the files that it downloads, without telephone numbers and the like."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        text = super()._serialize(value, attr, obj, **kwargs)
        return masked_text(text) if text and signed_in().role == Role.regulator else text


class ToldDetails(fields.Nested):
    """The details; an authority reads their free text without telephone numbers and the like."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        if signed_in().role != Role.regulator:
            return dict(nested_obj)
        return masked_details(nested_obj)


class AssessedSchema(Schema):
    """The fields of an assessment."""

    onset_on = fields.Date(load_default=None, allow_none=True)
    onset_precision = choice(("day", "month", "year"), load_default="day")
    age_band = words(16, load_default="unknown")
    sex = words(10, load_default="unknown")
    terms = fields.List(words(60), load_default=list, validate=validate.Length(max=30))
    seriousness = fields.List(choice(SeriousnessCriterion), load_default=list)
    outcome = choice(Outcome, load_default="unknown")
    expectedness = choice(Expectedness, load_default="unknown")
    causality = choice(Causality, load_default="unassessable")
    narrative = words(20_000, load_default="")
    use_text = words(8000, load_default="")
    details = fields.Nested(DetailsSchema, load_default=dict)


class AssessSchema(AssessedSchema):
    """The fields as they now stand, and why they change, or what is new; `learned_at` is for a follow-up."""

    reason = words(4000, least=1, required=True)
    kind = choice(ChangeKind, load_default="assessment")
    learned_at = moment(load_default=None, allow_none=True)


class ScoredItemSchema(Schema):
    """One item of the rubric: the points that it got of those that it has, what is to be written there, and why it did
    not get all."""

    key = fields.String()
    title = fields.String()
    points = fields.Integer()
    of = fields.Integer()
    where = fields.String()
    reasons = fields.List(fields.String())


class ScoreSchema(Schema):
    """How complete the report would be, by the rubric of Chinese reviewers of device reports; `gains` begins with what
    would gain most, `notes` cost no points."""

    points = fields.Integer()
    of = fields.Integer()
    items = fields.List(fields.Nested(ScoredItemSchema))
    gains = fields.List(fields.Pluck(ScoredItemSchema, "key"))
    notes = fields.List(fields.String())


class FieldChangeSchema(Schema):
    """One field that one change altered; `name` begins with `details.` for one of the details."""

    version = fields.Integer()
    at = moment()
    by = fields.String()
    kind = fields.String()
    reason = fields.String()
    learned_at = moment(allow_none=True)
    name = fields.String()
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
