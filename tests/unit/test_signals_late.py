"""The closed line of a long surveillance is safe wherever the exact one can be worked out."""
from __future__ import annotations

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.late import late_critical_value, rate_margin
from traceapp.signals.maxsprt import critical_value, signal_probability


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0002])
@pytest.mark.parametrize("start", [4.0, 16.0, 64.0])
def test_a_stretch_that_doubles_alarms_falsely_no_oftener_than_allowed(alpha: float, start: float) -> None:
    line = late_critical_value(alpha)
    assert signal_probability(line, 2 * start, delay=start) <= alpha
    exact = critical_value(alpha, 2 * start, delay=start).value
    assert exact is not None
    assert exact <= line < exact + 4


def test_a_longer_stretch_and_a_smaller_level_need_a_higher_line() -> None:
    assert late_critical_value(0.01) < late_critical_value(0.01, 8.0) < late_critical_value(0.001, 8.0)
    with pytest.raises(InvalidInput):
        late_critical_value(0.0)


def test_a_rate_learnt_from_many_reports_needs_less_of_a_margin() -> None:
    # Upper 97.5 % limit of a Poisson mean: 10 seen, at most 18.39 meant.
    assert rate_margin(10, 0.025) == pytest.approx(1.7085, abs=1e-4)
    assert 1 < rate_margin(10_000, 0.025) < 1.02
