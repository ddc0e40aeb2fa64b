"""What all resources of the API do alike: how they are read, and how that is described in OpenAPI."""
from __future__ import annotations

from typing import Any, NoReturn

from apispec import APISpec, BasePlugin
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict

from traceapp.core.errors import InvalidInput, Problem

REVISION = "(If-Match)"  # in the summary of an operation that changes a version of something
_PROBLEM = {
    "type": "object", "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do, in the language of the request"},
        "code": {"type": "string", "description": "The same for the same kind of fault, in every language"},
        "place": {"type": "string", "description": "The field, parameter, header or row that is meant"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"},
                   "description": "Every place with what is wrong there"}},
    "example": {"type": "urn:traceapp:problem:not-enough", "title": "That does not go together", "status": 409,
                "detail": "Lot A-1 has 3 KGM left; 5 KGM are asked for.", "code": "not-enough", "place": "quantity"}}
_KEY = {"name": "Idempotency-Key", "in": "header", "required": False,
        "description": "Your own name for this request. Sent again with the same key it is not done twice; the answer "
                       "is that of the first time, with Idempotency-Replayed. Kept for a week.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200}}
_IF_MATCH = {"name": "If-Match", "in": "header", "required": True,
             "description": "The ETag of the version that you read and now change. Without it 428, for an older one "
                            "412; nothing is changed then.",
             "schema": {"type": "string", "pattern": r'^(W/)?"\d+"$', "example": '"3"'}}
_ETAG = {"ETag": {"description": "The version that is answered", "schema": {"type": "string"}}}


class _Parser(FlaskParser):
    """webargs' parser, which here reads the fields and files of a form together."""

    __location_map__ = {**FlaskParser.__location_map__, "multipart": "load_multipart"}

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The JSON of the body. Raises InvalidInput for a number with more digits than Python reads."""
        try:
            return super().load_json(req, schema)
        except ValueError:
            raise InvalidInput("A number in it is too long to be read. Nothing was saved.",
                               code="out-of-range") from None

    def _handle_invalid_json_error(self, error: Exception, req: Any, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise Problem("The body is not JSON, or not in UTF-8. Nothing was saved.", code="bad-json") from error

    def load_multipart(self, req: Any, schema: Schema) -> Any:
        """The form's fields and files under their names."""
        parts: MultiDict[str, Any] = MultiDict(req.form.items(multi=True))
        parts.update(req.files)
        return self._makeproxy(parts, schema)


class ApiBlueprint(Blueprint):
    """A resource; `location="multipart"` reads a form with files."""

    ARGUMENTS_PARSER = _Parser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING, "multipart": "multipart/form-data"}


class Conventions(BasePlugin):
    """Describes what holds for every operation: problems as RFC 9457, keys on POST, versions on change."""

    def init_spec(self, spec: APISpec) -> None:
        """Add the parts that operations refer to."""
        spec.components.schema("Problem", _PROBLEM)
        spec.components.response("Problem", {"description": "What was refused, and what to do", "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
        spec.components.parameter("IdempotencyKey", "header", dict(_KEY))
        spec.components.parameter("IfMatch", "header", dict(_IF_MATCH))

    def operation_helper(self, path: str | None = None, operations: dict[str, Any] | None = None,
                         **_kwargs: Any) -> None:
        """Complete the operations of one path."""
        for method, operation in (operations or {}).items():
            answers = operation.get("responses", {})
            for status in [code for code in answers if code == "default" or int(code) >= 400]:
                del answers[status]
            answers["default"] = "Problem"
            parameters = operation.setdefault("parameters", [])
            if method == "post":
                parameters.append("IdempotencyKey")
            if REVISION in operation.get("summary", ""):
                parameters.append("IfMatch")
                for code, answer in answers.items():
                    if code != "default":
                        answer.setdefault("headers", {}).update(_ETAG)
