"""Signals in the console: the question, the causes, the decision, and the recall that is two clicks away."""
from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_lot, add_product, add_reactions, add_shipment
from tests.factories_web import Browser, Console
from traceapp.audit.model import AuditEntry
from traceapp.recall.model import Recall, RecallLot
from traceapp.surveillance.basis import basis_of
from traceapp.surveillance.model import Signal
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.trace.model import Lot


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    """The house of the bad glue, with ten reactions to one of its batches."""
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        add_reactions(session, session.get_one(Lot, made.second.lot_key), console.clock.now() - timedelta(days=9), 10)
    return made


@pytest.fixture(scope="module")
def signal(console: Console, house: House) -> Signal:
    with console.database.write() as session:
        found = rescore_lot(session, console.clock, house.second.lot_key)
    assert found is not None
    return found


@pytest.fixture
def quality(console: Console, signal: Signal) -> Browser:
    return console.browser("quality")


def address(signal: Signal, query: str = "") -> str:
    return f"/console/signals/{signal.id}{query}"


def stored(console: Console, signal: Signal) -> Signal:
    with console.database.read() as session:
        return session.get_one(Signal, (signal.lot_key, signal.id))


def test_the_case_asks_its_question_as_a_sentence(quality: Browser, signal: Signal) -> None:
    page = quality.get(address(signal)).get_data(as_text=True)
    assert "Batch P-2: 10 reports where 0.3 were expected, since 5 Nov 2026" in page
    assert "Alarm line" in page
    assert "stated default" in page


def test_the_case_ranks_the_raw_lots_and_lists_what_else_was_made_from_them(quality: Browser, signal: Signal,
                                                                           house: House) -> None:
    page = quality.get(address(signal)).get_data(as_text=True)
    assert "Probably Plaster P-2." in page
    other = page[page.index(f'id="from-{house.glue.lot_key}"'):page.index("How this was worked out")]
    assert "P-1" in other and "P-2" in other and "P-9" not in other


def test_the_case_reads_in_chinese_without_an_english_sentence(quality: Browser, signal: Signal) -> None:
    quality.language = "zh"
    page = quality.get(address(signal)).get_data(as_text=True)
    assert "批次 P-2" in page
    for english in ("Reports, counted up", "Chance alone", "What is expected", "Nobody has decided"):
        assert english not in page


def test_a_decision_without_a_reason_is_refused_and_changes_nothing(quality: Browser, console: Console,
                                                                   signal: Signal) -> None:
    answer = quality.post(address(signal, "/decide"), {
        "action": "validate", "reason": "", "revision": signal.revision})
    assert answer.status_code == 422
    assert "Give the reason" in answer.get_data(as_text=True)
    assert stored(console, signal).state == "open"


def test_a_stale_decision_is_told_so_and_keeps_what_was_typed(quality: Browser, console: Console,
                                                             signal: Signal) -> None:
    answer = quality.post(address(signal, "/decide"), {
        "action": "validate", "reason": "two wards, one week", "revision": signal.revision + 7})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 412
    assert "two wards, one week" in page
    assert "changed by somebody else" in page
    assert stored(console, signal).state == "open"


def test_a_decision_is_kept_once_however_often_the_form_is_sent(quality: Browser, console: Console,
                                                               signal: Signal) -> None:
    form = {"action": "validate", "reason": "two wards, one week", "revision": signal.revision,
            "form_token": "one-click-too-many"}
    assert [quality.post(address(signal, "/decide"), form).status_code for _ in range(2)] == [303, 303]
    with console.database.read() as session:
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.stream == f"signal:{signal.id}")).all()
    assert acts.count("signal.validate") == 1
    assert "two wards, one week" in quality.get(address(signal)).get_data(as_text=True)


def test_the_basis_is_set_in_words_of_people_and_refused_beside_its_field(quality: Browser, console: Console,
                                                                         signal: Signal) -> None:
    good = {"rate_per_unit": "800", "use_mean_days": "10", "report_shape": "1.5", "report_mean_days": "5",
            "alpha": "2", "minimum_events": "3", "note": "two years of our own complaints"}
    refused = quality.post(address(signal, "/basis"), good | {"alpha": "80"})
    assert refused.status_code == 422
    assert 'href="#f-alpha"' in refused.get_data(as_text=True)
    assert quality.post(address(signal, "/basis"), good).status_code == 303
    with console.database.read() as session:
        basis = basis_of(session, signal.product_id)
    assert (basis.rate_per_unit, basis.alpha, basis.is_default) == (pytest.approx(0.0008), pytest.approx(0.02), False)


def test_two_clicks_lead_from_the_signal_to_a_recall_with_its_scope(quality: Browser, console: Console, signal: Signal,
                                                                   house: House) -> None:
    page = quality.get(address(signal)).get_data(as_text=True)
    path = next(unescape(url) for url in re.findall(r'href="(/console/recalls/new[^"]+)"', page)
                if house.glue.lot_key in url)
    assert signal.id in path
    form = quality.hidden(path)
    text = quality.get(path).get_data(as_text=True)
    filled: dict[str, Any] = {}
    for name in ("title_zh", "title_en", "risk_zh", "risk_en", "action_zh", "action_en", "reason", "contact"):
        filled[name] = "质量部 0512-0000 0000" if name == "contact" else "皮肤发红 Redness"
    assert "P-1" in text and "P-2" in text and "P-9" not in text
    answer = quality.post(path, {**form, **filled, "recall_class": "II"})
    assert answer.status_code == 303
    with console.database.read() as session:
        recall = session.scalars(select(Recall).where(Recall.signal_id == signal.id)).one()
        lots = set(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)))
    assert lots == {house.glue.lot_key, house.first.lot_key, house.second.lot_key}


@pytest.mark.parametrize("role", ["operator", "regulator", "administrator"])
def test_who_does_not_work_signals_does_not_see_them(console: Console, signal: Signal, role: str) -> None:
    assert console.browser(role).get("/console/signals").status_code == 403


def test_the_list_asks_as_many_questions_for_many_signals_as_for_one(console: Console, signal: Signal) -> None:
    quality = console.browser("quality")
    asked: list[str] = []
    event.listen(console.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    quality.get("/console/signals")
    one = len(asked)
    with console.database.write() as session:
        at = console.clock.now() - timedelta(days=40)
        product = add_product(session, at, "MANY")
        for number in range(12):
            lot = add_lot(session, product, f"M-{number}", 3000, at)
            add_shipment(session, lot, 3000, at)
            add_reactions(session, lot, console.clock.now() - timedelta(days=9), 9)
            session.flush()
            assert rescore_lot(session, console.clock, lot.lot_key) is not None
    asked.clear()
    page = quality.get("/console/signals").get_data(as_text=True)
    assert page.count("SG-") >= 13
    assert len(asked) == one


def test_the_genealogy_is_shaded_by_likelihood_and_says_the_number_in_each_box(quality: Browser, signal: Signal) -> None:
    page = quality.get(address(signal)).get_data(as_text=True)
    picture = page[page.index('class="graph"'):].replace("&lt;", "<").replace("&gt;", ">")
    boxes = {name: (int(shade), chance) for shade, name, chance in re.findall(
        r'<a class="g-\w+ p(\d)"[^>]*aria-label="([AF]-\d)[^"]*?([<>]?\s?\d+ %)"', picture)}
    assert set(boxes) == {"A-1", "F-1"}
    assert boxes["A-1"][0] > boxes["F-1"][0]
    assert re.search(r"P-2</text>.*?\d+ reports, \d\.\d expected", picture)
