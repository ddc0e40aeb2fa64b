"""EPCIS 2.0 in JSON: text to events, and back without losing anything."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from .model import ClassQuantity, Document, EpcisErrors, Event, Finding, Json, MasterItem
from .namespaces import EPCIS_CONTEXT, as_list, joined
from .times import parse_time
from .vocabulary import word_of

MAX_DEPTH = 60
# A number of another size is no measurement; without a limit one short number could fill the memory.
_MAX_EXPONENT = 300
_MOST_DIGITS = 2 * _MAX_EXPONENT + 4  # before and behind the point, with sign and point
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
EVENT_TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")


class _Unreadable(ValueError):
    """Text that is JSON by its grammar, but not by what it says."""


def load_json(text: bytes | str) -> Json:
    """The object in `text`, numbers with a fraction as Decimal.

    Raises EpcisErrors for what is no JSON object, repeats a member, nests deeper than MAX_DEPTH, or holds text or
    numbers that cannot be stored.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text))
        raw = json.loads(decoded.removeprefix("\ufeff"), parse_float=_number, parse_int=_integer,
                         parse_constant=_no_constant, object_pairs_hook=_members)
    except json.JSONDecodeError as error:
        message = f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise EpcisErrors([Finding("", "not-json", message)]) from None
    except UnicodeDecodeError as error:
        message = f"The text is not {error.encoding} at byte {error.start}; send UTF-8."
        raise EpcisErrors([Finding("", "not-text", message)]) from None
    except RecursionError:
        raise EpcisErrors([Finding("", "too-deep", f"The document nests deeper than {MAX_DEPTH} levels.")]) from None
    except ValueError as error:
        raise EpcisErrors([Finding("", "not-json", f"This cannot be read: {error}.")]) from None
    if not isinstance(raw, dict):
        raise EpcisErrors([Finding("", "not-an-object", "An EPCIS document is a JSON object.")])
    fault = None if _is_plain(decoded) and not _is_deep(raw, 0) else unstorable(raw)
    if fault:
        raise EpcisErrors([fault])
    return raw


def _is_plain(text: str) -> bool:
    """Whether nothing in the text can mean a NUL or half a character; so nearly always."""
    if "\0" in text or "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(value: Any, depth: int) -> bool:
    """Whether something in `value` lies deeper than MAX_DEPTH levels."""
    if depth >= MAX_DEPTH:
        return True
    for inner in value.values() if value.__class__ is dict else value:
        if (inner.__class__ is dict or inner.__class__ is list) and _is_deep(inner, depth + 1):
            return True
    return False


def is_number_in_range(text: str) -> bool:
    """False for a number with more digits, or of another size, than any measurement has."""
    if len(text) > _MOST_DIGITS:
        return False
    value = Decimal(text)
    exponent = int(value.as_tuple().exponent)
    return max(abs(exponent), abs(value.adjusted() if value else 0)) <= _MAX_EXPONENT


def _number(text: str) -> Decimal:
    if not is_number_in_range(text):
        raise _Unreadable(f"the number {text[:40]} is out of range")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_EXPONENT + 1:
        raise _Unreadable(f"the number {text[:40]}… is out of range")
    return int(text)


def _no_constant(text: str) -> None:
    raise _Unreadable(f"{text} is not a JSON number")


def _members(pairs: list[tuple[str, Any]]) -> Json:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Unreadable(f"the member “{_first_repeated(pairs)[:60]}” stands twice in one object")
    return result


def _first_repeated(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _value in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


def unstorable(raw: Json) -> Finding | None:
    """The first place with text that no database takes, or that lies too deep."""
    return None if _is_sound(raw, 0) else _fault(raw, "", 0)


def _is_sound(value: Any, depth: int) -> bool:
    """Whether everything in `value` can be stored; looked at without pointers, since nearly everything can."""
    if isinstance(value, str):
        return _is_storable(value)
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all([_is_storable(key) and _is_sound(value[key], depth + 1) for key in value])
    return not isinstance(value, list) or depth < MAX_DEPTH and all([_is_sound(item, depth + 1) for item in value])


def _fault(value: Any, pointer: str, depth: int) -> Finding | None:
    if isinstance(value, str):
        return None if _is_storable(value) else Finding(
            pointer, "bad-text", "The text holds a NUL or half a character (an unpaired surrogate).")
    if not isinstance(value, (dict, list)):
        return None
    if depth >= MAX_DEPTH:
        return Finding(pointer, "too-deep", f"The document nests deeper than {MAX_DEPTH} levels.")
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(key, str) and not _is_storable(key):
            return Finding(pointer, "bad-text", "A member's name holds a NUL or half a character.")
        found = _fault(inner, f"{pointer}/{escaped(key)}", depth + 1) if not isinstance(inner, int) else None
        if found:
            return found
    return None


def _is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def escaped(key: str | int) -> str:
    """One step of a JSON pointer. Source: RFC 6901, section 3."""
    return str(key).replace("~", "~0").replace("/", "~1")


def event_list(raw: Json) -> tuple[list[Any], str]:
    """The events of a document in JSON form and the pointer to where they stand; nothing where there are none."""
    if raw.get("type") not in ("EPCISDocument", "EPCISQueryDocument"):
        return [raw], ""
    body, pointer = raw.get("epcisBody"), "/epcisBody"
    if raw["type"] == "EPCISQueryDocument":
        for step in ("queryResults", "resultsBody"):
            body = body.get(step) if isinstance(body, dict) else None
            pointer += "/" + step
    found = body.get("eventList") if isinstance(body, dict) else None
    return (found if isinstance(found, list) else []), pointer + "/eventList"


def document_from(raw: Json) -> Document:
    """The document in JSON form `raw`, which the checker has found sound."""
    context = as_list(raw.get("@context"))
    is_document = raw.get("type") in ("EPCISDocument", "EPCISQueryDocument")
    events, _pointer = event_list(raw)
    ignores = tuple(name for key, names in raw.items() if key.endswith(":ignoreFields") for name in _names_in(names))
    # A single event keeps its own context; a document's holds for every event in it, as one and the same list.
    return Document(
        events=tuple(event_from(event, context if is_document else [], ignores) for event in events),
        context=context, raw=raw, kind=raw["type"], master_data=tuple(_master_data(raw)),
        schema_version=_text(raw.get("schemaVersion")), creation_date=_text(raw.get("creationDate")),
        header=raw.get("epcisHeader"),
    )


def _names_in(value: Any) -> Iterable[str]:
    """The names that a list holds, in JSON as texts, in XML as empty elements; what is no name is none."""
    for item in as_list(value):
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item


def _master_data(raw: Json) -> Iterable[MasterItem]:
    header = raw.get("epcisHeader") or {}
    lists = [(header.get("epcisMasterData") or {}).get("vocabularyList") or []]
    if raw.get("type") == "EPCISQueryDocument":
        lists.append(raw["epcisBody"]["queryResults"]["resultsBody"].get("vocabularyList") or [])
    for vocabulary in (item for found in lists for item in found):
        for element in vocabulary.get("vocabularyElementList") or []:
            attributes = tuple((item["id"], item.get("attribute")) for item in element.get("attributes") or [])
            yield MasterItem(vocabulary["type"], element["id"], attributes, tuple(element.get("children") or []))


def event_from(document: Json, context: Iterable[Any] = (), hash_ignores: tuple[str, ...] = ()) -> Event:
    """The event in JSON form `document`, which the checker has found sound; `context` is what holds around it."""
    persistent = document.get("persistentDisposition") or {}
    certification = document.get("certificationInfo") or []
    record_time = document.get("recordTime")
    return Event(
        document=document, type=document["type"], action=_text(document.get("action")),
        event_time=parse_time(document["eventTime"]), offset=document["eventTimeZoneOffset"],
        record_time=parse_time(record_time) if record_time else None, event_id=_text(document.get("eventID")),
        biz_step=_word("bizStep", document.get("bizStep")),
        disposition=_word("disposition", document.get("disposition")),
        read_point=_text((document.get("readPoint") or {}).get("id")),
        biz_location=_text((document.get("bizLocation") or {}).get("id")),
        parent_id=_text(document.get("parentID")), epcs=_texts(document.get("epcList")),
        child_epcs=_texts(document.get("childEPCs")), input_epcs=_texts(document.get("inputEPCList")),
        output_epcs=_texts(document.get("outputEPCList")), quantities=_classes(document.get("quantityList")),
        child_quantities=_classes(document.get("childQuantityList")),
        input_quantities=_classes(document.get("inputQuantityList")),
        output_quantities=_classes(document.get("outputQuantityList")),
        transformation_id=_text(document.get("transformationID")),
        sources=_typed("party", "source", document.get("sourceList")),
        destinations=_typed("party", "destination", document.get("destinationList")),
        biz_transactions=_typed("bizTransaction", "bizTransaction", document.get("bizTransactionList")),
        persistent_set=tuple(word_of("disposition", item) for item in persistent.get("set") or []),
        persistent_unset=tuple(word_of("disposition", item) for item in persistent.get("unset") or []),
        ilmd=document.get("ilmd") or {}, sensors=document.get("sensorElementList") or [],
        certification=(certification,) if isinstance(certification, str) else tuple(certification),
        error_declaration=document.get("errorDeclaration"), hash_ignores=hash_ignores,
        context=joined(context, document["@context"]) if "@context" in document else (
            context if isinstance(context, list) else list(context)),
    )


def _text(value: Any) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def _word(kind: str, value: Any) -> str | None:
    text = _text(value)
    return word_of(kind, text) if text else None


def _texts(values: Any) -> tuple[str, ...]:
    return tuple([text for text in map(_text, values) if text]) if values else ()


def _classes(values: Any) -> tuple[ClassQuantity, ...]:
    if not values:
        return ()
    return tuple([
        ClassQuantity(item["epcClass"].strip(), None if item.get("quantity") is None else Decimal(item["quantity"]),
                      _text(item.get("uom")))
        for item in values])


def _typed(kind: str, member: str, values: Any) -> tuple[tuple[str, str], ...]:
    if not values:
        return ()
    return tuple([(_word(kind, item.get("type")) or "", item[member].strip()) for item in values])


def write_json(what: Document | Iterable[Event], context: Iterable[Any] | None = None, *,
               created_at: datetime | None = None) -> str:
    """A document as text: exactly what was read of a Document, or a new document around `what` events.

    `context` holds for a new document (the standard's own by default); what an event needs beyond it stays with the
    event. Raises ValueError when a new document is not given `created_at`.
    """
    if isinstance(what, Document):
        return dumps(what.raw)
    return dumps(as_document(what, context, created_at))


def as_document(events: Iterable[Event], context: Iterable[Any] | None, created_at: datetime | None) -> Json:
    """A new document around `events`, in JSON form. Raises ValueError without `created_at`."""
    if created_at is None:
        raise ValueError("a new EPCIS document needs created_at")
    shared = list(context) if context is not None else [EPCIS_CONTEXT]
    return {
        "@context": shared, "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "epcisBody": {"eventList": [_placed(event, shared) for event in events]},
    }


def json_pieces(events: Iterable[Event], created_at: datetime) -> Iterator[str]:
    """A new document around `events` as text, piece by piece, so that none but the present event is held."""
    head, tail = dumps(as_document((), None, created_at)), "]}}"
    yield head.removesuffix(tail)
    separator = "\n"
    for event in events:
        yield separator + dumps(_placed(event, [EPCIS_CONTEXT]))
        separator = ",\n"
    yield tail


def write_query_json(events: Iterable[Event], *, created_at: datetime) -> str:
    """The answer to a query as text: `events` in a query document."""
    found = as_document(events, None, created_at)
    results = {"queryName": "SimpleEventQuery", "resultsBody": found["epcisBody"]}
    return dumps(found | {"type": "EPCISQueryDocument", "epcisBody": {"queryResults": results}})


def _placed(event: Event, shared: list[Any]) -> Json:
    """The event as it must stand in a document whose context is `shared`."""
    own = [entry for entry in event.context if entry not in shared]
    rest = {key: value for key, value in event.document.items() if key != "@context"}
    return {"@context": own, **rest} if own else rest


def dumps(value: Any) -> str:
    """`value` as JSON text with every Decimal written digit for digit, and text as it is (not escaped to ASCII)."""
    if isinstance(value, dict):
        return "{" + ",".join([
            f"{encode_basestring(key)}:{encode_basestring(inner) if inner.__class__ is str else dumps(inner)}"
            for key, inner in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([encode_basestring(inner) if inner.__class__ is str else dumps(inner)
                               for inner in value]) + "]"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be written as JSON")
        # Both keep every digit; an exponent is only needed where writing it out would claim digits.
        return str(value) if int(value.as_tuple().exponent) > 0 else f"{value:f}"
    if value.__class__ is int:
        return repr(value)
    return json.dumps(value, allow_nan=False)
