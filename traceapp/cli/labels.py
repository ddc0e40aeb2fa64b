"""`labels single`, `labels sheet`, `labels roll`: codes and labels of lots, cases, serial numbers and pallets."""
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from traceapp.core.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from labels import LabelSpec, MissingFont, SheetLayout

    from .label_things import Things

TEMPLATES = ("unit", "carton", "pallet", "sample", "quarantine", "released", "recalled")
PAGES = {"a4": (210.0, 297.0), "a5": (148.0, 210.0), "letter": (215.9, 279.4)}
_PAIR = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)[x,](-?[0-9]+(?:\.[0-9]+)?)")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about labels."""
    group = commands.add_parser("labels", help="codes and labels of lots, cases, serial numbers and pallets")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    single = acts.add_parser("single", help="one label as PNG, SVG, PDF or ZPL")
    single.add_argument("--format", choices=["png", "svg", "pdf", "zpl"], default="png")
    single.add_argument("--symbol-only", action="store_true", help="the QR code without text (PNG or SVG)")
    single.set_defaults(run=_single, copies=1)
    roll = acts.add_parser("roll", help="labels one after the other: ZPL, PDF with a page each, PNG or SVG in a ZIP")
    roll.add_argument("--format", choices=["zpl", "pdf", "png", "svg"], default="zpl")
    roll.add_argument("--copies", type=_count, default=1, help="of each label")
    roll.set_defaults(run=_roll)
    sheet = acts.add_parser("sheet", help="a PDF of label sheets")
    sheet.add_argument("--copies", type=_count, help="of each label; a lot without serials fills a sheet of 21")
    _add_sheet(sheet)
    sheet.set_defaults(run=_sheet)
    for act in (single, roll, sheet):
        _add_what(act)
        _add_look(act)
        act.add_argument("-o", "--output", type=Path, required=True, help="the file to write; - is standard output")


def _add_what(act: argparse.ArgumentParser) -> None:
    act.add_argument("--lot", help="URI, scan data or number of the lot")
    act.add_argument("--serials", metavar="FROM-TO|FILE|-",
                     help="a label for each serial number: a range (A0001-A0100), or one a line")
    act.add_argument("--range", metavar="ID", help="a label for each serial number that was given out in this range")
    act.add_argument("--from", dest="first", metavar="SERIAL", help="first one of a range; names the range with --lot")
    act.add_argument("--to", dest="last", metavar="SERIAL", help="last one of a range")
    act.add_argument("--reason", default="", help="why serial numbers are printed again that were printed before")
    act.add_argument("--sscc", metavar="SSCC|FILE|-", help="a label for each logistic unit: 18 digits, or one a line")
    act.add_argument("--cases", type=_count, help="with --sscc and --lot: how many cases of the lot are on it")
    act.add_argument("--fact", action="append", default=[], metavar="NAME=VALUE",
                     help="one more fact, such as quantity=240 or reason=…; may be repeated")


def _add_look(act: argparse.ArgumentParser) -> None:
    act.add_argument("--template", choices=TEMPLATES, help="default: unit; with --sscc: pallet")
    act.add_argument("--symbols", choices=["qr", "gs1", "both"],
                     help="QR code, GS1 symbols (DataMatrix; GS1-128 on cartons and pallets) or both")
    act.add_argument("--language", choices=["both", "zh", "en"], default="both", help="of names and captions")
    act.add_argument("--dpi", type=int, default=300, help="of the printer: 203, 300, 600 …")
    act.add_argument("--x-mm", "--module", type=float, metavar="MM", help="X-dimension of the QR code")
    if not act.prog.endswith("sheet"):
        act.add_argument("--size", type=_pair, metavar="WxH", help="of the label in mm; default: the template's")


def _add_sheet(sheet: argparse.ArgumentParser) -> None:
    sheet.add_argument("--page", type=_page, metavar="A4|A5|letter|WxH", help="paper, in mm; default A4")
    sheet.add_argument("--columns", type=_count)
    sheet.add_argument("--rows", type=_count)
    sheet.add_argument("--size", type=_pair, metavar="WxH", help="of one label in mm; default 63.5x38.1")
    sheet.add_argument("--margin", type=_pair, metavar="X,Y",
                       help="left and top in mm; default: the usual sheet's, else labels in the middle of the page")
    sheet.add_argument("--gap", type=_pair, metavar="X,Y", help="between labels in mm")
    sheet.add_argument("--offset", type=_pair, default=(0.0, 0.0), metavar="X,Y",
                       help="moves everything right and down, for a printer that does not hit its mark")
    sheet.add_argument("--skip", type=int, default=0, help="labels of the first sheet that are used up")
    sheet.add_argument("--outlines", action="store_true", help="a hairline round each label, for a test print")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 to 1000000")
    return int(text)


def _pair(text: str) -> tuple[float, float]:
    found = _PAIR.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is not two numbers, such as 60x40 or 1.5,-2")
    return float(found[1]), float(found[2])


def _page(text: str) -> tuple[float, float]:
    return PAGES.get(text.lower()) or _pair(text)


@contextmanager
def _output(path: Path) -> Iterator[BinaryIO]:
    """What the bytes are written to; a file bears its name only when it is whole."""
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InvalidInput("%(path)s cannot be written: %(why)s", path=path, why=error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
    print(f"wrote {path}", file=sys.stderr)


def _specs(options: argparse.Namespace, file_format: str) -> tuple[Iterator[LabelSpec], Things]:
    """The labels that are asked for in a format, and what they are of."""
    import labels

    from .label_things import things

    options.template = options.template or ("pallet" if options.sscc is not None else "unit")
    template = labels.template(options.template)
    width, height = options.size or (None, None)
    how = labels.Print(file_format, options.dpi, options.x_mm, width, height,  # type: ignore[arg-type]
                       options.symbols, options.language)
    found = things(options)

    def specs() -> Iterator[LabelSpec]:
        content = spec = None
        for each in found.contents:
            if spec is None or each is not content:
                content, spec = each, template.spec(each, how)
            yield spec

    return specs(), found


def _single(options: argparse.Namespace) -> int:
    import labels

    from .label_log import noted

    if options.serials is not None and options.symbol_only:
        raise InvalidInput("--symbol-only is the code of one lot; leave --serials out.", place="serials")
    try:
        specs, found = _specs(options, options.format if not options.symbol_only else "svg")
        spec = next(specs)
        if next(specs, None) is not None:
            raise InvalidInput("This is more than one label; use `labels roll` or `labels sheet`.", place="serials")
        missing = None
        if options.symbol_only:
            content = labels.qr(spec.text, format=options.format, module_mm=spec.module_mm, dpi=options.dpi)
        else:
            content, missing = labels.render(spec), labels.missing_font(spec)
    except labels.LabelError as error:
        raise Problem(str(error), place=error.field) from error
    with _output(options.output) as out, noted(options, found, options.format) as note:
        out.write(content)
        note(1)
    _tell_missing(missing)
    return 0


def _roll(options: argparse.Namespace) -> int:
    import labels

    from .label_log import noted
    from .progress import shown

    specs, found = _specs(options, options.format)
    roll = labels.Roll(shown(specs, "labels", found.total))
    try:
        with _output(options.output) as out, noted(options, found, options.format) as note:
            for chunk in roll:
                out.write(chunk)
            note(roll.labels)
    except labels.LabelError as error:
        raise Problem(str(error), place=error.field) from error
    print(f"{roll.labels} labels", file=sys.stderr)
    _tell_missing(roll.missing_font)
    return 0


def _sheet(options: argparse.Namespace) -> int:
    import labels

    from .label_log import noted
    from .progress import shown

    if options.copies is None:
        is_one = options.serials is None and options.sscc is None and options.range is None and options.first is None
        options.copies = 21 if is_one else 1
    copies, options.copies = options.copies, 1
    try:
        layout = _layout(options)
        specs, found = _specs(options, "pdf")
        wanted = (labels.SheetLabel(spec.text, spec.lines, copies, spec.marks)
                  for spec in shown(specs, "labels", found.total))
        with _output(options.output) as out, noted(options, found, "sheet", copies) as note:
            printed = labels.sheet(wanted, layout, out)
            note(printed.labels)
    except labels.LabelError as error:
        raise Problem(str(error), place=error.field) from error
    print(f"{printed.labels} labels on {printed.pages} pages", file=sys.stderr)
    _tell_missing(printed.missing_font)
    return 0


def _layout(options: argparse.Namespace) -> SheetLayout:
    """The sheet that the options describe; without any of them the usual one."""
    from labels import SheetLayout

    usual = SheetLayout()
    page_width, page_height = options.page or (usual.page_width_mm, usual.page_height_mm)
    columns, rows = options.columns or usual.columns, options.rows or usual.rows
    width, height = options.size or (usual.label_width_mm, usual.label_height_mm)
    gap_x, gap_y = options.gap or (usual.gap_x_mm, usual.gap_y_mm)
    margin = options.margin
    if margin is None and not (options.page or options.columns or options.rows or options.size or options.gap):
        margin = usual.margin_left_mm, usual.margin_top_mm
    elif margin is None:
        margin = (max(0.0, (page_width - columns * width - (columns - 1) * gap_x) / 2),
                  max(0.0, (page_height - rows * height - (rows - 1) * gap_y) / 2))
    return SheetLayout(page_width, page_height, columns, rows, width, height, margin[0], margin[1], gap_x, gap_y,
                       options.offset[0], options.offset[1], module_mm=options.x_mm or usual.module_mm,
                       dpi=options.dpi, skip=options.skip, outlines=options.outlines)


def _tell_missing(missing: MissingFont | None) -> None:
    if missing is not None:
        print(missing.message, file=sys.stderr)
