"""Files for authorities of a recall: made by version, sent with a proof, confirmed; clocks; all of it as one archive."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError

from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, House, checked, decided, make_house, opened, running
from traceapp.attachment.store import FileStore
from traceapp.audit.verify_evidence import check_excerpt, check_file, check_package
from traceapp.catalog.model import Party
from traceapp.catalog.registrations import NewRegistration, register_product
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import RecallDossier
from traceapp.export.recall_files.fields import missing_fields, said, untranslated_fields
from traceapp.jobs import recall_file_sweep
from traceapp.jobs.recall_file_sweep import make_recall_files
from traceapp.making.work import KEPT, LEASE, LostClaim
from traceapp.recall.cases import recall_stream
from traceapp.recall.letter_templates import CONSIGNEE, FIRST, PRESENT, template
from traceapp.recall.model import Recall, RecallLedger
from traceapp.rules import rules
from traceapp.submission.recall_consignees import consignee_lines
from traceapp.submission.recall_dossier import dossier_of, drafts_of
from traceapp.submission.recall_file_jobs import (
    JOBS,
    PACKAGE,
    claim_file,
    file_job,
    file_jobs,
    finish_file,
    note_progress,
    order_file,
)
from traceapp.submission.recall_file_model import RecallFile, RecallFileCopy, RecallFileJob
from traceapp.submission.recall_file_queries import FileRow, file_rows
from traceapp.submission.recall_file_states import NEXT, FileStep, refuse_step
from traceapp.submission.recall_files import NoteStep, WriteText, note_step, prepare_file, write_texts
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.world import World, build_world

PROOF = ("receipt.txt", b"received, number 77")


class Desk:
    """The house with a recall that runs, sold in China and the United States."""

    def __init__(self, world: World, clock: FixedClock) -> None:
        self.world, self.database, self.clock, self.store = world, world.database, clock, world.files
        database = world.database
        self.house: House = make_house(database, clock)
        with database.write() as session:
            register_product(session, self.house.writer, clock, self.house.maker.plaster.id,
                             NewRegistration("US", number="K123456", brand="Softplast"))
        self.recall: Recall = running(database, clock, self.house)

    def order(self, kind: str, recall: Recall | None = None) -> str:
        with self.database.write() as session:
            return order_file(session, self.house.writer, self.clock, (recall or self.recall).id, kind).id

    def job(self, job_id: str) -> RecallFileJob:
        with self.database.read() as session:
            return file_job(session, self.recall.id, job_id)

    def make(self, kind: str) -> RecallFile:
        job_id = self.order(kind)
        assert make_recall_files(self.world) == 1
        with self.database.read() as session:
            return session.get_one(RecallFile, (self.recall.id, kind, self.job(job_id).version))

    def note(self, kind: str, version: int, step: str, **said: object) -> None:
        told = {"at": self.clock.now(), "authority": "FDA", "channel": "e-mail", "number": "A-1", "note": "as it was said", "proof": PROOF} | said
        with self.database.write() as session:
            note_step(session, self.house.writer, self.clock, NoteStep(
                self.recall.id, kind, version, step, **told), store=self.store)  # type: ignore[arg-type]

    def row(self, kind: str) -> FileRow:
        with self.database.read() as session:
            return next(one for one in file_rows(session, session.get_one(Recall, self.recall.id))
                        if one.kind.name == kind)

    def clocks(self) -> dict[str, str]:
        with self.database.read() as session:
            return {one.rule_id: one.state for one in clocks_about(session, recall_stream(self.recall))}


@pytest.fixture
def desk(sqlite: Database, clock: FixedClock, settings: Settings) -> Iterator[Desk]:
    yield Desk(build_world(settings, database=sqlite, clock=clock), clock)


def test_a_file_is_kept_version_by_version_with_its_hash(database: Database, clock: FixedClock, settings: Settings) -> None:
    desk = Desk(build_world(settings, database=database, clock=clock), clock)
    first = desk.make("us_806")
    assert desk.make("us_806").version == 2
    assert "sequence_number" in first.missing and "brand" not in first.missing
    row = desk.row("us_806")
    assert [one.file.version for one in row.versions] == [2, 1]
    for version in row.versions:
        assert {one.form for one in version.copies} == {"docx", "pdf", "xlsx", "json", "consignees"}
        for copy in version.copies:
            data = desk.store.path_of(copy.sha256).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (copy.sha256, copy.size_bytes)
    held = next(one for one in row.versions[1].copies if one.form == "json")
    data = json.loads(desk.store.path_of(held.sha256).read_bytes())
    assert {(one["name"], one["lot"], one["shipped"]) for one in data["rows"]} == {
        ("Clinic One", "P-1", "350"), ("Clinic One", "P-2", "1000"), ("Hospital Two", "P-1", "200")}
    communications = next(one for one in data["fields"] if one["key"] == "communications")["value"]["en"]
    assert "Stop using them" in communications and "batch P-2" in communications and "SAMPLE" not in communications
    assert {one["number"] for one in data["lots"]} == {"P-1", "P-2"}  # glue that was used up here is no goods
    for table in ("recall_file", "recall_file_copy"):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_due_dates_are_those_of_the_clocks_and_who_asks_stands_first(desk: Desk) -> None:
    with desk.database.read() as session:
        rows = file_rows(session, desk.recall)
    due = {row.kind.name: row.due.rule_id for row in rows if row.due}
    assert due == {"us_746": "US-RC-01", "us_806": "US-MD-06", "us_status": "US-RC-02", "cn_event": "CN-MR-04",
                   "cn_assessment": "CN-MR-04", "cn_plan": "CN-MR-04", "cn_progress": "CN-MR-06"}
    assert [row.due is None for row in rows] == sorted(row.due is None for row in rows)
    assert rows[0].kind.name == "us_746"
    known = {rule.id for rule in rules()}
    assert all(kind.rules <= known for kind in KINDS.values())


def test_sending_needs_authority_way_and_proof_of_the_newest_version(desk: Desk) -> None:
    desk.make("us_status")
    for lacking, place in (({"authority": " "}, "authority"), ({"channel": ""}, "channel"), ({"proof": None}, "proof")):
        with pytest.raises(InvalidInput) as refused:
            desk.note("us_status", 1, "sent", **lacking)
        assert refused.value.place == place
    with pytest.raises(NotFound):
        desk.note("us_status", 2, "sent")
    for hours, why in ((-1, "before the file was made"), (1, "future")):
        with pytest.raises(InvalidInput, match=why):
            desk.note("us_status", 1, "sent", at=desk.clock.now() + timedelta(hours=hours))
    desk.make("us_status")
    with pytest.raises(Conflict, match="newer version"):
        desk.note("us_status", 1, "sent")
    desk.note("us_status", 2, "sent")
    row = desk.row("us_status")
    assert row.state == "sent"
    assert desk.store.path_of(row.versions[0].steps[0].proof_sha256).read_bytes() == PROOF[1]
    desk.make("us_status")
    assert desk.row("us_status").state == "made"


@pytest.mark.parametrize("last", ["", *FileStep])
@pytest.mark.parametrize("step", FileStep)
def test_a_step_follows_by_the_table_alone(last: str, step: FileStep) -> None:
    noted = [last] if last else []
    if step in NEXT[last]:
        refuse_step(noted, step)
    else:
        with pytest.raises(Conflict):
            refuse_step(noted, step)


def test_a_confirmation_ends_the_clock_with_the_hash_of_what_was_sent(desk: Desk) -> None:
    desk.make("us_806")
    desk.note("us_806", 1, "sent")
    with pytest.raises(InvalidInput):
        desk.note("us_806", 1, "confirmed", number="")
    assert desk.clocks()["US-MD-06"] == "running"
    desk.note("us_806", 1, "confirmed", number="Z-0815")
    with desk.database.read() as session:
        ended = next(one for one in clocks_about(session, recall_stream(desk.recall)) if one.rule_id == "US-MD-06")
        sent = session.scalar(select(RecallFileCopy.sha256).where(RecallFileCopy.form == "pdf"))
    assert (ended.state, ended.acknowledgement, ended.report_sha256) == ("reported", "Z-0815", sent)
    with pytest.raises(Conflict):
        desk.note("us_806", 1, "refused")


def test_a_refusal_leaves_the_clock_running(desk: Desk) -> None:
    desk.make("us_806")
    desk.note("us_806", 1, "sent")
    desk.note("us_806", 1, "refused")
    assert desk.clocks()["US-MD-06"] == "running"
    assert desk.row("us_806").state == "refused"


def test_the_chinese_filing_ends_its_clock_once_all_three_parts_were_confirmed(desk: Desk) -> None:
    for kind in ("cn_event", "cn_assessment", "cn_plan"):
        assert desk.clocks()["CN-MR-04"] == "running"
        desk.make(kind)
        desk.note(kind, 1, "sent", authority="江苏省药监局")
        desk.note(kind, 1, "confirmed")
    assert desk.clocks()["CN-MR-04"] == "reported"


def test_what_is_written_for_one_file_serves_the_others_of_its_authority(desk: Desk) -> None:
    with desk.database.write() as session:
        write_texts(session, desk.house.writer, desk.clock, WriteText(
            desk.recall.id, "cn_event", {"responsible": "李文 13800000000"}))
    with desk.database.read() as session:
        drafts = drafts_of(session, desk.recall.id, dossier_of(session, desk.clock, desk.recall))
    assert drafts["cn_plan"].written["responsible"] == "李文 13800000000"
    assert "responsible" not in drafts["us_806"].written
    with pytest.raises(InvalidInput, match="The case itself"), desk.database.write() as session:
        write_texts(session, desk.house.writer, desk.clock, WriteText(desk.recall.id, "cn_event", {"product": "x"}))


def test_a_file_in_two_languages_keeps_a_text_in_each(desk: Desk) -> None:
    kind = KINDS["eu_fsn"]
    follow_up = next(one for one in kind.fields if one.key == "follow_up")

    def write(name: str = "eu_fsn", **texts: str) -> dict[str, RecallDossier]:
        with desk.database.write() as session:
            write_texts(session, desk.house.writer, desk.clock, WriteText(
                desk.recall.id, name, {key.replace("_in_", "."): text for key, text in texts.items()}))
        with desk.database.read() as session:
            return drafts_of(session, desk.recall.id, dossier_of(session, desk.clock, desk.recall))

    draft = write(follow_up="See a doctor.")["eu_fsn"]
    assert [said(follow_up, draft, language) for language in ("en", "zh")] == ["See a doctor."] * 2
    assert follow_up in untranslated_fields(kind, draft)
    draft = write(follow_up_in_zh="请就医。")["eu_fsn"]
    assert [said(follow_up, draft, language) for language in ("en", "zh")] == ["See a doctor.", "请就医。"]
    assert follow_up not in untranslated_fields(kind, draft)
    draft = write(attention_in_en="Ward heads")["eu_fsn"]
    attention = next(one for one in kind.fields if one.key == "attention")
    assert (said(attention, draft, "zh"), attention in missing_fields(kind, draft)) == ("", True)
    with pytest.raises(InvalidInput, match="The case itself"):
        write("us_806", not_available_in_zh="无")
    drafts = write(srn_in_en="CN-MF-000000001")
    assert KINDS["eu_fsca"].languages == ("en",)
    assert drafts["eu_fsca"].written["srn"] == "CN-MF-000000001"


def test_a_notice_to_users_takes_no_softening_word_and_a_report_keeps_the_words_of_the_law(desk: Desk) -> None:
    softened = "This voluntary action is precautionary."
    with pytest.raises(InvalidInput) as refused, desk.database.write() as session:
        write_texts(session, desk.house.writer, desk.clock, WriteText(desk.recall.id, "eu_fsn", {"follow_up": softened}))
    assert (refused.value.code, refused.value.place) == ("softening-word", "follow_up")
    with desk.database.write() as session:
        (row,) = write_texts(session, desk.house.writer, desk.clock, WriteText(
            desk.recall.id, "us_806", {"not_available": softened}))
    assert row.text == softened


def test_nothing_is_made_before_the_decision_or_by_others(desk: Desk) -> None:
    draft = opened(desk.database, desk.clock, desk.house)
    with pytest.raises(Conflict, match="decided"):
        desk.order("us_806", draft)
    with pytest.raises(NotFound):
        desk.order("us_807")
    with pytest.raises(Forbidden), desk.database.write() as session:
        order_file(session, replace(desk.house.writer, role="operator"), desk.clock, desk.recall.id, "us_806")
    with desk.database.read() as session:
        assert file_jobs(session, desk.recall.id) == []


def test_two_schedulers_and_two_clicks_make_one_file(database: Database, clock: FixedClock, settings: Settings) -> None:
    desk = Desk(build_world(settings, database=database, clock=clock), clock)
    job_id = desk.order("us_status")
    assert desk.order("us_status") == job_id
    with database.write() as session:
        claim = claim_file(session, clock)
    assert claim is not None and make_recall_files(desk.world) == 0
    desk.store.stage(f"{claim.job_id}.{claim.holder}", lambda file: file.write(b"half a file"))
    with database.snapshot() as session:
        late = prepare_file(session, clock, desk.recall.id, "us_status", (
            lambda write: desk.store.stage("late", write), lambda _lines: None))
    clock.move_to(clock.now() + LEASE + timedelta(seconds=1))
    assert make_recall_files(desk.world) == 1
    assert (desk.job(job_id).state, desk.job(job_id).version, desk.job(job_id).done) == ("done", 1, 6)
    with pytest.raises(LostClaim), database.write() as session:
        finish_file(session, clock, claim, late, store=desk.store)
    with pytest.raises(LostClaim), database.write() as session:
        note_progress(session, clock, claim, 1)
    assert [one.file.version for one in desk.row("us_status").versions] == [1]
    desk.store.forget_staged("late")
    assert list(desk.store.directory.glob("staged/*")) == []
    assert make_recall_files(desk.world) == 0 and desk.order("us_status") != job_id


def test_who_lost_a_job_takes_nothing_from_who_holds_it_now(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    late, now = (store.stage(f"job.{holder}", lambda file: file.write(b"x" * 9)) for holder in ("a", "b"))
    store.forget_staged("job.a")
    assert now.path.exists() and not late.path.exists()
    store.take_in(now)
    assert store.path_of(now.sha256).read_bytes() == b"x" * 9 and now.size_bytes == 9
    store.stage("job.b", lambda file: file.write(b"y"))
    store.forget_staged("job")
    assert list(tmp_path.glob("staged/*")) == []


def test_a_stop_puts_a_file_back_and_leaves_nothing_on_the_disk(desk: Desk) -> None:
    job_id, stopping = desk.order("us_806"), threading.Event()

    def stopped(*given: Any) -> None:
        stage, seen = given[-1]
        stage(lambda file: file.write(b"half a file"))
        stopping.set()
        seen(1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recall_file_sweep, "prepare_file", stopped)
        make_recall_files(desk.world, stopping, seconds=-1)
    assert (desk.job(job_id).state, desk.job(job_id).holder) == ("queued", None)
    assert list(desk.world.settings.records_dir.glob("*")) == list(desk.store.directory.glob("staged/*")) == []
    assert make_recall_files(desk.world) == 1 and desk.job(job_id).state == "done"


def test_what_cannot_be_made_says_why_and_can_be_made_again(desk: Desk) -> None:
    desk.make("us_status")
    path = desk.store.path_of(desk.row("us_status").versions[0].copies[0].sha256)
    path.rename(path.with_suffix(".away"))
    failed = desk.order(PACKAGE)
    make_recall_files(desk.world)
    assert (desk.job(failed).state, desk.job(failed).trouble["code"]) == ("failed", "no-file")
    path.with_suffix(".away").rename(path)
    again = desk.order(PACKAGE)
    assert again != failed
    make_recall_files(desk.world)
    assert desk.job(again).state == "done"
    archive = desk.world.records.path_of(again)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == desk.job(again).sha256
    desk.clock.move_to(desk.clock.now() + KEPT + timedelta(seconds=1))
    with desk.database.write() as session:
        assert JOBS.forget_old(session, desk.clock, store=desk.world.records) == 3
    assert not archive.exists() and desk.row("us_status").versions[0].file.version == 1


def test_a_drill_makes_its_files_and_sends_none(desk: Desk) -> None:
    desk.recall = decided(desk.database, desk.clock, desk.house, replace(
        TEXTS, is_drill=True, root_lot_keys=(desk.house.glue.lot_key,)))
    desk.make("cn_event")
    with pytest.raises(Conflict, match="drill"):
        desk.note("cn_event", 1, "sent")


def test_a_case_of_any_size_is_read_by_as_many_statements(desk: Desk) -> None:
    seen: list[str] = []
    event.listen(desk.database._read_engine, "before_cursor_execute", lambda *told: seen.append(told[2]))

    def statements() -> int:
        seen.clear()
        with desk.database.read() as session:
            drafts_of(session, desk.recall.id, dossier_of(session, desk.clock, session.get_one(Recall, desk.recall.id)))
        return len(seen)

    before = statements()
    _add_consignees(desk, 1200)
    assert statements() == before < 50
    seen.clear()
    with desk.database.read() as session:
        heard: list[int] = []
        lines = list(consignee_lines(session, desk.recall.id, heard.append))
    assert len(lines) == 1203 == len({(one.consignee, one.lot) for one in lines})
    assert len(seen) <= 3 * 2 + 3 and heard == [1000, 203]
    assert [one.shipments for one in lines if one.lot == "P-1" and one.name_en == "Clinic One"][0][1][1] == D(-50)


def _add_consignees(desk: Desk, count: int) -> None:
    with desk.database.write() as session:
        session.execute(insert(Party), [{
            "id": f"c{number}", "code": f"C{number:05d}", "name_zh": f"诊所{number}", "name_en": f"Clinic {number}",
            "country": "CN", "created_at": desk.clock.now(), "revision": 1} for number in range(count)])
        session.execute(insert(RecallLedger), [{
            "recall_id": desk.recall.id, "lot_key": desk.house.first.lot_key, "consignee_id": f"c{number}",
            "shipped": D(5), "scope_number": 1} for number in range(count)])


def test_all_of_a_recall_is_one_archive_whose_hashes_hold(desk: Desk) -> None:
    with desk.database.write() as session:
        checked(session, desk.clock, desk.house, desk.recall.id)
    desk.make("us_806")
    desk.make("us_status")
    desk.note("us_status", 1, "sent")
    job_id = desk.order(PACKAGE)
    make_recall_files(desk.world)
    path = desk.world.records.path_of(job_id)
    assert desk.job(job_id).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        sums = dict(line.split("  ")[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
        assert names == {*sums, "SHA256SUMS", "manifest.json"}
        for name, digest in sums.items():
            assert hashlib.sha256(package.read(name)).hexdigest() == digest
        trail = package.read("trail.json")
        ledger = list(csv.reader(io.StringIO(package.read("ledger.csv").decode("utf-8-sig"))))
        checks = list(csv.DictReader(io.StringIO(package.read("checks.csv").decode("utf-8-sig"))))
        assert package.read("files/us_status/v1/proofs/1-receipt.txt") == PROOF[1]
    assert {"evaluation/v1.json", "scope/snapshot-1.json", "signatures.json", "letters/notice-zh.txt", "notices.csv", "dispositions.csv",
            "untold-despatches.csv", "verify_evidence.py"} <= names
    assert len(ledger) == 4 and len(checks) == 2
    assert check_excerpt(json.loads(trail)) == []
    assert check_package(str(path))[1]
    assert check_file(str(path), trail.decode())[0]
    assert PASSWORD not in trail.decode()


def test_the_letter_in_a_file_of_a_decided_recall_has_the_words_that_it_will_go_out_with(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = decided(sqlite, clock, house)
    with sqlite.read() as session:
        letter = dossier_of(session, clock, session.get_one(Recall, recall.id)).letter
    for language, words in letter.items():
        mark = template(PRESENT, CONSIGNEE, language).template.splitlines()[2].partition(" · ")[0]
        assert mark in words
        assert mark not in template(FIRST, CONSIGNEE, language).template
