"""A label with its text: read back, measured, and refused when something does not fit."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import labels
from labels import LabelError, LabelSpec, Line
from labels.arrange import TEXT_MARGIN_MM
from labels.errors import Phrase
from labels.fonts import FontSet
from labels.layout import compose
from labels.limits import MM_PER_INCH, module
from labels.qr_code import encode
from labels.typeface import typeface
from labels.wrap import parts, wrap
from tests.conftest import missing

URI = "https://t.example.cn/01/06901234567892/10/A2401B?17=290228"
LATIN = (
    Line("Hydrocolloid dressing, thin", "name"),
    Line("A2401B", caption="Lot"),
    Line("2029-02-28", caption="Expiry"),
    Line("(01)06901234567892(17)290228(10)A2401B", "hri"),
)
BILINGUAL = (
    Line("水胶体敷料（薄型）", "name"),
    Line("Hydrocolloid dressing", "subname"),
    Line("A2401B", caption="批号 Lot"),
    Line("2026-03-01", caption="生产日期"),
    Line("2029-02-28", caption="有效期至 Expiry"),
)
BARE = labels.fonts.latin_with(None)
RESOLUTIONS = (203, 300, 600)


@pytest.fixture(params=["with Chinese", "without"])
def fonts(request: pytest.FixtureRequest) -> FontSet:
    return chinese() if request.param == "with Chinese" else BARE


def chinese() -> FontSet:
    found = labels.fonts.find_cjk()
    if found is None:
        missing(f"no Chinese font is here; {labels.fonts.advice()}")
    return labels.fonts.latin_with(found)


def pixels(spec: LabelSpec, fonts: FontSet) -> Image.Image:
    """The label as a printer of its resolution would see it."""
    data = labels.render(spec, fonts)
    if spec.format == "png":
        return Image.open(io.BytesIO(data)).convert("L")
    return pypdfium2.PdfDocument(data)[0].render(scale=spec.dpi / 72).to_pil().convert("L")


def pdf_text(data: bytes) -> str:
    return pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("format", ["png", "pdf"])
def test_a_label_at_the_smallest_module_is_read_back(format: labels.spec.Format, dpi: int, fonts: FontSet) -> None:
    spec = LabelSpec(URI, BILINGUAL, format, module_mm=labels.X_MIN_MM, dpi=dpi)
    (symbol,) = zxingcpp.read_barcodes(pixels(spec, fonts))
    assert (symbol.text, symbol.ec_level) == (URI, "M")


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_the_level_of_error_correction_is_the_one_asked_for(level: labels.qr_code.ErrorCorrection) -> None:
    (symbol,) = zxingcpp.read_barcodes(pixels(LabelSpec(URI, error_correction=level), BARE))
    assert symbol.ec_level == level


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_four_modules_round_the_symbol_stay_white_beside_text(dpi: int, fonts: FontSet) -> None:
    lines = (Line("W" * 12, "name"), *LATIN)
    image = pixels(LabelSpec(URI, lines, "png", dpi=dpi, width_mm=62, height_mm=30, padding_mm=1), fonts)
    dots = module(0.423, dpi).dots
    left = image.point(lambda value: 255 - value).getbbox()[0]
    column = [image.getpixel((left, y)) for y in range(image.height)]
    top = column.index(0)
    assert column[top : top + 8 * dots] == [0] * (7 * dots) + [255] * dots
    quiet, side = 4 * dots, encode(URI).width * dots
    box = (left - quiet, top - quiet, left + side + quiet, top + side + quiet)
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[3] <= image.height
    around = image.crop(box)
    around.paste(255, (quiet, quiet, quiet + side, quiet + side))
    assert around.getextrema() == (255, 255)
    last_column = image.crop((left + side - 1, top, left + side, top + side))
    assert last_column.getextrema() == (0, 255)


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_file_is_as_large_as_the_stated_size(format: labels.spec.Format, fonts: FontSet) -> None:
    spec = LabelSpec(URI, BILINGUAL, format)
    width, height = labels.size_mm(spec, fonts)
    data = labels.render(spec, fonts)
    if format == "png":
        image = Image.open(io.BytesIO(data))
        assert image.size == (round(width * 300 / MM_PER_INCH), round(height * 300 / MM_PER_INCH))
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    elif format == "pdf":
        size = pypdfium2.PdfDocument(data)[0].get_size()
        assert size == pytest.approx((width / MM_PER_INCH * 72, height / MM_PER_INCH * 72), abs=0.01)
    else:
        root = ElementTree.fromstring(data)
        assert [float(root.attrib[side].removesuffix("mm")) for side in ("width", "height")] == pytest.approx(
            (width, height), abs=1e-3
        )


def test_a_label_without_text_is_the_symbol_with_its_quiet_zone() -> None:
    side = (encode(URI).width + 8) * 5 * MM_PER_INCH / 300
    assert labels.size_mm(LabelSpec(URI), BARE) == pytest.approx((side, side))
    assert labels.size_mm(LabelSpec(URI, padding_mm=2 * MM_PER_INCH / 300), BARE) == pytest.approx(
        (side + 4 * MM_PER_INCH / 300,) * 2
    )


def test_all_text_is_in_the_pdf_and_in_the_svg(fonts: FontSet) -> None:
    found = pdf_text(labels.render(LabelSpec(URI, BILINGUAL, "pdf"), fonts))
    root = ElementTree.fromstring(labels.render(LabelSpec(URI, BILINGUAL, "svg"), fonts))
    drawn = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for line in BILINGUAL:
        assert line.text in found
        assert line.caption in found
        assert line.text in drawn


def test_markup_in_a_name_is_text_in_the_svg() -> None:
    root = ElementTree.fromstring(labels.render(LabelSpec(URI, (Line('<b> & "x"', "name"),), "svg"), BARE))
    assert [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")] == ['<b> & "x"']


def test_with_a_chinese_font_the_pdf_embeds_it_and_nothing_is_missing() -> None:
    spec = LabelSpec(URI, BILINGUAL, "pdf")
    fonts = chinese()
    assert labels.missing_font(spec, fonts) is None
    assert labels.missing_font(replace(spec, format="png"), fonts) is None
    assert b"/FontFile2" in labels.render(spec, fonts)
    assert b"STSong" not in labels.render(spec, fonts)


def test_without_a_chinese_font_the_pdf_borrows_the_viewers_and_says_so() -> None:
    spec = LabelSpec(URI, BILINGUAL, "pdf")
    lacks = labels.missing_font(spec, BARE)
    assert b"/STSong-Light" in labels.render(spec, BARE)
    assert lacks is not None
    assert lacks.left_out == ()
    assert "fonts-wqy-microhei" in lacks.message


def test_without_a_chinese_font_a_png_leaves_out_chinese_lines_and_names_them() -> None:
    spec = LabelSpec(URI, BILINGUAL, "png")
    lacks = labels.missing_font(spec, BARE)
    assert lacks is not None
    assert lacks.left_out == (BILINGUAL[0], BILINGUAL[3])
    assert "水胶体敷料（薄型）" in lacks.message
    drawn = [row.text for row in compose(spec, typeface(BARE, "nothing")).texts]
    assert drawn == ["Hydrocolloid dressing", "Lot", "A2401B", "Expiry", "2029-02-28"]


def test_a_latin_label_lacks_nothing_without_a_chinese_font() -> None:
    for format in ("png", "pdf", "svg"):
        assert labels.missing_font(LabelSpec(URI, LATIN, format), BARE) is None


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_a_character_that_no_font_has_is_refused_with_its_line(format: labels.spec.Format, fonts: FontSet) -> None:
    with pytest.raises(LabelError) as refused:
        labels.render(LabelSpec(URI, (*LATIN, Line("ᚠᚢᚦ", "note")), format), fonts)
    assert refused.value.field == "lines.4"
    assert "Line 5" in refused.value.message


@pytest.mark.parametrize(
    "line",
    [Line("  "), Line("a\nb"), Line("a\u202eb"), Line("x", "heading"), Line("x" * 301)],  # type: ignore[arg-type]
)
def test_a_line_that_is_no_text_is_refused(line: Line) -> None:
    with pytest.raises(LabelError) as refused:
        LabelSpec(URI, (LATIN[0], line))
    assert refused.value.field == "lines.1"


@pytest.mark.parametrize("sign", ["℃", "℉", "Ⅴ", "Ⅹ", "㎎"])
def test_a_sign_made_of_letters_is_never_blank(sign: str, fonts: FontSet) -> None:
    spec = LabelSpec(URI, (Line(sign, "note"),))
    image = pixels(spec, fonts)
    symbol = round((encode(URI).width + 4) * module(spec.module_mm, spec.dpi).mm * spec.dpi / MM_PER_INCH)
    assert image.crop((symbol, 0, image.width, image.height)).getextrema()[0] == 0
    assert labels.missing_font(spec, fonts) is None


def test_a_sign_that_the_font_lacks_is_written_in_letters() -> None:
    label = compose(LabelSpec(URI, (Line("25℃", "note"),)), typeface(BARE, "nothing"))
    assert [row.text for row in label.texts] == ["25°C"]


def test_more_lines_than_a_label_has_are_refused() -> None:
    with pytest.raises(LabelError) as refused:
        LabelSpec(URI, (LATIN[0],) * 41)
    assert refused.value.field == "lines"


def test_text_shrinks_to_fit_the_label_and_never_under_the_smallest_size() -> None:
    spec = LabelSpec(URI, LATIN, width_mm=50, height_mm=19)
    small = compose(spec, typeface(BARE, "nothing")).texts
    large = compose(replace(spec, width_mm=90, height_mm=40), typeface(BARE, "nothing")).texts
    assert small[0].size_pt < large[0].size_pt
    assert min(row.size_pt for row in small) >= labels.MIN_TEXT_PT


def test_text_too_high_for_the_label_is_refused_naming_the_first_line_that_falls_off() -> None:
    lines = tuple(Line(f"Fact number {number}", "note") for number in range(12))
    with pytest.raises(LabelError) as refused:
        labels.render(LabelSpec(URI, lines, width_mm=60, height_mm=20), BARE)
    assert refused.value.field == "lines.7"
    assert "Line 8" in refused.value.message
    assert "the label has 17.0 mm" in refused.value.message
    assert "5 pt" in refused.value.message


def test_a_word_too_wide_for_the_label_is_refused_naming_its_line() -> None:
    lines = (LATIN[0], Line("W" * 40, caption="Lot"))
    with pytest.raises(LabelError) as refused:
        labels.render(LabelSpec(URI, lines, width_mm=60), BARE)
    assert refused.value.field == "lines.1"
    assert "too wide" in refused.value.message


@pytest.mark.parametrize(
    ("width", "height", "padding", "field", "number"),
    [
        (17.0, None, 0, "width_mm", "17.36"),
        (60, 17.0, 0, "height_mm", "17.36"),
        (18, None, 0, "width_mm", "24.5"),
        (60, 19.0, 1, "height_mm", "19.3"),
        (0, None, 0, "width_mm", "0"),
        (2000, None, 0, "width_mm", "2000"),
        (60, 30, -1, "padding_mm", "-1"),
    ],
)
def test_a_label_too_small_for_its_symbol_or_text_is_refused_with_the_number(
    width: float, height: float | None, padding: float, field: str, number: str
) -> None:
    with pytest.raises(LabelError) as refused:
        labels.render(LabelSpec(URI, LATIN, width_mm=width, height_mm=height, padding_mm=padding), BARE)
    assert refused.value.field == field
    assert number in refused.value.message


@given(
    name=st.text(st.sampled_from("Hydro colid敷料水胶体（薄），"), min_size=1, max_size=60).filter(str.strip),
    width=st.floats(35, 120),
    height=st.floats(18, 60),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_not_refused_is_whole_and_inside_the_label(name: str, width: float, height: float) -> None:
    spec = LabelSpec(URI, (Line(name, "name"), *LATIN[1:]), "svg", width_mm=width, height_mm=height)
    setting = typeface(BARE, "viewer")
    try:
        label = compose(spec, setting)
    except LabelError as refused:
        assert refused.field.startswith("lines.")  # noqa: PT017
        return
    squeeze = "".join(row.text for row in label.texts).replace(" ", "")
    assert squeeze == "".join(line.caption + line.text for line in spec.lines).replace(" ", "")
    for row in label.texts:
        assert row.width_mm == pytest.approx(setting.width_mm(row.text, row.size_pt, row.bold))
        assert row.x_mm + row.width_mm <= width - TEXT_MARGIN_MM + 1e-6
        assert row.x_mm >= label.symbols[0].x_mm + (encode(URI).width + 4) * label.symbols[0].foot.module.mm
        assert row.baseline_mm - 0.86 * row.size_pt * 25.4 / 72 >= TEXT_MARGIN_MM - 1e-6
        assert row.baseline_mm <= height - TEXT_MARGIN_MM
        assert row.size_pt >= labels.MIN_TEXT_PT


def test_a_name_that_nearly_fits_is_squeezed_rather_than_broken() -> None:
    setting = typeface(BARE, "nothing")
    natural = compose(LabelSpec(URI, LATIN[:1]), setting)
    narrower = compose(LabelSpec(URI, LATIN[:1], width_mm=natural.width_mm - 5), setting)
    assert [row.text for row in narrower.texts] == [LATIN[0].text]
    assert narrower.texts[0].size_pt < natural.texts[0].size_pt


def test_an_hri_breaks_only_before_an_application_identifier() -> None:
    assert parts("(01)06901234567892(17)290228(10)A(1)B", "hri") == ["(01)06901234567892", "(17)290228", "(10)A(1)B"]


def test_chinese_breaks_between_characters_but_not_before_closing_punctuation() -> None:
    divided = parts("水胶体敷料，透明（薄型）", "name")
    rows = wrap([(len(part), 0) for part in divided], 5)
    assert ["".join(divided[first:stop]) for first, stop in rows] == ["水胶体敷", "料，透明", "（薄型）"]


def test_the_blank_at_the_end_of_a_row_takes_no_room() -> None:
    divided = parts("aaa bbb cc", "name")
    assert divided == ["aaa ", "bbb ", "cc"]
    assert wrap([(4, 1), (4, 1), (2, 0)], 7) == [(0, 2), (2, 3)]
    assert wrap([(4, 1), (4, 1), (2, 0)], 6) == [(0, 1), (1, 3)]
    assert wrap([(4, 1)], 2) is None


def test_the_same_label_gives_the_same_bytes(fonts: FontSet) -> None:
    for format in ("png", "svg", "pdf"):
        spec = LabelSpec(URI, BILINGUAL, format)
        assert labels.render(spec, fonts) == labels.render(spec, fonts)


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_drawn_text_ends_where_it_was_measured(format: labels.spec.Format, fonts: FontSet) -> None:
    spec = LabelSpec(URI, (Line("HHHHHHHHHHHHHH", "name"),), format, dpi=600)
    (row,) = compose(spec, typeface(fonts, "cid")).texts
    ink = pixels(spec, fonts).point(lambda value: 255 if value < 128 else 0).getbbox()
    assert row.x_mm + row.width_mm - 0.7 < ink[2] * MM_PER_INCH / 600 <= row.x_mm + row.width_mm


def test_a_refusal_is_a_sentence_and_keeps_its_template_and_values_wherever_it_is_seen_from() -> None:
    refused = LabelError("%(name)s is %(value)s.", "width_mm", name="width_mm", value="5 mm").under("labels.3")
    assert (str(refused), refused.field) == ("width_mm is 5 mm.", "labels.3.width_mm")
    assert isinstance(refused.message, Phrase)
    assert refused.message.template == "%(name)s is %(value)s."
    assert refused.message.values == {"name": "width_mm", "value": "5 mm"}


def test_a_phrase_without_values_may_hold_a_percent_sign() -> None:
    assert LabelError("Too dark by 5 %; %(never)s", "text").message == "Too dark by 5 %; %(never)s"
