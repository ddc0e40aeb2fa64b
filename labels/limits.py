"""At which sizes a symbol may be printed, and in how many dots.

One row for each symbology and use, with its source. What is outside is refused before anything is printed, with the
number that is wrong and the one that is allowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from labels.errors import LabelError, Phrase

Symbology = Literal["qr", "gs1-datamatrix", "gs1-128"]
Use = Literal["consumer", "healthcare", "logistics"]

DPI_MIN = 200
DPI_MAX = 2400
MM_PER_INCH = 25.4

# This much of a dot counts as rounding of the millimetres, so 0.423 mm at 300 dpi (4.996 dots) is 5 dots.
_ROUNDING = 0.05


@dataclass(frozen=True, eq=False)
class Limit:
    """What a symbol for one use must keep to.

    X-dimensions in millimetres, both ends allowed; quiet zones in modules, `quiet_sides` left and right, `quiet_ends`
    above and below; `height_mm` the least height of bars; `length_mm` the most with quiet zones and `characters` the
    most that may be encoded, None where only the symbology itself sets an end.
    """

    name: Phrase
    x_min_mm: float
    x_target_mm: float
    x_max_mm: float
    quiet_sides: int
    quiet_ends: int
    source: str
    height_mm: float = 0.0
    length_mm: float | None = None
    characters: int | None = None


_BARS = "GS1 General Specifications 5.4.4 (quiet zone, 48 characters, 165.10 mm)"

LIMITS: dict[tuple[Symbology, Use], Limit] = {
    ("qr", "consumer"): Limit(
        Phrase("QR Code with Digital Link"),
        0.396,
        0.495,
        0.990,
        4,
        4,
        "GS1 General Specifications, QR Code with GS1 Digital Link URI at the point of sale",
    ),
    ("gs1-datamatrix", "healthcare"): Limit(
        Phrase("GS1 DataMatrix"),
        0.254,
        0.380,
        0.495,
        1,
        1,
        "GS1 Symbol Specification Table 6, regulated healthcare items not sold at retail",
    ),
    ("gs1-128", "healthcare"): Limit(
        Phrase("GS1-128"),
        0.170,
        0.495,
        0.495,
        10,
        0,
        f"GS1 Symbol Specification Table 6, regulated healthcare items not sold at retail; {_BARS}",
        12.70,
        165.10,
        48,
    ),
    ("gs1-128", "logistics"): Limit(
        Phrase("GS1-128"),
        0.495,
        0.495,
        0.940,
        10,
        0,
        f"GS1 General Specifications, logistic units; of the ends that its releases gave, the narrower; {_BARS}",
        31.75,
        165.10,
        48,
    ),
}

QR = LIMITS["qr", "consumer"]
X_MIN_MM, X_MAX_MM, QUIET_MODULES = QR.x_min_mm, QR.x_max_mm, QR.quiet_sides


class Module(NamedTuple):
    """One module as a printer makes it: a whole number of dots."""

    dots: int
    dpi: int

    @property
    def mm(self) -> float:
        """The X-dimension that is really printed."""
        return self.dots * MM_PER_INCH / self.dpi


def limit(symbology: Symbology, use: Use) -> Limit:
    """The row for a symbology and a use. Raises LabelError where the two do not go together."""
    found = LIMITS.get((symbology, use))
    if found is None:
        uses = ", ".join(use for known, use in LIMITS if known == symbology)
        raise LabelError(
            "%(name)s is %(value)s; for %(symbol)s it must be one of: %(choices)s.",
            "use",
            name="use",
            value=repr(use),
            symbol=symbology,
            choices=uses,
        )
    return found


@lru_cache(maxsize=256)
def module(module_mm: float | None, dpi: int, kept: Limit = QR) -> Module:
    """The smallest whole number of dots that is not below `module_mm`; None: the one nearest to the target.

    Raises LabelError when the wanted or the resulting X-dimension is outside the limit, both ends allowed.
    """
    if not DPI_MIN <= dpi <= DPI_MAX:
        raise LabelError(
            "%(name)s is %(value)s; it must be from %(least)s to %(most)s.",
            "dpi",
            name="dpi",
            value=str(dpi),
            least=str(DPI_MIN),
            most=str(DPI_MAX),
        )
    least = math.ceil(kept.x_min_mm * dpi / MM_PER_INCH - 1e-6)
    if module_mm is None:
        most = math.floor(kept.x_max_mm * dpi / MM_PER_INCH + 1e-6)
        nearest = round(kept.x_target_mm * dpi / MM_PER_INCH)
        return _within(Module(max(least, min(most, nearest)), dpi), kept)
    if not kept.x_min_mm <= module_mm <= kept.x_max_mm:
        raise LabelError(
            "%(name)s is %(value)s; for %(symbol)s it must be from %(least)s to %(most)s.",
            "module_mm",
            name="module_mm",
            value=f"{module_mm:g} mm",
            symbol=kept.name,
            least=f"{kept.x_min_mm:.3f}",
            most=f"{kept.x_max_mm:.3f} mm",
        )
    dots = math.ceil(module_mm * dpi / MM_PER_INCH - _ROUNDING)
    return _within(Module(max(dots, least), dpi), kept, module_mm)


def _within(made: Module, kept: Limit, wanted_mm: float | None = None) -> Module:
    if made.mm > kept.x_max_mm + 1e-9:
        wanted = (
            Phrase("The least of %(least)s", least=f"{kept.x_min_mm:.3f} mm")
            if wanted_mm is None
            else Phrase("%(name)s %(value)s", name="module_mm", value=f"{wanted_mm:g}")
        )
        raise LabelError(
            "%(wanted)s becomes %(dots)s dots = %(made)s at %(dpi)s dpi; "
            "for %(symbol)s it must not be over %(most)s.",
            "module_mm",
            wanted=wanted,
            dots=str(made.dots),
            made=f"{made.mm:.3f} mm",
            dpi=str(made.dpi),
            symbol=kept.name,
            most=f"{kept.x_max_mm:.3f} mm",
        )
    return made


def bar_height(wanted_mm: float | None, length_mm: float, kept: Limit) -> float:
    """How high bars are: what is wanted, else the least allowed and at least 15 % of the length with quiet zones, so
    that a line across all bars can be a little aslant. Raises LabelError for less than the limit."""
    if wanted_mm is None:
        return max(kept.height_mm, 0.15 * length_mm)
    if not kept.height_mm <= wanted_mm <= 300:
        raise LabelError(
            "%(name)s is %(value)s; for %(symbol)s bars must be from %(least)s to %(most)s high.",
            "height_mm",
            name="height_mm",
            value=f"{wanted_mm:g} mm",
            symbol=kept.name,
            least=f"{kept.height_mm:.2f}",
            most="300 mm",
        )
    return wanted_mm


def check_length(modules: int, made: Module, kept: Limit) -> None:
    """Raises LabelError when the symbol with its quiet zones is longer than allowed."""
    length = (modules + 2 * kept.quiet_sides) * made.mm
    if kept.length_mm is not None and length > kept.length_mm + 1e-6:
        raise LabelError(
            "The %(symbol)s symbol is %(length)s long at a module of %(module)s; it must not be over "
            "%(most)s with its quiet zones. Use a smaller module, or fewer application identifiers.",
            "module_mm",
            symbol=kept.name,
            length=f"{length:.2f} mm",
            module=f"{made.mm:.3f} mm",
            most=f"{kept.length_mm:.2f} mm",
        )
