"""A trace begins from any partner, paper, asset or process that others' events name, though none is a record of ours."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.db.test_cli_commands import here, run, upgraded
from tests.db.test_trace_capture import document, made, seen
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, NotFound
from traceapp.db import Database
from traceapp.trace import told_lots
from traceapp.trace.capture import capture_document
from traceapp.trace.genealogy import TraceWish, trace_from
from traceapp.trace.starting import StartKind, start_of

__all__ = ["here"]
RAW, MADE, SENT = "urn:x:raw", "urn:x:made", "urn:x:sent"
MILL, SHOP = "urn:epc:id:pgln:4012345.00225", "https://id.gs1.org/414/0614141007776"
EVENTS: list[dict[str, Any]] = [
    seen(RAW, "receiving", 1, sourceList=[{"type": "owning_party", "source": MILL}]),
    made({RAW: 5}, {MADE: 5}, 2, transformationID="urn:x:order:7", readPoint={"id": "urn:epc:id:giai:4012345.M1"},
         bizTransactionList=[{"type": "prodorder", "bizTransaction": "urn:x:wo:9"}]),
    seen(MADE, "shipping", 3, destinationList=[{"type": "location", "destination": SHOP}],
         bizTransactionList=[{"type": "desadv", "bizTransaction": "urn:x:note:3"}]),
    seen(SENT, "shipping", 4, destinationList=[{"type": "location", "destination": SHOP}], eventID="urn:x:wrong"),
    seen(SENT, "shipping", 4, destinationList=[{"type": "location", "destination": SHOP}], eventID="urn:x:wrong",
         errorDeclaration={"declarationTime": "2026-11-05T00:00:00Z", "reason": "did_not_occur"}),
]
STARTS = [
    (StartKind.supplier, MILL, RAW), (StartKind.supplier, "https://id.gs1.org/417/4012345002256", RAW),
    (StartKind.consignee, SHOP, MADE), (StartKind.consignee, "urn:epc:id:sgln:0614141.00777.0", MADE),
    (StartKind.shipment, "urn:x:note:3", MADE), (StartKind.work_order, "urn:x:order:7", MADE),
    (StartKind.work_order, "urn:x:wo:9", MADE), (StartKind.equipment, "https://id.gs1.org/8004/4012345M1", None),
]  # fmt: skip


@pytest.fixture
def told(database: Database, actor: Actor, clock: FixedClock) -> Database:
    with database.write() as session:
        capture_document(session, actor, clock, document(*EVENTS))
    return database


@pytest.mark.parametrize(("kind", "name", "lot"), STARTS, ids=[f"{kind}-{name}" for kind, name, _ in STARTS])
def test_what_others_name_is_a_start_of_the_whole_chain(told: Database, kind: StartKind, name: str, lot: str | None) -> None:
    with told.read() as session:
        start = start_of(session, name)
        trace = trace_from(session, start.keys, TraceWish("both", True, None))
    assert start.kind == kind
    assert {root.uri for root in trace.roots} == ({lot} if lot else {RAW, MADE})
    assert {node.uri for node in trace.nodes} == {RAW, MADE}


def test_what_no_event_names_is_still_unknown(told: Database) -> None:
    with told.read() as session, pytest.raises(NotFound):
        start_of(session, "urn:x:nobody")


def test_more_events_than_can_be_looked_at_are_refused(told: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_lots, "MOST_EVENTS", 1)
    with told.read() as session, pytest.raises(Conflict) as refusal:
        start_of(session, SHOP, StartKind.consignee)
    assert refusal.value.code == "too-many-events"


@pytest.mark.parametrize(("uri", "code"), [
    ("", 2), ("https://id.gs1.org/01/123/10/A", 2), ("urn:epc:id:sgtin:1.2.3", 2), ("http://[::1", 2), ("a\tb", 2),
    ("https://id.gs1.org/01/09521141012346/10/A", 2), ("https://id.gs1.org/01/09521141012345/10/A", 1), ("M-7", 1),
    ("urn:x:unknown", 1)])  # fmt: skip
def test_a_wrong_uri_is_wrong_use_and_an_unknown_one_is_not(here: Path, capsys: pytest.CaptureFixture[str], uri: str,  # noqa: F811
                                                            code: int) -> None:
    upgraded()
    for command in (("trace", uri), ("epcis", "export", "--lot", uri)):
        found, lines, talk = run(capsys, *command)
        assert (found, lines) == (code, [])
        assert uri in talk


def test_a_time_without_zone_is_wrong_use(here: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    upgraded()
    assert run(capsys, "trace", "M-7", "--since", "2026-03-09T08:00")[0] == 2


def test_every_file_has_a_line_though_one_is_missing_or_wrong(here: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    good, bad = here / "good.jsonld", here / "bad.jsonld"
    good.write_bytes(document(*EVENTS[:2]).content)
    bad.write_text("{")
    names = [str(bad), str(here / "missing"), str(good)]
    for act in ("check", "capture"):
        code, lines, _talk = run(capsys, "epcis", act, *names)
        told = [json.loads(line) for line in lines]
        assert (code, [one["ok"] for one in told], [one["file"] for one in told]) == (1, [False, False, True], names)
        assert all(one["errors"][0]["message"] for one in told[:2])
