"""Rolls: a stream of whole labels in each format, read back, and little of it in memory."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

import labels
from labels import LabelError, LabelSpec, Line, Roll
from labels.spec import Format
from labels.zip_stream import ZipStream
from tests.zpl_printer import printed, qr_text

BARE = labels.fonts.latin_with(None)


def uri(number: int) -> str:
    return f"https://t.example.cn/01/06901234567892/10/A2401/21/{number:06}"


def label(number: int, format: Format = "zpl", text: str = "") -> LabelSpec:
    lines = (Line("Hydrocolloid dressing", "name"), Line(text or f"{number:06}", caption="SN"))
    return LabelSpec(uri(number), lines, format, width_mm=60, height_mm=30, padding_mm=1, dpi=203)


def made(specs: Iterable[LabelSpec]) -> bytes:
    return b"".join(Roll(specs, fonts=BARE))


def read(image: Image.Image) -> tuple[str, str]:
    (found,) = zxingcpp.read_barcodes(image)
    return found.symbology_identifier, found.text


def test_a_roll_of_zpl_has_each_label_in_order_from_xa_to_xz() -> None:
    found = printed(made(label(number) for number in range(25)))
    assert [qr_text(one.data("BQ")[0]) for one in found] == [uri(number) for number in range(25)]
    assert [one.data("A0")[-1] for one in found] == [b"%06d" % number for number in range(25)]
    assert {(one.width, one.height, one.copies) for one in found} == {(480, 240, 1)}


def test_a_roll_of_pdf_has_a_page_of_the_label_s_size_for_each() -> None:
    document = pypdfium2.PdfDocument(made(label(number, "pdf") for number in range(7)))
    assert len(document) == 7
    for number, page in enumerate(document):
        assert page.get_size() == pytest.approx((60 / 25.4 * 72, 30 / 25.4 * 72), abs=0.01)
        assert read(page.render(scale=203 / 72).to_pil().convert("L")) == ("]Q1", uri(number))
        assert f"{number:06}" in page.get_textpage().get_text_bounded()


@pytest.mark.parametrize("format", ["png", "svg"])
def test_a_roll_of_pictures_is_an_archive_of_what_each_label_is_by_itself(format: Format) -> None:
    with zipfile.ZipFile(io.BytesIO(made(label(number, format) for number in range(5)))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{number:07d}.{format}" for number in range(1, 6)]
        for number, name in enumerate(archive.namelist()):
            assert archive.read(name) == labels.render(label(number, format), BARE)


def test_pictures_of_a_roll_are_read_back() -> None:
    with zipfile.ZipFile(io.BytesIO(made(label(number, "png") for number in range(3)))) as archive:
        found = [read(Image.open(archive.open(name)).convert("L")) for name in archive.namelist()]
    assert found == [("]Q1", uri(number)) for number in range(3)]


def test_the_zpl_of_a_roll_is_that_of_its_labels() -> None:
    assert made(label(number) for number in range(4)) == b"".join(
        labels.render(label(number), BARE) for number in range(4)
    )


def test_labels_whose_text_is_wider_are_laid_out_for_themselves() -> None:
    specs = [label(1), label(2, text="WWWWWWWWWWWW"), label(3, text="iiiiii"), label(4)]
    assert made(specs) == b"".join(labels.render(spec, BARE) for spec in specs)


def test_copies_of_one_label_are_one_label_with_a_number_in_zpl_and_pages_in_pdf() -> None:
    for number, format in ((1, "zpl"), (2, "pdf")):
        one, other = label(number, format), label(9, format)  # type: ignore[arg-type]
        roll = Roll([one] * 300 + [other], fonts=BARE)
        data = b"".join(roll)
        assert roll.labels == 301
        if format == "zpl":
            assert [found.copies for found in printed(data)] == [300, 1]
        else:
            assert len(pypdfium2.PdfDocument(data)) == 301
            assert len(data) < 301 * 500


def test_a_missing_font_is_told_at_the_end() -> None:
    for format in ("zpl", "png", "pdf"):
        spec = LabelSpec("https://a.example", (Line("创可贴 Plaster", "name"),), format)  # type: ignore[arg-type]
        roll = Roll([label(1, format), spec], fonts=BARE)  # type: ignore[arg-type]
        assert b"".join(roll)
        assert roll.missing_font is not None
        assert roll.missing_font.left_out == (() if format == "pdf" else (Line("创可贴 Plaster", "name"),))


@pytest.mark.parametrize("format", ["zpl", "pdf", "png"])
def test_the_first_label_that_is_refused_is_named(format: Format) -> None:
    with pytest.raises(LabelError) as refused:
        made([label(0, format), label(1, format), label(2, format, "W" * 80), label(3, format)])
    assert refused.value.field == "labels.2.lines.1"


def test_labels_of_two_formats_are_no_roll() -> None:
    with pytest.raises(LabelError) as refused:
        made([label(0), label(1), label(2, "pdf")])
    assert refused.value.field == "labels.2.format"


def test_a_roll_of_nothing_is_refused() -> None:
    with pytest.raises(LabelError) as refused:
        made([])
    assert refused.value.field == "labels"


def test_labels_leave_before_the_next_ones_are_asked_for() -> None:
    asked: list[int] = []

    def specs() -> Iterator[LabelSpec]:
        for number in range(2000):
            asked.append(number)
            yield label(number)

    chunks = iter(Roll(specs(), fonts=BARE))
    first = next(chunks)
    assert 0 < len(first) < 100_000
    assert len(asked) < 1000


@pytest.mark.parametrize(("format", "few", "many"), [("zpl", 500, 4000), ("pdf", 50, 250), ("png", 50, 250)])
def test_a_longer_roll_takes_no_more_memory(format: Format, few: int, many: int) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in Roll((label(number % 40, format) for number in range(count)), fonts=BARE):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(few)
    assert peak(many) < peak(few) + 100_000


def test_an_archive_past_the_old_limits_is_written_in_the_newer_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labels.zip_stream._FULL", 2000)
    archive = ZipStream("png")
    data = b"".join([*(archive.add(b"%d" % number * 40) for number in range(60)), *archive.close()])
    assert data.count(b"PK\6\6") == data.count(b"PK\6\7") == 1
    place = data.index(b"PK\6\6")
    assert struct.unpack("<2Q", data[place + 24 : place + 40]) == (60, 60)
    # Readers look for the real mark of a full field; put it where this test had its small one.
    data = data.replace(struct.pack("<I", 2000), b"\xff" * 4)
    with zipfile.ZipFile(io.BytesIO(data)) as read_again:
        assert read_again.testzip() is None
        assert read_again.read("0000060.png") == b"59" * 40
        assert len(read_again.namelist()) == 60


def test_more_files_than_an_old_archive_can_count_are_all_there() -> None:
    archive = ZipStream("png")
    data = b"".join([*(archive.add(b"x") for _ in range(65_600)), *archive.close()])
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert len(found.namelist()) == 65_600
        assert found.read("0065600.png") == b"x"
