"""The kinds of labels: every symbol on every one is read back, in each format, and nothing is left untold."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

import labels
from labels import Code, Content, LabelError, Print, template
from labels.fonts import FontSet
from labels.layout import compose
from labels.spec import Format
from labels.template import CAPTIONS, LANGUAGES, Language, Symbols
from labels.typeface import typeface
from tests.conftest import missing
from tests.zpl_printer import printed

BARE = labels.fonts.latin_with(None)
GTIN, CASE, SSCC = "06901234567892", "16901234567899", "106901234500000010"


def code(*ais: tuple[str, str]) -> Code:
    return Code(ais, "".join(f"({ai}){value}" for ai, value in ais))


NAMED = Content("水胶体敷料（薄型）", "Hydrocolloid dressing, thin", (("lot", "A2401B"), ("expires", "2029-02-28")))
UNIT = replace(
    NAMED,
    facts=(*NAMED.facts, ("made", "2026-03-01"), ("serial", "000123456")),
    link=f"https://t.example.cn/01/{GTIN}/10/A2401B/21/000123456",
    link_hri=f"(01){GTIN}(10)A2401B(21)000123456",
    codes=(code(("01", GTIN), ("11", "260301"), ("17", "290228"), ("10", "A2401B"), ("21", "000123456")),),
)
CARTON = replace(
    NAMED,
    facts=(*NAMED.facts, ("quantity", "240 EA")),
    link=f"https://t.example.cn/01/{CASE}/10/A2401B",
    codes=(code(("01", CASE), ("17", "290228"), ("10", "A2401B")),),
)
PALLET = replace(
    NAMED,
    facts=(*NAMED.facts, ("sscc", SSCC), ("content", CASE), ("quantity", "48")),
    link=f"https://t.example.cn/00/{SSCC}",
    codes=(code(("02", CASE), ("37", "48")), code(("17", "290228"), ("10", "A2401B")), code(("00", SSCC))),
)
STICKER = replace(
    NAMED,
    facts=(
        *NAMED.facts, ("quantity", "12000 EA"), ("on", "2026-03-02"), ("by", "QA 42"), ("reason", "irritation"),
        ("sample", "S-117"), ("sampled", "2026-03-02"), ("purpose", "retained"),
    ),
    link=f"https://t.example.cn/01/{GTIN}/10/A2401B",
    link_hri=f"(01){GTIN}(10)A2401B",
)  # fmt: skip
CONTENTS = {"unit": UNIT, "carton": CARTON, "pallet": PALLET}
STATUS = {
    "sample": ("样品", "SAMPLE"), "quarantine": ("待验", "QUARANTINE"), "released": ("合格", "RELEASED"),
    "recalled": ("召回", "RECALLED"),
}  # fmt: skip


def chinese() -> FontSet:
    found = labels.fonts.find_cjk()
    if found is None:
        missing(f"no Chinese font is here; {labels.fonts.advice()}")
    return labels.fonts.latin_with(found)


def picture(name: str, how: Print, fonts: FontSet) -> Image.Image:
    """The label as a printer makes it, whatever the format."""
    data = labels.render(template(name).spec(CONTENTS.get(name, STICKER), how), fonts)
    if how.format == "png":
        return Image.open(io.BytesIO(data)).convert("L")
    if how.format == "zpl":
        (label,) = printed(data)
        return label.image()
    return pypdfium2.PdfDocument(data)[0].render(scale=how.dpi / 72).to_pil().convert("L")


def wanted(name: str, symbols: Symbols) -> set[tuple[str, str]]:
    """What a reader finds: identifier of the symbology, and text with AIs in brackets."""
    content, kind = CONTENTS.get(name, STICKER), "]d2" if template(name).mark == "gs1-datamatrix" else "]C1"
    found = {(kind, each.hri) for each in content.codes} if symbols != "qr" else set()
    return found | ({("]Q1", content.link)} if symbols != "gs1" else set())


def read(image: Image.Image) -> set[tuple[str, str]]:
    return {(found.symbology_identifier, found.text) for found in zxingcpp.read_barcodes(image)}


@pytest.mark.parametrize("format", ["png", "pdf", "zpl"])
@pytest.mark.parametrize("name", labels.TEMPLATES)
def test_every_symbol_of_every_kind_of_label_is_read_back_in_every_format(name: str, format: Format) -> None:
    assert read(picture(name, Print(format, 203), chinese())) == wanted(name, template(name).symbols)


@pytest.mark.parametrize("format", ["png", "zpl"])
@pytest.mark.parametrize("dpi", [300, 600])
@pytest.mark.parametrize(("name", "symbols"), [("unit", "both"), ("unit", "gs1"), ("carton", "both")])
def test_labels_for_finer_printers_are_read_back(name: str, symbols: Symbols, dpi: int, format: Format) -> None:
    how = Print(format, dpi, symbols=symbols)
    assert read(picture(name, how, chinese())) == wanted(name, symbols)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", labels.TEMPLATES)
def test_every_fact_of_the_kind_stands_on_the_label_under_its_caption(name: str, language: Language) -> None:
    content, kind = CONTENTS.get(name, STICKER), template(name)
    spec = kind.spec(content, Print(language=language))
    rows = [row.text for row in compose(spec, typeface(chinese(), "nothing")).texts]
    for fact in kind.facts:
        if fact in dict(content.facts):
            zh, en = CAPTIONS[fact]
            caption = {"both": f"{zh} {en}".strip(), "zh": zh or en, "en": en}[language]
            assert rows[rows.index(caption) + 1] == dict(content.facts)[fact]
    joined = " ".join(rows)
    assert (content.name_zh in joined, content.name_en in joined) == (language != "en", language != "zh")
    if name in STATUS:
        zh, en = STATUS[name]
        assert rows[0] == {"both": f"{zh} {en}", "zh": zh, "en": en}[language]
        assert spec.lines[0].kind == "status"
    if kind.mark == "gs1-128":
        assert [row for row in rows if row.startswith("(")] == [each.hri for each in content.codes]
    else:
        assert content.link_hri in joined.replace(" ", "")


@pytest.mark.parametrize("name", STATUS)
def test_a_status_is_white_on_black_from_edge_to_edge_and_never_only_a_colour(name: str) -> None:
    image = picture(name, Print(dpi=203, language="en"), BARE)
    top = image.crop((0, 0, image.width, 40))
    assert [top.getpixel((x, 2)) for x in (0, image.width // 2, image.width - 1)] == [0, 0, 0]
    assert top.getextrema() == (0, 255)
    assert {value for _, value in image.getcolors()} == {0, 255}


def test_without_a_chinese_font_the_latin_words_of_a_status_stay() -> None:
    spec = template("recalled").spec(STICKER)
    rows = [row.text for row in compose(spec, typeface(BARE, "nothing")).texts]
    assert rows[0] == "RECALLED"
    lacks = labels.missing_font(spec, BARE)
    assert lacks is not None
    assert lacks.left_out == (labels.Line("水胶体敷料（薄型）", "name"),)


def test_a_name_that_is_the_same_in_both_languages_stands_once() -> None:
    spec = template("unit").spec(replace(UNIT, name_zh="OK-7", name_en="OK-7"))
    assert [line.text for line in spec.lines if line.kind in ("name", "subname")] == ["OK-7"]


def test_what_lacks_a_gtin_gets_no_gs1_symbol_and_says_so() -> None:
    for symbols in ("gs1", "both"):
        with pytest.raises(LabelError) as refused:
            template("unit").spec(STICKER, Print(symbols=symbols))  # type: ignore[arg-type]
        assert refused.value.field == "symbols"
        assert "GTIN" in refused.value.message


def test_size_module_and_resolution_can_be_asked_for() -> None:
    spec = template("unit").spec(UNIT, Print("pdf", 600, 0.5, 80, 50, error_correction="Q"))
    assert labels.size_mm(spec, BARE) == (80, 50)
    assert (spec.format, spec.dpi, spec.module_mm, spec.error_correction) == ("pdf", 600, 0.5, "Q")


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(LabelError) as refused:
        template("box")
    assert "quarantine" in refused.value.message
