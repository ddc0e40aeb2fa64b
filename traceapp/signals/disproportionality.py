"""Does a term turn up with a lot more often than with the others? Measures over 2x2 tables, whole arrays at once.

A table is given by its margins: `a` reports with lot and term, `n_i` with the lot, `m_j` with the term, `total` in
all. Whether these count reports or pairs is the caller's convention (see `pairs`) and changes every number.
Arrays broadcast against each other, and every answer has the shape of the tables. A figure that a table does not
define (0/0, the limits of an infinite ratio) is masked, never NaN; a ratio over nothing is +inf.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaincinv, polygamma
from scipy.stats import hypergeom, norm

from traceapp.core.errors import InvalidInput

from .arrays import counts_and_expected, number_arrays
from .scan import Scan, conditional_ratio, scan_poisson

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Checked 2x2 tables; all arrays of one shape. `b`, `c`, `d`: lot without term, term without lot, neither."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    c: NDArray[np.float64]
    d: NDArray[np.float64]

    @property
    def n_i(self) -> NDArray[np.float64]:
        """Reports with the lot."""
        return self.a + self.b

    @property
    def m_j(self) -> NDArray[np.float64]:
        """Reports with the term."""
        return self.a + self.c

    @property
    def total(self) -> NDArray[np.float64]:
        """All reports."""
        return self.a + self.b + self.c + self.d

    @property
    def expected(self) -> NDArray[np.float64]:
        """Reports with both if lot and term had nothing to do with each other: n_i m_j / total."""
        return self.n_i * self.m_j / self.total


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """An estimate with its 95 % limits, masked where the table does not define them."""

    value: MaskedArray
    low: MaskedArray
    high: MaskedArray


def tables(a: ArrayLike, n_i: ArrayLike, m_j: ArrayLike, total: ArrayLike) -> Tables:
    """The 2x2 tables of these margins. Raises InvalidInput where a cell would be negative or there is no report,
    for text, and for shapes that do not fit."""
    both, lot, term, reports = number_arrays("a", a, n_i, m_j, total)
    cells = (both, lot - both, term - both, reports - lot - term + both)
    if not all(np.all(np.isfinite(cell)) and np.all(cell >= 0) for cell in cells):
        raise InvalidInput("These margins make no 2x2 table: a cell would be negative or is not a number.", place="a")
    if np.any(reports <= 0):
        raise InvalidInput("There are no reports to compare with.", place="total")
    return Tables(*cells)


def _divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> MaskedArray:
    """The ratio; +inf over zero, masked for 0/0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(below == 0, np.inf, above / np.where(below == 0, 1.0, below))
    return np.ma.MaskedArray(value, mask=(above == 0) & (below == 0))


def _with_limits(value: MaskedArray, variance: NDArray[np.float64]) -> Ratio:
    """Limits on the logarithmic scale; masked where the variance or the logarithm is not finite."""
    unknown = np.ma.getmaskarray(value) | ~np.isfinite(value.data) | (value.data <= 0) | ~np.isfinite(variance)
    spread = np.exp(Z_95 * np.sqrt(np.where(unknown, 0.0, variance)))
    safe = np.where(unknown, 1.0, value.data)
    return Ratio(value, np.ma.MaskedArray(safe / spread, mask=unknown), np.ma.MaskedArray(safe * spread, mask=unknown))


def reporting_rate_ratio(table: Tables, expected: ArrayLike | None = None) -> MaskedArray:
    """RR = a/E, with E of the table or, where given, of strata; masked where nothing is expected or seen.

    Source: DuMouchel W, Am Stat 1999;53:177-190.
    """
    return _divide(table.a, table.expected if expected is None else np.asarray(expected, dtype=float))


def proportional_reporting_ratio(table: Tables) -> Ratio:
    """PRR = [a/(a+b)] / [c/(c+d)]; +inf without limits for c = 0, masked for the only lot or an empty one.

    Source: Evans SJW et al., Pharmacoepidemiol Drug Saf 2001;10:483-486.
    """
    a, c, lot, others = table.a, table.c, table.n_i, table.c + table.d
    value = _divide(a * others, c * lot)
    value[(lot == 0) | (others == 0)] = np.ma.masked
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / a - 1 / lot + 1 / c - 1 / others
    return _with_limits(value, variance)


def reporting_odds_ratio(table: Tables) -> Ratio:
    """ROR = ad/(bc); +inf without limits for bc = 0, masked for 0/0.

    Source: van Puijenbroek EP et al., Pharmacoepidemiol Drug Saf 2002;11:3-10.
    """
    with np.errstate(divide="ignore"):
        variance = 1 / table.a + 1 / table.b + 1 / table.c + 1 / table.d
    return _with_limits(_divide(table.a * table.d, table.b * table.c), variance)


def chi_square(table: Tables, *, yates: bool = True) -> MaskedArray:
    """Pearson's chi-square with one degree of freedom, with Yates's correction or without; masked for empty margins.

    Source: Yates F, Suppl J R Stat Soc 1934;1:217-235.
    """
    distance = np.abs(table.a * table.d - table.b * table.c)
    if yates:
        distance = np.maximum(distance - table.total / 2, 0.0)
    margins = table.n_i * (table.c + table.d) * table.m_j * (table.b + table.d)
    return np.ma.MaskedArray(table.total * distance**2 / np.where(margins == 0, 1.0, margins), mask=margins == 0)


def is_evans_signal(table: Tables) -> NDArray[np.bool_]:
    """a >= 3, PRR >= 2 and Yates's chi-square >= 4; an infinite PRR counts.

    Source: Evans SJW et al., Pharmacoepidemiol Drug Saf 2001;10:483-486.
    """
    ratio = proportional_reporting_ratio(table).value
    return (table.a >= 3) & (ratio.filled(0.0) >= 2) & (chi_square(table).filled(0.0) >= 4)


def information_component(a: ArrayLike, expected: ArrayLike) -> Ratio:
    """IC = log2((a+.5)/(E+.5)) with exact gamma limits; signal where the lower limit is above 0. Never masked.

    Source: Noren GN et al., Stat Methods Med Res 2013;22:57-69.
    """
    seen, means = counts_and_expected(a, expected)
    return Ratio(
        *(np.ma.MaskedArray(np.log2(x / (means + 0.5)))
          for x in (seen + 0.5, gammaincinv(seen + 0.5, 0.025), gammaincinv(seen + 0.5, 0.975)))
    )  # fmt: skip


def information_component_approximate(a: ArrayLike, expected: ArrayLike) -> Ratio:
    """IC with the closed approximation of its limits, as some agencies print it. Never masked.

    Source: Noren GN et al., Stat Methods Med Res 2013;22:57-69.
    """
    seen, means = counts_and_expected(a, expected)
    value = np.log2((seen + 0.5) / (means + 0.5))
    root = (seen + 0.5) ** -0.5
    low, high = value - 3.3 * root - 2 * root**3, value + 2.4 * root - 0.5 * root**3
    return Ratio(*(np.ma.MaskedArray(x) for x in (value, low, high)))


def information_component_bate(table: Tables) -> Ratio:
    """The older IC of the Bayesian neural network, from moments; its lower limit differs much from the gamma one.

    Source: Bate A et al., Eur J Clin Pharmacol 1998;54:315-321; Gould AL, Pharmacoepidemiol Drug Saf 2003;12:559-574.
    """
    total = table.total
    p1, p2 = 1 + table.n_i, 1 + total - table.n_i
    q1, q2 = 1 + table.m_j, 1 + total - table.m_j
    r1 = 1 + table.a
    r2 = total - table.a - 1 + (2 + total) ** 2 / (q1 * p1)

    def moment(order: int) -> NDArray[np.float64]:
        f = digamma if order == 0 else (lambda x: polygamma(order, x))
        sign = 1 if order else -1
        return f(r1) - f(r1 + r2) + sign * (f(p1) - f(p1 + p2)) + sign * (f(q1) - f(q1 + q2))

    mean, deviation = moment(0) / np.log(2), np.sqrt(moment(1)) / np.log(2)
    return Ratio(*(np.ma.MaskedArray(x) for x in (mean, norm.ppf(0.025, mean, deviation),
                                                  norm.ppf(0.975, mean, deviation))))


def fisher(table: Tables, *, mid: bool = False) -> NDArray[np.float64]:
    """One-sided P(at least a reports with both) with all margins fixed, or with `mid` half of P(exactly a); 1 (mid: a
    half) for an empty margin. Raises InvalidInput for counts that are no whole numbers.

    Source: Fisher RA, J R Stat Soc 1935;98:39-82; Lancaster HO, J Am Stat Assoc 1961;56:223-234 (mid-p).
    """
    if any(np.any(cell != np.floor(cell)) for cell in (table.a, table.b, table.c, table.d)):
        raise InvalidInput("Counts must be whole numbers, not below zero.", place="a")
    law = hypergeom(table.total, table.n_i, table.m_j)
    return law.sf(table.a) + (0.5 if mid else 1.0) * law.pmf(table.a)


def log_likelihood_ratio(a: ArrayLike, expected: ArrayLike, margin: ArrayLike) -> NDArray[np.float64]:
    """a ln(a/E) + (n-a) ln((n-a)/(n-E)) where a > E, else 0; `margin` n is the count that is held fixed.

    Source: Huang L, Zalkikar J, Tiwari RC, J Am Stat Assoc 2011;106:1230-1241.
    """
    seen, means = counts_and_expected(a, expected)
    seen, means, whole = number_arrays("margin", seen, means, margin)
    if not np.all(np.isfinite(whole)) or np.any((seen > means) & (means == 0)) or np.any(seen > whole):
        raise InvalidInput("A count where nothing is expected, or above its margin, has no likelihood ratio.",
                           place="expected")
    return conditional_ratio(seen, means, whole)


def likelihood_ratio_test(a: ArrayLike, expected: ArrayLike, *, replications: int = 9999, seed: int = 0) -> Scan:
    """Huang's test of one lot over its terms (or one term over its lots), with the many cells allowed for.

    `a` and `expected` have shape (cells,), cells are named by their position; the margin that is drawn is the sum
    of `a`. It is the scan statistic over single cells. Raises NoExposure for a count where nothing is expected.
    Source: Huang L, Zalkikar J, Tiwari RC, J Am Stat Assoc 2011;106:1230-1241.
    """
    seen, means = counts_and_expected(a, expected)
    cells = {str(index): (index,) for index in range(seen.size)}
    return scan_poisson(seen, means, cells, replications=replications, seed=seed)
