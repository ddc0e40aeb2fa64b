"""The archive of a recall proves by itself what became of units: answers, letters, reasons, photos."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal as D

import pytest
from PIL import Image

from tests.db.test_recall_files import Desk, desk
from tests.factories_recall import VAULT, Tray, deliver, token_of
from traceapp.attachment.service import ready_file
from traceapp.jobs.recall_file_sweep import make_recall_files
from traceapp.recall.answer import AnswerLine, RecordAnswer, record_answer
from traceapp.recall.passing_on import PassOn
from traceapp.recall.proofs import keep_proof
from traceapp.recall.service import SettleLine, settle_line
from traceapp.submission.recall_file_jobs import PACKAGE

__all__ = ["desk"]


def photo() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "JPEG")
    file.seek(0)
    return file


def answer(desk: Desk, *lines: AnswerLine, seen: int, passed: tuple[PassOn, ...] = ()) -> None:
    with desk.database.write() as session:
        record_answer(session, desk.clock, RecordAnswer(
            token_of(desk.database, desk.recall, desk.house.maker.clinic.id), lines, "Nurse Li", "counted", seen,
            passed=passed), vault=VAULT)


@pytest.fixture
def archive(desk: Desk) -> zipfile.ZipFile:
    """A clinic that corrects its answer, destroys and shows it, and passes on; a hospital whose line is settled."""
    deliver(desk.database, desk.clock, Tray())
    lot, token = desk.house.first.lot_key, token_of(desk.database, desk.recall, desk.house.maker.clinic.id)
    answer(desk, AnswerLine(lot, D(350), D(0), D(0)), seen=0)
    answer(desk, AnswerLine(lot, D(0), D(10), D(0), destroyed=D(300)), seen=1,
           passed=(PassOn("Ward 3", {lot: D(40)}, "ward@clinic.example"),))
    ready = ready_file(photo(), store=desk.store)
    with desk.database.write() as session:
        keep_proof(session, desk.clock, token, ("a/b photo.jpg", ready), store=desk.store)
        settle_line(session, desk.house.writer, desk.clock, SettleLine(
            desk.recall.id, desk.house.maker.hospital.id, lot, "closed down"))
    job_id = desk.order(PACKAGE)
    make_recall_files(desk.world)
    return zipfile.ZipFile(desk.world.records.path_of(job_id))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def test_answers_letters_reasons_and_photos_are_in_it(archive: zipfile.ZipFile, desk: Desk) -> None:
    lot, clinic = desk.house.first.lot_key, desk.house.maker.clinic.id
    said = [(row["position"], row["on_hand"], row["used"], row["passed_on"], row["destroyed"])
            for row in rows(archive, "answer-lines.csv") if row["lot_key"] == lot]
    assert said == [("1", "350", "0", "0", "0"), ("2", "0", "10", "40", "300")]
    messages = [row for row in rows(archive, "messages.csv") if row["consignee_id"] == clinic]
    assert [(row["kind"], row["attempt"], row["outcome"]) for row in messages] == [("recall.notice", "1", "sent")]
    assert messages[0]["message_id"]
    settled = [row["settled_reason"] for row in rows(archive, "lines.csv") if row["settled_at"]]
    assert settled == ["closed down"]
    assert [(row["units"], row["on_hand"]) for row in rows(archive, "passed-on-lines.csv")] == [("40", "")]
    assert {row["name_en"] for row in rows(archive, "consignees.csv")} == {"Clinic One", "Hospital Two"}
    (name,) = [one for one in archive.namelist() if one.startswith("proofs/")]
    assert name.startswith(f"proofs/consignees/{clinic}/") and name.count("/") == 3
    listed = {one["name"]: one["sha256"] for one in json.loads(archive.read("manifest.json"))["files"]}
    assert listed[name] == hashlib.sha256(archive.read(name)).hexdigest()


def test_no_secret_and_no_address_is_in_it(archive: zipfile.ZipFile, desk: Desk) -> None:
    whole = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    for secret in (token_of(desk.database, desk.recall, desk.house.maker.clinic.id), "ward@clinic.example",
                   "quality@clinic.example"):
        assert secret not in whole
