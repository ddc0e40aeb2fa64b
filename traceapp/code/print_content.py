"""From what is wanted to the bytes of the file: everything was read before, no database is needed meanwhile."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import labels
from labels import Content, LabelError, LabelSpec
from labels.errors import Phrase
from labels.template import Fact
from traceapp.catalog.model import Product
from traceapp.core.errors import InvalidInput
from traceapp.trace.model import Lot

from .labels import case_content, lot_content, pallet_content, serial_contents, serial_links
from .model import SerialRange
from .print_choice import PrintChoice
from .serials import Run
from .signature import CodeKeys

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Printable:
    """A lot with all that its labels say; `run` are the serial numbers of `given` that are wanted."""

    base_url: str
    product: Product
    lot: Lot
    choice: PrintChoice
    given: SerialRange | None
    run: Run | None
    keys: CodeKeys

    @property
    def total(self) -> int:
        """How many labels that makes."""
        return (1 if self.run is None else len(self.run)) * self.choice.copies

    def contents(self) -> Iterator[Content]:
        """What each label says, one at a time, without its copies. Raises Gs1Error, InvalidInput, Conflict."""
        facts: tuple[tuple[Fact, str], ...] = self.choice.facts  # type: ignore[assignment]
        plain = self._plain()
        content = replace(plain, facts=(*(fact for fact in plain.facts if fact[0] not in dict(facts)), *facts))
        if self.given is None or self.run is None:
            yield content
            return
        links = serial_links(self.base_url, self.product.levels, self.lot, self.given, self.keys, self.run)
        yield from serial_contents(content, self.run, links)

    def specs(self) -> Iterator[LabelSpec]:
        """Each label, without its copies. Raises LabelError besides."""
        kind, how = self.choice.kind, self.choice.how
        return (kind.spec(content, how) for content in self.contents())

    def _plain(self) -> Content:
        if self.choice.template == "pallet":
            return pallet_content(self.base_url, self.choice.sscc, self.product, self.lot, self.choice.cases)
        make = case_content if self.choice.template == "carton" else lot_content
        return make(self.base_url, self.product, self.lot)


@dataclass(frozen=True, slots=True)
class Written:
    """The file that came out. `missing_font`: what the machine lacks to print all, in words."""

    labels: int
    sha256: str
    size_bytes: int
    missing_font: str = ""


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("xb")
        self.hash, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def close(self) -> None:
        """On disk, not only in memory."""
        self.file.flush()
        os.fsync(self.file.fileno())


def write_labels(printable: Printable, path: Path, tick: Tick = lambda done: None) -> Written:
    """Make the file; `tick` hears before each label how many are done, and may end it all by raising.

    Raises InvalidInput naming the field for what cannot be printed; the file is gone then.
    """
    out = _Hashed(path)
    try:
        with out.file:
            printed, missing = _write(printable, out, tick)
            out.close()
    except LabelError as refused:
        path.unlink(missing_ok=True)
        raise unprintable(refused) from refused
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Written(printed, out.hash.hexdigest(), out.size, "" if missing is None else missing.message)


def _write(printable: Printable, out: _Hashed, tick: Tick) -> tuple[int, labels.MissingFont | None]:
    choice = printable.choice
    specs = _watched(printable.specs(), choice.copies, tick)
    if choice.format == "sheet":
        wanted = (labels.SheetLabel(spec.text, spec.lines, choice.copies, spec.marks, spec.text_scale)
                  for spec in specs)
        printed = labels.sheet(wanted, choice.sheet, out, title=printable.lot.number)
        return printed.labels, printed.missing_font
    if printable.total == 1 and choice.format in ("png", "svg"):
        spec = next(specs)
        out.write(labels.render(spec))
        return 1, labels.missing_font(spec)
    roll = labels.Roll((spec for spec in specs for _ in range(choice.copies)), title=printable.lot.number)
    for chunk in roll:
        out.write(chunk)
    return roll.labels, roll.missing_font


def _watched(specs: Iterator[LabelSpec], copies: int, tick: Tick) -> Iterator[LabelSpec]:
    for number, spec in enumerate(specs):
        tick(number * copies)
        yield spec


def preview(printable: Printable) -> tuple[bytes, LabelSpec, Phrase | None]:
    """The first label as it prints, as PNG at the chosen resolution; its spec; what the machine lacks to print it.

    Of ZPL the printer draws the letters: the picture shows where they stand. Raises InvalidInput naming the field.
    """
    try:
        if printable.choice.format == "sheet":
            _ = printable.choice.sheet  # says what does not fit on the paper
        spec = next(printable.specs())
        if spec.format != "png":
            labels.render(spec)
        missing = labels.missing_font(spec)
        return labels.render(replace(spec, format="png")), spec, None if missing is None else missing.message
    except LabelError as refused:
        raise unprintable(refused) from refused


def unprintable(refused: LabelError) -> InvalidInput:
    """The refusal of a label, at the field of the choice."""
    parts = refused.field.split(".")
    place = parts[2] if parts[0] == "labels" and len(parts) > 2 else parts[0]
    return InvalidInput("This label cannot be printed: %(why)s", code="label", place=place, why=refused.message)
