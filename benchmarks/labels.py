"""Whole labels a second beside libraries that make the symbol alone, on the processor time of one core.

A label is a unit of a lot: QR Code with its own serial number, name in two languages, lot, two dates, serial number and
HRI; it goes the whole way from the serial number to the bytes, through the checks of GS1 and of the sizes.
"""
from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import qrcode
import zint
import zxingcpp
from PIL import Image

import labels
from labels import Print, Roll, SheetLabel, SheetLayout, template
from traceapp import models
from traceapp.catalog.model import PackagingLevel, Product
from traceapp.code.labels import lot_content, serial_contents
from traceapp.trace.model import Lot

from .registry import Row, benchmark, median_of_ratios

ROUNDS = 5
BASE = "https://t.example.cn"
GTIN = "06901234567892"
ZPL_AIM, PDF_AIM, PNG_AIM = 20_000, 500, 0.5
_PIXELS = (709, 472)
_MASK = 3


@dataclass(frozen=True, slots=True)
class Work:
    """Something that makes things, `count` of them a round; it takes the number of the first."""

    name: str
    count: int
    run: Callable[[int, int], None]


def _contents(first: int, count: int, letters: bool) -> Iterator[labels.Content]:
    assert models.metadata.tables
    product = Product(name_zh="水胶体敷料（薄型）", name_en="Hydrocolloid dressing, thin", unit="EA",
                      levels=[PackagingLevel(gtin=GTIN, level="unit", units=Decimal(1))])
    lot = Lot(lot_key="k", number="A2401B", made_on=date(2026, 3, 1), expires_on=date(2029, 2, 28))
    numbers = range(first, first + count)
    serials = (f"{number * 2654435761 % 16**9:09X}" if letters else f"{number:09d}" for number in numbers)
    return serial_contents(lot_content(BASE, product, lot), serials)


def _rolled(how: Print, letters: bool = False) -> Callable[[int, int], None]:
    def run(first: int, count: int) -> None:
        kind = template("unit")
        size = sum(map(len, Roll(kind.spec(content, how) for content in _contents(first, count, letters))))
        assert size > count
    return run


def _sheets(first: int, count: int) -> None:
    kind, out = template("unit"), io.BytesIO()
    specs = (kind.spec(content, Print("pdf")) for content in _contents(first, count, letters=False))
    labels.sheet((SheetLabel(spec.text, spec.lines) for spec in specs), SheetLayout(), out)


def _links(first: int, count: int) -> Iterator[str]:
    return (f"{BASE}/01/{GTIN}/10/A2401B/21/{number:09d}" for number in range(first, first + count))


def _zint(link: str) -> None:
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = 2
    symbol.encode(link)


def _zxing(link: str) -> None:
    zxingcpp.create_barcode(link, zxingcpp.BarcodeFormat.QRCode, ec_level="M")


def _qrcode(link: str) -> None:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=_MASK)
    code.add_data(link, optimize=0)
    code.make()


def _bare(encode: Callable[[str], None], saved: bool = False) -> Callable[[int, int], None]:
    def run(first: int, count: int) -> None:
        for link in _links(first, count):
            encode(link)
            if saved:
                Image.new("1", _PIXELS, 1).save(io.BytesIO(), "PNG")
    return run


ZPL, PDF, PNG = "unit labels as ZPL", "unit labels as PDF", "unit labels as PNG"
SYMBOLS = ("zint, symbol alone", "zxing-cpp, symbol alone", "qrcode with fixed mask, symbol alone")
SAVED = "zint, symbol and a blank PNG of equal size"
WORKS = (
    Work(ZPL, 4000, _rolled(Print("zpl"))),
    Work("ZPL, serials of letters and digits", 4000, _rolled(Print("zpl"), letters=True)),
    Work("ZPL, GS1 DataMatrix beside the QR code", 3000, _rolled(Print("zpl", symbols="both"))),
    Work(PDF, 600, _rolled(Print("pdf"))),
    Work("PDF on sheets of 21", 630, _sheets),
    Work(PNG, 500, _rolled(Print("png"))),
    Work("PNG, GS1 DataMatrix beside the QR code", 400, _rolled(Print("png", symbols="both"))),
    Work(SYMBOLS[0], 1500, _bare(_zint)),
    Work(SYMBOLS[1], 1500, _bare(_zxing)),
    Work(SYMBOLS[2], 250, _bare(_qrcode)),
    Work(SAVED, 500, _bare(_zint, saved=True)),
)


def _rate(work: Work, first: int) -> float:
    begun = time.process_time()
    work.run(first, work.count)
    return work.count / (time.process_time() - begun)


def _check() -> None:
    """Raises RuntimeError unless a label of the roll has the size of the reference and is read back."""
    (content,) = _contents(7, 1, letters=False)
    image = Image.open(io.BytesIO(labels.render(template("unit").spec(content, Print("png")))))
    (found,) = zxingcpp.read_barcodes(image.convert("L"))
    if image.size != _PIXELS or found.text != next(_links(7, 1)):
        raise RuntimeError(f"a label of {image.size} pixels is read as {found.text}")


def _rounds() -> dict[str, list[float]]:
    for work in WORKS:
        work.run(0, max(50, work.count // 10))
    rates: dict[str, list[float]] = {work.name: [] for work in WORKS}
    for number in range(1, ROUNDS + 1):
        for work in WORKS:
            rates[work.name].append(_rate(work, number * 1_000_000))
    return rates


def _rows(rates: dict[str, list[float]]) -> Iterator[Row]:
    fonts = "with a Chinese font" if labels.fonts.default().cjk else "without a Chinese font"
    note = f"processor time of one core, {fonts}, 60 x 40 mm at 300 dpi"
    for name, aim in ((ZPL, ZPL_AIM), (PDF, PDF_AIM)):
        rate = statistics.median(rates[name])
        yield Row(name, rate, "labels/s", "aim", aim, rate / aim, 1.0, note)
    yield replace(_pair(rates, PNG, SAVED), aim=PNG_AIM, note=note)
    for name in (ZPL, PDF, PNG):
        yield from (_pair(rates, name, symbol) for symbol in SYMBOLS)
    for work in WORKS[:7]:
        if work.name not in (ZPL, PDF, PNG):
            yield _pair(rates, work.name, SYMBOLS[0])


def _pair(rates: dict[str, list[float]], name: str, reference: str) -> Row:
    return Row(name, statistics.median(rates[name]), "labels/s", reference, statistics.median(rates[reference]),
               median_of_ratios(rates[name], rates[reference]))


@benchmark("labels")
def whole_labels() -> Iterable[Row]:
    """Rolls in each format and the bare symbol libraries, in turn; five rounds."""
    _check()
    return list(_rows(_rounds()))
