"""Sheets of labels: everything on them is read back, in its place, and pages leave as they are full."""

from __future__ import annotations

import io
import re
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

import labels
from labels import LabelError, Line, SheetLabel, SheetLayout
from labels.limits import QUIET_MODULES, module
from labels.qr_code import encode

BARE = labels.fonts.latin_with(None)
A4 = SheetLayout()
SMALL = SheetLayout(page_width_mm=100, page_height_mm=60, columns=1, rows=1, margin_left_mm=10, margin_top_mm=10)


def uri(number: int) -> str:
    return f"https://t.example.cn/01/06901234567892/10/A2401/21/{number:06}"


def serials(count: int) -> Iterator[SheetLabel]:
    for number in range(count):
        yield SheetLabel(uri(number), (Line("Plaster", "name"), Line(f"{number:06}", caption="Serial")))


def printed(wanted: list[SheetLabel], layout: SheetLayout = A4) -> bytes:
    out = io.BytesIO()
    labels.sheet(wanted, layout, out, fonts=BARE)
    return out.getvalue()


def pages(data: bytes, dpi: int = 203) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(data)
    return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def read(page: Image.Image) -> list[zxingcpp.Barcode]:
    found = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    return sorted(found, key=lambda symbol: (symbol.position.top_left.y // 50, symbol.position.top_left.x))


def test_every_label_is_on_its_page_in_order_by_rows() -> None:
    first, second = pages(printed(list(serials(24))))
    assert [symbol.text for symbol in read(first)] == [uri(number) for number in range(21)]
    assert [symbol.text for symbol in read(second)] == [uri(number) for number in range(21, 24)]
    assert {symbol.ec_level for symbol in read(second)} == {"M"}


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_label_lies_where_the_layout_says(dpi: int) -> None:
    layout = replace(A4, offset_x_mm=1.0, offset_y_mm=-2.0, dpi=dpi)
    left, top = layout.place(4)
    assert (left, top) == pytest.approx((7.2 + 63.5 + 2.5 + 1.0, 15.1 + 38.1 - 2.0))
    page = pages(printed(list(serials(5)), layout), dpi)[0]
    symbol = read(page)[4]
    made = module(layout.module_mm, dpi).mm
    side = (encode(symbol.text).width + 2 * QUIET_MODULES) * made
    x = left + layout.padding_mm + QUIET_MODULES * made
    y = top + (layout.label_height_mm - side) / 2 + QUIET_MODULES * made
    corner = symbol.position.top_left
    assert (corner.x * 25.4 / dpi, corner.y * 25.4 / dpi) == pytest.approx((x, y), abs=0.3)


def test_the_page_is_the_size_asked_for() -> None:
    assert pypdfium2.PdfDocument(printed(list(serials(1))))[0].get_size() == pytest.approx((595.28, 841.89), abs=0.01)
    assert pypdfium2.PdfDocument(printed(list(serials(1)), SMALL))[0].get_size() == pytest.approx(
        (283.46, 170.08), abs=0.01
    )


def test_skipped_places_stay_free_on_the_first_page_only() -> None:
    first, second = pages(printed(list(serials(22)), replace(A4, skip=20)))
    (only,) = read(first)
    assert only.text == uri(0)
    assert only.position.top_left.x > first.width * 0.6
    assert only.position.top_left.y > first.height * 0.8
    assert [symbol.text for symbol in read(second)] == [uri(number) for number in range(1, 22)]


def test_copies_are_all_printed_and_stored_once() -> None:
    label = SheetLabel(uri(1), (Line("Plaster", "name"),), copies=30)
    data = printed([label])
    first, second = pages(data)
    assert [symbol.text for symbol in read(first) + read(second)] == [uri(1)] * 30
    assert len(data) < len(printed([replace(label, copies=1)])) + 4000


def test_what_was_printed_is_counted() -> None:
    out = io.BytesIO()
    result = labels.sheet([SheetLabel(uri(1), copies=3), *serials(20)], A4, out, fonts=BARE)
    assert (result.labels, result.pages, result.missing_font) == (23, 2, None)


def test_a_missing_font_is_told_with_the_result() -> None:
    result = labels.sheet([SheetLabel(uri(1), (Line("创可贴", "name"),))], A4, io.BytesIO(), fonts=BARE)
    assert result.missing_font is not None
    assert result.missing_font.left_out == ()


def test_modules_are_drawn_as_rectangles_of_one_path_and_no_image() -> None:
    data = printed(list(serials(1)))
    assert b"/Image" not in data
    (content,) = [
        text
        for text in map(zlib.decompress, re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL))
        if b" re\n" in text
    ]
    assert content.count(b"f Q") == 1
    assert content.count(b" re\n") < sum(map(sum, encode(uri(0)).rows)) * 0.6


def test_the_table_of_places_points_at_every_object() -> None:
    data = printed([SheetLabel(uri(9), (Line("创可贴 Plaster", "name"),), copies=2), *serials(30)])
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    rows = data[start:].split(b"\n")
    assert rows[0] == b"xref"
    count = int(rows[1].split()[1])
    for number in range(1, count):
        place = int(rows[2 + number][:10])
        assert data[place:].startswith(b"%d 0 obj\n" % number)
    assert len(re.findall(rb"^\d+ 0 obj$", data, re.MULTILINE)) == count - 1


def test_text_can_be_copied_from_the_sheet() -> None:
    text = pypdfium2.PdfDocument(printed(list(serials(2))))[0].get_textpage().get_text_bounded()
    assert "000001" in text
    assert "Serial" in text


class Outlet:
    """A file that can only be written, and forgets what it was given."""

    written = 0

    def write(self, data: bytes) -> int:
        self.written += len(data)
        return len(data)


def test_a_full_page_has_left_before_the_next_label_is_asked_for() -> None:
    out = Outlet()
    seen: list[int] = []

    def asked() -> Iterator[SheetLabel]:
        for label in serials(4):
            seen.append(out.written)
            yield label

    labels.sheet(asked(), SMALL, out, fonts=BARE)  # type: ignore[arg-type]
    assert seen == sorted(set(seen))


def test_more_pages_take_no_more_memory() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        labels.sheet((SheetLabel(uri(n % 40), (Line(f"{n % 40:06}"),)) for n in range(count)), A4, Outlet(), fonts=BARE)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(300)  # what is remembered between labels is bounded, and full by then
    peak(42)  # what is remembered of labels is bounded, and full by then
    assert peak(210) < peak(42) + 100_000


def test_the_first_refused_label_is_named() -> None:
    wanted = [*serials(3), SheetLabel(uri(3), (Line("ok"), Line("W" * 60)))]
    with pytest.raises(LabelError) as refused:
        printed(wanted)
    assert refused.value.field == "labels.3.lines.1"


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(LabelError) as refused:
        printed([])
    assert refused.value.field == "labels"


@pytest.mark.parametrize("copies", [0, -1, 1_000_001])
def test_a_number_of_copies_out_of_range_is_refused(copies: int) -> None:
    with pytest.raises(LabelError) as refused:
        printed([SheetLabel(uri(1), copies=copies)])
    assert refused.value.field == "labels.0.copies"


@pytest.mark.parametrize(
    ("change", "field", "number"),
    [
        ({"columns": 4}, "columns", "268.7"),
        ({"rows": 8}, "rows", "319.9"),
        ({"rows": 0}, "rows", "0"),
        ({"columns": 101}, "columns", "101"),
        ({"margin_left_mm": -1}, "margin_left_mm", "-1"),
        ({"offset_x_mm": 30}, "offset_x_mm", "30"),
        ({"offset_x_mm": -8}, "columns", "-0.8"),
        ({"gap_y_mm": 6}, "rows", "317.8"),
        ({"label_width_mm": float("nan")}, "label_width_mm", "nan"),
        ({"page_height_mm": 6000}, "page_height_mm", "6000"),
        ({"skip": 21}, "skip", "21"),
        ({"skip": -1}, "skip", "-1"),
    ],
)
def test_a_layout_that_does_not_fit_its_paper_is_refused_with_the_number(
    change: dict[str, float], field: str, number: str
) -> None:
    with pytest.raises(LabelError) as refused:
        replace(A4, **change)
    assert refused.value.field == field
    assert number in refused.value.message


def test_outlines_draw_the_edge_of_each_label() -> None:
    plain, outlined = (
        pages(printed(list(serials(1)), replace(SMALL, outlines=outlines)))[0] for outlines in (False, True)
    )
    middle = round((SMALL.margin_left_mm + SMALL.label_width_mm / 2) * 203 / 25.4)
    edge = round(SMALL.margin_top_mm * 203 / 25.4)
    column = [edge + shift for shift in range(-2, 3)]
    assert min(plain.getpixel((middle, y)) for y in column) == 255
    assert min(outlined.getpixel((middle, y)) for y in column) < 255
