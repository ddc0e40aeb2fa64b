"""What the code on a pack of a lot holds, and what is printed beside it."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from labels import Code, Content, Line
from labels.template import Fact
from traceapp.catalog.model import PackagingLevel, PackagingLevelName, Product
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.quantity import plain
from traceapp.gs1 import TABLE, Gs1Error, digital_link, format_date, hri
from traceapp.gs1.escapes import escape
from traceapp.trace.model import Lot

from .model import SerialRange
from .resolving import ScannedCode, signed_path
from .serials import Run
from .signature import PARAMETER, CodeKeys

Pairs = tuple[tuple[str, str], ...]

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
                 keys: CodeKeys, run: Run | None = None) -> Iterator[str]:
    """The address in the code of each single pack of a serial range (or of `run`, a part of it), in order, with its
    signature where it is signed; made one at a time, so a range of millions needs no room.

    Raises Conflict when the range was signed with a key that is not held any more.
    """
    gtin = unit_gtin(levels)
    if gtin is None:
        raise Conflict("%(product)s has no GTIN, so its codes have no place for a serial number.", code="no-gtin",
                       product=lot.number)
    base = base_url.rstrip("/")
    for serial in run or given.run:
        path = signed_path(ScannedCode(gtin, lot.number, serial))
        signature = f"?{PARAMETER}={keys.signature(given.key_id, path)}" if given.key_id is not None else ""
        yield f"{base}/{path}{signature}"


def lot_content(base_url: str, product: Product, lot: Lot) -> Content:
    """What a label of a unit of the lot may tell. Raises Gs1Error as `lot_link`."""
    gtin = unit_gtin(product.levels)
    link = lot_link(base_url, product.levels, lot)
    if gtin is None:
        return Content(product.name_zh, product.name_en, _facts(lot), link)
    ais = (("01", gtin), *_made(lot), *_expiry(lot), ("10", lot.number))
    return Content(product.name_zh, product.name_en, _facts(lot), link, hri([("01", gtin), ("10", lot.number)]),
                   (_code(ais),))


def serial_contents(content: Content, serials: Iterable[str], links: Iterable[str] | None = None) -> Iterator[Content]:
    """The same for each serial number, one at a time; `links` are the addresses in their codes, such as the signed ones
    of a range, None: those of the serial numbers alone.

    Raises InvalidInput with the number of a serial that GS1 does not allow, and where the thing has no GTIN.
    """
    if not content.codes:
        raise InvalidInput("A serial number needs a GTIN beside it; this product has none.", place="serials")
    (code,) = content.codes
    check = TABLE["21"].check
    addresses = None if links is None else iter(links)
    for number, serial in enumerate(serials):
        try:
            check(serial)
        except Gs1Error as error:
            raise InvalidInput("Serial number “%(serial)s”: %(why)s", code=error.code, place=f"serials.{number}",
                               serial=serial[:200], why=error.text) from error
        written = f"(21){serial}"
        yield Content(content.name_zh, content.name_en, (*content.facts, ("serial", serial)),
                      f"{content.link}/21/{escape(serial)}" if addresses is None else next(addresses),
                      content.link_hri + written,
                      (Code((*code.ais, ("21", serial)), code.hri + written),))


def case_content(base_url: str, product: Product, lot: Lot) -> Content:
    """What a label of a case of the lot may tell; without a GTIN of its own a case has no GS1 symbol."""
    case = next((level for level in product.levels if level.level == PackagingLevelName.case), None)
    if case is None:
        return Content(product.name_zh, product.name_en, _facts(lot), lot_link(base_url, product.levels, lot))
    identity = [("01", case.gtin), ("10", lot.number)]
    facts = (*_facts(lot), ("quantity", f"{plain(case.units)} {product.unit}"))
    return Content(product.name_zh, product.name_en, facts, digital_link(identity, base_url.rstrip("/")), hri(identity),
                   (_code((("01", case.gtin), *_expiry(lot), ("10", lot.number))),))


def pallet_content(base_url: str, sscc: str, product: Product | None = None, lot: Lot | None = None,
                   cases: int | None = None) -> Content:
    """What a label of a logistic unit may tell: its SSCC, and of one lot in it how many cases.

    The SSCC stands in a symbol of its own, the lowest. Raises Gs1Error for an SSCC that is none.
    """
    link = digital_link([("00", sscc)], base_url.rstrip("/"))
    alone = _code((("00", sscc),))
    if product is None or lot is None:
        return Content("", "", (("sscc", sscc),), link, alone.hri, (alone,))
    levels = sorted(product.levels, key=lambda level: (level.level != PackagingLevelName.case, -level.units))
    facts: tuple[tuple[Fact, str], ...] = (("sscc", sscc), *_facts(lot))
    codes = [alone]
    if levels and cases is not None:
        facts += (("content", levels[0].gtin), ("quantity", str(cases)))
        codes = [_code((("02", levels[0].gtin), ("37", str(cases)))), _code((*_expiry(lot), ("10", lot.number))), alone]
    return Content(product.name_zh, product.name_en, facts, link, alone.hri, tuple(codes))


def _code(ais: Pairs) -> Code:
    return Code(ais, hri(ais))


def _facts(lot: Lot) -> tuple[tuple[Fact, str], ...]:
    facts: list[tuple[Fact, str]] = [("lot", lot.number)]
    if lot.made_on is not None:
        facts.append(("made", lot.made_on.isoformat()))
    if lot.expires_on is not None:
        facts.append(("expires", lot.expires_on.isoformat()))
    return tuple(facts)


def _made(lot: Lot) -> Pairs:
    return () if lot.made_on is None else (("11", format_date(lot.made_on)),)


def _expiry(lot: Lot) -> Pairs:
    return () if lot.expires_on is None else (("17", format_date(lot.expires_on)),)
