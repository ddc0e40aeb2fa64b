"""What each kind of label has on it: which symbols, which facts under which captions, how large.

The caller hands in what there is to tell (`Content`); a template takes what it has a place for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from labels.element_string import Ais
from labels.errors import LabelError
from labels.limits import Use
from labels.spec import Format, LabelSpec, Line, Mark

if TYPE_CHECKING:
    from labels.qr_code import ErrorCorrection

Fact = Literal[
    "lot", "made", "expires", "serial", "quantity", "gtin", "content", "sscc", "sample", "sampled", "purpose", "on",
    "by", "reason",
]  # fmt: skip
Language = Literal["both", "zh", "en"]
Symbols = Literal["qr", "gs1", "both"]

LANGUAGES: tuple[Language, ...] = ("both", "zh", "en")
SYMBOLS: tuple[Symbols, ...] = ("qr", "gs1", "both")

CAPTIONS: dict[Fact, tuple[str, str]] = {
    "lot": ("批号", "LOT"),
    "made": ("生产日期", "MFG"),
    "expires": ("有效期至", "EXP"),
    "serial": ("序列号", "SN"),
    "quantity": ("数量", "QTY"),
    "gtin": ("", "GTIN"),
    "content": ("内装", "CONTENT"),
    "sscc": ("", "SSCC"),
    "sample": ("样品编号", "SAMPLE NO"),
    "sampled": ("取样日期", "SAMPLED"),
    "purpose": ("用途", "PURPOSE"),
    "on": ("日期", "DATE"),
    "by": ("签名", "BY"),
    "reason": ("原因", "REASON"),
}


@dataclass(frozen=True)
class Code:
    """What one GS1 symbol holds, and the same for people."""

    ais: Ais
    hri: str


@dataclass(frozen=True)
class Content:
    """What there is to tell about one thing: its names, facts as they are printed, the address in the QR Code with its
    HRI, and the GS1 symbols in their order."""

    name_zh: str = ""
    name_en: str = ""
    facts: tuple[tuple[Fact, str], ...] = ()
    link: str = ""
    link_hri: str = ""
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Print:
    """How labels are printed; None: as the template has it."""

    format: Format = "png"
    dpi: int = 300
    module_mm: float | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    symbols: Symbols | None = None
    language: Language = "both"
    error_correction: ErrorCorrection = "M"


@dataclass(frozen=True)
class Template:
    """One kind of label. `mark` and `use` are what its GS1 symbols are; `symbols` the usual choice between QR Code, GS1
    symbols and both; `status` stands across the top (zh, en)."""

    name: str
    width_mm: float
    height_mm: float
    facts: tuple[Fact, ...]
    mark: Literal["gs1-datamatrix", "gs1-128"] = "gs1-datamatrix"
    use: Use = "healthcare"
    symbols: Symbols = "qr"
    status: tuple[str, str] | None = None
    module_mm: float = 0.423
    padding_mm: float = 1.5
    text_scale: float = 1.0

    def spec(self, content: Content, how: Print = Print()) -> LabelSpec:  # noqa: B008 - frozen
        """The label of this kind for a content. Raises LabelError when the content lacks what the symbols need."""
        symbols = how.symbols or self.symbols
        if symbols != "qr" and not content.codes:
            raise LabelError(
                "There is nothing for a GS1 symbol: it needs a GTIN or an SSCC. Print the QR code alone.", "symbols"
            )
        if symbols != "gs1" and not content.link:
            raise LabelError("There is no address for a QR Code.", "symbols")
        marks = () if symbols == "qr" else tuple([self._mark(code) for code in content.codes])
        return LabelSpec(
            "" if symbols == "gs1" else content.link,
            self._lines(content, how.language, symbols),
            how.format,
            how.module_mm or self.module_mm,
            how.dpi,
            how.error_correction,
            how.width_mm or self.width_mm,
            how.height_mm or self.height_mm,
            self.padding_mm,
            marks,
            self.text_scale,
        )

    def _mark(self, code: Code) -> Mark:
        return Mark(self.mark, code.ais, code.hri, self.use)

    def _lines(self, content: Content, language: Language, symbols: Symbols) -> tuple[Line, ...]:
        lines = list(_heading(self.status, content.name_zh, content.name_en, language))
        told = dict(content.facts)
        lines += [Line(told[fact], "data", caption(fact, language)) for fact in self.facts if fact in told]
        if symbols == "qr" and content.link_hri:
            lines.append(Line(content.link_hri, "hri"))
        elif symbols != "qr" and self.mark == "gs1-datamatrix":
            lines += [Line(code.hri, "hri") for code in content.codes]
        return tuple(lines)


@lru_cache(maxsize=128)
def caption(fact: Fact, language: Language) -> str:
    """What stands before a fact; a caption that one language lacks is the other's."""
    return _spoken(CAPTIONS[fact], language)


@lru_cache(maxsize=256)
def _heading(status: tuple[str, str] | None, name_zh: str, name_en: str, language: Language) -> tuple[Line, ...]:
    lines = [Line(_spoken(status, language), "status")] if status else []
    names = [name for name in _chosen((name_zh, name_en), language) if name]
    for kind, name in zip(("name", "subname"), dict.fromkeys(names), strict=False):
        lines.append(Line(name, kind))  # type: ignore[arg-type]
    return tuple(lines)


def _spoken(words: tuple[str, str], language: Language) -> str:
    return " ".join(word for word in _chosen(words, language) if word)


def _chosen(words: tuple[str, str], language: Language) -> tuple[str, ...]:
    """The words in the language asked for, in the other one where it has none."""
    chinese, english = words
    if language == "zh":
        return (chinese or english,)
    return (english or chinese,) if language == "en" else words


def _sticker(name: str, facts: tuple[Fact, ...], status: tuple[str, str]) -> Template:
    return Template(name, 80, 50, facts, status=status, module_mm=0.6)


_KINDS = (
    Template("unit", 60, 40, ("lot", "made", "expires", "serial")),
    Template(
        "carton",
        100,
        70,
        ("lot", "made", "expires", "quantity", "serial"),
        "gs1-128",
        symbols="both",
        module_mm=0.6,
        text_scale=1.7,
    ),
    Template(
        "pallet",
        148,
        210,
        ("sscc", "content", "quantity", "lot", "expires"),
        "gs1-128",
        "logistics",
        "both",
        module_mm=0.8,
        padding_mm=3,
        text_scale=2.0,
    ),
    Template(
        "sample", 60, 40, ("lot", "sample", "sampled", "quantity", "purpose", "by"), status=("样品", "SAMPLE")
    ),
    _sticker("quarantine", ("lot", "quantity", "on", "by", "reason"), ("待验", "QUARANTINE")),
    _sticker("released", ("lot", "expires", "quantity", "on", "by"), ("合格", "RELEASED")),
    _sticker("recalled", ("lot", "quantity", "on", "by", "reason"), ("召回", "RECALLED")),
)
TEMPLATES: dict[str, Template] = {kind.name: kind for kind in _KINDS}


def template(name: str) -> Template:
    """The template of this name. Raises LabelError."""
    if name not in TEMPLATES:
        raise LabelError(
            "%(name)s is %(value)s; it must be one of %(choices)s.",
            "template",
            name="template",
            value=repr(name),
            choices=", ".join(TEMPLATES),
        )
    return TEMPLATES[name]
