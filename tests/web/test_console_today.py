"""Today: duties with their clocks, each one click from the act."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask_babel import force_locale
from lxml import html
from sqlalchemy import select

from tests.factories_surveillance import add_lot, add_product, add_shipment
from tests.factories_web import Browser, Console
from traceapp.core.actor import SYSTEM
from traceapp.identity.model import User
from traceapp.surveillance.budget import BudgetState, Promise
from traceapp.surveillance.nightly import watch_all_in
from traceapp.web.console.promise_widget import promise_widget
from traceapp.web.console.today import act_url
from traceapp.worklist.model import Task
from traceapp.worklist.tasks import RaiseTask, raise_task


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def a_task(console: Console, kind: str, about: str, hours: int, role: str = "quality") -> str:
    with console.database.write() as session:
        return raise_task(session, SYSTEM, console.clock, RaiseTask(
            kind, about, role, console.clock.now() + timedelta(hours=hours),
            params={"reference": about.partition(":")[2].upper()})).id


def test_late_duties_stand_before_due_ones_and_lead_to_the_act(console: Console, quality: Browser) -> None:
    a_task(console, "complaint.triage", "complaint:cp-late", -5)
    a_task(console, "complaint.triage", "complaint:cp-due", 3)
    a_task(console, "signal.review", "signal:sg-later", 100)
    page = quality.get("/console/today").get_data(as_text=True)
    main = page[page.index("<main"):]
    assert main.index("/console/complaints/cp-late") < main.index("/console/complaints/cp-due")
    assert main.index("/console/complaints/cp-due") < main.index("/console/signals/sg-later")
    assert "Late by 5 hours" in main and "Due in 3 hours" in main


def test_a_task_is_taken_given_back_and_ended(console: Console, quality: Browser) -> None:
    key = a_task(console, "exposure.missing", "lot:x", 2)
    assert quality.post(f"/console/tasks/{key}/take").status_code == 303
    with console.database.read() as session:
        own = session.scalars(select(User.id).where(User.sign_in_name == "quality")).one()
        assert session.get_one(Task, key).assignee_id == own
    assert "My tasks" in quality.get("/console/today").get_data(as_text=True)
    assert quality.post(f"/console/tasks/{key}/take", {"back": "1"}).status_code == 303
    assert quality.submit(f"/console/tasks/{key}", {"reason": ""}).status_code in (404, 405)
    assert quality.post(f"/console/tasks/{key}/done", {"reason": ""}).status_code == 422
    assert quality.post(f"/console/tasks/{key}/done", {"reason": "Asked by telephone"}).status_code == 303
    with console.database.read() as session:
        assert (session.get_one(Task, key).state, session.get_one(Task, key).outcome) == ("done", "Asked by telephone")
    again = quality.post(f"/console/tasks/{key}/done", {"reason": "once more"})
    assert again.status_code == 409


def test_a_duty_of_the_manager_is_not_the_others(console: Console, quality: Browser) -> None:
    key = a_task(console, "recall.approve", "recall:r1", 2, role="quality_manager")
    assert "/console/recalls/r1" not in quality.get("/console/today").get_data(as_text=True)
    assert quality.get(f"/console/tasks/{key}").status_code == 403
    assert quality.post(f"/console/tasks/{key}/take").status_code == 403
    manager = console.browser("quality_manager")
    assert "/console/recalls/r1" in manager.get("/console/today").get_data(as_text=True)
    assert manager.get(f"/console/tasks/{key}").status_code == 200


def test_an_operator_sees_lots_that_wait_but_no_complaint(console: Console) -> None:
    page = console.browser("operator").get("/console/today").get_data(as_text=True)
    assert "wait for release" in page and "Complaints to triage" not in page


def test_the_way_in_leads_to_today(quality: Browser) -> None:
    assert quality.get("/console/").headers["Location"] == "/console/today"


@pytest.mark.parametrize("about", ["complaint:x", "adverse_event:x", "signal:x", "recall:x", "lot:x", "notice:x"])
def test_the_way_to_the_act_is_a_page_that_exists(console: Console, about: str) -> None:
    task = Task(id="t", about=about, params={"recall_id": "r", "consignee_id": "c"})
    with console.app.test_request_context():
        endpoint, _values = console.app.url_map.bind("localhost").match(act_url(task))
    assert endpoint.startswith("console.")


def year(lots: int, promised: float, spent: float, refuted: int, confirmed: int) -> BudgetState:
    return BudgetState(Promise(), date(2026, 11, 29), lots, promised, spent, (), refuted, confirmed)


def test_the_promise_of_few_false_alarms_stands_with_what_is_used_and_left_in_words(console: Console) -> None:
    with console.app.test_request_context("/console/today?lang=en"), force_locale("en"):
        widget = promise_widget(year(240, 2.4, 1.5, 3, 2))
        overspent = promise_widget(year(240, 2.4, 2.6, 0, 0))
        assert promise_widget(year(0, 0.0, 0.0, 0, 0)) is None
    assert widget is not None and overspent is not None
    assert "240" in widget.said
    for text in ("2.4", "1.5; 0.9 left", "3, and 2 confirmed", 'width="80.00%"'):
        assert text in widget.picture
    assert "none left" in overspent.picture


def test_today_shows_the_promise_to_those_who_read_signals_only(console: Console) -> None:
    with console.database.write() as session:
        at = console.clock.now()
        lot = add_lot(session, add_product(session, at, "PROMISE"), "PR-1", 100, at)
        add_shipment(session, lot, 50, at)
        watch_all_in(session, console.clock)
    assert "Promise of few false alarms" in console.browser("quality").get("/console/today").get_data(as_text=True)
    assert "Promise of few false alarms" not in console.browser("operator").get("/console/today").get_data(as_text=True)


def test_tiles_count_all_that_is_open_and_lists_show_the_most_urgent(console: Console) -> None:
    with console.database.write() as session:
        now = console.clock.now()
        for number in range(230):
            due = now + timedelta(hours=-1 if number < 120 else 2 if number < 223 else 30, seconds=number)
            task = raise_task(session, SYSTEM, console.clock, RaiseTask(
                "complaint.triage", f"complaint:many-{number}", "operator", due, params={"reference": f"M{number}"}))
            if number == 229:
                console.browser("operator")
                task.assignee_id = session.scalars(select(User.id).where(User.sign_in_name == "operator")).one()
    page = html.fromstring(console.browser("operator").get("/console/today").data)
    tiles = {tile.find_class("k")[0].text_content(): "".join(tile.find_class("n")[0].text_content().split())
             for tile in page.find_class("tile") if tile.find_class("n")}
    assert (tiles["Late"], tiles["Due within a day"], tiles["Mine"]) == ("120", "103", "1")
    said = " ".join(page.text_content().split())
    assert "The most urgent 100 of 120 are shown." in said and "The most urgent 100 of 103 are shown." in said
    assert "M229" in said and "2 more tasks" in said
