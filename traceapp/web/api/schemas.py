"""What the schemas of all resources share."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_smorest.fields import Upload
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from traceapp.core.errors import InvalidInput, PreconditionRequired
from traceapp.core.quantity import parse_amount, plain
from traceapp.db import Revisioned
from traceapp.db.page import Page

# What lies outside cannot be told in every time zone.
_FIRST_MOMENT, _LAST_MOMENT = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_ETAG = re.compile(r'(?:W/)?"(\d+)"')


class Amount(fields.Field[Decimal]):
    """An exact decimal number, sent as text or as a JSON number, always answered as text."""

    def __init__(self, *, positive: bool = False, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": r"^-?\d+(\.\d{1,6})?$", "example": "12.5"}, **options)
        self.positive = positive

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else plain(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValidationError("Not a number.")
        try:
            return parse_amount(str(value), place=attr or "", positive=self.positive)
        except InvalidInput as error:
            raise ValidationError(error.text) from error


class FilePart(Upload):
    """A file of a form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError("Not a file.")
        return value


def words(most: int, *, least: int = 0, **options: Any) -> fields.String:
    """A text of at most `most` characters."""
    return fields.String(validate=validate.Length(min=least, max=most), **options)


def choice(values: Any, **options: Any) -> fields.String:
    """One of the values of an enum."""
    return fields.String(validate=validate.OneOf([str(value) for value in values]), **options)


def moment(**options: Any) -> fields.AwareDateTime:
    """A time with its zone, as in 2026-11-22T08:00:00+08:00."""
    return fields.AwareDateTime(format="iso", validate=validate.Range(_FIRST_MOMENT, _LAST_MOMENT), **options)


class AsWritten(Schema):
    """An object or list whose members are those of what it tells of."""

    class Meta:
        unknown = INCLUDE


class Paging(Schema):
    """Where a page begins and how long it is."""

    after = words(400, load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class Reason(Schema):
    """Why something is done; it stays with the case."""

    reason = words(4000, least=1, required=True)


class Listed(Schema):
    """What every list answers beside its rows."""

    total = fields.Integer()
    next = fields.String(allow_none=True)


def listed(row: type[Schema], name: str) -> type[Schema]:
    """The schema of a page of `row`."""
    return type(name, (Listed,), {"rows": fields.List(fields.Nested(row))})


def page_answer(page: Page[Any], of_row: Callable[[Any], Any] = lambda row: row) -> dict[str, Any]:
    """A page as the schemas of `listed` want it; `of_row` takes what is to be shown out of a row."""
    return {"rows": [of_row(row) for row in page.rows], "total": page.total, "next": page.next}


def etag(entity: Revisioned) -> dict[str, str]:
    """The header that names this version of `entity`."""
    return {"ETag": f'"{entity.revision}"'}


def wanted_revision() -> int:
    """The version that this change is about. Raises PreconditionRequired without If-Match."""
    given = request.headers.get("If-Match")
    if given is None:
        raise PreconditionRequired("Send If-Match with the ETag of the version that you read.", place="If-Match")
    match = _ETAG.fullmatch(given.strip())
    if match is None:
        raise InvalidInput("If-Match must be one ETag as it was answered, such as \"3\".", place="If-Match")
    return int(match.group(1))


def created(schema: Schema, entity: Any, endpoint: str, **place: str) -> Response:
    """201 with the new thing, where it is, and its version."""
    answer = jsonify(schema.dump(entity))
    answer.status_code = 201
    answer.headers["Location"] = url_for(endpoint, **place)  # type: ignore[arg-type]
    if isinstance(entity, Revisioned):
        answer.headers.update(etag(entity))
    return answer


def shown(schema: Schema, entity: Any) -> Response:
    """200 with a thing and its version."""
    answer = jsonify(schema.dump(entity))
    if isinstance(entity, Revisioned):
        answer.headers.update(etag(entity))
    return answer
