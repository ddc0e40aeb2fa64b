"""What a machine says about the trace that it wants."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.trace.genealogy import TraceWish
from traceapp.trace.starting import StartKind
from traceapp.web.asked_trace import AskedTrace

from .schemas import choice, moment, words


class TraceQuery(Schema):
    """Which way, and by which times. `since`: when the bad input came in (downstream only)."""

    direction = choice(("upstream", "downstream", "both"), load_default="both")
    by_time = fields.Boolean(load_default=True)
    since = moment(load_default=None)


class TraceFromQuery(TraceQuery):
    """From what: anything by a URI, a scan or its name in the house; `kind` where the name means several things."""

    name = words(2000, required=True)
    kind = choice(StartKind, load_default=None)


def wish_of(wanted: dict[str, Any]) -> TraceWish:
    """The wish of a query."""
    return TraceWish(wanted["direction"], wanted["by_time"], wanted["since"])


def asked_of(wanted: dict[str, Any]) -> AskedTrace:
    """The trace of a query."""
    return AskedTrace(wanted["name"], StartKind(wanted["kind"]) if wanted["kind"] else None, wish_of(wanted))
