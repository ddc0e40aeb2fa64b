"""The QR symbol by itself: read back by a third-party reader, measured pixel by pixel."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

import labels
from labels.limits import MM_PER_INCH, module
from labels.qr_code import encode
from labels.symbol import boxes

URI = "https://t.example.cn/01/06901234567892/10/A2401%2FB?17=290228"
LONGEST = "https://t.example.cn/01/06901234567892/10/ABCDEFGHIJ0123456789/21/abcdefghij0123456789?11=260301&17=290228"
RESOLUTIONS = (203, 300, 600)
SVG = "{http://www.w3.org/2000/svg}"


def read(image: Image.Image) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcodes(image)
    assert len(found) == 1
    return found[0]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def rasterised(svg: bytes, dots: int) -> Image.Image:
    """The SVG's own path, drawn at so many pixels a unit."""
    root = ElementTree.fromstring(svg)
    side = float(root.attrib["viewBox"].split()[2])
    image = Image.new("L", (int(side * dots),) * 2, 255)
    draw = ImageDraw.Draw(image)
    path = root.findall(f"{SVG}path")[-1].attrib["d"]
    for x, y, w, h, back in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", path):
        assert w == back
        left, top = int(x) * dots, int(y) * dots
        draw.rectangle((left, top, left + int(w) * dots - 1, top + int(h) * dots - 1), fill=0)
    return image


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("text", [URI, LONGEST])
def test_a_png_at_the_smallest_module_is_read_back_with_level_m(text: str, dpi: int) -> None:
    symbol = read(opened(labels.qr(text, format="png", module_mm=labels.X_MIN_MM, dpi=dpi)).convert("L"))
    assert (symbol.text, symbol.ec_level, symbol.symbology_identifier) == (text, "M", "]Q1")


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_an_svg_is_read_back_from_its_path(dpi: int) -> None:
    svg = labels.qr(URI, format="svg", dpi=dpi)
    symbol = read(rasterised(svg, module(0.423, dpi).dots))
    assert (symbol.text, symbol.ec_level) == (URI, "M")


@pytest.mark.parametrize("change", ["blurred", "rotated"])
def test_a_png_is_read_back_when_blurred_or_rotated(change: str) -> None:
    image = opened(labels.qr(URI, format="png")).convert("L")
    if change == "blurred":
        image = image.filter(ImageFilter.GaussianBlur(1))
    else:
        image = image.rotate(7, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert read(image).text == URI


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_the_png_has_whole_dots_a_module_and_a_quiet_zone_of_four_modules(dpi: int) -> None:
    image = opened(labels.qr(URI, format="png", module_mm=0.396, dpi=dpi)).convert("L")
    dots = module(0.396, dpi).dots
    modules = encode(URI).width
    left, top, right, bottom = image.point(lambda value: 255 - value).getbbox()
    assert (left, top) == (4 * dots, 4 * dots)
    assert (right, bottom) == (image.width - 4 * dots, image.height - 4 * dots)
    assert (right - left, bottom - top) == (modules * dots, modules * dots)
    pixels = image.load()
    for y in range(modules):
        for x in range(modules):
            corners = [(left + x * dots + dx, top + y * dots + dy) for dx in (0, dots - 1) for dy in (0, dots - 1)]
            assert len({pixels[corner] for corner in corners}) == 1


def test_the_png_carries_its_resolution() -> None:
    assert opened(labels.qr(URI, format="png", dpi=600)).info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_the_svg_is_one_path_with_its_size_in_millimetres_and_a_title() -> None:
    svg = labels.qr(URI, format="svg", title="Lot <A&B>")
    root = ElementTree.fromstring(svg)
    side = (encode(URI).width + 8)
    assert root.attrib["width"] == root.attrib["height"]
    assert float(root.attrib["width"].removesuffix("mm")) == pytest.approx(side * 5 * MM_PER_INCH / 300, abs=1e-3)
    assert root.attrib["viewBox"] == f"0 0 {side} {side}"
    assert root.findtext(f"{SVG}title") == "Lot <A&B>"
    assert [path.attrib["fill"] for path in root.findall(f"{SVG}path")] == ["#fff", "#000"]


def test_without_background_the_svg_has_only_the_symbol_and_the_png_is_clear() -> None:
    root = ElementTree.fromstring(labels.qr(URI, format="svg", background=False))
    assert [path.attrib["fill"] for path in root.findall(f"{SVG}path")] == ["#000"]
    image = opened(labels.qr(URI, format="png", background=False)).convert("RGBA")
    assert image.getpixel((0, 0))[3] == 0
    quiet = 4 * module(0.423, 300).dots
    assert image.getpixel((quiet, quiet)) == (0, 0, 0, 255)


@given(module_mm=st.floats(labels.X_MIN_MM, 0.85), dpi=st.integers(200, 2400))
@settings(max_examples=200)
def test_a_module_is_never_under_the_minimum_and_less_than_a_dot_over_the_wish(module_mm: float, dpi: int) -> None:
    made = module(module_mm, dpi)
    assert labels.X_MIN_MM <= made.mm <= labels.X_MAX_MM
    dot = MM_PER_INCH / dpi
    assert module_mm - 0.05 * dot - 1e-9 <= made.mm < module_mm + dot


@pytest.mark.parametrize(("dpi", "dots"), [(203, 4), (300, 5), (600, 10)])
def test_the_usual_module_is_these_dots_on_the_usual_printers(dpi: int, dots: int) -> None:
    assert module(0.423, dpi).dots == dots


@pytest.mark.parametrize(
    ("module_mm", "dpi", "field", "number"),
    [
        (0.395, 300, "module_mm", "0.395"),
        (0.991, 300, "module_mm", "0.991"),
        (0.98, 203, "module_mm", "1.001"),
        (float("nan"), 300, "module_mm", "nan"),
        (0.423, 150, "dpi", "150"),
        (0.423, 4800, "dpi", "4800"),
    ],
)
def test_a_size_outside_the_limits_is_refused_with_the_number(
    module_mm: float, dpi: int, field: str, number: str
) -> None:
    with pytest.raises(labels.LabelError) as refused:
        labels.qr(URI, format="png", module_mm=module_mm, dpi=dpi)
    assert refused.value.field == field
    assert number in refused.value.message


@pytest.mark.parametrize(
    ("text", "said"), [("", "empty"), ("https://a/批", "position 10"), ("a\tb", "position 1"), ("x" * 2332, "2332")]
)
def test_text_that_cannot_be_encoded_is_refused(text: str, said: str) -> None:
    with pytest.raises(labels.LabelError) as refused:
        labels.qr(text, format="png")
    assert refused.value.field == "text"
    assert said in refused.value.message


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(labels.LabelError) as refused:
        labels.qr(URI, format="gif")  # type: ignore[arg-type]
    assert refused.value.field == "format"


def test_a_png_too_large_to_draw_is_refused() -> None:
    with pytest.raises(labels.LabelError) as refused:
        labels.qr("x" * 2000, format="png", module_mm=0.98, dpi=2400)
    assert refused.value.field == "dpi"


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None)
def test_the_rectangles_cover_each_dark_module_once_and_the_symbol_reads_as_the_text(text: str) -> None:
    symbol = encode(text)
    painted = [bytearray(symbol.width) for _ in range(symbol.width)]
    for x, y, width, height in boxes(symbol):
        for row in painted[y : y + height]:
            for column in range(x, x + width):
                row[column] += 1
    assert tuple(bytes(row) for row in painted) == symbol.rows
    assert read(opened(labels.qr(text, format="png")).convert("L")).text == text


def test_labels_imports_nothing_of_the_service() -> None:
    for path in Path(labels.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "traceapp"], path.name
