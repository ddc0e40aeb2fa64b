"""The page of a signal in every state and with every form open; the list, silence, and the recall of the whole scope."""
from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select, update

from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_reactions
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.recall.model import Recall, RecallLot
from traceapp.recall.scope_rule import RuleKind, rules_of
from traceapp.recall.signal_causes import rule_of_signal
from traceapp.signals.causes import CauseClass
from traceapp.surveillance.alarm import Alarm, NodeKind, SeverityGroup
from traceapp.surveillance.cases import open_or_join
from traceapp.surveillance.model import Signal, SilenceRule
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.states import TRANSITIONS, SignalState
from traceapp.surveillance.watch_model import WatchNode
from traceapp.trace.model import Lot
from traceapp.web.console.workbench_rules import class_query


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        for lot in (made.first, made.second):
            add_reactions(session, session.get_one(Lot, lot.lot_key), console.clock.now() - timedelta(days=9), 10)
    return made


def alarm(console: Console, kind: NodeKind, key: str, name: str, lots: tuple[str, ...], llr: float,
          group: SeverityGroup = SeverityGroup.harm, product_id: str | None = None) -> Signal:
    with console.database.write() as session:
        found = open_or_join(session, console.clock, Alarm(
            kind, key, name, group, "maxsprt", product_id, lots, console.clock.now().date() - timedelta(days=20), 20,
            0.4, llr, 3.5, {"basis": {"rate_per_unit": 0.0005}}))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def case(console: Console, house: House) -> Signal:
    """The case of the bad glue: a lot first, then the glue that two lots were made from."""
    with console.database.write() as session:
        assert rescore_lot(session, console.clock, house.second.lot_key) is not None
    return alarm(console, NodeKind.upstream, house.glue.lot_key, "A-1", (house.first.lot_key, house.second.lot_key), 90.0)


@pytest.fixture(scope="module")
def line(console: Console, case: Signal, house: House) -> Signal:
    """A case of a line, of no product, about a lot that is not in the other."""
    return alarm(console, NodeKind.line, "l" * 32, "line 3 · 2026 Q4", (house.other.lot_key,), 20.0, SeverityGroup.serious)


@pytest.fixture
def quality(console: Console, line: Signal) -> Browser:
    return console.browser("quality")


def test_the_question_names_the_strongest_node_and_the_page_holds_every_alarm(quality: Browser, case: Signal) -> None:
    page = quality.get(f"/console/signals/{case.id}").get_data(as_text=True)
    assert "batch A-1: 20 reports where 0.4 were expected" in page
    assert page.index('id="causes"') < page.index('id="alarms"') < page.index('id="lots"') < page.index('id="reports"')
    assert page[page.index('id="alarms"'):page.index('id="lots"')].count('m-stop') == 1
    assert "A further alarm" in page and "Opened by itself" in page


@pytest.mark.parametrize("state", list(SignalState))
def test_the_page_opens_in_every_state_with_every_form(console: Console, quality: Browser, case: Signal, line: Signal,
                                                       state: SignalState) -> None:
    quality.language = "zh" if state in ("open", "assessed") else "en"
    for one, other in ((case, line), (line, case)):
        with console.database.write() as session:
            session.execute(update(Signal).where(Signal.id == one.id).values(
                state=state, merged_into_id=other.id if state == SignalState.merged else None))
        for do in ("", *TRANSITIONS, "basis", "silence", "nonsense"):
            answer = quality.get(f"/console/signals/{one.id}?do={do}")
            assert answer.status_code == 200
            allowed = do in TRANSITIONS and state in TRANSITIONS[do][0]
            assert ('name="reason"' in answer.get_data(as_text=True)) == (allowed or do == "silence")
        with console.database.write() as session:
            session.execute(update(Signal).where(Signal.id == one.id).values(state="open", merged_into_id=None))


def test_the_list_filters_and_hides_what_was_merged_until_it_is_asked_for(console: Console, quality: Browser,
                                                                         case: Signal, line: Signal) -> None:
    def listed(query: str) -> tuple[bool, bool]:
        page = quality.get(f"/console/signals?{query}").get_data(as_text=True)
        return case.reference in page, line.reference in page

    assert listed("") == (True, True)
    assert listed("kind=line") == (False, True)
    assert listed("state=confirmed") == (False, False)
    with console.database.write() as session:
        session.execute(update(Signal).where(Signal.id == line.id).values(state="merged", merged_into_id=case.id))
    assert listed("") == (True, False)
    assert listed("state=merged") == (True, True)
    with console.database.write() as session:
        session.execute(update(Signal).where(Signal.id == line.id).values(state="open", merged_into_id=None))


def test_an_assessment_is_kept_with_its_answers_and_told_in_the_history(console: Console, quality: Browser,
                                                                       case: Signal) -> None:
    def sent(**form: str) -> int:
        with console.database.read() as session:
            revision = session.get_one(Signal, (case.lot_key, case.id)).revision
        return quality.post(f"/console/signals/{case.id}/decide", {
            "reason": "as seen", "revision": revision} | form).status_code

    assert sent(action="validate") == 303
    assert sent(action="prioritise") == 422
    assert sent(action="prioritise", priority="high") == 303
    assert sent(action="assess", looked_at="retained samples", is_real="real") == 422
    assert sent(action="assess", looked_at="retained samples", is_real="real", severity="moderate", proposal="recall",
                people="9") == 303
    page = quality.get(f"/console/signals/{case.id}").get_data(as_text=True)
    assert "Looked at: retained samples" in page
    assert "9 people" in page
    assert "Priority: High" in page


def test_a_recall_drafted_from_the_case_covers_every_lot_of_its_strongest_node(console: Console, quality: Browser,
                                                                              case: Signal, house: House) -> None:
    page = quality.get(f"/console/recalls/new?signal={case.id}")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    form = {name: "text" for name in ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en",
                                      "contact")}
    assert "A-1" in text
    assert quality.post(f"/console/recalls/new?signal={case.id}", form | {"recall_class": "II"}).status_code == 303
    with console.database.read() as session:
        recall = session.scalars(select(Recall).where(Recall.signal_id == case.id)).one()
        lots = set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
    assert {house.first.lot_key, house.second.lot_key, house.glue.lot_key} <= lots


def test_a_silence_is_set_from_a_case_shown_with_its_end_and_lifted_with_a_reason(console: Console, quality: Browser,
                                                                                 line: Signal) -> None:
    assert quality.post("/console/signals/silences", {"signal": line.id, "reason": "new shift"}).status_code == 422
    assert quality.post("/console/signals/silences", {
        "signal": line.id, "reason": "new shift", "until_on": "2026-12-20"}).status_code == 303
    page = quality.get("/console/signals").get_data(as_text=True)
    assert "20 Dec 2026" in page and "new shift" in page
    with console.database.read() as session:
        rule = session.scalars(select(SilenceRule)).one()
        assert (rule.kind, rule.node_key, rule.name) == ("line", line.node_key, line.name)
    assert 'name="reason"' in quality.get(f"/console/signals?silence={rule.id}").get_data(as_text=True)
    lift = f"/console/signals/silences/{rule.id}/lift"
    assert quality.post(lift, {"reason": "", "revision": rule.revision}).status_code == 422
    assert quality.post(lift, {"reason": "trained", "revision": rule.revision}).status_code == 303
    assert "new shift" not in quality.get("/console/signals").get_data(as_text=True)


def test_pages_of_a_lot_and_a_complaint_lead_to_the_case(quality: Browser, case: Signal, house: House) -> None:
    page = quality.get(f"/console/lots/{house.first.lot_key}").get_data(as_text=True)
    assert f"/console/signals/{case.id}" in page
    today = quality.get("/console/today").get_data(as_text=True)
    assert case.reference in today


def links(page: str, text: str) -> list[str]:
    """Where the links that are called so lead."""
    return [unescape(url) for url in re.findall(rf'href="([^"]+)"[^>]*>(?:<[^>]+>)*{text}', page)]


def test_from_a_cause_it_is_one_click_to_the_hospitals_and_one_more_to_the_draft(
        console: Console, quality: Browser, case: Signal, house: House) -> None:
    page = quality.get(f"/console/signals/{case.id}?lang=en").get_data(as_text=True)
    bench = links(page, "Its scope")
    assert len(bench) >= 2, "one a class"
    first = quality.get(bench[0] + "&lang=en").get_data(as_text=True)
    assert "Hospital Two" in first and "Clinic One" in first and "1,550 pcs were sent out." in first
    assert "What stays out" in first and "were sent and nobody has told of their arrival" in first
    draft = links(first, "Draft a recall with scope A")[0]
    form = {name: "x" for name in ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en",
                                   "contact")} | {"recall_class": "II"}
    assert quality.get(draft).status_code == 200
    answer = quality.post(draft, form)
    assert answer.status_code == 303
    with console.database.read() as session:
        recall = session.get_one(Recall, urlsplit(answer.location).path.split("/")[3])
        assert recall.signal_id == case.id
        assert [rule.kind for rule in rules_of(recall.scope_rule)] == [RuleKind.cause]
        kept = set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
        assert {house.first.lot_key, house.second.lot_key} <= kept


def test_members_that_cannot_be_told_apart_start_side_by_side(quality: Browser, case: Signal, house: House) -> None:
    one = CauseClass((house.glue.lot_key, f"supplier:{house.maker.supplier.id}", f"consignee:{house.maker.clinic.id}"),
                     (house.first.lot_key,), 5, 1.0, 1.0, 0.0, 0.9, 4.0, 1.0, 9.0, 4.0, 3.0, 0.01)
    query = class_query(one, case.id)
    assert [query[f"{letter}_key"] for letter in "bcd"] == list(one.members) and "e_key" not in query
    page = quality.get(f"/console/signals/{case.id}/workbench?{urlencode(query)}&lang=en").get_data(as_text=True)
    assert page.count("Draft a recall with scope") == 4
    assert "In A, not in B" in page and "In B, not in C" not in page


def test_the_workbench_of_a_signal_begins_with_what_stands_out(console: Console, quality: Browser, case: Signal,
                                                              line: Signal) -> None:
    page = quality.get(f"/console/signals/{case.id}/workbench?lang=en").get_data(as_text=True)
    assert "The likely cause A-1" in page
    other = quality.get(f"/console/signals/{line.id}/workbench?lang=en").get_data(as_text=True)
    assert "Batches P-9" in other  # its line is not watched any more: the batches of its alarm
    with console.database.write() as session:
        session.add(WatchNode(
            node_key="l" * 32, severity_group="serious", test_key="l", kind="line", subject="L2 · A", period="2026Q4",
            name="L2", begun_on=console.clock.now().date(), minimum_events=3, first_plan=4.0))
        session.flush()
        rule = rule_of_signal(session, line)
        session.rollback()
    assert (rule.keys, str(rule.since), str(rule.until)) == (("line:L2 · A",), "2026-10-01", "2026-12-31")
    assert quality.get("/console/signals/nothing/workbench").status_code == 404
    assert console.browser("operator").get(f"/console/signals/{case.id}/workbench").status_code == 403


def test_a_name_that_no_record_has_is_refused_and_not_an_empty_scope(quality: Browser, case: Signal) -> None:
    for kind in ("line", "shift", "operator", "equipment", "load", "lane", "site"):
        answer = quality.get(f"/console/signals/{case.id}/workbench?a_kind={kind}&a_key=L-77&lang=en")
        assert answer.status_code == 422 and "“L-77”" in answer.get_data(as_text=True), kind


def test_a_machine_reads_the_scopes_that_a_signal_suggests(console: Console, case: Signal, house: House) -> None:
    machine = ApiClient(console.app, console.database, console.clock, "quality", "scopes")
    told = machine.get(f"/signals/{case.id}/scope-rules")
    assert told["rule"] == {"kind": "cause", "keys": [house.glue.lot_key], "signal": case.id}
    for one in told["causes"]:
        alone = [rule["keys"] for rule in one["alternatives"]]
        assert alone == ([[key] for key in one["members"]] if len(one["members"]) > 1 else [])
        compared = machine.post("/scope-comparisons", {"scopes": [{"rules": [one["rule"]]}], "signal_id": case.id}, 200)
        lots = {lot["lot_key"] for lot in compared["scopes"][0]["lots"]}
        assert set(one["lots"]) <= lots, "no batch of its own stays out of the scope of a cause"
