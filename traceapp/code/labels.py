"""What the code on a pack of a lot holds, and what is printed beside it."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from labels import Line
from traceapp.catalog.model import PackagingLevel, PackagingLevelName
from traceapp.core.errors import Conflict
from traceapp.gs1 import digital_link, hri
from traceapp.trace.model import Lot

from .model import SerialRange
from .resolving import ScannedCode, signed_path
from .signature import PARAMETER, CodeKeys

# A label is read in China and abroad, so its captions stand in both languages whatever the language of the screen.
_LOT, _MADE, _EXPIRES = "批号 LOT", "生产日期 MFG", "有效期至 EXP"


def unit_gtin(levels: Iterable[PackagingLevel]) -> str | None:
    """The GTIN of the unit, else of the smallest pack that has one; None when the product has none."""
    ordered = sorted(levels, key=lambda level: (level.level != PackagingLevelName.unit, level.units))
    return ordered[0].gtin if ordered else None


def lot_link(base_url: str, levels: Iterable[PackagingLevel], lot: Lot) -> str:
    """The address in the code of a lot: a Digital Link on our own host, or /t/{key} where the product has no GTIN.

    Raises Gs1Error for a lot number that cannot stand beside a GTIN.
    """
    gtin = unit_gtin(levels)
    base = base_url.rstrip("/")
    if gtin is None:
        return f"{base}/t/{lot.lot_key}"
    return digital_link([("01", gtin), ("10", lot.number)], base)


def lot_label_lines(names: tuple[str, str], levels: Iterable[PackagingLevel], lot: Lot) -> tuple[Line, ...]:
    """The text beside the code: the product's `names` (zh, en), lot and dates, and what the code holds in words."""
    chinese, english = names
    lines = [Line(chinese, "name")]
    if english and english != chinese:
        lines.append(Line(english, "subname"))
    lines.append(Line(lot.number, "data", _LOT))
    if lot.made_on is not None:
        lines.append(Line(lot.made_on.isoformat(), "data", _MADE))
    if lot.expires_on is not None:
        lines.append(Line(lot.expires_on.isoformat(), "data", _EXPIRES))
    gtin = unit_gtin(levels)
    if gtin is not None:
        lines.append(Line(hri([("01", gtin), ("10", lot.number)]), "hri"))
    return tuple(lines)


def serial_links(base_url: str, levels: Iterable[PackagingLevel], lot: Lot, given: SerialRange,
                 keys: CodeKeys) -> Iterator[str]:
    """The address in the code of each single pack of a serial range, in order, with its signature where it is signed;
    made one at a time, so a range of millions needs no room.

    Raises Conflict when the range was signed with a key that is not held any more.
    """
    gtin = unit_gtin(levels)
    if gtin is None:
        raise Conflict("%(product)s has no GTIN, so its codes have no place for a serial number.", code="no-gtin",
                       product=lot.number)
    base = base_url.rstrip("/")
    for serial in given.run:
        path = signed_path(ScannedCode(gtin, lot.number, serial))
        signature = f"?{PARAMETER}={keys.signature(given.key_id, path)}" if given.key_id is not None else ""
        yield f"{base}/{path}{signature}"
