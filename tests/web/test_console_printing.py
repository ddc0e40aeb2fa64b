"""Printing labels of a lot as staff do it on the pages: choose, look, print, fetch; and what was printed before."""
from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import zxingcpp
from lxml import html
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from labels import fonts
from tests.applications import Applications
from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.factories_web import Browser, Console
from tests.made_once import made_once
from traceapp.audit.model import AuditEntry
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.print_model import PrintJob, PrintLog
from traceapp.code.signature import CodeKeys
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.jobs.print_sweep import print_labels
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.world import World

LINK = f"http://127.0.0.1:8000/01/{UNIT_GTIN}/10/B1"
CHOSEN = {"template": "unit", "format": "png", "language": "both", "dpi": "300", "page": "a4"}


@dataclass(slots=True)
class Plant:
    """The console over a released batch with serial numbers K0001 to K1000."""

    console: Console
    key: str
    range_id: str
    actor: Actor

    @property
    def url(self) -> str:
        return f"/console/lots/{self.key}"

    @property
    def world(self) -> World:
        found: World = self.console.app.extensions["traceapp"]
        return found

    def person(self, role: str = "operator", language: str = "en") -> Browser:
        return self.console.browser(role, language)

    def print(self, **chosen: str) -> TestResponse:
        """Press “Print”."""
        return self.person().submit(f"{self.url}/labels", {**CHOSEN, "step": "print", **chosen})

    def numbered(self, **chosen: str) -> TestResponse:
        return self.print(range_id=self.range_id, **chosen)

    def log(self) -> list[PrintLog]:
        with self.console.database.read() as session:
            return list(session.scalars(select(PrintLog).order_by(PrintLog.id)))

    def job(self) -> PrintJob:
        with self.console.database.read() as session:
            return session.scalars(select(PrintJob).order_by(PrintJob.id.desc()).limit(1)).one()

    def hold(self, kind: str = "recall") -> None:
        with self.console.database.write() as session:
            place_hold(session, self.actor, self.console.clock, PlaceHold(
                (self.key,), kind, "manual" if kind == "manual" else "recall:r", "x"))


@pytest.fixture
def plant(settings: Settings, sqlite: Database, clock: FixedClock, actor: Actor, applications: Applications) -> Plant:

    def numbered(session: Session) -> tuple[str, str]:
        lot = make_batch(make_hand(session, actor, clock))
        return lot.lot_key, allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, 1000, "K", 4),
                                             keys=CodeKeys("")).id

    key, range_id = made_once(sqlite, clock, numbered)
    return Plant(Console(applications.open(settings, sqlite, clock), sqlite, clock), key, range_id, actor)


def text_of(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.data).text_content().split())


def picture(answer: TestResponse) -> Image.Image:
    assert answer.mimetype == "image/png"
    return Image.open(io.BytesIO(answer.data))


def codes(image: Image.Image) -> list[str]:
    return sorted(found.text for found in zxingcpp.read_barcodes(image.convert("L")))


def test_the_preview_is_the_very_label_that_prints(plant: Plant) -> None:
    chosen = {**CHOSEN, "dpi": "600", "range_id": plant.range_id, "first": "K0007", "last": "K0007"}
    answer = plant.person().submit(f"{plant.url}/labels", {**chosen, "step": "preview"})
    assert answer.status_code == 303
    page = plant.person().get(answer.headers["Location"])
    assert f"{LINK}/21/K0007" in text_of(page)
    (src,) = html.fromstring(page.data).xpath("//img[@class='label']/@src")
    seen = picture(plant.person().get(src))
    done = plant.print(**chosen)
    fetched = plant.person().get(f"{urlsplit(done.headers['Location']).path}/file")
    assert picture(fetched).tobytes() == seen.tobytes()
    assert codes(seen) == [f"{LINK}/21/K0007"]


@pytest.mark.parametrize(("chosen", "start", "ending"), [
    ({"format": "sheet"}, b"%PDF", ".pdf"), ({"format": "pdf", "copies": "3"}, b"%PDF", ".pdf"),
    ({"format": "zpl", "dpi": "203"}, b"^XA", ".zpl"), ({"format": "png", "copies": "2"}, b"PK", ".zip"),
    ({"format": "svg"}, b"<svg", ".svg"), ({"format": "svg", "copies": "2"}, b"PK", ".zip"),
    ({"template": "carton", "format": "pdf"}, b"%PDF", ".pdf"), ({"template": "carton", "format": "sheet"}, b"%PDF", ".pdf"),
    ({"template": "pallet", "sscc": "106901234500000010", "cases": "40"}, b"\x89PNG", ".png"),
    ({"template": "sample", "fact-sample": "S-1"}, b"\x89PNG", ".png"), ({"template": "released"}, b"\x89PNG", ".png")])
def test_every_kind_of_label_and_file_is_made_at_once_when_it_is_small(plant: Plant, chosen: dict[str, str],
                                                                       start: bytes, ending: str) -> None:
    answer = plant.print(**chosen)
    assert answer.status_code == 303, text_of(answer)
    file = plant.person().get(f"{urlsplit(answer.headers['Location']).path}/file")
    assert file.data.lstrip()[:4].startswith(start)
    assert file.headers["Content-Disposition"].rstrip('"').endswith(ending)
    assert (plant.job().state, len(plant.log())) == ("done", 1)


def test_a_print_stands_in_the_log_and_on_the_trail(plant: Plant) -> None:
    plant.numbered(first="K0001", last="K0010", copies="2")
    page = plant.person().get(f"{plant.url}/labels")
    for words in ("Print log", "K0001", "K0010", "Single unit", "PNG pictures", "Test operator"):
        assert words in text_of(page), words
    (line,) = plant.log()
    assert (line.first_serial, line.last_serial, line.labels, line.copies) == ("K0001", "K0010", 20, 2)
    with plant.console.database.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.stream == f"lot:{plant.key}")))
    assert actions.count("label.printed") == 1
    rows = list(csv.DictReader(io.StringIO(plant.person().get(
        f"{plant.url}/print-log/export?format=csv").get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(row["First number"], row["Last number"], row["Labels"]) for row in rows] == [("K0001", "K0010", "20")]


@pytest.mark.parametrize(("first", "last", "again"), [
    ("K0001", "K0010", "K0005 to K0010"), ("K0020", "K0030", "K0020 to K0020"), ("K0006", "K0007", "K0006 to K0007")])
def test_numbers_that_were_printed_before_are_printed_again_with_a_reason_only(plant: Plant, first: str, last: str,
                                                                               again: str) -> None:
    plant.numbered(first="K0005", last="K0020")
    refused = plant.numbered(first=first, last=last)
    assert refused.status_code == 422
    assert f"The serial numbers {again} were printed before" in text_of(refused)
    assert html.fromstring(refused.data).xpath("//p[@id='e-why']")
    assert plant.numbered(first=first, last=last, why="roll torn").status_code == 303
    assert {line.reason for line in plant.log()} == {"", "roll torn"}


def test_neighbours_and_labels_without_numbers_are_no_reprint(plant: Plant) -> None:
    plant.numbered(first="K0005", last="K0020")
    for chosen in ({"first": "K0001", "last": "K0004"}, {"first": "K0021", "last": "K0022"}):
        assert plant.numbered(**chosen).status_code == 303
    assert [plant.print().status_code for _ in range(2)] == [303, 303]


def test_sent_twice_prints_once(plant: Plant) -> None:
    operator = plant.person()
    form = {**operator.hidden(f"{plant.url}/labels"), **CHOSEN, "range_id": plant.range_id, "last": "K0003",
            "step": "print"}
    first, second = operator.post(f"{plant.url}/labels", form), operator.post(f"{plant.url}/labels", form)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(plant.log()) == 1


@pytest.mark.parametrize(("chosen", "field", "words"), [
    ({"module_mm": "0.2"}, "module_mm", "0.2 mm"), ({"module_mm": "wide"}, "module_mm", "number of millimetres"),
    ({"format": "sheet", "columns": "9"}, "columns", "210"), ({"format": "sheet", "skip": "21"}, "skip", "21"),
    ({"format": "sheet", "offset_x_mm": "-30"}, "offset_x_mm", "-30"), ({"copies": "0"}, "copies", "10000"),
    ({"template": "pallet", "sscc": "123"}, "sscc", "18 digits"), ({"template": "unit", "sscc": "106901234500000010"}, "sscc", "18 digits"),
    ({"template": "bar"}, "template", "Choose one"), ({"first": "K1"}, "range_id", "Choose the range"),
    ({"template": "recalled"}, "template", "how lot B1 stands")])
def test_what_cannot_be_printed_is_said_at_its_field_with_what_was_typed(plant: Plant, chosen: dict[str, str],
                                                                        field: str, words: str) -> None:
    answer = plant.print(**{"range_id": "", **chosen})
    assert answer.status_code in (409, 422)
    (fault,) = html.fromstring(answer.data).xpath(f"//p[@id='e-{field}']")
    assert words in fault.text_content()
    assert (plant.log(), list(plant.world.prints.directory.glob("*"))) == ([], [])


REFUSED = {
    "columns": ({"format": "sheet", "columns": "9", "width_mm": "60"},
                "The labels reach from 0.0 to 540.0 mm, but “Width of the paper” is 210 mm: change margins, gaps, offsets "
                "or label size.",
                "标签从 0.0 排到 540.0 mm，而“纸张宽度”只有 210 mm。请减少列数或行数，改小标签，换更大的纸张，或减小偏移。"),
    "module_mm": ({"module_mm": "0.2"},
                  "“X-dimension of the QR code” is 0.2 mm; for QR Code with Digital Link it must be from 0.396 to 0.990 mm.",
                  "“二维码 X 尺寸”为 0.2 mm，二维码要求 0.396 至 0.990 mm。"),
    "width_mm": ({"width_mm": "18"},
                 "“Width of the label” is 18 mm; the symbol with its quiet zone and padding needs 18.71 mm.",
                 "“标签宽度”为 18 mm，而条码连同空白区和留白边需要 18.71 mm。"),
    "dpi": ({"dpi": "600", "width_mm": "999", "height_mm": "999"},
            "At 600 dpi the PNG has 23598 x 23598 pixels, more than 50,000,000; use a lower dpi, or SVG or PDF.",
            "在 600 dpi 下 PNG 图片为 23598 × 23598 像素，超过上限 50,000,000 像素。请降低分辨率，或改用 SVG 或 PDF。"),
    "font": ({"template": "sample", "fact-sample": "ᚠ"},
             "Line 5 ('ᚠ'): no font at hand has the character 'ᚠ'.",
             "第 5 行（“ᚠ”）：现有字体都没有字符“ᚠ”。请改用其他字符。"),
    "room": ({"template": "sample", "fact-sample": "W" * 60, "width_mm": "60"},
             f"Line 5 ('{'W' * 60}') does not fit at the smallest type size of 5 pt: a part of it is too wide for the "
             "22.3 mm beside it.",
             f"第 5 行（“{'W' * 60}”）用最小字号 5 pt 也放不下：其中有一段比旁边可用的 22.3 mm 还宽。")}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_label_is_refused_in_the_reader_s_language_with_the_words_of_the_form(plant: Plant, case: str,
                                                                               language: str) -> None:
    chosen, english, chinese = REFUSED[case]
    answer = plant.person(language=language).submit(f"{plant.url}/labels", {**CHOSEN, "step": "print", **chosen})
    said = {"en": f"This label cannot be printed: {english}", "zh": f"此标签无法打印：{chinese}"}[language]
    assert answer.status_code == 422
    (told,) = {found.text_content().strip() for found in html.fromstring(answer.data).xpath(
        "//*[contains(@class, 'errors')]//li")}
    assert told == said


def test_a_number_out_of_range_is_refused_with_the_word_of_its_field(plant: Plant) -> None:
    for language, said in (("en", "“Copies” must be"), ("zh", "“份数”")):
        answer = plant.person(language=language).submit(f"{plant.url}/labels", {**CHOSEN, "step": "print", "copies": "0"})
        assert said in text_of(answer)


def test_why_a_job_failed_is_said_in_the_reader_s_language(plant: Plant) -> None:
    job = urlsplit(plant.numbered(format="zpl", module_mm="0.2").headers["Location"]).path
    print_labels(plant.world)
    assert plant.job().state == "failed"
    for language, wanted in (("en", "This label cannot be printed: " + REFUSED["module_mm"][1]),
                             ("zh", "此标签无法打印：" + REFUSED["module_mm"][2])):
        assert wanted in text_of(plant.person(language=language).get(f"{job}?still=1"))


def test_a_font_that_is_missing_is_said_in_the_reader_s_language(plant: Plant,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    bare = fonts.latin_with(None)
    monkeypatch.setattr(fonts, "default", lambda: bare)
    page = text_of(plant.person(language="zh").get(f"{plant.url}/labels"))
    assert "本机没有中文字体，PDF 中的中文要靠阅读软件自带的字体显示。要打印中文，请安装 TrueType 中文字体" in page
    assert "No Chinese font" not in page


@pytest.mark.parametrize(("first", "last", "field"), [("K0000", "", "first"), ("", "K1001", "last"),
                                                      ("K0009", "K0008", "last"), ("X1", "", "first")])
def test_only_numbers_of_the_range_are_printed(plant: Plant, first: str, last: str, field: str) -> None:
    answer = plant.numbered(first=first, last=last)
    assert answer.status_code == 422
    assert html.fromstring(answer.data).xpath(f"//p[@id='e-{field}']")


@pytest.mark.parametrize("kind", ["recall", "manual"])
def test_of_a_lot_that_is_stopped_only_the_stickers_that_say_so_are_printed(plant: Plant, kind: str) -> None:
    file = f"{urlsplit(plant.print().headers['Location']).path}/file"
    plant.hold(kind)
    for template in ("unit", "carton", "released"):
        assert plant.print(template=template).status_code == 409
    assert plant.print(template="recalled" if kind == "recall" else "quarantine").status_code == 303
    assert plant.person().get(file).status_code == 409
    assert plant.person().get(f"{plant.url}/label.png").status_code == 409
    chosen = html.fromstring(plant.person().get(f"{plant.url}/labels").data).xpath(
        "//select[@name='template']/option[@selected]/@value")
    assert chosen == ["recalled" if kind == "recall" else "quarantine"]


def test_a_large_print_goes_on_in_the_background_and_is_fetched_when_done(plant: Plant) -> None:
    answer = plant.numbered(format="zpl", last="K0400")
    job = urlsplit(answer.headers["Location"]).path
    waiting = plant.person().get(job)
    assert "0 of 400" in text_of(waiting)
    assert html.fromstring(waiting.data).xpath("//progress[@max='400']")
    assert waiting.headers["Refresh"] == "2"
    assert "Refresh" not in plant.person().get(f"{job}?still=1").headers
    assert plant.person().get(f"{job}/file").status_code == 404
    assert plant.log() == []
    assert print_labels(plant.world) == 1
    done = plant.person().get(job)
    assert "Refresh" not in done.headers
    assert f"{job}/file" in done.get_data(as_text=True)
    file = plant.person().get(f"{job}/file")
    assert (file.data.count(b"^XA"), file.headers["X-Content-SHA256"]) == (400, plant.job().sha256)
    assert [(line.labels, line.printed_by) for line in plant.log()] == [(400, plant.job().created_by)]


def test_a_job_that_waits_can_be_cancelled_and_counts_as_no_print(plant: Plant) -> None:
    job = urlsplit(plant.numbered(format="zpl").headers["Location"]).path
    assert plant.numbered(format="zpl").status_code == 422  # its numbers are being printed already
    plant.person().post(f"{job}/cancel")
    assert "Cancelled" in text_of(plant.person().get(job))
    assert print_labels(plant.world) == 0
    assert plant.log() == []
    plant.person().post(f"{job}/cancel")
    assert "It had ended already" in text_of(plant.person().get(job))
    assert plant.numbered(format="zpl").status_code == 303


def test_who_may_not_print_sees_none_of_it(plant: Plant) -> None:
    job = urlsplit(plant.print().headers["Location"]).path
    for path in (f"{plant.url}/labels", job, f"{job}/file", f"{plant.url}/print-log/export?format=csv"):
        assert plant.person("regulator").get(path).status_code == 403


def test_the_pages_speak_chinese_too(plant: Plant) -> None:
    job = urlsplit(plant.numbered(format="zpl").headers["Location"]).path
    for path, words in ((f"{plant.url}/labels", ("打印记录", "标签", "预览")), (job, ("打印任务", "等待"))):
        text = text_of(plant.person(language="zh").get(path))
        for word in words:
            assert word in text, word
