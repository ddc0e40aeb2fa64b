"""Complaints in the console: the list, the case, the acts, entering and importing."""
from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import event, func, select

from tests.factories_cases import reported, triaged
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import UNKNOWN_LOT, Complaint, ComplaintNote
from traceapp.complaint.service import LotGiven
from traceapp.submission.model import ExportRecord
from traceapp.trace.model import Lot
from traceapp.vault.model import PersonAccess
from traceapp.vault.service import PersonDetails
from traceapp.web.console.complaint_case import _ALWAYS
from traceapp.web.console.complaint_words import ACTS

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000"
                    "000301010018dd8db00000000049454e44ae426082")


@pytest.fixture(scope="module")
def lots(console: Console) -> list[Lot]:
    product = make_product(console.database, console.clock)
    return make_lots(console.database, console.clock, product, "20260901", "20260902", "20260903")


@pytest.fixture
def quality(console: Console, lots: list[Lot]) -> Browser:
    return console.browser("quality")


def stored(console: Console, complaint: Complaint) -> Complaint:
    with console.database.read() as session:
        return session.scalars(select(Complaint).where(Complaint.id == complaint.id)).one()


def path(complaint: Complaint, act: str = "") -> str:
    return f"/console/complaints/{complaint.id}{act}"


def test_a_new_complaint_opens_with_what_was_said_and_then_its_triage(console: Console, quality: Browser,
                                                                     lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]), narrative="red after an hour")
    page = quality.get(path(complaint)).get_data(as_text=True)
    assert page.index("red after an hour") < page.index("Does it say that something is wrong?")
    assert "Read from the code" in page and "20260901" in page
    assert "First answer" in page and "Due in" in page


def test_contradicting_answers_are_refused_and_every_answer_is_still_there(console: Console, quality: Browser,
                                                                          lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]))
    answer = quality.post(path(complaint, "/triage"), {
        "alleges": "yes", "ours": "yes", "harm": "no", "seriousness": ["hospitalised"], "note": "ward 3 telephoned",
        "revision": complaint.revision})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "ward 3 telephoned" in page and 'value="hospitalised" checked' in page and 'href="#f-harm"' in page
    assert stored(console, complaint).state == "received"


def test_a_stale_triage_says_so_and_loses_nothing(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[0]))
    answer = quality.post(path(complaint, "/triage"), {
        "alleges": "no", "ours": "yes", "note": "only a question", "revision": complaint.revision - 1})
    assert answer.status_code == 412
    assert "only a question" in answer.get_data(as_text=True)
    assert stored(console, complaint).triage_result == "complaint"


def test_the_person_stays_masked_until_somebody_says_why(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]), contact=PersonDetails(name="Zhang San", phone="13900000001"))
    assert "Zhang San" not in quality.get(path(complaint)).get_data(as_text=True)
    assert quality.post(path(complaint, "/reveal"), {"reason": ""}).status_code == 422
    shown = quality.post(path(complaint, "/reveal"), {"reason": "call back about the photo"})
    assert "Zhang San" in shown.get_data(as_text=True) and shown.headers["Cache-Control"] == "no-store"
    assert "Zhang San" not in quality.get(path(complaint)).get_data(as_text=True)
    with console.database.read() as session:
        reasons = session.scalars(select(PersonAccess.reason).where(PersonAccess.person_id == complaint.person_id))
        assert reasons.all() == ["call back about the photo"]


def test_an_unclear_batch_offers_its_candidates_and_is_bound_with_a_reason(console: Console, quality: Browser,
                                                                          lots: list[Lot]) -> None:
    complaint = reported(console, lot=LotGiven(text="2026090"))
    page = quality.get(path(complaint, "?do=bind")).get_data(as_text=True)
    assert all(f'value="{lot.lot_key}"' in page for lot in lots)
    assert quality.post(path(complaint, "/bind"), {"lot_key": lots[1].lot_key, "reason": ""}).status_code == 422
    assert stored(console, complaint).lot_key == UNKNOWN_LOT
    assert quality.post(path(complaint, "/bind"), {
        "lot_key": lots[1].lot_key, "reason": "read from the photo"}).status_code == 303
    assert stored(console, complaint).lot_key == lots[1].lot_key


def test_a_batch_can_be_bound_by_its_number_and_an_unknown_number_is_said(console: Console, quality: Browser,
                                                                         lots: list[Lot]) -> None:
    complaint = reported(console)
    form = {"lot_key": "number", "number": "404", "reason": "told by telephone"}
    refused = quality.post(path(complaint, "/bind"), form)
    assert refused.status_code == 422 and 'id="e-number"' in refused.get_data(as_text=True)
    assert quality.post(path(complaint, "/bind"), form | {"number": lots[2].number}).status_code == 303
    assert stored(console, complaint).lot_key == lots[2].lot_key


def test_a_note_for_the_reporter_is_written_once_however_often_it_is_sent(console: Console, quality: Browser,
                                                                         lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[0]))
    form = {"text": "Please keep the pack.", "is_public": "1", "form_token": f"note-{complaint.id}"}
    assert [quality.post(path(complaint, "/note"), form).status_code for _ in range(2)] == [303, 303]
    with console.database.read() as session:
        notes = session.scalars(select(ComplaintNote).where(ComplaintNote.complaint_id == complaint.id,
                                                            ComplaintNote.is_public)).all()
    assert [note.text for note in notes] == ["Please keep the pack."]


def test_a_duplicate_is_linked_by_the_number_of_the_first_report_and_freed_again(console: Console, quality: Browser,
                                                                                lots: list[Lot]) -> None:
    first, second = (reported(console, lot=scanned(lots[0])) for _ in range(2))
    wrong = quality.post(path(second, "/duplicate"), {"master": "CP-0000-NONE00", "reason": "same clinic"})
    assert wrong.status_code == 422 and 'id="e-master"' in wrong.get_data(as_text=True)
    quality.post(path(second, "/duplicate"), {"master": first.reference.lower(), "reason": "same clinic, same hour"})
    assert stored(console, second).master_id == first.id
    assert second.reference in quality.get(path(first)).get_data(as_text=True)
    quality.post(path(second, "/duplicate"), {"free": "1", "reason": "two patients after all"})
    assert stored(console, second).master_id is None


def test_a_cluster_says_why_it_is_one_event_lets_another_report_count_and_is_split(
        console: Console, quality: Browser, lots: list[Lot]) -> None:
    first, second, third = (reported(console, lot=scanned(lots[0])) for _ in range(3))
    for other in (second, third):
        quality.post(path(other, "/duplicate"), {"master": first.reference, "reason": "same clinic"})
    page = quality.get(path(first)).get_data(as_text=True)
    assert "3 reports tell of one event" in page and "(weighs much)" in page
    quality.post(path(second, "/lead"), {"reason": "it has the photo"})
    assert [stored(console, one).master_id for one in (first, second, third)] == [second.id, None, second.id]
    refused = quality.post(path(second, "/split"), {"reason": "two patients"})
    assert refused.status_code == 422 and 'id="e-complaint_ids"' in refused.get_data(as_text=True)
    quality.post(path(second, "/split"), {"complaint_ids": third.id, "reason": "two patients"})
    assert [stored(console, one).master_id for one in (first, third)] == [second.id, None]


@pytest.mark.parametrize("do", [*_ALWAYS, *ACTS, "triage", "nothing"])
def test_an_old_link_to_an_act_that_is_not_possible_any_more_shows_the_page(
        console: Console, quality: Browser, lots: list[Lot], do: str) -> None:
    first, second = (reported(console, lot=scanned(lots[0])) for _ in range(2))
    quality.post(path(second, "/duplicate"), {"master": first.reference, "reason": "same clinic"})
    for complaint in (first, second):
        assert quality.get(path(complaint) + f"?do={do}").status_code == 200


def test_a_form_that_was_overtaken_is_refused_with_words(console: Console, quality: Browser, lots: list[Lot]) -> None:
    first, second = (reported(console, lot=scanned(lots[0])) for _ in range(2))
    quality.post(path(second, "/duplicate"), {"master": first.reference, "reason": "same clinic"})
    refused = quality.post(path(second, "/split"), {"complaint_ids": first.id, "reason": "two patients"})
    assert refused.status_code in (409, 422) and 'role="alert"' in refused.get_data(as_text=True)


def test_a_complaint_with_harm_becomes_one_adverse_event_and_leads_there(console: Console, quality: Browser,
                                                                        lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[0]))
    assert "Open an adverse event" in quality.get(path(complaint)).get_data(as_text=True)
    answer = quality.post(path(complaint, "/promote"), {})
    assert "/console/adverse-events/" in answer.headers["Location"]
    assert quality.post(path(complaint, "/promote"), {}).status_code == 409
    with console.database.read() as session:
        assert len(session.scalars(select(AdverseEvent).where(AdverseEvent.complaint_id == complaint.id)).all()) == 1


def test_harm_cannot_be_closed_away_before_somebody_decided(console: Console, quality: Browser,
                                                           lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[0]))
    form = {"action": "close", "note": "glue within its limits", "revision": complaint.revision}
    refused = quality.post(path(complaint, "/change"), form)
    assert refused.status_code == 409 and "glue within its limits" in refused.get_data(as_text=True)
    assert quality.post(path(complaint, "/decline"), {"reason": "the skin was red before"}).status_code == 303
    assert quality.post(path(complaint, "/change"), form).status_code == 303
    assert stored(console, complaint).decision == "glue within its limits"


def test_a_photo_is_kept_and_what_is_none_is_refused_beside_the_field(console: Console, quality: Browser,
                                                                     lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]))
    bad = quality.post(path(complaint, "/photo"), {"photo": (io.BytesIO(b"PK\x03\x04 not a pdf"), "report.pdf")})
    assert bad.status_code in (415, 422) and 'id="e-photo"' in bad.get_data(as_text=True)
    assert quality.post(path(complaint, "/photo"), {"photo": (io.BytesIO(PNG), "arm.png")}).status_code == 303
    assert "arm.png" in quality.get(path(complaint)).get_data(as_text=True)


def test_staff_enter_what_came_by_telephone_once(console: Console, quality: Browser, lots: list[Lot]) -> None:
    form = {"channel": "hospital", "narrative": "Ward 3: two patients with blisters", "lot": "lot 2026-0902",
            "affected": "patient", "age_band": "18-44", "sex": "female", "harm": "yes", "form_token": "telephone-note-1",
            "awareness_at": "2026-11-20T09:30"}
    first = quality.post("/console/complaints/new", form)
    assert first.status_code == 303
    assert quality.post("/console/complaints/new", form).headers["Location"] == first.headers["Location"]
    with console.database.read() as session:
        found = session.scalars(select(Complaint).where(Complaint.channel == "hospital")).all()
    assert [(one.lot_key, one.awareness_at.isoformat()) for one in found] == [
        (lots[1].lot_key, "2026-11-20T01:30:00+00:00")]


def test_a_child_needs_a_guardian_and_the_form_says_it_at_the_field(quality: Browser, lots: list[Lot]) -> None:
    answer = quality.post("/console/complaints/new", {
        "channel": "telephone", "narrative": "red knee", "affected": "patient", "age_band": "2-13", "sex": "male",
        "harm": "yes", "name": "Xiao Ming", "phone": "13900000002", "guardian_name": ""})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="e-guardian_name"' in page and "Xiao Ming" in page


def test_a_file_is_looked_at_first_and_its_bad_row_is_named(console: Console, quality: Browser,
                                                           lots: list[Lot]) -> None:
    table = "received,narrative,lot\n2026-11-20,blister,20260901\nyesterday,itching,20260902\n2026-11-21,red,20260903\n"
    look = quality.post("/console/complaints/import", {"file": (io.BytesIO(table.encode("gb18030")), "november.csv")})
    page = look.get_data(as_text=True)
    assert look.status_code == 200, page[-1500:]
    assert "november.csv" in page and "received" in page
    with console.database.read() as session:
        assert session.scalars(select(Complaint).where(Complaint.channel == "file_import")).all() == []
    hidden = dict(re.findall(r'<input type="hidden" name="(key|file_name|form_token)" value="([^"]*)"', page))
    stopped = quality.post("/console/complaints/import/take", {**hidden, "mode": "all_or_nothing"})
    assert stopped.status_code == 422
    assert quality.post("/console/complaints/import/take", {**hidden, "mode": "good_rows"}).status_code == 303
    with console.database.read() as session:
        taken = session.scalars(select(Complaint).where(Complaint.channel == "file_import")).all()
    assert {one.lot_key for one in taken} == {lots[0].lot_key, lots[2].lot_key}


def test_an_uploaded_file_does_not_lie_open_on_the_disk(console: Console, quality: Browser, lots: list[Lot]) -> None:
    table = "received,narrative,lot\n2026-11-20,secret words of a patient,20260901\n"
    quality.post("/console/complaints/import", {"file": (io.BytesIO(table.encode()), "one.csv")})
    folder = console.app.extensions["traceapp"].settings.var_dir / "imports"
    kept = [file.read_bytes() for file in folder.glob("*.sealed")]
    assert kept and all(b"secret words" not in content for content in kept)


def test_the_list_filters_by_batch_state_and_day_and_leaves_as_a_recorded_file(console: Console, quality: Browser,
                                                                              lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[2]), narrative="=SUM(1)")
    query = f"lot={lots[2].number}&state=verified&since=2026-11-22&until=2026-11-22"
    page = quality.get(f"/console/complaints?{query}").get_data(as_text=True)
    assert complaint.reference in page
    assert complaint.reference not in quality.get("/console/complaints?lot=404").get_data(as_text=True)
    answer = quality.get(f"/console/complaints?{query}&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert complaint.reference in {row["Complaint"] for row in rows}
    assert "'=SUM(1)" in {row["In their words"] for row in rows}
    with console.database.read() as session:
        kept = session.scalars(select(ExportRecord).where(ExportRecord.kind == "complaints")).one()
    assert kept.rows == len(rows) and kept.filters["lot"] == lots[2].number


def test_the_list_asks_as_many_questions_for_many_complaints_as_for_few(console: Console, quality: Browser,
                                                                       lots: list[Lot]) -> None:
    asked: list[str] = []
    event.listen(console.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    quality.get("/console/complaints?state=received")
    few = len(asked)
    for number in range(15):
        reported(console, lot=scanned(lots[number % 3]))
    asked.clear()
    assert quality.get("/console/complaints?state=received").get_data(as_text=True).count("CP-") >= 15
    assert len(asked) == few


@pytest.mark.parametrize("role", ["operator", "regulator", "administrator"])
def test_who_does_not_work_complaints_does_not_see_them(console: Console, lots: list[Lot], role: str) -> None:
    assert console.browser(role).get("/console/complaints").status_code == 403


def test_the_pages_read_in_chinese(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = triaged(console, lot=scanned(lots[0]))
    quality.language = "zh"
    for address, word in (("/console/complaints", "投诉"), (path(complaint), "投诉内容"),
                          ("/console/complaints/new", "登记投诉"), ("/console/complaints/import", "导入投诉")):
        answer = quality.get(address)
        assert answer.status_code == 200 and word in answer.get_data(as_text=True), address


def test_no_trail_holds_what_was_said(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]), narrative="words that only staff may read")
    quality.post(path(complaint, "/note"), {"text": "words of a note"})
    with console.database.read() as session:
        trail = " ".join(session.scalars(select(AuditEntry.data)))
    assert "only staff may read" not in trail and "words of a note" not in trail


def answers_in(page: str) -> dict[str, list[str]]:
    """What a form carries along and what is chosen in it."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        kind = re.search(r'type="(\w+)"', tag)
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and kind and (kind[1] == "hidden" or " checked" in tag):
            found.setdefault(name[1], []).append(value[1])
    return found


def test_triage_asks_one_question_at_a_time_says_why_and_then_what_follows(console: Console, quality: Browser,
                                                                          lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]), terms=("redness",))
    page = quality.get(path(complaint)).get_data(as_text=True)
    asked = ["something is wrong", "do we know the batch", "Was somebody harmed", "Whom does it concern",
             "reported before", "cause be looked for"]
    for question in asked[:-1]:
        assert question in page.partition('<legend class="lb">')[2] + page.partition('for="f-duplicate_of"')[2]
        following = re.search(r'class="btn" name="step" value="(\w+)"', page)
        assert following is not None
        page = quality.post(path(complaint, "/triage"), answers_in(page) | {"step": following[1]}).get_data(as_text=True)
    assert "The product may be at fault." in page
    page = quality.post(path(complaint, "/triage"), answers_in(page) | {"step": "summary"}).get_data(as_text=True)
    assert "What follows from this" in page and "Decide whether it is an adverse event" in page
    assert stored(console, complaint).state == "received"
    assert quality.post(path(complaint, "/triage"), answers_in(page) | {"step": "save"}).status_code == 303
    kept = stored(console, complaint)
    assert (kept.state, kept.kinds, kept.investigation) == ("verified", ["product_quality"], "needed")
    after = quality.get(path(complaint)).get_data(as_text=True)
    assert "because: Somebody was harmed" in after and "Cause found" in after


def test_what_the_answers_lack_leads_back_to_its_question(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = reported(console, lot=scanned(lots[0]), terms=("redness",))
    page = quality.post(path(complaint, "/triage"), {
        "alleges": "yes", "ours": "yes", "harm": "could", "investigation": "not_needed", "justification": "known glue",
        "step": "summary"}).get_data(as_text=True)
    assert 'id="e-equivalent"' in page and "known glue" in page and "What follows from this" not in page


def test_a_question_is_asked_less_and_is_answered_and_archived(console: Console, quality: Browser,
                                                              lots: list[Lot]) -> None:
    complaint = reported(console, harm="no", terms=(), narrative="How long does it keep?")
    page = quality.post(path(complaint, "/triage"), {
        "alleges": "no", "ours": "yes", "step": "summary"}).get_data(as_text=True)
    assert "Answer the question and archive it" in page and "Was somebody harmed" not in page
    form = answers_in(page) | {"step": "save", "note": ""}
    assert quality.post(path(complaint, "/triage"), form).status_code == 303
    for action, note in (("answer", "Three years."), ("close", "Answered.")):
        assert quality.post(path(complaint, "/change"), {"action": action, "note": note}).status_code == 303
    assert stored(console, complaint).state == "archived"


def test_the_list_knows_kinds_and_suspected_fakes(console: Console, quality: Browser, lots: list[Lot]) -> None:
    complaint = reported(console, harm="no", terms=("delivery",), lot=LotGiven(text="ZZ-99-UNKNOWN"))
    quality.post(path(complaint, "/triage"), {
        "alleges": "yes", "ours": "unknown_batch", "harm": "no", "kinds": ["logistics", "contract"], "step": "save"})
    assert stored(console, complaint).is_suspected_fake
    for query, is_there in (("kind=contract", True), ("kind=service", False), ("special=fakes", True)):
        page = quality.get(f"/console/complaints?{query}").get_data(as_text=True)
        assert (complaint.reference in page) is is_there, query


LETTER = """From: Jane Roe <jane.roe@clinic.example>
Date: Fri, 20 Nov 2026 09:15:00 +0800
Subject: Lot 20260902

Two patients with itching after Dressing P1; ring 138 1234 5678. Order 4711-X.
"""


def test_a_pasted_e_mail_becomes_a_form_with_the_words_it_comes_from_and_nothing_is_kept(
        console: Console, quality: Browser, lots: list[Lot]) -> None:
    with console.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Complaint))
    assert quality.post("/console/complaints/email", {"text": " "}).status_code == 422
    page = quality.post("/console/complaints/email", {"text": LETTER}).get_data(as_text=True)
    for said in ('value="Jane Roe"', 'value="jane.roe@clinic.example"', 'value="2026-11-20T09:15"', 'value="20260902"',
                 'value="itching" checked', "“Lot 20260902”", '<option value="email" selected>',
                 f'<option value="{lots[1].product_id}" selected>', 'value="138 1234 5678"'):
        assert said in page, said
    with console.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == before
        assert "jane.roe" not in " ".join(session.scalars(select(AuditEntry.data)))
