"""Which of all lots × terms stand out? The whole table at once, from columns of codes, for millions of reports.

A row is a report's lot and term as numbers from 0; `reports` numbers the reports where one has several rows (each
row repeated counts once then, a lot and a term once a report: the report convention of `pairs`). Without it every
row is a report of its own. The same measures as `disproportionality` and `shrinkage`, cell by cell, with the costly
functions of a count looked up: there are few different counts among millions of cells. Source: as of those measures.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput

from .errors import require_count

if TYPE_CHECKING:
    from .shrinkage import Points, Prior

Codes = NDArray[np.integer[Any]]

# Cells that are computed together: they fit into the processor's cache with all that lies between.
_BLOCK = 1 << 15
THREADS = 2
# Below both, no lower limit of a shrunken rate is of use: nobody acts on two reports, or on fewer than expected.
LEAST_REPORTS, LEAST_EBGM = 3, 1.0
# A fit reads about so many points of a count at most.
_POINTS_A_COUNT = 150
_KEPT_WHOLE = 100


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Pairs that occur, sorted by lot and term (arrays of shape (pairs,)), with the margins by code."""

    lots: NDArray[np.uint32]
    terms: NDArray[np.uint32]
    a: NDArray[np.uint32]
    by_lot: NDArray[np.int64]
    by_term: NDArray[np.int64]
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """The measures of each pair of `counts`; shape (pairs,). `prr` and `ror` are +inf where only this lot has the
    term; NaN where all reports are of one lot, so that there is nothing to compare with."""

    counts: Counts
    expected: NDArray[np.float64]
    prr: NDArray[np.float64]
    ror: NDArray[np.float64]
    ic: NDArray[np.float64]
    ic025: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """EBGM of each pair, and EB05 where it can matter: at least three reports and an EBGM of at least 1; else NaN."""

    prior: Prior
    ebgm: NDArray[np.float64]
    eb05: NDArray[np.float64]


def count_codes(lots: Codes, terms: Codes, shape: tuple[int, int], *, reports: Codes | None = None) -> Counts:
    """How often each term was reported with each lot; `shape`: how many lots and terms there are.

    Takes about 4 bytes a row beside the columns. Raises InvalidInput for codes outside `shape`, no rows, or columns
    of different length.
    """
    lots, terms = _codes(lots), _codes(terms)
    _check(lots, terms, shape)
    if reports is not None:
        return _count_reports(lots, terms, shape, _codes(reports))
    pairs, a = _runs(_joined(lots, terms, shape))
    lot, term = np.divmod(pairs, pairs.dtype.type(shape[1]))
    by_lot, by_term = (np.bincount(codes, weights=a, minlength=number).astype(np.int64)
                       for codes, number in ((lot, shape[0]), (term, shape[1])))
    return Counts(lot.astype(np.uint32, copy=False), term.astype(np.uint32, copy=False), a, by_lot, by_term,
                  int(lots.size))


def _count_reports(lots: Codes, terms: Codes, shape: tuple[int, int], reports: Codes) -> Counts:
    """Each report once a pair, a lot, a term and in all."""
    if reports.shape != lots.shape or int(reports.min()) < 0:
        raise InvalidInput("There must be a report's number, not below zero, for every row.", place="reports")
    number = int(reports.max()) + 1
    if number * shape[0] * shape[1] >= 2**63:
        raise InvalidInput("There are too many reports, lots and terms to count at once.", place="reports")
    triples = np.unique(_joined(reports, _joined(lots, terms, shape), (number, shape[0] * shape[1])))
    report, pair = np.divmod(triples, shape[0] * shape[1])
    lot, term = np.divmod(pair, shape[1])
    by_lot = np.bincount(np.unique(report * shape[0] + lot) % shape[0], minlength=shape[0])
    by_term = np.bincount(np.unique(report * shape[1] + term) % shape[1], minlength=shape[1])
    pairs, a = _runs(pair)
    lot, term = np.divmod(pairs, shape[1])
    return Counts(lot.astype(np.uint32), term.astype(np.uint32), a, by_lot, by_term, int(np.unique(report).size))


def _codes(values: Codes) -> Codes:
    """The codes as an array, whatever sequence they come in."""
    found: NDArray[Any] = np.asarray(values)
    return found


def _check(lots: Codes, terms: Codes, shape: tuple[int, int]) -> None:
    if lots.ndim != 1 or lots.shape != terms.shape or lots.size == 0:
        raise InvalidInput("There must be as many lots as terms, and at least one.", place="lots")
    if lots.dtype.kind not in "iu" or terms.dtype.kind not in "iu":
        raise InvalidInput("Codes must be whole numbers from 0 on.", place="lots")
    if shape[0] * shape[1] >= 2**63 or max(shape) > 2**32:
        raise InvalidInput("There are too many lots and terms to count at once.", place="shape")
    for place, codes, number in (("lots", lots, shape[0]), ("terms", terms, shape[1])):
        if int(codes.min()) < 0 or int(codes.max()) >= number:
            raise InvalidInput("A code lies outside its list.", place=place)


def _joined(first: Codes, second: Codes, shape: tuple[int, int]) -> Codes:
    """One number a row: first * how many seconds there are + second, in the smallest type that holds it."""
    kind = np.uint32 if shape[0] * shape[1] <= 2**32 else np.int64
    joined: NDArray[Any] = first.astype(kind)
    joined *= kind(shape[1])
    joined += second.astype(kind, copy=False)
    return joined


def _runs(values: Codes) -> tuple[Codes, NDArray[np.uint32]]:
    """The different values, sorted, and how often each occurs; sorts in place."""
    values.sort()
    is_first = np.empty(values.size, dtype=bool)
    is_first[0] = True
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    at = np.flatnonzero(is_first)
    return values[at], np.diff(at, append=values.size).astype(np.uint32)


def screen(counts: Counts, *, only_sql: bool = False) -> Screen:
    """E, PRR, ROR, IC and the exact lower limit of IC of every pair; with `only_sql` what plain SQL can say, E, PRR and
    IC: ROR and the limit are empty then."""
    size = counts.a.size
    made = Screen(counts, *(np.empty(0 if only_sql and name in ("ror", "ic025") else size)
                            for name in ("expected", "prr", "ror", "ic", "ic025")))
    log_seen = _by_count(counts.a, lambda seen: np.log2(seen + 0.5))
    log_low = None if only_sql else _by_count(counts.a, _low)
    shared = (counts.by_lot.astype(float), counts.by_term.astype(float), float(counts.total))

    def block(part: slice) -> None:
        a, lot, term = counts.a[part].astype(float), shared[0][counts.lots[part]], shared[1][counts.terms[part]]
        total, index = shared[2], counts.a[part]
        made.expected[part] = lot * term / total
        with np.errstate(divide="ignore", invalid="ignore"):
            made.prr[part] = a * (total - lot) / ((term - a) * lot)
            if log_low is not None:
                made.ror[part] = a * (total - lot - term + a) / ((lot - a) * (term - a))
        base = np.log2(made.expected[part] + 0.5)
        made.ic[part] = log_seen[index] - base
        if log_low is not None:
            made.ic025[part] = log_low[index] - base

    _in_blocks(size, block)
    return made


def _low(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import gammaincinv

    return np.asarray(np.log2(gammaincinv(seen + 0.5, 0.025)))


def _by_count(a: NDArray[np.uint32], function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
              ) -> NDArray[np.float64]:
    """A table by count: the function of each count that occurs, else nothing that is ever read."""
    seen = np.flatnonzero(np.bincount(a))
    table = np.empty(int(seen[-1]) + 1)
    table[seen] = function(seen.astype(float))
    return table


def _in_blocks(size: int, work: Callable[[slice], None]) -> None:
    """Do `work` for each block, in a few threads: NumPy lets go of the interpreter while it computes."""
    parts = list(_blocks(size))
    if len(parts) <= 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, parts))


def _blocks(size: int) -> Iterator[slice]:
    for begin in range(0, size, _BLOCK):
        yield slice(begin, min(begin + _BLOCK, size))


def points_of(a: Codes, expected: NDArray[np.float64], *, most: int = _POINTS_A_COUNT) -> Points:
    """Points for fitting: the cells of a count that has more than `most` are averaged along sorted E, the hundred
    largest E excepted, into bins of equal size, so that at most about `most` remain of it (data squashing)."""
    require_count(most, "most", least=1)
    number = np.bincount(a)
    # A sort of short numbers goes by their digits, in time that grows with how many they are and no faster.
    order = np.argsort(a.astype(np.uint16) if number.size <= 2**16 else a, kind="stable")
    edges = np.append(0, np.cumsum(number[number > 0]))
    kept: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        means = np.sort(expected[order[begin:end]])
        weights = np.ones(means.size)
        if means.size > most:
            cut = means.size - min(_KEPT_WHOLE, most)
            starts = np.arange(0, cut, -(-cut // most))
            sizes = np.diff(starts, append=cut)
            weights = np.append(sizes, weights[cut:])
            means = np.append(np.add.reduceat(means[:cut], starts) / sizes, means[cut:])
        kept.append((np.full(means.size, float(a[order[begin]])), means, weights))
    from .shrinkage import Points

    return Points(*(np.concatenate(part) for part in zip(*kept, strict=True)))


def shrink(found: Screen, *, prior: Prior | None = None, starts: Sequence[Prior] = ()) -> Shrunk:
    """EBGM of every pair and EB05 where it can matter, by `prior` or by one fitted to the pairs from several starts,
    those of `shrinkage` where none are given."""
    from .shrinkage import STARTS, fit, lower_limit

    a, expected = found.counts.a, found.expected
    if prior is None:
        prior = fit(points_of(a, expected), starts=starts or STARTS).prior
    ebgm, eb05 = _ebgm(prior, a, expected), np.full(a.size, np.nan)
    matter = np.flatnonzero((a >= LEAST_REPORTS) & (ebgm >= LEAST_EBGM))

    def block(part: slice) -> None:
        some = matter[part]
        eb05[some] = lower_limit(prior, a[some], expected[some])

    _in_blocks(matter.size, block)
    return Shrunk(prior, ebgm, eb05)


def _ebgm(prior: Prior, a: NDArray[np.uint32], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """The posterior geometric mean of each pair, with the functions of the count alone looked up."""
    from scipy.special import digamma, expit, gammaln, logit

    (a1, b1), (a2, b2) = (prior.a1, prior.b1), (prior.a2, prior.b2)
    psi = [_by_count(a, lambda seen: digamma(a1 + seen)), _by_count(a, lambda seen: digamma(a2 + seen))]
    fixed = logit(prior.p) - gammaln(a1) + gammaln(a2) + a1 * np.log(b1) - a2 * np.log(b2)
    odds = _by_count(a, lambda seen: fixed + gammaln(a1 + seen) - gammaln(a2 + seen))
    ebgm = np.empty(a.size)

    def block(part: slice) -> None:
        index, means = a[part], expected[part]
        one, two = np.log(b1 + means), np.log(b2 + means)
        first = expit(odds[index] - (a1 + index) * one + (a2 + index) * two)
        two = psi[1][index] - two
        ebgm[part] = np.exp(two + first * (psi[0][index] - one - two))

    _in_blocks(a.size, block)
    return ebgm
