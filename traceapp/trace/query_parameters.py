"""The parameters of the standard's event query: one table from names to what they ask for. Pure.

Source: EPCIS 2.0, 8.2.7.1 (SimpleEventQuery).
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from traceapp.core.errors import InvalidInput, NotOffered
from traceapp.core.ids import name_key
from traceapp.epcis.json_form import EVENT_TYPES
from traceapp.epcis.shapes import is_uri

from .identity import item_of
from .query_checks import uris, word
from .query_draft import AttributeTest, EventQuery, TermTest, bad_value, flag, moment, one, whole_number
from .query_fields import extension_test, sensor_test
from .query_fields import field_test as fixed_field_test
from .terms import CLASSES, INSTANCES, PATTERN, term_key, typed

Values = tuple[str, ...]
Reader = Callable[[EventQuery, str, Values], None]
ACTIONS = ("ADD", "OBSERVE", "DELETE")
MOST_VALUES, LONGEST_VALUE, MOST_PARAMETERS = 200, 2000, 60
_PATTERN_START, _SEEN = "urn:epc:idpat:", "urn:epc:id:"
_EPC, _PARENT = INSTANCES[:2], INSTANCES[4:]
_MATCHES = {
    "MATCH_epc": _EPC, "MATCH_parentID": _PARENT, "MATCH_inputEPC": INSTANCES[2:3], "MATCH_outputEPC": INSTANCES[3:4],
    "MATCH_anyEPC": INSTANCES, "MATCH_epcClass": CLASSES[:2], "MATCH_inputEPCClass": CLASSES[2:3],
    "MATCH_outputEPCClass": CLASSES[3:4], "MATCH_anyEPCClass": CLASSES,
}
_TYPED = {"EQ_bizTransaction_": ("bizTransaction", "bizTransaction"), "EQ_source_": ("source", "party"),
          "EQ_destination_": ("destination", "party")}
_ORDERS = {"eventTime": "event_time", "recordTime": "recorded_at"}


def read_query(given: Mapping[str, Sequence[str]]) -> EventQuery:
    """The query of these parameters, each with all of its values. Raises InvalidInput (`query-parameter`) for one that
    the standard does not know, or a value that cannot be; NotOffered for one that we do not answer."""
    query = EventQuery()
    if len(given) > MOST_PARAMETERS:
        raise InvalidInput("These are more than %(most)d.", code="query-parameter", most=MOST_PARAMETERS)
    for name, values in given.items():
        if len(values) > MOST_VALUES or any(len(value) > LONGEST_VALUE or "\0" in value for value in values):
            raise bad_value(name, "…")
        _reader(name)(query, name, tuple(values))
    if query.limit is not None and query.most is not None:
        raise InvalidInput("eventCountLimit and maxEventCount cannot be asked for together.", code="query-parameter",
                           place="maxEventCount")
    return query


def _reader(name: str) -> Reader:
    found = PARAMETERS.get(name)
    if found is not None:
        return found
    for start, reader in _FAMILIES.items():
        if name.startswith(start) and len(name) > len(start):
            return reader
    raise InvalidInput("The query parameter %(name)s is not known.", code="query-parameter", place=name[:60],
                       name=name[:60])


def _match(query: EventQuery, name: str, values: Values) -> None:
    names = _MATCHES[name]
    keys = {True: [], False: []}  # type: dict[bool, list[str]]
    for value in uris(name, values):
        is_pattern = "*" in value
        keys[is_pattern].append(_pattern_key(name, value) if is_pattern else _item_key(name, value))
    if keys[True] and keys[False]:
        raise bad_value(name, "|".join(values))
    if keys[True]:
        query.terms.append(TermTest(tuple(PATTERN + one_name for one_name in names), tuple(keys[True])))
    else:
        query.terms.append(TermTest(names, tuple(keys[False])))


def _item_key(name: str, value: str) -> str:
    return item_of(value, is_class="Class" in name, is_parent=name == "MATCH_parentID").key


def _pattern_key(name: str, value: str) -> str:
    """The key of the class whose every instance the pattern means: a star for the serial or the lot number."""
    if not value.startswith(_PATTERN_START) or not value.endswith(".*") or value.count("*") != 1:
        raise NotOffered("A pattern can leave open the serial or lot number alone: “%(value)s” is not offered.",
                         place=name, value=value[:60])
    scheme = value.removeprefix(_PATTERN_START).partition(":")[0]
    start = "urn:epc:class:" if scheme == "lgtin" else _SEEN
    found = item_of(start + value.removeprefix(_PATTERN_START)[:-1] + "1", is_class=scheme == "lgtin")
    if found.class_uri is None:
        raise NotOffered("A pattern can leave open the serial or lot number alone: “%(value)s” is not offered.",
                         place=name, value=value[:60])
    return name_key(found.class_uri)


def _words(term: str, kind: str) -> Reader:
    def read(query: EventQuery, name: str, values: Values) -> None:
        query.terms.append(TermTest((term,), tuple(term_key(word(name, kind, value)) for value in values)))

    return read


def _uris(term: str, *, descends: bool = False) -> Reader:
    def read(query: EventQuery, name: str, values: Values) -> None:
        found = uris(name, values)
        query.terms.append(TermTest((term,), tuple(map(term_key, found)), descends, found))

    return read


def _typed(query: EventQuery, name: str, values: Values) -> None:
    start = next(start for start in _TYPED if name.startswith(start))
    kind, vocabulary = _TYPED[start]
    term = typed(kind, word(name, vocabulary, name.removeprefix(start)))
    query.terms.append(TermTest((term,), tuple(map(term_key, uris(name, values)))))


def _time(column: str) -> Reader:
    def read(query: EventQuery, name: str, values: Values) -> None:
        query.columns.append((column, name[:2], moment(name, values)))

    return read


def _listed(column: str, known: Sequence[str], *, or_uris: bool = False) -> Reader:
    def read(query: EventQuery, name: str, values: Values) -> None:
        for value in values:
            if value not in known and not (or_uris and is_uri(value)):
                raise bad_value(name, value)
        query.columns.append((column, "IN", values))

    return read


def _event_id(query: EventQuery, name: str, values: Values) -> None:
    query.event_ids.append(uris(name, values))


def _transformation(query: EventQuery, _name: str, values: Values) -> None:
    """The description has any text here, so one that nothing can have is no fault."""
    query.terms.append(TermTest(("transformationID",), tuple(term_key(value.strip()) for value in values)))


def _order_by(query: EventQuery, name: str, values: Values) -> None:
    text = one(name, values)
    if text not in _ORDERS:
        if ":" in text or "#" in text or text in ("quantity",):
            raise NotOffered("Events can be ordered by eventTime and recordTime only.", place=name)
        raise bad_value(name, text)
    query.order = _ORDERS[text]
    if not query.is_ordered:
        query.is_ordered, query.is_descending = True, True


def _direction(query: EventQuery, name: str, values: Values) -> None:
    text = one(name, values)
    if text not in ("ASC", "DESC"):
        raise bad_value(name, text)
    query.is_ordered, query.is_descending = True, text == "DESC"


def _limit(query: EventQuery, name: str, values: Values) -> None:
    query.limit = whole_number(name, values)


def _most(query: EventQuery, name: str, values: Values) -> None:
    query.most = whole_number(name, values)


def _attribute(query: EventQuery, name: str, values: Values) -> None:
    """HASATTR_place = attributes; EQATTR_place_attribute = values."""
    kind, _, rest = name.partition("_")
    place, _, attribute = rest.partition("_")
    if place not in ("readPoint", "bizLocation"):
        raise NotOffered("Attributes of master data can be asked of readPoint and bizLocation only.", place=name[:60])
    if (kind == "EQATTR") != bool(attribute):
        raise bad_value(name, "|".join(values))
    query.attributes.append(AttributeTest(place, attribute or None, values))


def _tested(make: Callable[[str, Values], Callable[..., bool]]) -> Reader:
    def read(query: EventQuery, name: str, values: Values) -> None:
        query.tests.append(make(name, values))

    return read


def _error_declared(query: EventQuery, name: str, values: Values) -> None:
    wanted = flag(name, values)
    query.tests.append(lambda said: (said.error_declaration is not None) == wanted)


_FIXED = _tested(fixed_field_test)
_SENSOR = _tested(sensor_test)

PARAMETERS: dict[str, Reader] = {
    "eventType": _listed("type", EVENT_TYPES, or_uris=True), "EQ_action": _listed("action", ACTIONS),
    "GE_eventTime": _time("event_time"), "LT_eventTime": _time("event_time"),
    "GE_recordTime": _time("recorded_at"), "LT_recordTime": _time("recorded_at"),
    "EQ_bizStep": _words("bizStep", "bizStep"), "EQ_disposition": _words("disposition", "disposition"),
    "EQ_persistentDisposition_set": _words("persistent_set", "disposition"),
    "EQ_persistentDisposition_unset": _words("persistent_unset", "disposition"),
    "EQ_readPoint": _uris("readPoint"), "WD_readPoint": _uris("readPoint", descends=True),
    "EQ_bizLocation": _uris("bizLocation"), "WD_bizLocation": _uris("bizLocation", descends=True),
    "EQ_transformationID": _transformation, "EQ_eventID": _event_id,
    "EXISTS_errorDeclaration": _error_declared,
    "orderBy": _order_by, "orderDirection": _direction, "eventCountLimit": _limit, "maxEventCount": _most,
    **dict.fromkeys(_MATCHES, _match),
    **dict.fromkeys((f"{sign}_quantity" for sign in ("EQ", "GT", "GE", "LT", "LE")), _FIXED),
    **dict.fromkeys(("GE_errorDeclarationTime", "LT_errorDeclarationTime", "EQ_errorReason", "EQ_correctiveEventID"),
                    _FIXED),
    **dict.fromkeys((f"{sign}_{name}" for sign in ("EQ", "GT", "GE", "LT", "LE")
                     for name in ("time", "startTime", "endTime", "percRank")), _SENSOR),
    **dict.fromkeys((f"EQ_{name}" for name in (
        "type", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "microorganism", "chemicalSubstance",
        "bizRules", "stringValue", "hexBinaryValue", "uriValue", "booleanValue", "exception",
        "coordinateReferenceSystem", "component")), _SENSOR),
}
_VALUES = ("value", "minValue", "maxValue", "meanValue", "sDev", "percValue")
_SIGNS = ("EQ", "GT", "GE", "LT", "LE")
_FAMILIES: dict[str, Reader] = {
    **dict.fromkeys(_TYPED, _typed),
    **dict.fromkeys((f"{sign}_{name}_" for sign in _SIGNS for name in _VALUES), _SENSOR),
    "HASATTR_": _attribute, "EQATTR_": _attribute,
    **dict.fromkeys((f"{sign}_" for sign in (*_SIGNS, "EXISTS")), _tested(extension_test)),
}
