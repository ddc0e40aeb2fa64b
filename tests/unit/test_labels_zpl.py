"""ZPL for thermal printers: golden files, what its fields hold, and nothing in a text that becomes a command."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFilter

import labels
from labels import Code, Content, LabelSpec, Line, Mark, Print, template
from labels.element_string import element_string
from labels.zpl import field, picture
from tests.zpl_printer import commands, matrix_text, printed, qr_text
from tests.zpl_printer import picture as picture_dots

BARE = labels.fonts.latin_with(None)
GOLDEN = Path(__file__).parents[1] / "golden" / "labels"
GTIN, CASE, SSCC = "06901234567892", "16901234567899", "106901234500000010"
URI = f"https://t.example.cn/01/{GTIN}/10/A2401_B~1/21/000123456"
UNIT = (("01", GTIN), ("17", "290228"), ("10", "A2401/_B"), ("21", "000123"))
PARCEL = (("01", CASE), ("10", "a2401>B"), ("21", "12345"))


def code(*ais: tuple[str, str]) -> Code:
    return Code(ais, "".join(f"({ai}){value}" for ai, value in ais))


CONTENT = Content(
    "",
    "Hydrocolloid dressing, thin",
    (("lot", "A2401B"), ("expires", "2029-02-28"), ("serial", "000123456"), ("quantity", "48"), ("sscc", SSCC)),
    URI,
    f"(01){GTIN}(10)A2401_B~1(21)000123456",
)
GOLDEN_LABELS = {
    "unit": ("unit", replace(CONTENT, codes=(code(*UNIT),)), Print("zpl", 300, symbols="both", language="en")),
    "carton": ("carton", replace(CONTENT, codes=(code(*PARCEL),)), Print("zpl", 203, language="en")),
    "pallet": (
        "pallet",
        replace(CONTENT, codes=(code(("02", CASE), ("37", "48")), code(("00", SSCC)))),
        Print("zpl", 203, language="en"),
    ),
    "released": ("released", CONTENT, Print("zpl", 203, language="en")),
}


def made(name: str) -> bytes:
    kind, content, how = GOLDEN_LABELS[name]
    return labels.render(template(kind).spec(content, how), BARE)


@pytest.mark.parametrize("name", GOLDEN_LABELS)
def test_the_zpl_of_each_kind_is_the_one_that_was_looked_at(name: str) -> None:
    assert made(name).decode("ascii") == (GOLDEN / f"{name}.zpl").read_text("ascii")


def test_the_fields_hold_what_the_symbols_must() -> None:
    (unit,), (carton,) = printed(made("unit")), printed(made("carton"))
    assert [qr_text(data) for data in unit.data("BQ")] == [URI]
    (matrix,) = [one for one in unit.fields if one.kind == "BX"]
    assert matrix_text(matrix) == element_string(UNIT)
    assert carton.data("BC") == [b">;>80116901234567899" + b"10>6a2401>0B>8" + b"2>5112345"]
    assert b"000123456" in unit.data("A0")
    assert (unit.width, unit.height) == (round(60 * 300 / 25.4), round(40 * 300 / 25.4))


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize("change", ["sharp", "blurred", "aslant"])
def test_what_the_printer_makes_of_it_is_read_back(dpi: int, change: str) -> None:
    spec = LabelSpec(
        URI, format="zpl", module_mm=0.396, dpi=dpi, padding_mm=3,
        marks=(Mark("gs1-datamatrix", UNIT, module_mm=0.254), Mark("gs1-128", PARCEL, module_mm=0.170)),
    )  # fmt: skip
    (label,) = printed(labels.render(spec, BARE))
    image = label.image()
    if change == "blurred":
        image = image.filter(ImageFilter.GaussianBlur(1))
    elif change == "aslant":
        image = image.rotate(7, expand=True, fillcolor=255)
    found = {(one.symbology_identifier, one.bytes.decode()) for one in zxingcpp.read_barcodes(image)}
    assert found == {("]Q1", URI), ("]d2", element_string(UNIT)[1:]), ("]C1", element_string(PARCEL)[1:])}


def test_a_flat_data_matrix_is_asked_for_as_one() -> None:
    spec = LabelSpec("", format="zpl", marks=(Mark("gs1-datamatrix", UNIT, rectangular=True),))
    (label,) = printed(labels.render(spec, BARE))
    assert label.fields[0].values[3:] == ["36", "16", "6", "@", "2"]
    (found,) = zxingcpp.read_barcodes(label.image())
    assert (found.symbology_identifier, found.bytes.decode()) == ("]d2", element_string(UNIT)[1:])


def test_a_module_of_more_dots_than_the_printer_s_encoder_takes_goes_as_a_picture() -> None:
    spec = LabelSpec(URI, format="zpl", module_mm=0.5, dpi=600, marks=(Mark("gs1-128", PARCEL, module_mm=0.49),))
    with pytest.raises(labels.LabelError):
        labels.render(spec, BARE)  # 12 dots are 0.508 mm
    spec = replace(spec, marks=(Mark("gs1-128", PARCEL, use="logistics"),))
    (label,) = printed(labels.render(spec, BARE))
    assert [one.kind for one in label.fields] == ["GF", "GF"]
    found = {(one.symbology_identifier, one.bytes.decode()) for one in zxingcpp.read_barcodes(label.image())}
    assert found == {("]Q1", URI), ("]C1", element_string(PARCEL)[1:])}


COMMANDS = ["XA", "CI", "PW", "LL", "LH", "FO", "BY", "BQ", "FH", "FD", "FS", "FT", "A0", "FH", "FD", "FS", "XZ"]


@pytest.mark.parametrize(
    "nasty",
    [
        "A^XZ^XA^FO0,0^A0N,99^FDSTOLEN^FS^XZ", "~JA", "~DGR:X.GRF,1,1,FF", "_5EXZ", "__5E", "^FS^FX", "\\5E", "^", "~",
        "A_", "^CC!", "A,B",
    ],
)  # fmt: skip
def test_a_lot_number_cannot_give_the_printer_a_command(nasty: str) -> None:
    data = labels.render(LabelSpec("https://a.example/" + nasty, (Line(nasty),), "zpl"), BARE)
    assert [name for name, _ in commands(data)] == COMMANDS
    (label,) = printed(data)
    assert [qr_text(one) for one in label.data("BQ")] == ["https://a.example/" + nasty]
    assert label.data("A0") == [nasty.encode()]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30).filter(str.strip))
@settings(max_examples=150, deadline=None)
def test_no_text_at_all_becomes_a_command(text: str) -> None:
    data = labels.render(LabelSpec("x" + text, (Line(text, "note"),), "zpl"), BARE)
    assert {name for name, _ in commands(data)} == set(COMMANDS)
    assert data.count(b"^XA") == data.count(b"^XZ") == 1
    (label,) = printed(data)
    assert qr_text(label.data("BQ")[0]) == "x" + text
    assert b"".join(label.data("A0")).replace(b" ", b"") == text.replace(" ", "").encode()


def test_what_is_no_ascii_is_never_sent_as_it_is() -> None:
    assert field("é^~_") == "_C3_A9_5E_7E_5F"
    data = labels.render(LabelSpec("x", (Line("25 °C × 3"),), "zpl"), BARE)
    assert data.isascii()
    (label,) = printed(data)
    assert [one.kind for one in label.fields] == ["BQ", "GF"]


def test_a_picture_says_the_same_as_its_dots() -> None:
    generator = np.random.default_rng(7)
    for height, width, share in ((1, 1, 0.5), (7, 13, 0.5), (40, 300, 0.02), (30, 5000, 0.001), (9, 64, 1.0), (5, 16, 0)):
        dots = (generator.random((height, width)) < share).astype(np.uint8)
        dots[height // 2 :] = dots[height // 2]
        values = picture(dots).removeprefix("^GF").split(",", 4)
        assert (picture_dots(values)[:, :width] == dots).all()


def test_a_printer_puts_a_qr_code_lower_by_the_height_of_bars_and_the_place_allows_for_it() -> None:
    (label,) = printed(labels.render(LabelSpec("https://a.example", format="zpl"), BARE))
    (qr,) = label.fields
    assert qr.bar_height == 1
    assert (qr.x, qr.y + qr.bar_height) == (4 * 5, 4 * 5)
    left, top, right, bottom = label.image().point(lambda value: 255 - value).getbbox()
    assert (left, top, label.width - right, label.height - bottom) == (20, 20, 20, 20)


def test_the_golden_labels_are_all_there_and_speak_of_no_machine() -> None:
    assert {path.stem for path in GOLDEN.glob("*.zpl")} == set(GOLDEN_LABELS)
    for path in GOLDEN.glob("*.zpl"):
        assert re.fullmatch(r"(?:\^[^^~]*)+", path.read_text("ascii"))
