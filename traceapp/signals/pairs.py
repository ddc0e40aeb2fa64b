"""How often was each term reported with each lot? Counting, in one of two conventions that must not be mixed.

Report convention: a report counts once for a pair, a lot, a term and in all, however many rows it has. Pair
convention: every distinct row (report, lot, term) counts, so a report with three terms counts three times for its
lot and in all. The same data give other expected counts, hence other signals, in either.
Source: DuMouchel W, Am Stat 1999;53:177-190 (counts, and the expected count summed over strata).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from traceapp.core.errors import InvalidInput

from .arrays import whole_numbers
from .disproportionality import Tables, tables

Convention = Literal["report", "pair"]


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """One entry a pair that occurs, sorted by lot and term; arrays of shape (pairs,).

    `expected` is n_i m_j / total, or that sum over strata.
    """

    products: tuple[str, ...]
    events: tuple[str, ...]
    a: NDArray[np.int64]
    n_i: NDArray[np.int64]
    m_j: NDArray[np.int64]
    total: int
    expected: NDArray[np.float64]

    def tables(self) -> Tables:
        """The 2x2 tables of the pairs (over all strata together)."""
        return tables(self.a, self.n_i, self.m_j, self.total)


@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """Rows as numbers, each (report, product, event) once; names by code."""

    reports: NDArray[np.int64]
    products: NDArray[np.int64]
    events: NDArray[np.int64]
    product_names: NDArray[np.str_]
    event_names: NDArray[np.str_]


def count_rows(
    reports: Sequence[str],
    products: Sequence[str],
    events: Sequence[str],
    *,
    convention: Convention = "report",
    strata: Sequence[str] | None = None,
) -> PairCounts:
    """The counts of rows of (report, lot, term); a row that repeats counts once. All sequences of one length.

    `strata` gives each row the stratum of its report; E is then the sum over strata of n_is m_js / N_s.
    Raises InvalidInput for no rows, an empty name, or a report in two strata.
    """
    if convention not in ("report", "pair"):
        raise InvalidInput("The convention is report or pair.", place="convention")
    codes = _encode(reports, products, events)
    stratum_of = _stratum_of_reports(reports, strata)
    if convention == "pair":
        units = (np.arange(codes.reports.size),) * 3
        stratum = stratum_of[codes.reports]
    else:
        unique = np.unique(codes.reports * codes.product_names.size + codes.products, return_index=True)[1]
        with_event = np.unique(codes.reports * codes.event_names.size + codes.events, return_index=True)[1]
        each = np.unique(codes.reports, return_index=True)[1]
        units, stratum = (unique, with_event, each), stratum_of[codes.reports]
    pair, a = np.unique(codes.products * codes.event_names.size + codes.events, return_counts=True)
    i, j = pair // codes.event_names.size, pair % codes.event_names.size
    n_i = np.bincount(codes.products[units[0]], minlength=codes.product_names.size)
    m_j = np.bincount(codes.events[units[1]], minlength=codes.event_names.size)
    expected = np.zeros(pair.size)
    for layer in np.unique(stratum).tolist():
        lots, terms, rows = (unit[stratum[unit] == layer] for unit in units)
        in_lots = np.bincount(codes.products[lots], minlength=n_i.size)
        in_terms = np.bincount(codes.events[terms], minlength=m_j.size)
        expected += in_lots[i] * in_terms[j] / rows.size
    return PairCounts(tuple(codes.product_names[i].tolist()), tuple(codes.event_names[j].tolist()), a, n_i[i], m_j[j],
                      int(units[2].size), expected)


def count_totals(products: Sequence[str], events: Sequence[str], n: ArrayLike) -> PairCounts:
    """The same from counts a pair; only the pair convention is possible then. Repeated pairs add up.

    Raises InvalidInput for a count that is no whole number above zero.
    """
    counts = whole_numbers("n", n)
    if counts.size == 0 or not len(products) == len(events) == counts.size:
        raise InvalidInput("There must be as many lots as terms and counts, and at least one.", place="n")
    if np.any(counts < 1):
        raise InvalidInput("The count of a pair must be a whole number of at least 1.", place="n")
    product_names, lot = np.unique(np.array(products), return_inverse=True)
    event_names, term = np.unique(np.array(events), return_inverse=True)
    pair, at = np.unique(lot * event_names.size + term, return_inverse=True)
    a = np.bincount(at, weights=counts).astype(np.int64)
    i, j = pair // event_names.size, pair % event_names.size
    n_i = np.bincount(i, weights=a).astype(np.int64)[i]
    m_j = np.bincount(j, weights=a).astype(np.int64)[j]
    total = int(a.sum())
    # As fractions: the product of two margins may be beyond what a whole number of 64 bits holds.
    return PairCounts(tuple(product_names[i].tolist()), tuple(event_names[j].tolist()), a, n_i, m_j, total,
                      n_i.astype(float) * m_j / total)


def _encode(reports: Sequence[str], products: Sequence[str], events: Sequence[str]) -> _Codes:
    if not len(reports) == len(products) == len(events) or len(reports) == 0:
        raise InvalidInput("There must be as many reports as lots and terms, and at least one.", place="report")
    for place, values in (("report", reports), ("product", products), ("event", events)):
        if "" in values:
            raise InvalidInput("Row %(row)s has no %(column)s.", place=place, row=values.index("") + 1, column=place)
    report_names, report = np.unique(np.array(reports), return_inverse=True)
    product_names, product = np.unique(np.array(products), return_inverse=True)
    event_names, event = np.unique(np.array(events), return_inverse=True)
    if report_names.size * product_names.size * event_names.size >= 2**62:
        first = np.unique(np.stack([report, product, event]), axis=1, return_index=True)[1]
    else:
        key = (report * product_names.size + product) * event_names.size + event
        first = np.unique(key, return_index=True)[1]
    return _Codes(report[first], product[first], event[first], product_names, event_names)


def _stratum_of_reports(reports: Sequence[str], strata: Sequence[str] | None) -> NDArray[np.int64]:
    """The stratum code of each report code; one stratum for all where none is given."""
    names, code = np.unique(np.array(reports), return_inverse=True)
    if strata is None:
        return np.zeros(names.size, dtype=np.int64)
    if len(strata) != len(reports):
        raise InvalidInput("There must be a stratum for every row.", place="strata")
    stratum = np.unique(np.array(strata), return_inverse=True)[1]
    of_report = np.zeros(names.size, dtype=np.int64)
    of_report[code] = stratum
    if np.any(of_report[code] != stratum):
        row = int(np.flatnonzero(of_report[code] != stratum)[0])
        raise InvalidInput("Report %(report)s is in two strata.", place="strata", report=reports[row])
    return of_report
