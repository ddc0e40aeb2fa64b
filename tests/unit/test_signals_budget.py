"""The false-alarm budget: what is promised a lot is never passed, and nothing of it is lost without need."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.budget import MOST_A_NODE, promised, split

KINDS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3000), min_size=1)


def test_two_kinds_share_equally_and_each_node_takes_an_equal_part() -> None:
    assert split(0.01, 400, {"lot": 400, "upstream": 100}) == {"lot": 0.005, "upstream": 0.02}


def test_weights_divide_the_whole() -> None:
    rates = split(0.01, 400, {"lot": 400, "upstream": 100, "line": 8}, {"lot": 2, "upstream": 1, "line": 0})
    assert rates == pytest.approx({"lot": 0.01 * 2 / 3, "upstream": 4 / 3 / 100})


def test_what_a_capped_kind_cannot_use_goes_to_the_others() -> None:
    rates = split(0.01, 400, {"lot": 400, "line": 4})
    assert rates == pytest.approx({"line": MOST_A_NODE, "lot": (4 - 4 * MOST_A_NODE) / 400})


def test_kinds_may_be_pairs_with_a_severity_group() -> None:
    nodes = {("lot", "harm"): 100, ("lot", "serious"): 100}
    assert split(0.01, 100, nodes) == {("lot", "harm"): 0.005, ("lot", "serious"): 0.005}


def test_without_lots_or_nodes_nothing_is_spent() -> None:
    assert split(0.01, 0, {"lot": 3}) == {}
    assert split(0.01, 10, {"lot": 0}) == {}
    assert split(0.01, 10, {}) == {}


@pytest.mark.parametrize("arguments", [
    (0.0, 10, {"lot": 1}), (1.0, 10, {"lot": 1}), (float("nan"), 10, {"lot": 1}), (0.01, -1, {"lot": 1}),
    (0.01, 1.5, {"lot": 1}), (0.01, 10, {"lot": -1}), (0.01, 10, {"lot": 1}, {"lot": -1.0}),
    (0.01, 10, {"lot": 1}, {"lot": float("nan")}), (0.01, 10, {"lot": 1}, {"line": 1.0}), (0.01, True, {"lot": 1}),
])
def test_what_makes_no_sense_is_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput):
        split(*arguments)


@given(st.floats(1e-6, 0.4), st.integers(0, 5000), KINDS, st.data())
def test_the_promise_is_kept_and_used_up_unless_every_kind_is_capped(
    alpha: float, lots: int, nodes: dict[str, int], data: st.DataObject
) -> None:
    weights = data.draw(st.dictionaries(st.sampled_from(sorted(nodes)), st.floats(0.1, 10)))
    rates = split(alpha, lots, nodes, weights)
    spent = promised(rates, nodes)
    assert spent <= alpha * lots * (1 + 1e-9)
    assert all(0 <= rate <= MOST_A_NODE for rate in rates.values())
    if lots and any(nodes.values()):
        assert spent == pytest.approx(min(alpha * lots, MOST_A_NODE * sum(nodes.values())))
