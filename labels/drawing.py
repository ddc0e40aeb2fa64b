"""From what a label says to the bytes of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from labels import fonts as system_fonts
from labels.errors import LabelError, Phrase
from labels.fonts import FontSet
from labels.layout import Composed, compose, lay_out
from labels.limits import module
from labels.pdf import label_pdf
from labels.png import label_png, symbol_png
from labels.qr_code import encode
from labels.spec import Format, LabelSpec, Line
from labels.svg import label_svg, symbol_svg
from labels.typeface import Beyond, Typeface, typeface
from labels.zpl import ZplWriter

BEYOND: dict[Format, Beyond] = {"png": "nothing", "zpl": "nothing", "pdf": "cid", "svg": "viewer"}


@dataclass(frozen=True)
class MissingFont:
    """What the lack of a Chinese font does to a label.

    `left_out` are the lines that are not printed. Without any, the text is in the PDF but its typeface is not: the
    viewer or printer must have one of its own.
    """

    left_out: tuple[Line, ...]
    advice: str

    @property
    def message(self) -> Phrase:
        """The same in words."""
        if not self.left_out:
            return Phrase(
                "No Chinese font is on this machine, so the PDF relies on the viewer's own. %(advice)s",
                advice=self.advice,
            )
        return Phrase(
            "No Chinese font is on this machine, so these lines are not printed: %(lines)s. %(advice)s",
            lines="; ".join(line.text for line in self.left_out),
            advice=self.advice,
        )


def render(spec: LabelSpec, fonts: FontSet | None = None) -> bytes:
    """The label as a file of `spec.format`; `fonts` None are those of this machine.

    Raises LabelError for what may not or cannot be printed. What a missing font leaves out, `missing_font` tells.
    """
    setting = _setting(spec, fonts)
    if spec.format == "zpl":
        return ZplWriter(setting).label(spec, lay_out(spec, setting, "printer")).encode("ascii")
    composed = compose(spec, setting)
    if spec.format == "svg":
        return label_svg(composed, spec.title)
    if spec.format == "pdf":
        return label_pdf(composed, setting, spec.title)
    return label_png(composed, setting)


def size_mm(spec: LabelSpec, fonts: FontSet | None = None) -> tuple[float, float]:
    """Width and height of the label in millimetres, quiet zone and padding included."""
    composed = compose(spec, _setting(spec, fonts))
    return composed.width_mm, composed.height_mm


def missing_font(spec: LabelSpec, fonts: FontSet | None = None) -> MissingFont | None:
    """What this label lacks for want of a Chinese font; None when nothing."""
    setting = _setting(spec, fonts)
    return note(compose(spec, setting), setting)


def note(composed: Composed, setting: Typeface) -> MissingFont | None:
    """What a label that is laid out lacks for want of a Chinese font; None when nothing."""
    borrowed = setting.beyond == "cid" and any(
        run.face is None for row in composed.texts for run in setting.runs(row.text, row.bold)
    )
    if composed.left_out or borrowed:
        return MissingFont(composed.left_out, system_fonts.advice())
    return None


def qr(
    text: str,
    *,
    format: Literal["png", "svg"],  # noqa: A002 - the name it has in LabelSpec
    module_mm: float = 0.423,
    dpi: int = 300,
    background: bool = True,
    title: str | None = None,
) -> bytes:
    """A plain QR Code, error correction M, with its quiet zone and nothing else.

    `background` False leaves the ground clear; the symbol must then stand on a light one. `title` is the SVG's name
    for those who do not see it, the text itself when not given. Raises LabelError.
    """
    symbol, made = encode(text), module(module_mm, dpi)
    if format == "svg":
        return symbol_svg(symbol, made, text if title is None else title, background)
    if format == "png":
        return symbol_png(symbol, made, background)
    raise LabelError("%(name)s is %(value)s; it must be png or svg.", "format", name="format", value=repr(format))


def _setting(spec: LabelSpec, fonts: FontSet | None) -> Typeface:
    return typeface(fonts or system_fonts.default(), BEYOND[spec.format])
