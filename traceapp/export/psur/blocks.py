"""What a document is made of, before it is a file of any kind. Pure."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 is the title, 2 a chapter."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; columns in `numbers` are set to the right. `widths` are shares; empty: in a document that is
    edited all columns are equal."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    widths: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, one for each label; its table stands beside it in the document."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]


Block = Heading | Paragraph | Table | Chart
