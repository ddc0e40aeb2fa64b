"""Asking for events a page at a time, by what stands in indexes first and by the events themselves then.

A page is bounded whatever is asked: it looks at so many events and no more, and says where to go on.
"""
from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.epcis import Event as Said
from traceapp.epcis import dumps, event_from, load_json
from traceapp.epcis.json_form import as_document

from .facts import said_of, seen_name
from .model import Event, EventItem, MasterRecord, SeenEvent
from .query_draft import AttributeTest, EventQuery, TermTest
from .query_model import EventTerm
from .terms import ITEMS, term_key

MOST_LOOKED_AT, _CHUNK = 5000, 250
_MOST_PLACES = 2000
# Terms that few events share; a query starts from one of these where it has one.
_COMMON = frozenset({"bizStep", "disposition", "persistent_set", "persistent_unset", "readPoint", "bizLocation"})
Columns = tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[str]]


@dataclass(frozen=True, slots=True)
class EventPage:
    """`next` is the token of the page after this one; None on the last."""

    rows: tuple[Event, ...]
    next: str | None


def events_page(session: Session, query: EventQuery, after: str | None, size: int) -> EventPage:
    """The page of at most `size` events that begins after the token `after`.

    A page can hold fewer events than `size`, even none, and still have a next one: it ended because it had looked at
    MOST_LOOKED_AT events. Raises InvalidInput for a token that is not ours, TooLarge (`query-too-large`) for more than
    the query's `most`, (`query-too-complex`) where that cannot be told.
    """
    place, given = _read_token(after, query) if after else (None, 0)
    statement, columns = _statement(session, query)
    if query.most is not None and place is None:
        _refuse_more(session, query, statement, columns)
    left = size if query.limit is None else min(size, query.limit - given)
    if left <= 0:
        return EventPage((), None)
    found: list[Event] = []
    for looked_at, row in enumerate(_walk(session, query, (statement, columns), place, left + 1)):
        if len(found) == left or looked_at == MOST_LOOKED_AT:
            break
        place = _place_of(query, row)
        if all(test(said_of(row)) for test in query.tests):
            found.append(row)
    else:
        return EventPage(tuple(found), None)
    if query.limit is not None and given + len(found) >= query.limit:
        return EventPage(tuple(found), None)
    return EventPage(tuple(found), _token(query, place, given + len(found)))


def told_to(row: Event | Row[*tuple[Any, ...]]) -> Said:
    """The event as a query tells it: with the time of its recording, and with its hash as identifier where its sender
    gave none. Source: EPCIS 2.0, 7.4.1."""
    document = load_json(row.document)
    document.setdefault("eventID", row.event_id)
    document["recordTime"] = row.recorded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event_from(document, json.loads(row.context))


def query_document(rows: Iterable[Event], name: str, created_at: datetime, subscription_id: str | None = None) -> str:
    """The events as the answer to the query of this name, in JSON-LD."""
    found = as_document([told_to(row) for row in rows], None, created_at)
    subscribed = {"subscriptionID": subscription_id} if subscription_id else {}
    results = {**subscribed, "queryName": name, "resultsBody": found["epcisBody"]}
    return dumps(found | {"type": "EPCISQueryDocument", "epcisBody": {"queryResults": results}})


def _walk(session: Session, query: EventQuery, asked: tuple[Select[Event], Columns], place: tuple[Any, str] | None,
          wanted: int) -> Iterator[Event]:
    """The events that the indexes find, in order, from behind `place`."""
    statement, columns = asked
    size = _CHUNK if query.tests else wanted
    while True:
        part = statement if place is None else statement.where(_behind(query, columns, place))
        rows = session.scalars(part.limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        place = _place_of(query, rows[-1])


def _behind(query: EventQuery, columns: Columns, place: tuple[Any, str]) -> ColumnElement[bool]:
    ends = tuple_(*columns)
    start = tuple_(literal(place[0], columns[0].type), literal(place[1], columns[1].type))
    return ends < start if query.is_descending else ends > start


def _place_of(query: EventQuery, row: Event) -> tuple[Any, str]:
    return getattr(row, query.order), row.id


def _statement(session: Session, query: EventQuery) -> tuple[Select[Event], Columns]:
    """What the database can answer of the query, ordered; with the two columns of the order."""
    terms = [_with_descendants(session, term) for term in query.terms]
    terms += [_with_attribute(session, wanted) for wanted in query.attributes]
    first = _first(terms)
    statement: Select[Event] = select(Event)
    columns: Columns = (getattr(Event, query.order), Event.id)
    if first is not None and len(first.names) == len(first.keys) == 1:
        table = _table_of(first)
        statement = statement.join(table, and_(table.subject_key == Event.subject_key, table.event_id == Event.id)
                                   ).where(_is(first, table))
        if query.order == "event_time":
            columns = (table.at, table.event_id)
    elif first is not None:
        table = _table_of(first)
        theirs = select(table.subject_key, table.event_id).where(_is(first, table)).distinct().subquery()
        statement = statement.join(theirs, and_(theirs.c.subject_key == Event.subject_key,
                                                theirs.c.event_id == Event.id))
    for term in terms:
        if term is not first:
            other = aliased(_table_of(term))
            statement = statement.where(select(literal(1)).where(
                _is(term, other), other.at == Event.event_time, other.event_id == Event.id).exists())
    for wanted_ids in query.event_ids:
        names = [seen_name(f"{one}{ending}") for one in wanted_ids for ending in ("", "#error")]
        statement = statement.where(Event.id.in_(select(SeenEvent.id).where(SeenEvent.name.in_(names))))
    for name, sign, value in query.columns:
        column = columns[0] if name == query.order else getattr(Event, name)
        statement = statement.where(_compared(column, sign, value))
    return statement.order_by(*(end.desc() if query.is_descending else end.asc() for end in columns)), columns


def _compared(column: Any, sign: str, value: Any) -> ColumnElement[bool]:
    if sign == "IN":
        return column.in_(value)
    return column >= value if sign == "GE" else column < value


def _table_of(term: TermTest) -> Any:
    return EventItem if term.names[0] in ITEMS else EventTerm


def _is(term: TermTest, table: Any) -> ColumnElement[bool]:
    """Whether a row of its table is what the term asks for."""
    if term.names[0] in ITEMS:
        places = (ITEMS[name] for name in term.names)
        return and_(table.lot_key.in_(term.keys), or_(*(
            and_(table.role == role, table.is_class.is_(is_class)) for role, is_class in places)))
    return and_(table.name.in_(term.names), table.key.in_(term.keys))


def _first(terms: list[TermTest]) -> TermTest | None:
    """The term to start from: one that few events share, else one whose events lie in order already."""
    rare = [term for term in terms if term.names[0] not in _COMMON]
    ready = [term for term in terms if len(term.names) == len(term.keys) == 1]
    return next(iter([*rare, *ready]), None)


def _with_descendants(session: Session, term: TermTest) -> TermTest:
    """The term with the places below its own, as the master data say."""
    if not term.descends:
        return term
    known, frontier = set(term.uris), list(term.uris)
    while frontier and len(known) < _MOST_PLACES:
        records = session.scalars(select(MasterRecord).where(MasterRecord.uri.in_(frontier[:500])).limit(_MOST_PLACES))
        below = {str(child) for record in records for name, value in record.attributes if name == "children"
                 for child in value}
        frontier = sorted(below - known) + frontier[500:]
        known |= below
    return TermTest(term.names, tuple({*term.keys, *(term_key(uri) for uri in known)}))


def _with_attribute(session: Session, wanted: AttributeTest) -> TermTest:
    """The places whose master data have the attribute. Raises TooLarge (`query-too-complex`) for too many."""
    names = (wanted.attribute,) if wanted.attribute else wanted.values
    found = session.scalars(select(MasterRecord).where(or_(
        *(MasterRecord.attributes.cast(EventTerm.value.type).contains(json.dumps(name)[1:-1], autoescape=True)
          for name in names))).limit(_MOST_PLACES + 1)).all()
    if len(found) > _MOST_PLACES:
        raise _too_complex()
    keys = {term_key(record.uri) for record in found for name, value in record.attributes
            if name in names and (wanted.attribute is None or str(value) in wanted.values)}
    return TermTest((wanted.name,), tuple(keys) or ("",))


def _too_complex() -> TooLarge:
    return TooLarge("The query would look at too many events. Narrow it by time, item or place.",
                    code="query-too-complex")


def _refuse_more(session: Session, query: EventQuery, statement: Select[Event], columns: Columns) -> None:
    most = query.most or 0
    if not query.tests:
        count = session.scalar(select(func.count()).select_from(
            statement.order_by(None).with_only_columns(Event.id).limit(most + 1).subquery())) or 0
    else:
        count = 0
        for looked_at, row in enumerate(_walk(session, query, (statement, columns), None, _CHUNK), 1):
            count += all(test(said_of(row)) for test in query.tests)
            if count > most:
                break
            if looked_at > MOST_LOOKED_AT:
                raise _too_complex()
    if count > most:
        raise TooLarge("There are more than %(limit)d such events.", code="query-too-large", limit=most)


def _token(query: EventQuery, place: tuple[Any, str] | None, given: int) -> str | None:
    if place is None:
        return None
    packed = json.dumps([query.order, place[0].isoformat(), place[1], given])
    return base64.urlsafe_b64encode(packed.encode()).decode("ascii").rstrip("=")


def _read_token(text: str, query: EventQuery) -> tuple[tuple[datetime, str], int]:
    try:
        order, at, event_id, given = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        moment = datetime.fromisoformat(at)
        if order != query.order or moment.tzinfo is None or not isinstance(given, int) or not 0 <= given < 1 << 31:
            raise ValueError("a token of another query")
        int(event_id, 16)
        return (moment.astimezone(UTC), str(event_id)[:32]), given
    except (ValueError, TypeError, ArithmeticError):
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="query-parameter",
                           place="nextPageToken") from None

