"""Our own events: what services ask for is what the event says, exactly, and sound by our own checker."""
from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from traceapp.epcis import (
    CBVMDA,
    TA,
    ClassQuantity,
    EpcisErrors,
    More,
    Packing,
    What,
    When,
    Where,
    Why,
    aggregation_event,
    check_json,
    dumps,
    error_declared,
    event_from,
    event_hash,
    object_event,
    pre_hash,
    transformation_event,
    with_event_id,
    write_json,
    write_xml,
)
from traceapp.epcis.lines import check_line, hash_lines

LOT = "https://id.gs1.org/01/09521141012345/10/A"
GLUE = "urn:x-own:lot:glue-7"
PALLET = "https://id.gs1.org/00/040123450000003338"
PLANT = Where(read_point="https://id.gs1.org/414/4012345002256", biz_location="https://id.gs1.org/414/4012345002256")
AT = When.local(datetime(2026, 3, 4, 3, 0, 30, 125000, tzinfo=UTC), "Asia/Shanghai")


def lots(*items: tuple[str, str, str | None]) -> What:
    return What(quantities=tuple(ClassQuantity(uri, Decimal(amount), uom) for uri, amount, uom in items))


def test_a_receipt_says_what_where_when_why_and_from_whom() -> None:
    built = object_event(
        "ADD", AT, lots((GLUE, "12.500", "KGM")), where=PLANT,
        why=Why("receiving", "in_progress", sources=(("owning_party", "urn:x-own:party:1"),),
                transactions=(("po", "urn:x-own:po:1"),)),
        more=More(ilmd={"cbvmda:lotNumber": "007", "cbvmda:itemExpirationDate": date(2027, 1, 31)},
                  extensions={"ta:supplierLot": "S-1", "ta:mass": Decimal("1E+3")}, certification=("urn:x-own:cert:1",)),
    )  # fmt: skip
    event = event_from(built)
    assert (event.biz_step, event.disposition, event.read_point) == ("receiving", "in_progress", PLANT.read_point)
    assert event.event_time == AT.at
    assert (event.offset, built["eventTime"]) == ("+08:00", "2026-03-04T11:00:30.125+08:00")
    assert event.sources == (("owning_party", "urn:x-own:party:1"),)
    assert event.biz_transactions == (("po", "urn:x-own:po:1"),)
    assert event.ilmd == {"cbvmda:lotNumber": "007", "cbvmda:itemExpirationDate": "2027-01-31"}
    assert '"quantity":12.5,' in dumps(built)
    assert '"ta:mass":1000' in dumps(built)
    assert f"{{{TA}}}supplierLot=S-1" in pre_hash(event)
    assert f"{{{CBVMDA}}}itemExpirationDate=2027-01-31" in pre_hash(event)


def test_no_digit_of_a_quantity_is_rounded() -> None:
    built = object_event("OBSERVE", AT, lots((GLUE, "0.000000000000000000000000000001", "KGM")))
    assert '"quantity":0.000000000000000000000000000001,' in dumps(built)


def test_a_production_ties_inputs_to_outputs() -> None:
    built = transformation_event(AT, lots((GLUE, "2.25", "KGM")), lots((LOT, "400", None)), where=PLANT,
                                 why=Why("commissioning"), more=More(transformation_id="urn:x-own:wo:1"))
    event = event_from(built)
    assert event.input_quantities == (ClassQuantity(GLUE, Decimal("2.25"), "KGM"),)
    assert event.output_quantities == (ClassQuantity(LOT, Decimal(400), None),)
    assert event.transformation_id == "urn:x-own:wo:1"
    assert event.identifiers == (GLUE, LOT)


def test_a_packing_names_the_container_and_what_is_in_it() -> None:
    event = event_from(aggregation_event("ADD", AT, Packing(PALLET, lots((LOT, "40", None))), why=Why("packing")))
    assert (event.parent_id, event.child_quantities[0].epc_class) == (PALLET, LOT)


def test_an_unpacking_of_everything_names_no_children() -> None:
    event = event_from(aggregation_event("DELETE", AT, Packing(PALLET), why=Why("unpacking")))
    assert (event.child_epcs, event.child_quantities) == ((), ())


def test_an_unknown_amount_is_left_open() -> None:
    built = object_event("OBSERVE", AT, What(quantities=(ClassQuantity(LOT, None, "KGM"),)))
    assert built["quantityList"] == [{"epcClass": LOT}]


@pytest.mark.parametrize("wrong", [
    {"why": Why("shiping")}, {"why": Why(disposition="gone")}, {"more": More(ilmd={"lot": "A"})},
    {"more": More(extensions={"note": "A"})}, {"where": Where(read_point="plant 1")},
])  # fmt: skip
def test_a_builder_refuses_what_the_checker_would(wrong: dict[str, Any]) -> None:
    with pytest.raises(EpcisErrors):
        object_event("ADD", AT, lots((LOT, "1", None)), **wrong)


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(EpcisErrors):
        object_event("ADD", AT, lots((LOT, "-1", None)))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        object_event("ADD", When(datetime(2026, 3, 4)), lots((LOT, "1", None)))


@pytest.mark.parametrize(("zone", "offset"), [
    ("Asia/Shanghai", "+08:00"), ("America/New_York", "-05:00"), ("Asia/Kolkata", "+05:30"), ("UTC", "+00:00"),
    ("America/St_Johns", "-03:30"),
])  # fmt: skip
def test_the_offset_is_that_of_the_place(zone: str, offset: str) -> None:
    when = When.local(datetime(2026, 1, 4, 3, tzinfo=UTC), zone)
    assert when.offset == offset
    assert event_from(object_event("ADD", when, lots((LOT, "1", None)))).event_time == when.at


def test_an_error_declaration_keeps_the_facts_and_their_hash() -> None:
    original = with_event_id(object_event("ADD", AT, lots((LOT, "1", None))))
    declared = error_declared(original, When(datetime(2026, 4, 1, tzinfo=UTC)), "incorrect_data", ["urn:uuid:1"])
    assert event_hash(event_from(declared)) == original["eventID"]
    assert declared["errorDeclaration"]["correctiveEventIDs"] == ["urn:uuid:1"]
    assert "errorDeclaration" not in original


def test_an_event_id_that_is_there_stays() -> None:
    built = object_event("ADD", AT, lots((LOT, "1", None)), more=More(event_id="urn:uuid:1"))
    assert with_event_id(built)["eventID"] == "urn:uuid:1"


def test_our_events_have_nothing_that_the_checker_remarks_on() -> None:
    assert check_json(object_event("ADD", AT, lots((LOT, "1", None)), where=PLANT, why=Why("commissioning"))) == []


def test_the_check_line_of_a_sound_file_counts_its_events() -> None:
    event = event_from(object_event("ADD", AT, lots((LOT, "1", None))))
    for content in (write_json([event], created_at=AT.at).encode(), write_xml([event], created_at=AT.at)):
        line, sound = check_line("a.json", content)
        assert sound
        assert json.loads(line) == {"file": "a.json", "ok": True, "kind": "EPCISDocument", "events": 1, "flags": []}
        assert hash_lines(content) == [event_hash(event)]


def test_the_check_line_of_an_unsound_file_says_where() -> None:
    event = event_from(object_event("ADD", AT, lots((LOT, "1", None)), why=Why("shipping")))
    text = write_json([event], created_at=AT.at).replace('"shipping"', '"shiping"')
    line, sound = check_line(Path("ä.json").name, text.encode())
    assert not sound
    assert "ä.json" in line
    assert [error["pointer"] for error in json.loads(line)["errors"]] == ["/epcisBody/eventList/0/bizStep"]
