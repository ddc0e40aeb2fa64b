"""Files for authorities of a recall on the pages of staff: written, made, sent with a proof, handed out."""
from __future__ import annotations

import hashlib
import io
import re
import zipfile

import pytest
from sqlalchemy import select

from tests.factories_cases import world_of
from tests.factories_recall import decided, make_house
from tests.factories_web import Console
from traceapp.jobs.recall_file_sweep import make_recall_files
from traceapp.submission.model import ExportRecord


@pytest.fixture(scope="module")
def here(console: Console) -> str:
    """The address of the files of a decided case."""
    case = decided(console.database, console.clock, make_house(console.database, console.clock))
    return f"/console/recalls/{case.id}/authority-files"


def test_a_file_goes_from_what_is_missing_to_sent(console: Console, here: str) -> None:
    browser = console.browser("quality")
    page = browser.get(here).text
    assert "Report of a correction or removal" in page and "No clock of this authority runs" in page
    assert "21 CFR 7.53(b)(6)" in browser.get(f"{here}?do=write-us_status").text
    assert browser.post(f"{here}/us_status/texts", {"text-completion": "by 31 January"}).status_code == 303
    assert browser.post(f"{here}/us_status/make").status_code == 303
    waiting = browser.get(here)
    assert "Being made" in waiting.text and waiting.headers["Refresh"] == "2"
    assert f"{here}/us_status/make" not in waiting.text and f"{here}/us_806/make" in waiting.text
    for still in ("?still=1", "?do=write-us_806"):  # who reads slowly, or writes, is left in peace
        assert "Refresh" not in browser.get(here + still).headers
    make_recall_files(world_of(console))
    page = browser.get(here).text
    assert re.search(r"[1-9] required fields are missing in it", page) and "Made, not sent" in page
    assert "Refresh" not in browser.last.headers  # type: ignore[union-attr]
    link = re.search(rf'href="({here}/us_status/1/files/[^"]+\.docx)" title="SHA-256 ([0-9a-f]{{64}})"', page)
    assert link
    answer = browser.get(link[1])
    assert hashlib.sha256(answer.data).hexdigest() == link[2] == answer.headers["X-Content-SHA256"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert "by 31 January" in package.read("word/document.xml").decode()
    with console.database.read() as session:
        assert session.scalar(select(ExportRecord.kind).where(ExportRecord.sha256 == link[2])) == "recall_file"
    sent = {"step": "sent", "at": "2026-11-22T16:00", "authority": "FDA", "channel": "e-mail"}
    assert browser.post(f"{here}/us_status/1/steps", sent).status_code == 422
    assert 'value="FDA"' in browser.last.text and "Add the proof that it was sent" in browser.last.text  # type: ignore[union-attr]
    assert browser.post(f"{here}/us_status/1/steps", sent | {
        "proof": (io.BytesIO(b"receipt"), "receipt.txt")}).status_code == 303
    page = browser.get(here).text
    assert "FDA · e-mail" in page
    proof = re.search(rf'href="({here}/us_status/1/proofs/1)"', page)
    assert proof and browser.get(proof[1]).data == b"receipt"


def test_the_page_is_chinese_for_chinese_readers_and_closed_to_others(console: Console, here: str) -> None:
    page = console.browser("quality", "zh").get(here).text
    assert "医疗器械召回事件报告表" in page and "填写缺项" in page
    assert console.browser("operator").get(here).status_code == 403
    case = here.removesuffix("/authority-files")
    assert f'href="{here}"' in console.browser("quality").get(case).text


def test_all_of_it_comes_as_one_archive(console: Console, here: str) -> None:
    browser, place = console.browser("quality"), here.replace("authority-files", "package")
    assert browser.post(f"{place}/make").status_code == 303
    assert "Download the archive" not in browser.get(here).text
    make_recall_files(world_of(console))
    link = re.search(rf'href="({place}/[0-9a-f]+/export)"', browser.get(here).text)
    assert link
    answer = browser.get(link[1])
    assert hashlib.sha256(answer.data).hexdigest() == answer.headers["X-Content-SHA256"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert package.testzip() is None and "manifest.json" in package.namelist()
    with console.database.read() as session:
        assert session.scalar(select(ExportRecord.kind).where(
            ExportRecord.sha256 == answer.headers["X-Content-SHA256"])) == "recall_package"
    assert browser.get(link[1].replace("/export", "0/export")).status_code == 404


def test_what_could_not_be_made_says_why_on_the_page(console: Console, here: str) -> None:
    browser = console.browser("quality")
    browser.post(f"{here}/us_806/make")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("traceapp.jobs.recall_file_sweep.prepare_file", lambda *_told: 1 / 0)
        make_recall_files(world_of(console))
    page = browser.get(here).text
    assert "Could not be made" in page and "The file could not be made: ZeroDivisionError" in page
    assert f"{here}/us_806/make" in page


def test_a_file_in_two_languages_asks_for_each_text_in_both(console: Console, here: str) -> None:
    browser = console.browser("quality")
    page = browser.get(f"{here}?do=write-eu_fsn&lang=en").text
    assert 'name="text-attention.en"' in page and 'name="text-attention.zh"' in page
    assert 'name="text-attention"' not in page and "write each text in both" in page
    soft = browser.post(f"{here}/eu_fsn/texts", {"text-follow_up.en": "This voluntary action"})
    assert (soft.status_code, 'id="e-text-follow_up.en"' in soft.text) == (422, True)
    assert browser.post(f"{here}/eu_fsn/texts", {
        "text-attention.en": "Ward heads", "text-attention.zh": "病区负责人"}).status_code == 303
    page = browser.get(f"{here}?do=write-eu_fsn&lang=en").text
    assert "Ward heads</textarea>" in page and "病区负责人</textarea>" in page
    assert "write each text in both" not in browser.get(f"{here}?do=write-us_806&lang=en").text


def test_who_writes_nothing_is_told_so_and_what_is_missing(console: Console, here: str) -> None:
    browser = console.browser("quality")
    form = f"{here}?do=write-us_806"
    names = re.findall(r'<textarea id="f-(text-[^"]+)"', browser.get(form).text)
    empty = dict.fromkeys(names, "")
    answer = browser.post(f"{here}/us_806/texts", empty)
    assert answer.status_code == 422
    assert "Nothing was written. Still missing: " in answer.text and "Saved" not in answer.text
    assert browser.post(f"{here}/us_806/texts", empty).status_code == 422, "and again, however often"
    assert browser.post(f"{here}/us_806/texts", empty | {names[0]: "Head of quality"}).status_code == 303
    assert "Saved. Still missing: " in browser.get(here).text
    assert "没有写入任何内容。仍缺：" in console.browser("quality", "zh").post(
        f"{here}/us_806/texts", empty | {names[0]: "Head of quality"}).text
