"""Pictures of numbers: right places, safe text, honest scales."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.web.ui import charts
from traceapp.web.ui.chart_parts import apart, tick_step
from traceapp.web.ui.charts import HEIGHT, Cases, CasesWords, Curve, CurveWords, Open

WORDS = CurveWords("Reactions", "Observed", "Expected", "Alarm line", "Alarm")
KEY = CasesWords("By week", "Cases", "Serious")


def drawn(picture: str) -> ET.Element:
    return ET.fromstring(str(picture))


def found(root: ET.Element, kind: str) -> list[ET.Element]:
    return [e for e in root.iter() if kind in e.get("class", "").split()]


def test_the_alarm_stands_where_the_count_met_the_line() -> None:
    curve = Curve(["a", "b", "c", "d", "e"], [0, 1, 4, 6, 10], [1, 1, 1, 2, 2], [3, 3, 4, 4, 4], alarm_index=2)
    (mark,) = found(drawn(charts.cumulative_curve(curve, WORDS)), "pt-alarm")
    assert mark.get("cx") == "50.00%"
    assert float(mark.get("cy", "")) == pytest.approx(HEIGHT * (1 - 4 / 10))


def test_an_alarm_of_yesterday_is_not_written_over_the_count_of_today() -> None:
    curve = Curve([str(day) for day in range(25)], [*range(23), 21, 22], [1] * 25, [14] * 25, alarm_index=23)
    root = drawn(charts.cumulative_curve(curve, WORDS))
    names = {e.get("class"): float(e.get("y", "")) for e in root.iter("text") if e.get("class") in (
        "tx-obs halo", "tx-alarm halo") and e.text != WORDS.boundary}
    assert names["tx-alarm halo"] - names["tx-obs halo"] >= 18


def test_no_alarm_no_mark() -> None:
    root = drawn(charts.cumulative_curve(Curve(["a", "b"], [0, 1], [1, 2]), WORDS))
    assert not found(root, "pt-alarm") and not found(root, "ln-alarm")


def test_observed_is_drawn_as_stairs_because_a_count_stays_until_the_next_case() -> None:
    (line,) = found(drawn(charts.cumulative_curve(Curve(["a", "b"], [0, 1], [0, 0]), WORDS)), "ln-obs")
    assert line.get("points") == f"0.00,{HEIGHT:.1f} 100.00,{HEIGHT:.1f} 100.00,0.0"


def test_the_last_counts_are_written_out() -> None:
    text = "".join(drawn(charts.cumulative_curve(Curve(["a"], [14], [Decimal("3.1")]), WORDS)).itertext())
    assert "Observed 14" in text and "Expected 3.1" in text


@pytest.mark.parametrize("series", [([], [], []), (["a"], [1, 2], [1]), (["a", "b"], [1, 2], [1, 2], [3])])
def test_a_curve_with_uneven_series_is_refused(series: tuple[list[Any], ...]) -> None:
    with pytest.raises(ValueError, match="for each label"):
        Curve(*series)


def test_names_at_line_ends_stand_apart_even_where_the_lines_meet() -> None:
    curve = Curve(["a", "b"], [0, 5], [0, 4.9], band=[(0, 0), (3.1, 6.4)])
    names = [e for e in drawn(charts.cumulative_curve(curve, WORDS)).iter() if "halo" in e.get("class", "")]
    observed, expected = (float(e.get("y", "")) for e in names)
    assert expected - observed >= 18
    assert "Expected 4.9 (3.1–6.4)" in [e.text for e in names]


@given(st.lists(st.floats(0, 200), max_size=5))
def test_texts_that_are_moved_apart_stay_in_order_and_within_their_limits(places: list[float]) -> None:
    found = apart(sorted(places), 18, (0, 200))
    assert all(later - sooner >= 17.999 for sooner, later in zip(found, found[1:], strict=False))
    assert all(0 <= place <= 200 for place in found)


def test_where_the_numbers_were_frozen_is_a_line_with_its_words() -> None:
    words = CurveWords("t", "o", "e", "b", "a", "Kept as evidence")
    root = drawn(charts.cumulative_curve(Curve(["a", "b", "c"], [0, 3, 7], [1, 1, 1], frozen_index=1), words))
    (dot,) = found(root, "pt-frozen")
    assert (dot.get("cx"), len(found(root, "mark"))) == ("50.00%", 1)
    assert "Kept as evidence" in "".join(root.itertext())


def test_what_is_not_reported_yet_stands_hatched_over_its_bar_up_to_the_estimate() -> None:
    cases = Cases(["a", "b", "c"], [4, 2, 0], open=[None, Open(6.0, 4, 8), Open()])
    root = drawn(charts.epidemic_curve(cases, CasesWords("t", "Reported", "Serious", "To come", "Too early")))
    hatched = [e for e in found(root, "bar-open") if e.get("width") != "12"]
    assert [(e.get("y"), e.get("height")) for e in hatched] == [(f"{HEIGHT * 0.25:.1f}", f"{HEIGHT * 0.5:.1f}")]
    assert len(found(root, "whisker")) == 1
    text = [e.text for e in root.iter("text")]
    assert "?" in text and "? Too early" in text and "To come" in text and "Serious" not in text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 10**6)), min_size=1, max_size=80))
def test_every_curve_is_well_formed_and_stays_inside_its_plot(rows: list[tuple[int, float]]) -> None:
    observed = [o for o, _ in rows]
    curve = Curve([str(i) for i in range(len(rows))], observed, [e for _, e in rows], alarm_index=len(rows) - 1)
    root = drawn(charts.cumulative_curve(curve, WORDS))
    for line in found(root, "ln"):
        for point in line.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 100 and -0.1 <= y <= HEIGHT + 0.1


@given(st.integers(1, 10**7))
def test_an_axis_has_few_lines_at_round_whole_numbers_and_reaches_the_largest(largest: int) -> None:
    step = tick_step(largest)
    assert str(step).rstrip("0") in ("1", "2", "5")
    assert 1 <= -(-largest // step) <= 5


def test_bars_are_as_high_as_their_counts_and_the_serious_stand_inside() -> None:
    root = drawn(charts.epidemic_curve(Cases(["a", "b"], [2, 4], [1, 0]), KEY))
    heights = [float(b.get("height", "")) for b in found(root, "bar1")]
    assert heights[:2] == pytest.approx([HEIGHT / 2, HEIGHT])
    assert float(found(root, "bar2")[0].get("height", "")) == pytest.approx(HEIGHT / 4)


def test_a_key_is_shown_only_when_there_are_serious_cases() -> None:
    assert "Serious" in charts.epidemic_curve(Cases(["a"], [2], [1]), KEY)
    assert "Serious" not in charts.epidemic_curve(Cases(["a"], [2]), KEY)


def test_more_serious_cases_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="more serious"):
        charts.epidemic_curve(Cases(["a"], [1], [2]), KEY)


def test_no_cases_at_all_still_draw_an_axis() -> None:
    assert len(found(drawn(charts.epidemic_curve(Cases(["a", "b"], [0, 0]), KEY)), "base")) == 1


def test_a_funnel_measures_each_step_by_the_first() -> None:
    bars = found(drawn(charts.funnel("Told", [("All", 40, "40"), ("Answered", 30, "30"), ("None", 0, "0")])), "bar")
    assert [b.get("width") for b in bars] == ["100.00%", "75.00%", "0.00%"]


def test_a_funnel_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a step"):
        charts.funnel("Told", [])


def test_one_value_makes_no_run() -> None:
    assert charts.sparkline("x", [3]) == ""
    assert "polyline" in charts.sparkline("x", [3, 3])


@pytest.mark.parametrize("text", ['<script>alert("1")</script>', "a & b", '"><b>'])
def test_text_from_people_is_escaped_in_every_picture(text: str) -> None:
    words = CurveWords(text, text, text, text, text)
    pictures = [
        charts.cumulative_curve(Curve([text], [1], [1], [1], 0), words),
        charts.epidemic_curve(Cases([text], [1], [1], [(0, text)]), CasesWords(text, text, text)),
        charts.funnel(text, [(text, 1, text)]),
        charts.sparkline(text, [1, 2]),
    ]
    for picture in pictures:
        root = drawn(picture)
        assert root.get("aria-label") == text and root.get("role") == "img"
        assert not [e for e in root.iter() if e.tag in ("script", "b")]


def conditions(series: list[list[tuple[float, float, float]]], outside: list[tuple[float, float, str]] = []) -> charts.Conditions:  # noqa: B006
    return charts.Conditions([series], [(8, "at most 8 °C")], outside, [(0, "begin"), (1, "end")])


def test_a_limit_stands_where_its_value_is_and_a_time_outside_has_a_word_and_a_shape() -> None:
    root = drawn(charts.condition_chart("Temperature", "°C", conditions(
        [[(0, 4, 4), (0.5, 12, 12), (1, 4, 4)]], [(0.4, 0.6, "above")])))
    (limit,) = found(root, "ln-exp")
    top, bottom = 12, 4
    assert limit.get("points") == f"0.00,{HEIGHT * (top - 8) / (top - bottom):.1f} 100.00,{HEIGHT * (top - 8) / (top - bottom):.1f}"
    (box,) = found(root, "exc")
    assert (box.get("x"), box.get("width")) == ("40.00%", "20.00%")
    assert "▼ above" in "".join(root.itertext())


def test_a_band_is_drawn_only_where_lowest_and_highest_differ() -> None:
    one = drawn(charts.condition_chart("Temperature", "°C", conditions([[(0, 4, 4), (1, 5, 5)]])))
    both = drawn(charts.condition_chart("Temperature", "°C", conditions([[(0, 4, 6), (1, 5, 7)]])))
    assert (len(found(one, "band")), len(found(both, "band"))) == (0, 1)


def test_a_silence_breaks_the_line() -> None:
    root = drawn(charts.condition_chart("Temperature", "°C", conditions([[(0, 4, 4), (0.1, 4, 4)], [(0.9, 4, 4)]])))
    assert len(found(root, "ln-obs")) == 2


def test_conditions_without_a_reading_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a reading"):
        charts.condition_chart("Temperature", "°C", conditions([]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-300, 1000), st.floats(-300, 1000)), min_size=1, max_size=40))
def test_every_chart_of_conditions_stays_inside_its_plot(points: list[tuple[float, float, float]]) -> None:
    part = [(x, min(a, b), max(a, b)) for x, a, b in points]
    root = drawn(charts.condition_chart("Temperature", "°C", conditions([part])))
    for line in found(root, "ln"):
        for pair in line.get("points", "").split():
            assert -0.1 <= float(pair.split(",")[1]) <= HEIGHT + 0.1
