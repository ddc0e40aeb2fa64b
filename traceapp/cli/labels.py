"""`labels single`, `labels sheet`: the code of a lot as a picture, or as a sheet to print."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from traceapp.core.errors import InvalidInput, Problem


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about labels."""
    group = commands.add_parser("labels", help="codes and labels of a lot")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    single = acts.add_parser("single", help="one label as PNG, SVG or PDF")
    single.add_argument("--format", choices=["png", "svg", "pdf"], default="png")
    single.add_argument("--symbol-only", action="store_true", help="the QR code without text (PNG or SVG)")
    single.add_argument("--module", type=float, default=0.423, help="X-dimension in mm")
    single.add_argument("--dpi", type=int, default=300)
    single.set_defaults(run=_single)
    sheet = acts.add_parser("sheet", help="a PDF sheet of labels")
    sheet.add_argument("--copies", type=int, default=21)
    sheet.add_argument("--skip", type=int, default=0, help="labels of the first sheet that are used up")
    sheet.add_argument("--outlines", action="store_true", help="a hairline round each label, for a test print")
    sheet.set_defaults(run=_sheet)
    for act in (single, sheet):
        act.add_argument("--lot", required=True, help="URI, scan data or number of the lot")
        act.add_argument("-o", "--output", type=Path, required=True, help="the file to write; - is standard output")


def _label(options: argparse.Namespace) -> tuple[str, tuple[object, ...]]:
    """(what the code holds, the lines beside it)."""
    from traceapp import models
    from traceapp.catalog.queries import product_details
    from traceapp.code.labels import lot_label_lines, lot_link
    from traceapp.trace.finding import key_of_text
    from traceapp.trace.model import Lot

    from .settings import database, settings

    assert models.metadata.tables
    with database().read() as session:
        lot = session.get_one(Lot, key_of_text(session, options.lot))
        product = product_details(session, lot.product_id) if lot.product_id else None
        if product is None:
            raise InvalidInput("%(lot)s is not a lot of ours; we print labels only for our own.", lot=options.lot)
        link = lot_link(settings().base_url, product.levels, lot)
        return link, lot_label_lines((product.name_zh, product.name_en), product.levels, lot)


def _write(path: Path, content: bytes) -> None:
    if str(path) == "-":
        sys.stdout.buffer.write(content)
    else:
        path.write_bytes(content)
        print(f"wrote {path}", file=sys.stderr)


def _single(options: argparse.Namespace) -> int:
    import labels

    link, lines = _label(options)
    try:
        if options.symbol_only:
            _write(options.output, labels.qr(link, format=options.format, module_mm=options.module, dpi=options.dpi))
            return 0
        spec = labels.LabelSpec(text=link, lines=lines, format=options.format,  # type: ignore[arg-type]
                                module_mm=options.module, dpi=options.dpi)
        _write(options.output, labels.render(spec))
        without = labels.missing_font(spec)
    except labels.LabelError as error:
        raise Problem(str(error), place=error.field) from error
    if without is not None:
        print(without.message, file=sys.stderr)
    return 0


def _sheet(options: argparse.Namespace) -> int:
    import io

    import labels

    link, lines = _label(options)
    out = io.BytesIO()
    try:
        label = labels.SheetLabel(text=link, lines=lines, copies=options.copies)  # type: ignore[arg-type]
        layout = labels.SheetLayout(skip=options.skip, outlines=options.outlines)
        printed = labels.sheet([label], layout, out)
    except labels.LabelError as error:
        raise Problem(str(error), place=error.field) from error
    _write(options.output, out.getvalue())
    print(f"{printed.labels} labels on {printed.pages} pages", file=sys.stderr)
    if printed.missing_font is not None:
        print(printed.missing_font.message, file=sys.stderr)
    return 0
