"""`traceapp labels …`: what a person asks for comes out as files whose codes are read back."""
from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from tests.zpl_printer import printed, qr_text
from traceapp.cli import main
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.model import SerialRange
from traceapp.code.print_model import PrintLog
from traceapp.code.signature import CodeKeys
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Lot

BASE = "https://trace.example"
LOT = f"{BASE}/01/{UNIT_GTIN}/10/B1"
SSCC = "106901234500000010"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, sqlite: Database, actor: Actor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database that has the lot B1."""
    made_once(sqlite, clock, lambda session: make_batch(make_hand(session, actor, clock), "B1"))
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TRACEAPP_DATABASE_URL", str(sqlite.engine.url))
    monkeypatch.setenv("TRACEAPP_DEVELOPMENT", "1")
    monkeypatch.setenv("TRACEAPP_BASE_URL", BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*arguments: str) -> bytes:
    """The file that a command writes."""
    assert main(["labels", *arguments, "-o", "out"]) == 0
    return Path("out").read_bytes()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that exits with 1 and leaves no file behind."""
    assert main(["labels", *arguments, "-o", "out"]) == 1
    assert not list(Path().glob("out*"))
    return capsys.readouterr().err


def read(image: Image.Image) -> list[tuple[str, str]]:
    return [(found.symbology_identifier, found.text) for found in zxingcpp.read_barcodes(image)]


def pages(data: bytes, dpi: int = 203) -> list[Image.Image]:
    return [page.render(scale=dpi / 72).to_pil().convert("L") for page in pypdfium2.PdfDocument(data)]


def test_one_label_of_a_lot_is_a_picture() -> None:
    assert read(Image.open(io.BytesIO(made("single", "--lot", "B1"))).convert("L")) == [("]Q1", LOT)]


def test_the_symbol_alone_is_the_code_without_text() -> None:
    image = Image.open(io.BytesIO(made("single", "--lot", "B1", "--symbol-only"))).convert("L")
    assert image.width == image.height
    assert read(image) == [("]Q1", LOT)]
    assert made("single", "--lot", "B1", "--symbol-only", "--format", "svg").startswith(b"<svg")


def test_a_sheet_is_filled_with_the_lot_as_it_always_was() -> None:
    (page,) = pages(made("sheet", "--lot", "B1"))
    assert read(page) == [("]Q1", LOT)] * 21
    assert len(pages(made("sheet", "--lot", "B1", "--copies", "20", "--skip", "2"))) == 2


def test_a_sheet_of_another_size_holds_the_serial_numbers_in_the_middle_of_the_page() -> None:
    (page,) = pages(made("sheet", "--lot", "B1", "--serials", "A1-A6", "--page", "a5", "--columns", "2", "--rows", "3",
                         "--size", "60x40", "--symbols", "both", "--outlines"))
    assert page.size == pytest.approx((148 * 203 / 25.4, 210 * 203 / 25.4), abs=1)
    found = read(page)
    assert {text for kind, text in found if kind == "]Q1"} == {f"{LOT}/21/A{number}" for number in range(1, 7)}
    assert sum(kind == "]d2" for kind, _ in found) == 6
    left, top, right, bottom = page.point(lambda value: 255 - value).getbbox()
    assert left == pytest.approx(page.width - right, abs=2)
    assert top == pytest.approx(page.height - bottom, abs=2)


def test_a_range_of_serial_numbers_is_a_roll_of_zpl() -> None:
    labels = printed(made("roll", "--lot", "B1", "--serials", "SN-098-SN-103"))
    assert [qr_text(label.data("BQ")[0]) for label in labels] == [f"{LOT}/21/SN-{number:03}" for number in range(98, 104)]


def test_serial_numbers_come_out_of_a_file_or_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("list.txt").write_text("\ufeffx1\n\n y2 \n", encoding="utf-8")
    from_file = made("roll", "--lot", "B1", "--serials", "list.txt")
    monkeypatch.setattr("sys.stdin", io.StringIO("x1\ny2\n"))
    assert made("roll", "--lot", "B1", "--serials", "-") == from_file
    assert [qr_text(label.data("BQ")[0]) for label in printed(from_file)] == [f"{LOT}/21/x1", f"{LOT}/21/y2"]


def recall(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        place_hold(session, actor, clock, PlaceHold((session.scalars(select(Lot).where(Lot.number == "B1")).one().lot_key,),
                                                    "recall", "recall:r", "x"))


def test_copies_of_a_sticker_are_one_label_that_is_printed_so_often(sqlite: Database, actor: Actor,
                                                                    clock: FixedClock) -> None:
    recall(sqlite, actor, clock)
    (label,) = printed(made("roll", "--lot", "B1", "--template", "recalled", "--copies", "500", "--fact",
                            "reason=skin irritation", "--language", "en"))
    assert label.copies == 500
    assert b"skin irritation" in b" ".join(label.data("A0"))
    assert b"RECALLED" in label.data("A0")


def test_a_carton_has_bars_with_the_gtin_of_a_case() -> None:
    image = Image.open(io.BytesIO(made("single", "--lot", "B1", "--template", "carton"))).convert("L")
    assert set(read(image)) == {("]Q1", f"{BASE}/01/{CASE_GTIN}/10/B1"), ("]C1", f"(01){CASE_GTIN}(17)281104(10)B1")}


def test_pallets_are_printed_by_their_sscc() -> None:
    (page,) = pages(made("roll", "--sscc", SSCC, "--lot", "B1", "--cases", "40", "--format", "pdf"))
    assert {text for _, text in read(page)} == {
        f"{BASE}/00/{SSCC}", f"(00){SSCC}", f"(02){CASE_GTIN}(37)40", "(17)281104(10)B1"}
    (label,) = printed(made("roll", "--sscc", SSCC))
    assert len(label.data("BC")) == 1


def test_pictures_of_a_roll_come_in_an_archive() -> None:
    with zipfile.ZipFile(io.BytesIO(made("roll", "--lot", "B1", "--serials", "1-3", "--format", "png"))) as archive:
        assert archive.namelist() == ["0000001.png", "0000002.png", "0000003.png"]


def test_a_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["labels", "roll", "--lot", "B1", "--serials", "1-2", "-o", "-"]) == 0
    captured = capfdbinary.readouterr()
    assert len(printed(captured.out)) == 2
    assert captured.err == b"2 labels\n"


def test_a_bar_shows_on_a_terminal_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made("roll", "--lot", "B1", "--serials", "001-200")
    assert "%" not in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    made("roll", "--lot", "B1", "--serials", "001-200", "--reason", "shown")
    shown = capsys.readouterr().err
    shares = [int(share) for share in re.findall(r"(\d+) % of 200 labels", shown)]
    assert shares == sorted(shares)
    assert shares[-1] == 100


@pytest.mark.parametrize(("arguments", "said"), [
    (("roll", "--lot", "B1", "--serials", "A1-B9"), "FROM-TO"),
    (("roll", "--lot", "B1", "--serials", "A9-A1"), "FROM-TO"),
    (("roll", "--lot", "B1", "--serials", "0000000000-9999999999"), "100000000"),
    (("roll", "--lot", "B1", "--fact", "colour=red"), "reason"),
    (("roll", "--lot", "nothing"), "no lot"),
    (("roll", "--sscc", "106901234500000018"), "check digit"),
    (("roll", "--lot", "B1", "--x-mm", "0.3"), "0.396"),
    (("roll", "--lot", "B1", "--dpi", "72"), "200"),
    (("roll", "--lot", "B1", "--size", "40x10"), "height_mm"),
    (("roll", "--lot", "G-B1", "--symbols", "gs1"), "GTIN"),
    (("single", "--lot", "B1", "--serials", "1-2"), "labels roll"),
    (("sheet", "--lot", "B1", "--columns", "9"), "columns"),
    (("roll",), "--lot"),
])
def test_what_cannot_be_printed_is_said_in_plain_words_and_leaves_no_file(
        capsys: pytest.CaptureFixture[str], arguments: Sequence[str], said: str) -> None:
    talk = refused(capsys, *arguments)
    assert said in talk
    assert "Traceback" not in talk


def test_a_refusal_is_a_whole_sentence_with_the_names_of_the_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert ("The labels reach from 0.0 to 571.5 mm, but page_width_mm is 210 mm: change margins, gaps, offsets or label "
            "size.") in refused(capsys, "sheet", "--lot", "B1", "--columns", "9", "--gap", "0,0")
    assert "module_mm is 0.2 mm; for QR Code with Digital Link it must be from 0.396 to 0.990 mm." in refused(
        capsys, "roll", "--lot", "B1", "--module", "0.2")


def test_a_roll_that_breaks_off_leaves_no_half_file(capsys: pytest.CaptureFixture[str],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("good\nb a d\n"))
    assert "serials.1" in refused(capsys, "roll", "--lot", "B1", "--serials", "-")
    Path("out").write_bytes(b"before")
    monkeypatch.setattr("sys.stdin", io.StringIO("good\nb a d\n"))
    assert main(["labels", "roll", "--lot", "B1", "--serials", "-", "-o", "out"]) == 1
    assert Path("out").read_bytes() == b"before"


def test_a_place_that_cannot_be_written_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", "single", "--lot", "B1", "-o", "no/such/folder/x.png"]) == 1
    assert "cannot be written" in capsys.readouterr().err


KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@pytest.fixture
def given(sqlite: Database, actor: Actor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> SerialRange:
    """The serial numbers K0001 to K0050 of B1, signed."""
    monkeypatch.setenv("TRACEAPP_CODE_KEYS", KEY)
    with sqlite.write() as session:
        lot = session.scalars(select(Lot).where(Lot.number == "B1")).one()
        return allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, 50, "K", 4, is_signed=True),
                                keys=CodeKeys(KEY))


def log(sqlite: Database) -> list[tuple[str, str | None, str | None, int, int, str]]:
    with sqlite.read() as session:
        return [(line.format, line.first_serial, line.last_serial, line.labels, line.copies, line.reason)
                for line in session.scalars(select(PrintLog).order_by(PrintLog.printed_at))]


def test_a_range_that_was_given_out_prints_signed_and_stands_in_the_log(given: SerialRange, sqlite: Database) -> None:
    labels = printed(made("roll", "--range", given.id, "--from", "K0049"))
    addresses = [qr_text(label.data("BQ")[0]) for label in labels]
    signatures = [CodeKeys(KEY).signature(given.key_id or "", f"01/{UNIT_GTIN}/10/B1/21/{serial}")
                  for serial in ("K0049", "K0050")]
    assert addresses == [f"{LOT}/21/K0049?s={signatures[0]}", f"{LOT}/21/K0050?s={signatures[1]}"]
    made("sheet", "--lot", "B1", "--from", "K0001", "--to", "K0003", "--copies", "2")
    assert log(sqlite) == [("zpl", "K0049", "K0050", 2, 1, ""), ("sheet", "K0001", "K0003", 6, 2, "")]


def test_numbers_that_were_printed_before_need_a_reason(given: SerialRange, sqlite: Database,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    made("roll", "--range", given.id, "--to", "K0010")
    Path("out").unlink()
    assert "K0009 to K0010 were printed before" in refused(capsys, "roll", "--range", given.id, "--from", "K0009")
    made("roll", "--range", given.id, "--from", "K0009", "--reason", "torn")
    assert [line[-1] for line in log(sqlite)] == ["", "torn"]


def test_one_label_stands_in_the_log_and_its_number_is_printed_again_with_a_reason_only(
        given: SerialRange, sqlite: Database, capsys: pytest.CaptureFixture[str]) -> None:
    one = ("single", "--range", given.id, "--from", "K0007", "--to", "K0007", "--format", "zpl")
    made(*one)
    Path("out").unlink()
    assert "K0007 to K0007 were printed before" in refused(capsys, *one)
    made(*one, "--reason", "torn")
    made("single", "--lot", "B1", "--format", "png")
    assert log(sqlite) == [("zpl", "K0007", "K0007", 1, 1, ""), ("zpl", "K0007", "K0007", 1, 1, "torn"),
                           ("png", None, None, 1, 1, "")]


@pytest.mark.parametrize("arguments", [
    ("--range", "0" * 32), ("--lot", "B1", "--from", "X1"), ("--from", "K0001"), ("--lot", "B1", "--from", "K0002", "--to", "K0001"),
    ("--lot", "B1", "--from", "K0001", "--serials", "1-2"), ("--lot", "B1", "--from", "K0001", "--template", "carton")])
def test_only_numbers_that_were_given_out_are_a_range(given: SerialRange, sqlite: Database, arguments: Sequence[str],
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "roll", *arguments)
    assert log(sqlite) == []


def test_a_lot_that_was_recalled_is_not_printed(sqlite: Database, actor: Actor, clock: FixedClock,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    recall(sqlite, actor, clock)
    for act in (("roll",), ("sheet",), ("single",), ("single", "--symbol-only")):
        assert "has been recalled" in refused(capsys, *act, "--lot", "B1")
    assert log(sqlite) == []
