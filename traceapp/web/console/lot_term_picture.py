"""Lots by terms as a table of shaded cells, and the list of the same cells with exact numbers."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from traceapp.surveillance.lot_terms import LotTerms, LotTermsWish, TermCell, lot_terms
from traceapp.trace.lookup import lots_by_key
from traceapp.web.words import term_names

# From this lower limit of the ratio (as log2) on a cell has the next shade: the darker, the surer.
_SHADES = (-0.5, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How many reports, how many times the expected, the shade from 0 to 3, and whether it stands out."""

    reports: int
    ratio: str
    shade: int
    stands_out: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One lot; `cells` as the terms, None where there is no report."""

    number: str
    url: str
    is_asked: bool
    reports: int
    cells: list[HeatCell | None]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`rows` for the table twin; `hidden`: what is not shown, as a sentence."""

    terms: list[str]
    lots: list[HeatRow]
    rows: list[dict[str, Any]]
    said: str
    hidden: str


def heat_map(session: Session, wish: LotTermsWish) -> HeatMap | None:
    """The picture of a product; None where no report names a lot and a term."""
    found = lot_terms(session, wish)
    if not found.lots:
        return None
    lots = lots_by_key(session, found.lots)
    numbers = {key: lots[key].number if key in lots else key for key in found.lots}
    names = dict(zip(found.terms, term_names(found.terms), strict=True))
    return HeatMap(
        list(names.values()),
        [HeatRow(numbers[key], url_for("console.lot", lot_key=key), key in wish.lots, found.of_lot[key],
                 [_cell(found.cells.get((key, term))) for term in found.terms]) for key in found.lots],
        _rows(found, numbers, names), _said(found, numbers, names), _hidden(found))


def _cell(cell: TermCell | None) -> HeatCell | None:
    if cell is None:
        return None
    return HeatCell(cell.reports, f"×{2.0 ** cell.component:.1f}", sum(cell.low > least for least in _SHADES),
                    cell.stands_out)


def _ordered(found: LotTerms) -> list[tuple[str, str]]:
    return sorted(found.cells, key=lambda pair: (-found.cells[pair].low, -found.cells[pair].reports, pair))


def _rows(found: LotTerms, numbers: dict[str, str], names: dict[str, str]) -> list[dict[str, Any]]:
    """The cells one by one, what stands out most first."""
    return [{"meaning": "check" if found.cells[lot, term].stands_out else None, "cells": {
        "lot": numbers[lot], "term": names[term], "reports": found.cells[lot, term].reports,
        "expected": f"{found.cells[lot, term].expected:.1f}", "component": f"{found.cells[lot, term].component:+.2f}",
        "low": f"{found.cells[lot, term].low:+.2f}"}} for lot, term in _ordered(found)]


def _said(found: LotTerms, numbers: dict[str, str], names: dict[str, str]) -> str:
    """The one sentence that the picture shows."""
    standing: Sequence[tuple[str, str]] = [pair for pair in _ordered(found) if found.cells[pair].stands_out]
    if not standing:
        return _("No term stands out with any of these batches.")
    lot, term = standing[0]
    return ngettext("%(num)d cell stands out; most of all %(term)s with %(lot)s.",
                    "%(num)d cells stand out; most of all %(term)s with %(lot)s.", len(standing), term=names[term],
                    lot=numbers[lot])


def _hidden(found: LotTerms) -> str:
    parts = []
    if found.hidden_lots or found.hidden_terms:
        parts.append(_("Not shown: %(lots)s more batches and %(terms)s more terms that stand out less.",
                       lots=found.hidden_lots, terms=found.hidden_terms))
    if found.is_cut:
        parts.append(_("There are more reports than were looked at; choose a shorter time."))
    return " ".join(parts)
