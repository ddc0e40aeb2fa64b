"""The workbench of a scope: rules in the address, side by side, taken with one click, in the console and by API."""
from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import event, insert, select

from tests.factories_recall import TEXTS, House, make_house, opened, submitted
from tests.factories_surveillance import add_complaint
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.recall.model import Recall, RecallLot
from traceapp.recall.scope_rule import Rule, RuleKind, rules_of
from traceapp.trace.model import Lot, LotEdge


@dataclass(frozen=True, slots=True)
class Office:
    """The house, its console, and a machine with the rights of quality."""

    console: Console
    house: House
    machine: ApiClient

    def lots(self, recall_id: str) -> set[str]:
        with self.console.database.read() as session:
            return set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall_id)))

    def recall(self, recall_id: str) -> Recall:
        with self.console.database.read() as session:
            return session.get_one(Recall, recall_id)


@pytest.fixture(scope="module")
def office(console: Console) -> Office:
    house = make_house(console.database, console.clock)
    return Office(console, house, ApiClient(console.app, console.database, console.clock, "quality", "machine"))


@pytest.fixture
def browser(office: Office) -> Browser:
    return office.console.browser("quality")


def test_two_scopes_stand_side_by_side_with_what_each_has_alone(office: Office, browser: Browser) -> None:
    recall = opened(office.console.database, office.console.clock, office.house)
    page = browser.get(f"/console/recalls/{recall.id}/workbench?b_kind=consignee&b_key=HOSPITAL&b_alone=1&lang=en"
                       ).get_data(as_text=True)
    assert "Batches A-1 (with what was made of it)" in page  # the case as it stands
    wide, narrow = (re.sub(r"<[^>]+>", " ", page.split(f"In {one}, not in {other}")[1].split("</section>")[0])
                    for one, other in (("A", "B"), ("B", "A")))
    assert re.search(r"2 batches.*1,000 pcs sent.*A-1 , P-2", " ".join(wide.split()))
    assert re.search(r"1 batch.*500 pcs sent.*P-9", " ".join(narrow.split()))
    assert "Sent to Hospital Two" in page and "A-1 → B-1 → P-1" in page


def test_what_nobody_is_called_is_said_at_its_field_and_the_other_scope_stays(office: Office, browser: Browser) -> None:
    recall = opened(office.console.database, office.console.clock, office.house)
    answer = browser.get(f"/console/recalls/{recall.id}/workbench?b_kind=supplier&b_key=nobody&lang=en")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'href="#f-b_key"' in page
    assert "There is no partner “nobody”" in page and "P-2" in page


def test_one_click_takes_a_scope_and_another_adds_one(office: Office, browser: Browser) -> None:
    recall, house = opened(office.console.database, office.console.clock, office.house), office.house
    path = f"/console/recalls/{recall.id}/workbench"
    taken = browser.post(path, {"column": "b", "b_kind": "lots", "b_key": "P-1", "revision": recall.revision})
    assert taken.status_code == 303 and office.lots(recall.id) == {house.first.lot_key}
    added = browser.post(path, {"column": "b", "b_kind": "lots", "b_key": "P-9", "beside": "1",
                                "revision": office.recall(recall.id).revision})
    assert added.status_code == 303 and office.lots(recall.id) == {house.first.lot_key, house.other.lot_key}
    assert len(rules_of(office.recall(recall.id).scope_rule)) == 2


def test_a_stale_click_takes_nothing(office: Office, browser: Browser) -> None:
    recall = opened(office.console.database, office.console.clock, office.house)
    before = office.lots(recall.id)
    answer = browser.post(f"/console/recalls/{recall.id}/workbench", {
        "column": "b", "b_kind": "lots", "b_key": "P-1", "revision": recall.revision + 4})
    assert answer.status_code == 412 and office.lots(recall.id) == before


def test_a_frozen_scope_is_compared_and_not_taken(office: Office, browser: Browser) -> None:
    recall = submitted(office.console.database, office.console.clock, office.house)
    page = browser.get(f"/console/recalls/{recall.id}/workbench?b_kind=lots&b_key=A-9&lang=en").get_data(as_text=True)
    assert "Nothing has changed against the scope that was frozen" in page
    assert "Take B as the scope" not in page and "In B, not in A" in page


def test_the_page_asks_no_more_for_a_larger_scope(office: Office, browser: Browser) -> None:
    recall = opened(office.console.database, office.console.clock, office.house)

    def statements(number: str) -> int:
        seen: list[str] = []
        event.listen(office.console.database.engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
        try:
            browser.get(f"/console/recalls/{recall.id}/workbench?a_kind=lots&a_key={number}")
        finally:
            event.remove(office.console.database.engine, "before_cursor_execute", note)
        return len(seen)

    statements("P-9")
    few, many = statements("P-9"), statements("F-1")
    assert many <= few + 8 <= 55  # the picture reads level by level


def test_a_machine_lays_scopes_side_by_side_and_takes_one(office: Office) -> None:
    recall, house = opened(office.console.database, office.console.clock, office.house), office.house
    wide = {"rules": [{"kind": "lots", "keys": [house.glue.lot_key]}]}
    narrow = {"rules": [{"kind": "supplier", "keys": [house.maker.supplier.id], "from": "2020-01-01",
                         "until": "2020-01-31"}, {"kind": "lots", "keys": [house.second.lot_key]}]}
    told = office.machine.post("/scope-comparisons", {"scopes": [wide, narrow], "recall_id": recall.id}, 200)
    assert {lot["number"]: lot["because"]["kind"] for lot in told["scopes"][1]["lots"]} == {"P-2": "lots"}
    assert told["differences"][0]["lots"] == [house.glue.lot_key, house.first.lot_key]
    assert told["scopes"][0]["countries"] == {"CN": {"EA": "1550"}}
    before = office.machine.get(f"/recalls/{recall.id}/scope-rules")
    assert before["rules"] == [{"kind": "lots", "keys": [house.glue.lot_key]}] and before["since_frozen"] is None
    office.machine.put(f"/recalls/{recall.id}/scope-rules", narrow, If_Match=f'"{recall.revision}"')
    assert office.lots(recall.id) == {house.second.lot_key}
    assert rules_of(office.recall(recall.id).scope_rule)[1] == Rule(RuleKind.lots, (house.second.lot_key,))


def test_a_machine_opens_a_recall_by_a_rule_and_not_by_nothing(office: Office) -> None:
    texts = {name: getattr(TEXTS, name) for name in (
        "recall_class", "title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "contact")}
    refused = office.machine.post("/recalls", texts, 422)
    assert refused["code"] == "no-start"
    rule = {"kind": "consignee", "keys": [office.house.maker.hospital.id], "downstream": False}
    made = office.machine.post("/recalls", texts | {"rules": [rule]}, 201)
    assert office.lots(made["id"]) == {office.house.first.lot_key, office.house.other.lot_key}
    assert rules_of(office.recall(made["id"]).scope_rule)[0].as_data == rule
    nothing = {"kind": "operator", "keys": ["nobody"]}
    assert office.machine.post("/recalls", texts | {"rules": [nothing]}, 422)["code"] == "no-lots"


def test_the_evaluation_begins_with_what_is_known_and_says_from_where(office: Office, browser: Browser) -> None:
    recall, clock = opened(office.console.database, office.console.clock, office.house), office.console.clock
    with office.console.database.write() as session:
        add_complaint(session, office.house.first, clock.now(), age_band="2-13", severity="major")
    browser.post(f"/console/recalls/{recall.id}/assess", {"revision": recall.revision})
    path = f"/console/recalls/{recall.id}?part=assessment&do=write_evaluation&lang=en"
    page = browser.get(path).get_data(as_text=True)
    harm = page.split('name="harm_so_far"')[1].split("</textarea>")[0]
    assert "Adverse events: 0, of them 0 deaths and 0 serious." in harm
    assert "not judged yet: 1 (Serious: 1)" in harm and "[Counted from the cases about 3 batches in scope" in harm
    assert "2 to 13 years: 1" in page.split('name="populations"')[1].split("</textarea>")[0]
    assert "1,550 pcs" in page.split('name="defective"')[1].split("</textarea>")[0]
    facts = office.machine.get(f"/recalls/{recall.id}/evaluation/facts")
    assert (facts["harmful"], facts["by_age"], facts["sent"]) == (1, {"2-13": 1}, {"EA": "1550"})


def test_classes_by_jurisdiction_are_written_down_by_people_and_machines(office: Office, browser: Browser) -> None:
    recall = opened(office.console.database, office.console.clock, office.house)
    here, day = f"/console/recalls/{recall.id}", office.console.clock.now().date().isoformat()
    given = {"jurisdiction": "cn", "recall_class": "II", "kind": "assigned", "on": day, "basis": "letter 7",
             "by_whom": ""}
    refused = browser.post(f"{here}/classify", given | {"revision": recall.revision})
    assert refused.status_code == 422 and 'id="e-by_whom"' in refused.get_data(as_text=True)
    assert browser.post(f"{here}/classify", given | {"by_whom": "NMPA", "revision": recall.revision}).status_code == 303
    path = f"/recalls/{recall.id}/classifications"
    office.machine.post(path, {"jurisdiction": "US", "recall_class": "III", "is_assigned": False, "on": day,
                               "basis": "remote"}, If_Match=f'"{recall.revision}"')
    assert [(one["jurisdiction"], one["by_whom"]) for one in office.machine.get(path)] == [("CN", "NMPA"), ("US", "")]
    page = browser.get(f"{here}?part=assessment&lang=en").get_data(as_text=True)
    assert "Assigned by NMPA" in page and "Proposed by us" in page


def test_of_a_large_scope_single_batches_are_named_instead_of_ticked(office: Office, browser: Browser) -> None:
    house, count = office.house, 401
    with office.console.database.write() as session:
        like = {column.name: getattr(session.get_one(Lot, house.first.lot_key), column.key)
                for column in Lot.__table__.columns}
        edge = {column.name: getattr(session.scalars(select(LotEdge).where(
            LotEdge.lot_key == house.other_glue.lot_key)).first(), column.key) for column in LotEdge.__table__.columns}
        keys = [f"{number:032x}" for number in range(count)]
        session.execute(insert(Lot), [like | {"lot_key": key, "uri": f"urn:test:{key}", "number": f"W-{key[-4:]}"}
                                      for key in keys])
        session.execute(insert(LotEdge), [edge | {"other_key": key} for key in keys])
    recall = opened(office.console.database, office.console.clock, house, replace(
        TEXTS, root_lot_keys=(house.other_glue.lot_key,)))
    page = browser.get(f"/console/recalls/{recall.id}?part=scope&lang=en").get_data(as_text=True)
    assert "403 batches are in scope, too many to tick" in page and 'name="lot"' not in page
    answer = browser.post(f"/console/recalls/{recall.id}/scope", {
        "whole": "1", "out_number": "W-0007", "out_reason": "never left the cage", "revision": recall.revision})
    assert answer.status_code == 303
    assert len(office.lots(recall.id)) == 402 and keys[7] not in office.lots(recall.id)
    assert office.recall(recall.id).scope_rule["left_out"] == {keys[7]: "never left the cage"}
