"""What is read out of EPCIS: events and documents, each beside the exact form that it came in."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceapp.core.errors import InvalidInput

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about a document. `pointer` is a JSON pointer, or an XPath where the document was XML.

    `level` is `error` (the document is refused) or `flag` (kept as it is, but worth knowing).
    """

    pointer: str
    code: str
    message: str
    level: str = "error"

    @property
    def is_error(self) -> bool:
        return self.level == "error"


class EpcisErrors(InvalidInput):
    """A document that is refused. `findings` says every place, `.place` the first."""

    code = "epcis-invalid"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        # "more" counts what the first line does not show.
        super().__init__(
            "%(first)s (at %(where)s; %(more)d more)" if len(self.findings) > 1 else "%(first)s (at %(where)s)",
            place=first.pointer,
            errors={finding.pointer: finding.message for finding in reversed(self.findings)},
            first=first.message, where=first.pointer or "the document", more=len(self.findings) - 1,
        )


@dataclass(frozen=True, slots=True)
class ClassQuantity:
    """`quantity` of a class (a lot or a product); None where the event does not say; `uom` None means pieces."""

    epc_class: str
    quantity: Decimal | None = None
    uom: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `document` is the event exactly as read, in JSON form; the other fields are read out of it.

    Identifiers stand as they were written (not canonical, and possibly not GS1); an empty text is read as absent.
    `type` of the five standard kinds is a bare word, of others a URI. `biz_step`, `disposition`, `persistent_*` and
    the types in `sources`, `destinations`, `biz_transactions` are bare CBV words where they mean one, however they
    were written, and URIs otherwise. `offset` is the zone of the place, as `+08:00`. `context` is what was in force.
    `hash_ignores` are members that the document keeps out of the event hash.
    """

    document: Json
    type: str
    event_time: datetime
    offset: str
    action: str | None = None
    event_id: str | None = None
    record_time: datetime | None = None
    biz_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    biz_location: str | None = None
    parent_id: str | None = None
    epcs: tuple[str, ...] = ()
    child_epcs: tuple[str, ...] = ()
    input_epcs: tuple[str, ...] = ()
    output_epcs: tuple[str, ...] = ()
    quantities: tuple[ClassQuantity, ...] = ()
    child_quantities: tuple[ClassQuantity, ...] = ()
    input_quantities: tuple[ClassQuantity, ...] = ()
    output_quantities: tuple[ClassQuantity, ...] = ()
    transformation_id: str | None = None
    sources: tuple[tuple[str, str], ...] = ()
    destinations: tuple[tuple[str, str], ...] = ()
    biz_transactions: tuple[tuple[str, str], ...] = ()
    persistent_set: tuple[str, ...] = ()
    persistent_unset: tuple[str, ...] = ()
    ilmd: Json = field(default_factory=dict)
    certification: tuple[str, ...] = ()
    sensors: list[Json] = field(default_factory=list)
    error_declaration: Json | None = None
    context: list[Any] = field(default_factory=list)
    hash_ignores: tuple[str, ...] = ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Every lot, serial or container that the event names, once each, in the order of its lists."""
        classes = (self.quantities, self.child_quantities, self.input_quantities, self.output_quantities)
        named = [self.parent_id] if self.parent_id else []
        named += [*self.epcs, *self.child_epcs, *self.input_epcs, *self.output_epcs]
        named += [item.epc_class for group in classes for item in group]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class MasterItem:
    """One vocabulary element: `attributes` are (id, value) in order, repeated ids and nested values kept."""

    type: str
    id: str
    attributes: tuple[tuple[str, Any], ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document, a query document, or a single event (`kind` is its `type`). `raw` is all of it as read.

    `creation_date` is as written. `master_data` may name the same id more than once, as the sender did.
    """

    events: tuple[Event, ...]
    context: list[Any]
    raw: Json
    kind: str = "EPCISDocument"
    master_data: tuple[MasterItem, ...] = ()
    schema_version: str | None = None
    creation_date: str | None = None
    header: Json | None = None

    @property
    def is_query(self) -> bool:
        return self.kind == "EPCISQueryDocument"
