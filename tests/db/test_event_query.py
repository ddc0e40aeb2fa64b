"""The parameters of the standard's event query, each against the events that it must find, on both databases."""
from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import func, select

from tests.conftest import SHARED
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotOffered, TooLarge
from traceapp.db import Database
from traceapp.epcis import EPCIS_CONTEXT, read
from traceapp.trace import event_query
from traceapp.trace.capture import CaptureDocument, capture_document, rebuild
from traceapp.trace.event_query import events_page
from traceapp.trace.model import Lot
from traceapp.trace.query_model import EventTerm
from traceapp.trace.query_parameters import PARAMETERS, read_query
from traceapp.trace.query_values import values_page
from traceapp.trace.terms import CLASSES, INSTANCES

EX = "https://example.org/ns/"
SERIAL, LOT = "urn:epc:id:sgtin:0614141.107346.2017", "urn:epc:class:lgtin:4012345.012345.998877"
SAME_SERIAL, PALLET = "https://example.com/01/10614141073464/21/2017", "urn:epc:id:sscc:0614141.1234567890"
PLACE, SHELF = "urn:epc:id:sgln:0614141.07346.1234", "urn:epc:id:sgln:0614141.07346.shelf"


def event(number: int, kind: str = "ObjectEvent", **more: Any) -> dict[str, Any]:
    base = {"type": kind, "eventID": f"urn:uuid:{number}", "eventTime": f"2026-11-0{number}T05:00:00Z",
            "eventTimeZoneOffset": "+00:00"}
    return base | ({} if kind == "TransformationEvent" else {"action": "OBSERVE"}) | more


EVENTS = [
    event(1, epcList=[SERIAL], bizStep="shipping", disposition="in_transit", readPoint={"id": PLACE},
          bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:po:1"}], **{"ex:temperature": 7, "ex:note": "late"}),
    event(2, quantityList=[{"epcClass": LOT, "quantity": 200, "uom": "KGM"}], bizLocation={"id": SHELF},
          bizStep="https://ref.gs1.org/cbv/BizStep-receiving", action="ADD",
          persistentDisposition={"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
          sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00001"}],
          ilmd={"ex:harvest": {"ex:boat": "Alba"}}),
    event(3, "AggregationEvent", parentID=PALLET, childEPCs=[SERIAL], bizStep="packing", action="ADD",
          destinationList=[{"type": "location", "destination": PLACE}]),
    event(4, "TransformationEvent", inputQuantityList=[{"epcClass": LOT, "quantity": 10}],
          outputEPCList=[SERIAL], transformationID="urn:x:run:1", bizStep="commissioning"),
    event(5, epcList=["urn:epc:id:sgtin:0614141.107346.5"], bizStep="sensor_reporting", sensorElementList=[
        {"sensorMetadata": {"time": "2026-11-05T04:00:00Z", "deviceID": "urn:x:device:1"},
         "sensorReport": [{"type": "Temperature", "value": 8.5, "uom": "CEL"},
                          {"type": "RelativeHumidity", "value": 40, "uom": "A93", "stringValue": "damp"}]}]),
    event(6, epcList=["urn:epc:id:sgtin:0614141.200000.1"], bizStep="inspecting", errorDeclaration={
        "declarationTime": "2026-11-07T05:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:7"]}),
]
# What is asked, and the numbers of the events that answer it.
ASKED: list[tuple[dict[str, str], list[int]]] = [
    ({}, [1, 2, 3, 4, 5, 6]),
    ({"eventType": "ObjectEvent|AggregationEvent"}, [1, 2, 3, 5, 6]), ({"EQ_action": "ADD"}, [2, 3]),
    ({"GE_eventTime": "2026-11-03T05:00:00Z", "LT_eventTime": "2026-11-05T05:00:00Z"}, [3, 4]),
    ({"GE_eventTime": "2026-11-03T06:00:00 01:00", "LT_eventTime": "2026-11-03T05:00:01Z"}, [3]),
    ({"GE_recordTime": "2026-11-22T08:00:00Z"}, [1, 2, 3, 4, 5, 6]), ({"LT_recordTime": "2026-11-22T08:00:00Z"}, []),
    ({"EQ_bizStep": "shipping"}, [1]), ({"EQ_bizStep": "urn:epcglobal:cbv:bizstep:receiving|packing"}, [2, 3]),
    ({"EQ_disposition": "https://ref.gs1.org/cbv/Disp-in_transit"}, [1]),
    ({"EQ_persistentDisposition_set": "completeness_verified"}, [2]),
    ({"EQ_persistentDisposition_unset": "completeness_inferred"}, [2]), ({"EQ_persistentDisposition_set": "expired"}, []),
    ({"EQ_readPoint": PLACE}, [1]), ({"EQ_bizLocation": SHELF}, [2]), ({"EQ_bizLocation": PLACE}, []),
    ({"WD_bizLocation": PLACE}, [2]), ({"WD_readPoint": PLACE}, [1]),
    ({"HASATTR_bizLocation": "urn:epcglobal:cbv:mda:site"}, [2]),
    ({"EQATTR_bizLocation_urn:epcglobal:cbv:mda:site": "cold store"}, [2]),
    ({"EQATTR_bizLocation_urn:epcglobal:cbv:mda:site": "warm store"}, []),
    ({"EQ_bizTransaction_po": "urn:x:po:1"}, [1]), ({"EQ_bizTransaction_inv": "urn:x:po:1"}, []),
    ({"EQ_source_urn:epcglobal:cbv:sdt:owning_party": "urn:epc:id:pgln:4012345.00001"}, [2]),
    ({"EQ_destination_location": PLACE}, [3]), ({"EQ_transformationID": "urn:x:run:1"}, [4]),
    ({"MATCH_epc": SERIAL}, [1, 3]), ({"MATCH_anyEPC": SAME_SERIAL}, [1, 3, 4]), ({"MATCH_parentID": PALLET}, [3]),
    ({"MATCH_outputEPC": SERIAL}, [4]), ({"MATCH_inputEPC": SERIAL}, []), ({"MATCH_epcClass": LOT}, [2]),
    ({"MATCH_inputEPCClass": LOT}, [4]), ({"MATCH_outputEPCClass": LOT}, []), ({"MATCH_anyEPCClass": LOT}, [2, 4]),
    ({"MATCH_epc": "urn:epc:idpat:sgtin:0614141.107346.*"}, [1, 3, 5]),
    ({"MATCH_anyEPCClass": "urn:epc:idpat:lgtin:4012345.012345.*"}, [2, 4]),
    ({"MATCH_anyEPC": SERIAL, "EQ_bizStep": "packing|shipping", "GE_eventTime": "2026-11-02T00:00:00Z"}, [3]),
    ({"EQ_eventID": "urn:uuid:2|urn:uuid:6"}, [2, 6]),
    ({"EQ_quantity": "200.0"}, [2]), ({"LT_quantity": "200"}, [4]), ({"GE_quantity": "10"}, [2, 4]),
    ({"EXISTS_errorDeclaration": ""}, [6]), ({"EXISTS_errorDeclaration": "false"}, [1, 2, 3, 4, 5]),
    ({"GE_errorDeclarationTime": "2026-11-07T05:00:00Z"}, [6]), ({"LT_errorDeclarationTime": "2026-11-07T05:00:00Z"}, []),
    ({"EQ_errorReason": "urn:epcglobal:cbv:er:incorrect_data"}, [6]), ({"EQ_correctiveEventID": "urn:uuid:7"}, [6]),
    ({"EQ_type": "gs1:Temperature"}, [5]), ({"EQ_deviceID": "urn:x:device:1"}, [5]), ({"EQ_stringValue": "damp"}, [5]),
    ({"GE_value_CEL": "8.5"}, [5]), ({"GT_value_CEL": "8.5"}, []), ({"GT_value_A93": "8.5"}, [5]),
    ({"GE_time": "2026-11-05T04:00:00Z"}, [5]), ({"EQ_booleanValue": "true"}, []),
    ({"EQ_ex:note": "late"}, [1]), ({f"EQ_{EX}note": "late|early"}, [1]), ({f"EXISTS_{EX}#note": ""}, [1]),
    ({"GT_ex:temperature": "6.9"}, [1]), ({"GT_ex:temperature": "7"}, []), ({"EQ_ex:boat": "Alba"}, []),
    ({"EQ_INNER_ILMD_ex:boat": "Alba"}, [2]), ({"EXISTS_ILMD_ex:harvest": ""}, [2]), ({"EXISTS_INNER_ex:boat": ""}, [2]),
    ({"orderBy": "eventTime", "eventCountLimit": "2"}, [6, 5]), ({"orderBy": "eventTime", "orderDirection": "ASC"},
                                                                 [1, 2, 3, 4, 5, 6]),
    ({"orderDirection": "DESC", "eventType": "ObjectEvent"}, [6, 5, 2, 1]), ({"maxEventCount": "6"}, [1, 2, 3, 4, 5, 6]),
]


def whole(events: list[dict[str, Any]]) -> CaptureDocument:
    vocabulary = [{"type": "urn:epcglobal:epcis:vtype:BusinessLocation", "vocabularyElementList": [
        {"id": PLACE, "children": [SHELF]},
        {"id": SHELF, "attributes": [{"id": "urn:epcglobal:cbv:mda:site", "attribute": "cold store"}]}]}]
    return CaptureDocument("t", json.dumps({
        "@context": [EPCIS_CONTEXT, {"ex": EX}], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-11-20T00:00:00Z", "epcisHeader": {"epcisMasterData": {"vocabularyList": vocabulary}},
        "epcisBody": {"eventList": events}}).encode())


def captured(database: Database, actor: Actor, clock: FixedClock, events: list[dict[str, Any]]) -> Database:
    with database.write() as session:
        capture_document(session, actor, clock, whole(events))
    return database


@pytest.fixture
def filled(database: Database, actor: Actor, clock: FixedClock) -> Database:
    return captured(database, actor, clock, EVENTS)


def found(database: Database, asked: dict[str, str], size: int = 100) -> list[int]:
    """The numbers of the events, over all pages."""
    numbers: list[int] = []
    token = None
    with database.read() as session:
        while True:
            query = read_query({name: value.split("|") for name, value in asked.items()})
            page = events_page(session, query, token, size)
            assert len(page.rows) <= size
            numbers += [int(row.event_id.rpartition(":")[2]) for row in page.rows]
            token = page.next
            if token is None:
                return numbers


def test_each_parameter_finds_exactly_its_events(filled: Database) -> None:
    wrong = {str(asked): (found(filled, asked), wanted) for asked, wanted in ASKED if found(filled, asked) != wanted}
    assert wrong == {}


def test_pages_of_any_size_are_the_same_events_once(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_query, "MOST_LOOKED_AT", 2)
    monkeypatch.setattr(event_query, "_CHUNK", 3)
    wrong = {f"{asked} by {size}": found(filled, asked, size) for asked, wanted in ASKED for size in (1, 2, 3)
             if "maxEventCount" not in asked and found(filled, asked, size) != wanted}
    assert wrong == {}


def test_every_parameter_of_the_published_description_is_known() -> None:
    path = SHARED / "conformance" / "epcis" / "openapi.json"
    if not path.is_file():
        pytest.skip("../shared/conformance/epcis/openapi.json is not here: the published parameters cannot be compared")
    described = json.loads(path.read_text(encoding="utf-8"))
    names = [one["$ref"].rpartition("/")[2] for one in described["paths"]["/events"]["get"]["parameters"]]
    queried = [described["components"]["parameters"][name] for name in names if not name.startswith("GS1-")]
    missing = {one["name"] for one in queried if one["in"] == "query"} - set(PARAMETERS) - {"perPage", "nextPageToken"}
    assert missing == set()


def test_more_than_most_is_refused_whole(filled: Database) -> None:
    for asked in ({"maxEventCount": "5"}, {"maxEventCount": "1", "GE_quantity": "1"}):
        with pytest.raises(TooLarge) as refused:
            found(filled, asked)
        assert refused.value.code == "query-too-large"


def test_a_count_that_would_take_too_long_is_refused_as_too_complex(
        filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_query, "MOST_LOOKED_AT", 2)
    with pytest.raises(TooLarge) as refused:
        found(filled, {"maxEventCount": "5", "EQ_quantity": "7"})
    assert refused.value.code == "query-too-complex"


@pytest.mark.parametrize("asked", [
    {"EQ_": "x"}, {"": ""}, {"GE_eventTime": ""}, {"EQ_quantity": "NaN"}, {"EQ_quantity": "many"}, {"EQ_note": "x"},
    {"perPages": "3"}, {"EQ_booleanValue": "yes"}, {"eventCountLimit": "0"}, {"orderDirection": "UP"},
    {"orderBy": "bizStep"}, {"GE_value_CEL": "warm"}, {"EQ_action": "\0"}, {"EXISTS_errorDeclaration": "perhaps"},
    {"EQATTR_readPoint": "x"}, {"GT_ex:temperature": "high"}, {"MATCH_epc": " "}])
def test_what_cannot_be_asked_is_refused_by_name(asked: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_query({name: [value] for name, value in asked.items()})
    assert refused.value.code == "query-parameter"


@pytest.mark.parametrize("asked", [{"orderBy": "ex:note"}, {"MATCH_epc": "urn:epc:idpat:sgtin:0614141.*.*"},
                                   {"MATCH_epc": "https://id.gs1.org/01/*"}, {"HASATTR_epc": "x"}])
def test_what_the_standard_knows_and_we_do_not_answer_says_so(asked: dict[str, str]) -> None:
    with pytest.raises(NotOffered):
        read_query({name: [value] for name, value in asked.items()})


def test_terms_are_the_same_after_a_rebuild(filled: Database) -> None:
    def terms() -> list[Any]:
        with filled.read() as session:
            return sorted(tuple(row) for row in session.execute(select(*EventTerm.__table__.columns)))

    before = terms()
    with filled.write() as session:
        rebuild(session)
    assert terms() == before
    assert len(before) > len(EVENTS)


def test_what_was_declared_wrong_is_found_by_its_items_beside_its_declaration_and_listed(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    wrong = event(1, epcList=[SERIAL], quantityList=[{"epcClass": LOT, "quantity": 2}])
    declared = wrong | {"errorDeclaration": {"declarationTime": "2026-11-07T05:00:00Z", "reason": "incorrect_data"}}
    captured(captured(database, actor, clock, [wrong]), actor, clock, [declared])
    for _ in range(2):
        for asked, numbers in (({"MATCH_epc": SERIAL}, [1, 1]), ({"MATCH_epcClass": LOT}, [1, 1]),
                               ({"MATCH_epcClass": SERIAL}, []), ({"MATCH_parentID": SERIAL}, [])):
            assert found(database, asked) == numbers
        with database.write() as session:
            assert sorted(values_page(session, (*INSTANCES, *CLASSES), None, 9)[0]) == sorted([SERIAL, LOT])
            assert session.scalar(select(func.count()).select_from(Lot)) == 0
            rebuild(session)


def test_values_are_each_listed_once_whatever_the_page(filled: Database) -> None:
    for size in (1, 2, 100):
        values: list[str] = []
        token = None
        with filled.read() as session:
            while True:
                page, token = values_page(session, (*INSTANCES, *CLASSES), token, size)
                values += page
                if token is None:
                    break
        assert sorted(values) == sorted({SERIAL, LOT, PALLET, "urn:epc:id:sgtin:0614141.107346.5",
                                         "urn:epc:id:sgtin:0614141.200000.1"})


def test_random_queries_find_what_a_plain_look_at_all_events_finds(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    chance = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    steps, serials = ("shipping", "receiving", "packing"), [f"urn:epc:id:sgtin:0614141.107346.{n}" for n in range(6)]
    events = [event(1, eventID=f"urn:uuid:{number}", epcList=chance.sample(serials, chance.randint(1, 3)),
                    bizStep=chance.choice(steps), readPoint={"id": f"urn:x:place:{chance.randint(1, 3)}"},
                    eventTime=(start + timedelta(hours=chance.randint(0, 40))).isoformat())
              for number in range(120)]
    captured(database, actor, clock, events)
    said = {int(one.event_id.rpartition(":")[2]): one  # type: ignore[union-attr]
            for one in read(whole(events).content).events}
    for _ in range(40):
        epcs, asked_steps = chance.sample(serials, chance.randint(0, 2)), chance.sample(steps, chance.randint(0, 2))
        since = start + timedelta(hours=chance.randint(0, 40))
        asked = {"GE_eventTime": since.isoformat()} | ({"MATCH_anyEPC": "|".join(epcs)} if epcs else {}) | (
            {"EQ_bizStep": "|".join(asked_steps)} if asked_steps else {})
        wanted = {number for number, one in said.items() if one.event_time >= since
                  and (not epcs or set(epcs) & set(one.epcs)) and (not asked_steps or one.biz_step in asked_steps)}
        answer = found(database, asked, chance.choice((1, 7, 100)))
        assert len(answer) == len(set(answer))
        assert set(answer) == wanted


def test_a_page_takes_one_statement_and_reads_no_more_than_it_shows(filled: Database) -> None:
    seen: list[str] = []
    hooks.listen(filled.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    for asked in ({"MATCH_anyEPC": SERIAL}, {"EQ_bizStep": "shipping", "EQ_action": "OBSERVE"}, {}):
        seen.clear()
        with filled.read() as session:
            page = events_page(session, read_query({name: [value] for name, value in asked.items()}), None, 1)
        assert len(page.rows) == 1
        assert len(seen) == 1


def test_a_page_of_a_common_step_is_read_from_the_index_in_order(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    captured(sqlite, actor, clock, EVENTS)
    with sqlite.read() as session:
        for asked, index in (({"EQ_bizStep": "shipping"}, "event_term"), ({}, "ix_event_time"),
                             ({"MATCH_parentID": PALLET}, "event_item"),
                             ({"GE_eventTime": "2026-11-03T00:00:00Z"}, "ix_event_time")):
            statement, _ = event_query._statement(session, read_query({name: [value] for name, value in asked.items()}))
            text = str(statement.limit(5).compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
            plan = "\n".join(row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
            assert index in plan
            assert "TEMP B-TREE" not in plan
        assert session.scalar(select(func.count()).select_from(EventTerm)) > 0
