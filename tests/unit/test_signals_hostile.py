"""Input that makes no sense is refused by name, whatever function it reaches; large numbers stay numbers."""
from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals import analyses, maxsprt, scan
from traceapp.signals.conditional import conditional_critical_value, conditional_signal_probability
from traceapp.signals.cusum import path
from traceapp.signals.delay import Delay
from traceapp.signals.disproportionality import (
    chi_square,
    fisher,
    information_component,
    log_likelihood_ratio,
    proportional_reporting_ratio,
    reporting_odds_ratio,
    tables,
)
from traceapp.signals.ears import ears
from traceapp.signals.errors import require_count, require_not_negative, require_positive, require_rate
from traceapp.signals.exposure import expected_curve
from traceapp.signals.history import fit_baseline, fit_delay
from traceapp.signals.pairs import count_rows, count_totals
from traceapp.signals.screen import count_codes
from traceapp.signals.shrinkage import Prior, points, scores

DAY = date(2026, 1, 1)


@pytest.mark.parametrize("check", [require_count, require_not_negative, require_positive, require_rate])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, True, np.True_, "0.5", None])
def test_no_check_lets_through_what_is_no_number_in_range(check: Callable[..., object], value: object) -> None:
    with pytest.raises(InvalidInput):
        check(value, "place")


@pytest.mark.parametrize("ask", [
    lambda: tables([1, 2], [3, 4, 5], 9, 100),
    lambda: tables("x", 10, 30, 100),
    lambda: information_component([1, 2], [1, 2, 3]),
    lambda: information_component(math.nan, 1),
    lambda: log_likelihood_ratio(5, 2, math.nan),
    lambda: points([1, 2, 3], [1.0, 2.0]),
    lambda: maxsprt.critical_value(1e-300, 5.0),
    lambda: conditional_critical_value(1e-300, 5.0, 10),
    lambda: maxsprt.critical_value(0.05, 10, minimum_events=math.nan),  # type: ignore[arg-type]
    lambda: maxsprt.find_signal([(5, 0.1)], 3.0, upper=math.nan),
    lambda: expected_curve([(DAY, math.nan)], 0.1, Delay(), DAY, 3),  # type: ignore[list-item]
    lambda: fit_delay([math.nan], [3], enough=1),  # type: ignore[list-item]
    lambda: fit_delay([0.5], [3], enough=1),  # type: ignore[list-item]
    lambda: scan.scan_poisson([1], [1], {"a": (0,)}, replications=9, seed=-1),
    lambda: scan.scan_bernoulli([1], [2], {"a": (0,)}, 0.5, replications=9, seed=-1),
    lambda: scan.scan_tree_temporal([[math.inf, 2]], {"a": (0,)}, [(0, 1)], replications=9),
    lambda: scan.scan_tree_temporal([[1, 2]], {"a": (0,)}, [(0, 1)], replications=9, seed=-1),
    lambda: scan.scan_poisson(["x"], [2], {"a": (0,)}, replications=9),
    lambda: scan.scan_bernoulli([1], [1e20], {"a": (0,)}, 0.5, replications=9),
    lambda: ears(["many"]),
    lambda: path(["many"], [1.0], 2.0),
    lambda: fit_baseline(["many"], [1.0]),
    lambda: fisher(tables(1.5, 3, 3, 10)),
    lambda: count_codes(np.array([0.5]), np.array([0]), (1, 1)),  # type: ignore[arg-type]
    lambda: count_totals(["a"], ["b"], [math.inf]),
    lambda: count_totals(["a"], ["b"], [1e300]),
    lambda: count_rows(["1"], ["a"], ["b"], convention="lot"),  # type: ignore[arg-type]
    lambda: analyses.disproportionality_records(["product,event,n", f"a,b,{'9' * 400}"]),
    lambda: analyses.disproportionality_records(["product,event,n", f"a,b,{'9' * 30}"]),
    lambda: analyses.scan_poisson_records(["node,cases,population", f"a,{'9' * 25},3"], ["parent,child", "r,a"]),
    lambda: analyses.cause_records(["lot,complaints,exposure", "a,1,3"],
                                   ["parent,child,share", "r,a,.4", "r,a,.6"]),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput):
        ask()


def test_codes_may_be_plain_lists() -> None:
    counts = count_codes([0, 0, 1], [0, 1, 0], (2, 2))  # type: ignore[arg-type]
    assert (counts.a.tolist(), counts.total) == ([1, 1, 1], 3)


def test_ten_million_reports_give_finite_figures() -> None:
    table = tables(9_000_000, 10_000_000, 20_000_000, 100_000_000)
    ratio, odds = proportional_reporting_ratio(table), reporting_odds_ratio(table)
    assert float(ratio.value) == pytest.approx(0.9 / (11 / 90))
    assert float(ratio.low) < float(ratio.value) < float(ratio.high) < float(odds.high) < 70
    assert math.isfinite(float(chi_square(table))) and 0 <= float(fisher(table)) <= 1
    assert float(information_component(1e7, 1e3).low) == pytest.approx(math.log2(1e4), abs=2e-3)
    shrunk = scores(Prior(0.204, 0.058, 1.415, 1.838, 0.0969), [0, 10_000_000], [1e7, 1e3])
    assert np.all(np.isfinite([shrunk.ebgm, shrunk.eb05, shrunk.eb95])) and shrunk.ebgm[1] == pytest.approx(1e4, rel=.01)
    assert maxsprt.llr(10**7, 1e7 - 1) == pytest.approx(5e-8, rel=0.02)
    assert math.isfinite(maxsprt.llr(10**7, 1e-300))


def test_all_reports_of_a_lot_naming_one_term_leave_a_proportional_ratio_but_no_odds() -> None:
    table = tables(10, 10, 30, 100)
    ratio, odds = proportional_reporting_ratio(table), reporting_odds_ratio(table)
    assert float(ratio.value) == pytest.approx(4.5) and 0 < float(ratio.low) < 4.5 < float(ratio.high)
    assert float(odds.value) == math.inf and bool(np.ma.getmaskarray(odds.low))


def test_a_pair_never_seen_has_a_ratio_of_zero_without_limits() -> None:
    ratio = proportional_reporting_ratio(tables([0, 0], [10, 0], [10, 10], 100))
    assert ratio.value.tolist() == [0.0, None] and ratio.low.tolist() == ratio.high.tolist() == [None, None]


def test_no_tables_give_no_figures() -> None:
    table = tables([], [], [], [])
    assert proportional_reporting_ratio(table).value.size == fisher(table).size == chi_square(table).size == 0
    assert scores(Prior(1, 1, 1, 1, 0.5), [], []).ebgm.size == 0


@pytest.mark.parametrize("ratio", [1e4, 1e6])
def test_a_rate_that_alarms_at_once_alarms_with_certainty(ratio: float) -> None:
    assert maxsprt.signal_probability(3.0, 5.0, relative_risk=ratio) == pytest.approx(1.0)
    assert maxsprt.power(3.0, 5.0, ratio).power == pytest.approx(1.0)
    assert conditional_signal_probability(3.0, 5.0, 100, relative_risk=ratio) == pytest.approx(1.0)


@pytest.mark.parametrize("alpha", [1e-9, 0.5, 0.999999])
def test_extreme_false_alarm_rates_are_kept(alpha: float) -> None:
    found = maxsprt.critical_value(alpha, 5.0, minimum_events=3)
    assert found.size <= alpha and (found.value is None) == (alpha == 0.999999)
