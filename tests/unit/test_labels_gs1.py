"""GS1 DataMatrix and GS1-128: read back by a third-party reader at the smallest sizes, blurred, and aslant."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import labels
from labels import LabelError, LabelSpec, Mark
from labels.element_string import PREDEFINED, element_string
from labels.gs1_symbols import SQUARES, code_sets, data_matrix, gs1_128, gs1_128_modules, printer_data_matrix
from traceapp.gs1 import TABLE, write_element_string

BARE = labels.fonts.latin_with(None)
RESOLUTIONS = (203, 300, 600)
UNIT = (("01", "06901234567892"), ("17", "290228"), ("10", "A2401/B"), ("21", "000123"))
CASE = (("01", "16901234567899"), ("17", "290228"), ("10", "a2401>B"))
PALLET = (("00", "106901234500000010"),)
CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

SMALLEST = {
    "DataMatrix": Mark("gs1-datamatrix", UNIT, module_mm=0.254),
    "flat DataMatrix": Mark("gs1-datamatrix", UNIT, module_mm=0.254, rectangular=True),
    "GS1-128 in healthcare": Mark("gs1-128", CASE, module_mm=0.170),
    "GS1-128 of a pallet": Mark("gs1-128", PALLET, use="logistics", module_mm=0.495),
}


def picture(mark: Mark, dpi: int) -> Image.Image:
    data = labels.render(LabelSpec("", marks=(mark,), dpi=dpi, padding_mm=3), BARE)
    return Image.open(io.BytesIO(data)).convert("L")


def check(image: Image.Image, mark: Mark) -> None:
    (found,) = zxingcpp.read_barcodes(image)
    assert found.symbology_identifier == ("]C1" if mark.symbology == "gs1-128" else "]d2")
    assert found.bytes.decode() == element_string(mark.ais)[1:]


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("kind", SMALLEST)
def test_the_smallest_symbol_is_read_back(kind: str, dpi: int) -> None:
    check(picture(SMALLEST[kind], dpi), SMALLEST[kind])


@pytest.mark.parametrize("sigma", [0.5, 1.0])
@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("kind", SMALLEST)
def test_a_blurred_symbol_is_read_back(kind: str, dpi: int, sigma: float) -> None:
    check(picture(SMALLEST[kind], dpi).filter(ImageFilter.GaussianBlur(sigma)), SMALLEST[kind])


@pytest.mark.parametrize("degrees", [-7, -2, 4, 7])
@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("kind", SMALLEST)
def test_a_symbol_aslant_is_read_back(kind: str, dpi: int, degrees: int) -> None:
    image = picture(SMALLEST[kind], dpi).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    check(image, SMALLEST[kind])


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize(("kind", "sides", "ends"), [("DataMatrix", 1, 1), ("GS1-128 in healthcare", 10, 0)])
def test_modules_are_whole_dots_and_the_quiet_zone_is_white(kind: str, sides: int, ends: int, dpi: int) -> None:
    mark = SMALLEST[kind]
    image = Image.open(io.BytesIO(labels.render(LabelSpec("", marks=(mark,), dpi=dpi), BARE))).convert("L")
    left, top, right, bottom = image.point(lambda value: 255 - value).getbbox()
    symbol = gs1_128(mark.ais) if mark.symbology == "gs1-128" else data_matrix(mark.ais)
    dots = (right - left) / symbol.width
    assert dots == int(dots)
    assert dots * 25.4 / dpi >= mark.module_mm - 1e-9
    assert (left, image.width - right) == (sides * dots, sides * dots)
    assert (top, image.height - bottom) == (ends * dots, ends * dots)


def test_values_with_a_predefined_length_are_the_same_as_in_the_table_of_identifiers() -> None:
    assert {ai for ai in TABLE if ai[:2] in PREDEFINED} == {ai for ai, entry in TABLE.items() if entry.predefined}


def test_an_element_string_is_the_one_that_the_parser_writes() -> None:
    for ais in (UNIT, CASE, PALLET, (("37", "48"), ("02", "16901234567899"), ("10", "A"))):
        assert element_string(ais) == write_element_string(ais, "\x1d")


values = st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=14)


@given(lot=values, serial=values)
@settings(max_examples=60, deadline=None)
def test_whatever_a_value_holds_both_symbols_hold_it(lot: str, serial: str) -> None:
    ais = (("01", "06901234567892"), ("10", lot), ("21", serial))
    check(picture(Mark("gs1-datamatrix", ais), 300), Mark("gs1-datamatrix", ais))
    check(picture(Mark("gs1-128", ais[:2]), 300), Mark("gs1-128", ais[:2]))


@given(
    st.lists(
        st.tuples(st.sampled_from(["10", "21", "240", "30"]), st.text(st.sampled_from("0123456789Aa>"), min_size=1, max_size=9)),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=200, deadline=None)
def test_the_code_sets_make_a_symbol_as_short_as_the_encoder_s(ais: list[tuple[str, str]]) -> None:
    assert gs1_128_modules(tuple(ais)) == gs1_128(tuple(ais)).width
    text = element_string(tuple(ais))
    assert "".join(text[start:stop] for _, start, stop in code_sets(text)) == text


@given(values)
@settings(max_examples=100, deadline=None)
def test_the_size_that_a_printer_is_told_always_has_room(lot: str) -> None:
    ais = (("01", "06901234567892"), ("10", lot))
    assert printer_data_matrix(ais)[0] >= data_matrix(ais).height
    assert printer_data_matrix(ais)[0] in SQUARES


@pytest.mark.parametrize(
    ("mark", "field", "said"),
    [
        (Mark("gs1-datamatrix", UNIT, module_mm=0.253), "marks.0.module_mm", ("0.253", "0.254", "0.495")),
        (Mark("gs1-datamatrix", UNIT, module_mm=0.496), "marks.0.module_mm", ("0.496", "0.495")),
        (Mark("gs1-128", CASE, module_mm=0.169), "marks.0.module_mm", ("0.169", "0.170")),
        (Mark("gs1-128", PALLET, use="logistics", module_mm=0.494), "marks.0.module_mm", ("0.494", "0.495", "0.940")),
        (Mark("gs1-128", CASE, height_mm=12.6), "marks.0.height_mm", ("12.6", "12.70")),
        (Mark("gs1-128", PALLET, use="logistics", height_mm=31.7), "marks.0.height_mm", ("31.7", "31.75")),
        (Mark("gs1-datamatrix", UNIT, use="logistics"), "marks.0.use", ("logistics", "healthcare")),
        (Mark("gs1-128", (("01", "0" * 14), ("10", "A" * 20), ("21", "B" * 12))), "marks.0.ais", ("53", "48")),
        (Mark("gs1-128", (("10", "A" * 20), ("21", "B" * 20)), module_mm=0.45), "marks.0.module_mm", ("261", "165.10")),
        (Mark("gs1-datamatrix", (("10", "A#B"),)), "marks.0.ais.0", ("'#'", "position 1")),
        (Mark("gs1-datamatrix", (("10", "A"), ("21", ""))), "marks.0.ais.1", ("0 characters",)),
        (Mark("gs1-datamatrix", (("1", "A"),)), "marks.0.ais.0", ("'1'",)),
        (Mark("gs1-datamatrix", ()), "marks.0.ais", ("at least one",)),
        (Mark("gs1-datamatrix", (("10", "A" * 80),), rectangular=True), "marks.0.ais", ("82", "rectangular")),
        (Mark("qr", UNIT), "marks.0.symbology", ("qr",)),  # type: ignore[arg-type]
        (Mark("gs1-128", CASE, hri="a\nb"), "marks.0.hri", ("U+000A",)),
    ],
)
def test_what_is_outside_the_limits_is_refused_with_the_number_and_the_one_allowed(
    mark: Mark, field: str, said: tuple[str, ...]
) -> None:
    with pytest.raises(LabelError) as refused:
        labels.render(LabelSpec("", marks=(mark,), dpi=600), BARE)
    assert refused.value.field == field
    for number in said:
        assert number in refused.value.message


def test_bars_shrink_to_the_width_of_the_label_but_not_under_the_limit() -> None:
    def dots(width_mm: float) -> float:
        image = Image.open(
            io.BytesIO(labels.render(LabelSpec("", marks=(Mark("gs1-128", CASE),), width_mm=width_mm), BARE))
        ).convert("L")
        left, _, right, _ = image.point(lambda value: 255 - value).getbbox()
        return (right - left) / gs1_128(CASE).width

    assert [dots(width) for width in (200, 120, 90)] == [6 - 1, 4, 3]
    with pytest.raises(LabelError) as refused:
        dots(60)
    assert refused.value.field == "width_mm"


def test_without_a_module_the_whole_dots_nearest_to_the_target_are_taken() -> None:
    for dpi, matrix, bars in ((203, 3, 3), (300, 4, 5), (600, 9, 11)):
        for mark, dots in ((Mark("gs1-datamatrix", UNIT), matrix), (Mark("gs1-128", CASE), bars)):
            assert labels.size_mm(LabelSpec("", marks=(mark,), dpi=dpi), BARE)[0] == pytest.approx(
                (gs1_128(CASE).width + 20 if mark.symbology == "gs1-128" else data_matrix(UNIT).width + 2)
                * dots * 25.4 / dpi
            )  # fmt: skip


def test_a_label_without_a_qr_code_is_named_by_what_its_symbol_holds() -> None:
    for mark, title in ((Mark("gs1-128", PALLET, "(00)1069"), "(00)1069"), (Mark("gs1-datamatrix", PALLET), "001069")):
        drawn = labels.render(LabelSpec("", marks=(mark,), format="svg"), BARE).decode()
        assert f"<title>{title}" in drawn


def test_a_label_must_have_a_symbol() -> None:
    with pytest.raises(LabelError) as refused:
        LabelSpec("", (labels.Line("text"),))
    assert refused.value.field == "text"
