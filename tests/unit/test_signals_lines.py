"""What the command line prints about sequential tests."""
from __future__ import annotations

import csv
import io
import json

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.lines import critical_value_record, csv_table, cusum_record, json_lines, power_record


def test_a_critical_value_prints_with_its_plan() -> None:
    printed = json.loads(json_lines([critical_value_record(0.05, 10, 3)]))
    assert round(printed["critical_value"], 6) == 3.064248
    assert (printed["alpha"], printed["upper"], printed["min"], printed["delay"]) == (0.05, 10, 3, 0.0)


def test_a_plan_without_a_critical_value_prints_the_reason() -> None:
    printed = json.loads(json_lines([critical_value_record(0.01, 0.3, 3)]))
    assert printed["critical_value"] is None
    assert "no positive critical value" in printed["reason"]


def test_power_from_alpha_is_power_at_its_critical_value() -> None:
    by_alpha = power_record(0.05, 10, 2.0)
    by_value = power_record(0.05, 10, 2.0, critical=3.467952)
    assert by_alpha["power"] == pytest.approx(by_value["power"], abs=1e-6)
    assert by_value["time_to_signal"] == pytest.approx(4.1309858, abs=1e-6)


def test_power_without_a_critical_value_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidInput, match="no positive critical value"):
        power_record(0.01, 0.3, 5.0, 3)


def test_a_table_reads_back_as_it_was() -> None:
    records = [cusum_record(10, 3, theta) for theta in (2.4, 4.8)]
    rows = list(csv.DictReader(io.StringIO(csv_table(records))))
    assert [float(row["arl"]) for row in rows] == [record["arl"] for record in records]
    assert csv_table([]) == ""


def test_a_ratio_without_end_is_a_text_in_json() -> None:
    assert json.loads(json_lines([{"PRR": float("inf"), "ROR": None, "E": 0.5}])) == {"PRR": "inf", "ROR": None, "E": 0.5}
