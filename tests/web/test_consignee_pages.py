"""A consignee answers in a plain browser: no account, no script, on a phone, in two languages."""
from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal as D

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.db.test_recall_revisions import withdrawn
from tests.factories_recall import VAULT, House, ended, make_house, running, token_of
from tests.statements import traced
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.recall.answer import consignee_actor, notice_of_token
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.passing_on import PassOn, pass_on, sealed_about
from traceapp.recall.service import SettleLine, settle_line
from traceapp.recall.telling_model import PassedLine, PassedNotice


class Visit:
    """One clinic with its link."""

    def __init__(self, app: Flask, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.house: House = make_house(database, clock)
        self.recall: Recall = running(database, clock, self.house)
        self.clinic = self.house.maker.clinic.id
        self.token = token_of(database, self.recall, self.clinic)
        self.client: FlaskClient = app.test_client()
        self.first, self.second = self.house.first.lot_key, self.house.second.lot_key

    def get(self, path: str = "", lang: str = "en") -> TestResponse:
        return self.client.get(f"/r/{self.token}{path}?lang={lang}")

    def post(self, lang: str = "en", **fields: str) -> TestResponse:
        return self.client.post(f"/r/{self.token}?lang={lang}", data=fields)

    def full(self, **changes: str) -> dict[str, str]:
        return {f"received:{self.first}": "350", f"on_hand:{self.first}": "300", f"used:{self.first}": "50",
                f"received:{self.second}": "1000", f"on_hand:{self.second}": "", f"used:{self.second}": "1,000",
                "answered_by": "Nurse Wang", "seen": "0"} | changes

    def row(self, lot_key: str) -> RecallLedger:
        with self.database.read() as session:
            return session.get_one(RecallLedger, (lot_key, self.recall.id, self.clinic))


@pytest.fixture
def visit(app: Flask, sqlite: Database, clock: FixedClock) -> Visit:
    return Visit(app, sqlite, clock)


def test_the_page_says_what_and_how_much_and_prefills_what_was_sent(visit: Visit) -> None:
    answer = visit.get()
    assert answer.status_code == 200
    text = answer.text
    for part in ("Stop using it", "The skin can become red", "wait for collection", "Batch P-1", "Batch P-2", "350 pcs",
                 "1,000 pcs", "Clinic One", visit.recall.reference, "0512-0000 0000"):
        assert part in text, part
    assert f'name="received:{visit.first}" inputmode="decimal" autocomplete="off" value="350"' in text
    assert "<script" not in text
    assert "csrf" not in text


def test_the_page_speaks_the_language_asked_for(visit: Visit) -> None:
    chinese = visit.get(lang="zh").text
    assert 'lang="zh-CN"' in chinese
    assert "停止使用" in chinese
    assert "批号 P-1" in chinese
    assert "我们一件不剩" in chinese
    assert visit.client.get(f"/r/{visit.token}", headers={"Accept-Language": "en"}).text.count("Stop using it") == 1
    without_markup = re.sub(r"<style>.*?</style>|<[^>]+>|RC-\S+", " ", chinese, flags=re.DOTALL)
    left = [word for word in re.findall(r"[A-Za-z]{4,}", without_markup) if word != "English"]
    assert left == [], "untranslated"


def test_opening_the_link_is_noted_but_not_by_a_head_request(visit: Visit) -> None:
    def opened() -> bool:
        with visit.database.read() as session:
            return session.get_one(Notice, (visit.recall.id, visit.clinic)).opened_at is not None

    visit.client.head(f"/r/{visit.token}")
    assert not opened()
    visit.get()
    assert opened()


def test_a_filled_form_is_recorded_and_shown_again(visit: Visit) -> None:
    answer = visit.post(**visit.full())
    assert (answer.status_code, answer.location) == (303, f"/r/{visit.token}/done?lang=en")
    row = visit.row(visit.second)
    assert (row.received, row.on_hand, row.used, row.returned) == (D(1000), D(0), D(1000), D(0))
    done = visit.get("/done").text
    assert "Your answer is recorded" in done
    assert "Nurse Wang" in done
    assert "we have your answer" in visit.get().text


def test_none_left_is_one_tap(visit: Visit) -> None:
    assert visit.post(none="all", seen="0").status_code == 303
    assert (visit.row(visit.first).used, visit.row(visit.first).on_hand) == (D(350), D(0))
    assert visit.row(visit.second).answered_by == "Clinic One"


def test_a_second_tap_changes_nothing(visit: Visit) -> None:
    for _ in range(2):
        assert visit.post(none="all", seen="0").location == f"/r/{visit.token}/done?lang=en"
    with visit.database.read() as session:
        assert session.get_one(Notice, (visit.recall.id, visit.clinic)).answers == 1


def test_a_tap_on_an_old_page_shows_what_was_answered_meanwhile(visit: Visit) -> None:
    visit.post(**visit.full(**{f"used:{visit.second}": ""}))
    stale = visit.post(none="all", seen="0")
    assert stale.status_code == 412
    assert 'value="300"' in stale.text
    assert visit.row(visit.second).on_hand is None


def test_one_batch_may_be_ticked_as_used_up_and_another_counted(visit: Visit) -> None:
    fields = visit.full(**{f"none:{visit.second}": "1", f"used:{visit.second}": ""})
    assert visit.post(**fields).status_code == 303
    assert visit.row(visit.second).used == D(1000)
    fields = visit.full(**{f"none:{visit.first}": "1", "seen": "1"})
    answer = visit.post(**fields)
    assert answer.status_code == 422
    assert "You ticked" in answer.text


def test_a_part_may_be_sent_and_the_rest_is_asked_for(visit: Visit) -> None:
    fields = visit.full(**{f"used:{visit.second}": ""})
    assert visit.post(**fields).status_code == 303
    assert visit.row(visit.second).on_hand is None
    assert "still open: P-2" in visit.get("/done").text
    assert "open batches" in visit.get().text
    assert visit.post(none="all", seen="1").status_code == 303
    assert visit.row(visit.first).on_hand == D(300)


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(visit: Visit) -> None:
    answer = visit.post(**visit.full(**{f"on_hand:{visit.first}": "many", f"used:{visit.first}": "-3",
                                        "explanation": "<b>a box</b> got wet"}))
    assert answer.status_code == 422
    text = answer.text
    assert f'id="e-on_hand:{visit.first}"' in text
    assert f'id="e-used:{visit.first}"' in text
    assert f'href="#f-on_hand:{visit.first}"' in text
    assert "P-1 · Still here, set apart: “many” is not a number." in text
    assert 'value="many"' in text
    assert 'value="1,000"' in text
    assert "&lt;b&gt;a box&lt;/b&gt; got wet" in text
    assert visit.row(visit.second).on_hand is None


def test_a_missing_name_and_a_missing_reason_are_both_asked_for(visit: Visit) -> None:
    answer = visit.post(**visit.full(**{f"used:{visit.first}": "10", f"used:{visit.second}": "x", "answered_by": ""}))
    assert answer.status_code == 422
    assert f'id="e-used:{visit.second}"' in answer.text
    assert "40 pcs of 350 pcs are not accounted for" in answer.text
    assert 'id="e-explanation"' in answer.text
    assert 'id="e-answered_by"' in answer.text
    fine = visit.post(**visit.full(**{f"used:{visit.first}": "10", "explanation": "lost"}))
    assert fine.status_code == 303
    assert "Not accounted for" in visit.get("/done").text


def test_an_empty_form_records_nothing(visit: Visit) -> None:
    answer = visit.post(answered_by="Nurse", seen="0")
    assert answer.status_code == 422
    assert "at least one batch" in answer.text


def test_a_double_click_records_once(visit: Visit) -> None:
    for _ in range(2):
        assert visit.post(**visit.full()).status_code == 303
    with visit.database.read() as session:
        assert session.get_one(Notice, (visit.recall.id, visit.clinic)).answers == 1


def test_an_old_form_shows_what_was_recorded_meanwhile_and_keeps_the_input(visit: Visit) -> None:
    visit.post(**visit.full())
    stale = visit.post(**visit.full(**{f"on_hand:{visit.first}": "0", f"used:{visit.first}": "350"}))
    assert stale.status_code == 412
    assert "Recorded now: Units received 350 · Still here, set apart 300 · Used or sold 50" in stale.text
    assert 'name="seen" value="1"' in stale.text
    assert visit.row(visit.first).on_hand == D(300)
    again = visit.post(**visit.full(**{f"on_hand:{visit.first}": "0", f"used:{visit.first}": "350", "seen": "1"}))
    assert again.status_code == 303
    assert visit.row(visit.first).used == D(350)


def test_after_closing_the_page_shows_the_answer_and_takes_more_beside_it(visit: Visit) -> None:
    visit.post(none="all", seen="0")
    with visit.database.write() as session:
        settle_line(session, visit.house.writer, visit.clock, SettleLine(
            visit.recall.id, visit.house.maker.hospital.id, visit.first, "closed down"))
        ended(session, visit.clock, visit.house, visit.recall.id)
    page = visit.get()
    assert page.status_code == 200
    assert "This recall is closed" in page.text
    assert "We have none left" not in page.text
    assert visit.post(**visit.full(seen="1", answered_by="Head of store")).status_code == 303
    assert visit.row(visit.first).on_hand == D(0)
    done = visit.get("/done").text
    assert "Head of store" in done and "after the end" in done and "call you back" in done


def test_a_wrong_link_is_explained_and_guessing_is_slowed(visit: Visit) -> None:
    answer = visit.client.get("/r/not-a-link?lang=en")
    assert answer.status_code == 404
    assert "Copy the whole link" in answer.text
    for _ in range(30):
        answer = visit.client.get("/r/not-a-link?lang=en")
    assert answer.status_code == 429
    assert visit.get().status_code == 200


class Heard:
    """A logger that keeps what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        for module in ("problems", "operations"):
            monkeypatch.setattr(f"traceapp.web.{module}.log", self)

    def _keep(self, event: str, **values: object) -> None:
        self.said.append(f"{event} {values}")

    info = error = warning = exception = _keep


def test_the_link_leaks_neither_to_other_sites_nor_to_caches_and_logs(visit: Visit,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(monkeypatch)
    answer = visit.get()
    visit.post(**visit.full(answered_by=""))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers
    assert heard.said
    assert all(visit.token not in line for line in heard.said)


def test_an_error_of_ours_does_not_log_the_link(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("broken")

    heard = Heard(monkeypatch)
    monkeypatch.setattr("traceapp.recall.answer.notice_of_token", broken)
    assert visit.get().status_code == 500
    assert any(line.startswith("unhandled") for line in heard.said)
    assert all(visit.token not in line for line in heard.said)


def photo(colour: str = "red") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return io.BytesIO(out.getvalue())


def test_units_passed_on_destroyed_or_put_right_are_asked_for_and_shown(visit: Visit) -> None:
    fields = {f"on_hand:{visit.first}": "250", f"destroyed:{visit.first}": "50", f"corrected:{visit.first}": "10",
              "answered_by": "Nurse Wang", "seen": "0", "to-0-name": "", "to-0-contact": "",
              f"to-0-units:{visit.first}": "40"}
    refused = visit.post(**fields)
    assert refused.status_code == 422
    assert 'id="e-to-0-name"' in refused.text and '<details id="passed" open>' in refused.text
    assert visit.post(**fields | {"to-0-name": "Village clinic, Suzhou"}).status_code == 303
    assert (visit.row(visit.first).passed_to, visit.row(visit.first).passed_on) == ("Village clinic, Suzhou", D(40))
    done = visit.get("/done").text
    for part in ("Village clinic, Suzhou", "Destroyed 50", "still open: P-2", "send a photo or the certificate too",
                 "You wrote no address for Village clinic"):
        assert part in done, part


def test_a_photo_of_the_destruction_is_kept_whatever_is_wrong_beside_it_and_once(visit: Visit) -> None:
    fields = {f"destroyed:{visit.first}": "x", "answered_by": "Nurse Wang", "seen": "0"}
    address = f"/r/{visit.token}?lang=en"
    refused = visit.client.post(address, data=fields | {"proof": (photo(), "../../burnt.jpg")})
    assert refused.status_code == 422 and "burnt.png" in refused.text
    fields[f"destroyed:{visit.first}"] = "350"
    assert visit.client.post(address, data=fields | {"proof": (photo(), "burnt.png")}).status_code == 303
    done = visit.get("/done").text
    (file,) = re.findall(rf"/r/{visit.token}/files/\w+", done)
    assert "send a photo" not in done
    assert visit.client.get(file).mimetype == "image/png"
    assert visit.client.get(file[:-32] + "0" * 32).status_code == 404


def test_the_photo_of_ten_shows_no_forty_however_often_it_is_sent(visit: Visit) -> None:
    with visit.database.write() as session:
        session.get_one(Recall, visit.recall.id).needs_proof = True
    address, unproved = f"/r/{visit.token}?lang=en", []
    for seen, (units, picture) in enumerate((("10", photo()), ("40", photo()), ("40", photo()), ("40", photo("blue")))):
        visit.clock.move_to(visit.clock.now() + timedelta(hours=1))
        fields = {f"used:{visit.first}": str(350 - int(units)), f"destroyed:{visit.first}": units,
                  "answered_by": "Nurse Wang", "seen": str(min(seen, 2))}
        assert visit.client.post(address, data=fields | {"proof": (picture, "burnt.png")}).status_code == 303
        unproved.append(visit.row(visit.first).unproved)
    assert unproved == [0, 30, 30, 0]


def test_a_file_that_is_no_picture_is_refused_beside_its_field(visit: Visit) -> None:
    answer = visit.client.post(f"/r/{visit.token}?lang=en", data=visit.full() | {
        "proof": (io.BytesIO(b"MZ program"), "photo.jpg")})
    assert answer.status_code == 422
    assert 'id="e-proof"' in answer.text and 'value="300"' in answer.text
    assert visit.row(visit.first).on_hand is None


def test_several_people_answer_and_each_answer_stays_to_be_read(visit: Visit) -> None:
    visit.post(**visit.full())
    assert visit.get().text.count("Nurse Wang") == 1, "the name of the last one is not filled in for the next"
    assert visit.post(**visit.full(**{f"on_hand:{visit.first}": "290", f"used:{visit.first}": "60", "seen": "1",
                                      "answered_by": "Store Li"})).status_code == 303
    history = visit.get().text.partition("Who answered what")[2]
    assert history.index("Store Li") < history.index("Nurse Wang")
    assert "Still here, set apart 290" in history and "Still here, set apart 300" in history


def test_what_is_shown_is_the_state_that_was_read(visit: Visit) -> None:
    with visit.database.read() as session:
        view = notice_of_token(session, visit.token)
    assert view.lines[0].expires_on is not None
    assert "Use by" in visit.get().text


def test_whoever_got_units_from_the_clinic_answers_on_a_page_of_its_own(visit: Visit) -> None:
    with visit.database.write() as session:
        notice = session.get_one(Notice, (visit.recall.id, visit.clinic), with_for_update=True)
        ward = pass_on(session, consignee_actor(notice), visit.clock, notice, PassOn(
            "Ward 3", {visit.first: D(40)}, "ward@clinic.example"), vault=VAULT)
    address = f"/r/p/{VAULT.open_text(ward.sealed_token, sealed_about(ward.id))}?lang=en"
    page = visit.client.get(address)
    assert page.status_code == 200
    for part in ("Ward 3", "Clinic One", "Batch P-1", "40 pcs", "The skin can become red", "Stop using them"):
        assert part in page.text, part
    assert "P-2" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    wrong = visit.client.post(address, data={f"on_hand:{visit.first}": "3O", "answered_by": "Li", "seen": "0"})
    assert (wrong.status_code, 'value="3O"' in wrong.text) == (422, True)
    assert visit.client.post(address, data={f"on_hand:{visit.first}": "40", "answered_by": "Li",
                                            "seen": "0"}).status_code == 303
    assert "we have your answer" in visit.client.get(address).text
    assert visit.client.post(address, data={f"on_hand:{visit.first}": "39", f"used:{visit.first}": "1",
                                            "answered_by": "Wu", "seen": "0"}).status_code == 412
    assert visit.client.get("/r/p/none-of-ours").status_code == 404


def test_a_consignee_names_in_its_answer_whom_it_passed_units_on_to_row_after_row(visit: Visit) -> None:
    named = {"to-0-name": "Ward 3", "to-0-contact": "138 0000 0000", f"to-0-units:{visit.first}": "40"}
    more = visit.post(more="1", seen="0", **named)
    assert more.status_code == 200
    assert 'name="to-1-name"' in more.text and 'value="Ward 3"' in more.text and "role=\"alert\"" not in more.text
    wrong = visit.post(**visit.full(**named | {f"to-0-units:{visit.first}": "351", "to-0-contact": "no@address",
                                               "explanation": "counted again"}))
    assert wrong.status_code == 422
    assert "This is not an e-mail address" in wrong.text
    good = visit.full(**{f"on_hand:{visit.first}": "260", **named, "to-1-name": "", "to-1-contact": ""})
    assert visit.post(**good).status_code == 303
    page = visit.get().text
    assert "Ward 3" in page and "is being told" in page and f'name="to-0-units:{visit.first}"' in page
    with visit.database.read() as session:
        (passed,) = session.scalars(select(PassedNotice)).all()
    assert (passed.named_by, passed.mobile) == (f"consignee:{visit.clinic}", "+8613800000000")
    assert visit.row(visit.first).passed_on == D(40)


def test_the_ward_passes_on_further_on_its_own_page(visit: Visit) -> None:
    visit.post(**visit.full(**{f"on_hand:{visit.first}": "260", "to-0-name": "Ward 3", "to-0-contact": "w3@x.example",
                               f"to-0-units:{visit.first}": "40"}))
    with visit.database.read() as session:
        ward = session.scalars(select(PassedNotice)).one()
    address = f"/r/p/{VAULT.open_text(ward.sealed_token, sealed_about(ward.id))}?lang=en"
    fields = {f"on_hand:{visit.first}": "30", "answered_by": "Li", "seen": "0", "to-0-name": "Clinic One",
              "to-0-contact": "", f"to-0-units:{visit.first}": "10"}
    circle = visit.client.post(address, data=fields)
    assert (circle.status_code, "They had the units before you" in circle.text) == (422, True)
    assert visit.client.post(address, data=fields | {"to-0-name": "Mr Xu"}).status_code == 303
    page = visit.client.get(address).text
    assert "we have your answer" in page and "Mr Xu" in page
    with visit.database.read() as session:
        last = session.scalars(select(PassedNotice).where(PassedNotice.depth == 2)).one()
    theirs = visit.client.get(f"/r/p/{VAULT.open_text(last.sealed_token, sealed_about(last.id))}?lang=en").text
    assert "Ward 3" in theirs and "Clinic One" not in theirs


def test_the_ward_says_what_it_destroyed_and_shows_it(visit: Visit) -> None:
    with visit.database.write() as session:
        session.get_one(Recall, visit.recall.id).needs_proof = True
    visit.post(**visit.full(**{f"on_hand:{visit.first}": "260", "to-0-name": "Ward 3", "to-0-contact": "w3@x.example",
                               f"to-0-units:{visit.first}": "40"}))
    with visit.database.read() as session:
        ward = session.scalars(select(PassedNotice)).one()
    token = VAULT.open_text(ward.sealed_token, sealed_about(ward.id))
    fields = {f"destroyed:{visit.first}": "30", f"corrected:{visit.first}": "x", "answered_by": "Li", "seen": "0"}
    refused = visit.client.post(f"/r/p/{token}?lang=en", data=fields | {"proof": (photo(), "burnt.png")})
    assert (refused.status_code, "burnt.png" in refused.text) == (422, True)
    fields[f"corrected:{visit.first}"] = "10"
    assert visit.client.post(f"/r/p/{token}?lang=en", data=fields).status_code == 303
    page = visit.client.get(f"/r/p/{token}?lang=en").text
    assert "we have your answer" in page and "Please send a photo or the certificate too" not in page
    (file,) = re.findall(rf"/r/p/{token}/files/\w+", page)
    assert visit.client.get(file).mimetype == "image/png"
    assert visit.client.get(file[:-32] + "0" * 32).status_code == 404
    bad = visit.client.post(f"/r/p/{token}?lang=en", data=fields | {"seen": "1", "proof": (io.BytesIO(b"MZ"), "photo.jpg")})
    assert (bad.status_code, 'id="e-proof"' in bad.text) == (422, True)
    with visit.database.read() as session:
        line = session.get_one(PassedLine, (ward.id, visit.first))
    assert (line.destroyed, line.corrected, line.unproved) == (D(30), D(10), D(0))
    chinese = visit.client.get(f"/r/p/{token}?lang=zh").text
    assert "有销毁的" in chinese and "Destroyed" not in chinese


def test_a_withdrawn_notice_says_so_and_what_to_do_now(visit: Visit) -> None:
    visit.post(**visit.full(**{f"on_hand:{visit.first}": "260", "to-0-name": "Ward 3", "to-0-contact": "w3@x.example",
                               f"to-0-units:{visit.first}": "40"}))
    with visit.database.write() as session:
        withdrawn(session, visit.clock, visit.house, visit.recall.id)
        ward = session.scalars(select(PassedNotice)).one()
    for path in (f"/r/{visit.token}", f"/r/p/{VAULT.open_text(ward.sealed_token, sealed_about(ward.id))}"):
        page = visit.client.get(f"{path}?lang=en").text
        assert "This recall notice was withdrawn" in page and "Samples were mixed up" in page
        assert "Still keep these batches apart" in page
        for gone in ("is closed", "Stop using it", "The skin can become red", "<form"):
            assert gone not in page, (path, gone)
    assert "这次召回通知已撤回" in visit.get(lang="zh").text


@pytest.mark.parametrize("units", [1, 8])
def test_the_page_takes_as_many_statements_however_many_got_units(visit: Visit, units: int) -> None:
    names = {f"to-{number}-{name}": text for number in range(units) for name, text in (
        ("name", f"Ward {number}"), ("contact", f"w{number}@x.example"), (f"units:{visit.first}", "1"))}
    visit.post(**visit.full(**names, **{f"on_hand:{visit.first}": str(300 - units)}))
    visit.get()
    with traced(visit.database) as asked:
        assert visit.get().status_code == 200
    assert len([one for one in asked if one.startswith("SELECT")]) == 8
