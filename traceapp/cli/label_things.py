"""What the commands about labels are asked to print: a lot, its cases, its serial numbers, pallets."""
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from labels import CAPTIONS, Content
from labels.template import Fact
from traceapp.catalog.model import Product
from traceapp.code.model import SerialRange
from traceapp.code.serials import Run, read_serial
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.trace.model import Lot

_RANGE = re.compile(r"(.*?)([0-9]{1,18})")
_MOST_IN_A_RANGE = 100_000_000


@dataclass(frozen=True)
class Things:
    """What goes on the labels, one after the other, and how many there are where that is known beforehand; the lot and
    the run of serial numbers that they are of, where they are of one."""

    contents: Iterable[Content]
    total: int | None
    lot: Lot | None = None
    run: Run | None = None


def things(options: argparse.Namespace) -> Things:
    """The contents that the options name. Raises Problem for what there is not, or cannot be printed together."""
    given = given_range(options)
    base_url, product, lot = _lot(options.lot if given is None else given.lot_key)
    if options.sscc is not None:
        found = _pallets(options, base_url, product, lot)
    elif given is not None and product is not None and lot is not None:
        found = _of_range(options, base_url, product, lot, given)
    elif product is None or lot is None:
        raise InvalidInput("Say what to print: --lot, or --sscc for a pallet.", place="lot")
    else:
        found = _of_lot(options, base_url, product, lot)
    facts = _facts(options.fact)
    if not facts:
        return found
    return replace(found, contents=_with_facts(found.contents, facts))


def _with_facts(contents: Iterable[Content], facts: tuple[tuple[Fact, str], ...]) -> Iterator[Content]:
    """The contents with these facts besides; copies of one stay copies of one."""
    last: Content | None = None
    told = Content()
    for content in contents:
        if content is not last:
            last, told = content, replace(content, facts=(*content.facts, *facts))
        yield told


def _lot(text: str | None) -> tuple[str, Product | None, Lot | None]:
    from traceapp import models
    from traceapp.catalog.queries import product_details
    from traceapp.trace.finding import key_of_text

    from .settings import database, settings

    assert models.metadata.tables
    if text is None:
        return settings().base_url, None, None
    with database().read() as session:
        lot = session.get_one(Lot, key_of_text(session, text))
        product = product_details(session, lot.product_id) if lot.product_id else None
        if product is None:
            raise InvalidInput("%(lot)s is not a lot of ours; we print labels only for our own.", lot=text, place="lot")
        return settings().base_url, product, lot


def _of_lot(options: argparse.Namespace, base_url: str, product: Product, lot: Lot) -> Things:
    from traceapp.code.labels import case_content, lot_content, serial_contents

    make: Callable[[str, Product, Lot], Content] = case_content if options.template == "carton" else lot_content
    content = make(base_url, product, lot)
    if options.serials is None:
        return Things(repeat(content, options.copies), options.copies, lot)
    serials, total = numbers(options.serials)
    things = _copied(serial_contents(content, serials), total, options.copies)
    return replace(things, lot=lot, run=_run(options.serials, total))


def _run(text: str, total: int | None) -> Run | None:
    """FROM-TO as a run; None for numbers that are listed, or that cannot stand in one."""
    first = read_serial(text[:len(text) // 2]) if total is not None else None
    return None if first is None or total is None else Run(first.prefix, first.width, first.number, total)


def given_range(options: argparse.Namespace) -> SerialRange | None:
    """The serial range that --range names, or the one of the lot that --from is in. Raises Problem."""
    from traceapp import models
    from traceapp.code.allocating import range_of_id, range_of_serial
    from traceapp.trace.finding import key_of_text

    from .settings import database

    if options.range is None and options.first is None and options.last is None:
        return None
    if options.serials is not None or options.sscc is not None:
        raise InvalidInput("Serial numbers of a range go with no --serials and no --sscc.", place="range")
    assert models.metadata.tables
    with database().read() as session:
        if options.range is not None:
            return range_of_id(session, options.range)
        if options.lot is None:
            raise InvalidInput("Say which lot the serial numbers are of: --lot, or --range.", place="lot")
        return range_of_serial(session, key_of_text(session, options.lot), options.first or options.last)


def _of_range(options: argparse.Namespace, base_url: str, product: Product, lot: Lot, given: SerialRange) -> Things:
    from traceapp.code.labels import lot_content, serial_contents, serial_links
    from traceapp.code.printing import part_of
    from traceapp.code.signature import CodeKeys

    from .settings import settings

    if options.template != "unit":
        raise InvalidInput("Serial numbers stand on labels of single units only.", place="template")
    run = part_of(given, options.first or "", options.last or "")
    links = serial_links(base_url, product.levels, lot, given, CodeKeys(settings().code_keys), run)
    contents = serial_contents(lot_content(base_url, product, lot), run, links)
    return replace(_copied(contents, len(run), options.copies), lot=lot, run=run)


def _pallets(options: argparse.Namespace, base_url: str, product: Product | None, lot: Lot | None) -> Things:
    from traceapp.code.labels import pallet_content

    codes, total = ([options.sscc], 1) if re.fullmatch("[0-9]{18}", options.sscc) else (listed(options.sscc), None)
    made = (pallet_content(base_url, sscc, product, lot, options.cases) for sscc in codes)
    return replace(_copied(made, total, options.copies), lot=lot)


def _copied(contents: Iterable[Content], total: int | None, copies: int) -> Things:
    if copies == 1:
        return Things(contents, total)
    each = (content for content in contents for _ in range(copies))
    return Things(each, None if total is None else total * copies)


def _facts(given: list[str]) -> tuple[tuple[Fact, str], ...]:
    facts: list[tuple[Fact, str]] = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in CAPTIONS or not value.strip():
            raise InvalidInput("--fact %(text)s: write NAME=VALUE; the names are %(names)s.", place="fact", text=text,
                               names=", ".join(CAPTIONS))
        facts.append((name, value.strip()))
    return tuple(facts)


def numbers(text: str) -> tuple[Iterable[str], int | None]:
    """Serial numbers out of FROM-TO, or one a line out of a file or (`-`) standard input; how many, where known.

    FROM and TO are equally long and differ in the digits at their end. Raises Problem.
    """
    middle = len(text) // 2
    if len(text) % 2 and len(text) > 1 and text[middle] == "-":
        first, last = _RANGE.fullmatch(text[:middle]), _RANGE.fullmatch(text[middle + 1:])
        if first and last and first[1] == last[1] and first[2] <= last[2]:
            count = int(last[2]) - int(first[2]) + 1
            if count > _MOST_IN_A_RANGE:
                raise InvalidInput("--serials %(text)s are %(count)s numbers; print at most %(most)s at once.",
                                   place="serials", text=text, count=count, most=_MOST_IN_A_RANGE)
            width = len(first[2])
            return (f"{first[1]}{number:0{width}d}" for number in range(int(first[2]), int(last[2]) + 1)), count
    return listed(text), None


def listed(name: str) -> Iterator[str]:
    """The lines of a file, or of standard input for `-`; empty ones are passed over. Raises NotFound."""
    if name == "-":
        return (line.strip() for line in sys.stdin if line.strip())
    path = Path(name)
    if not path.is_file():
        raise NotFound("There is no file “%(name)s”. A range is written FROM-TO, both equally long and ending in "
                       "digits: A0001-A0100.", name=name, place="serials")
    return _lines(path)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig") as file:
        yield from (line.strip() for line in file if line.strip())
