"""What the command line prints about sequential tests: one record a question, as JSON or as CSV."""
from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence

from traceapp.core.errors import InvalidInput

from .cusum import average_run_length
from .maxsprt import critical_value, power

Record = Mapping[str, float | int | str | None]


def critical_value_record(alpha: float, upper: float, minimum_events: int = 1, delay: float = 0.0) -> Record:
    """`signals critical-value`: the plan, its critical value (None with a reason where there is none), exact size."""
    found = critical_value(alpha, upper, minimum_events=minimum_events, delay=delay)
    return {"alpha": alpha, "upper": upper, "min": minimum_events, "delay": delay,
            "critical_value": found.value, "size": found.size, "reason": found.reason}


def power_record(
    alpha: float, upper: float, rate_ratio: float, minimum_events: int = 1, delay: float = 0.0,
    critical: float | None = None,
) -> Record:
    """`signals power`: power and mean times at one rate ratio, for `alpha` or, where given, for `critical`.

    Times are in expected events. Raises InvalidInput where `alpha` has no critical value.
    """
    if critical is None:
        found = critical_value(alpha, upper, minimum_events=minimum_events, delay=delay)
        if found.value is None:
            raise InvalidInput(found.reason or "", code="no-critical-value", place="upper")
        critical = found.value
    figures = power(critical, upper, rate_ratio, minimum_events=minimum_events, delay=delay)
    return {"upper": upper, "min": minimum_events, "delay": delay, "critical_value": critical,
            "rate_ratio": rate_ratio, "power": figures.power, "time_to_signal": figures.time_to_signal,
            "sample": figures.sample}


def cusum_record(h: float, k: float, theta: float, head_start: float = 0.0) -> Record:
    """`signals cusum-arl`: the mean number of periods to the alarm at a Poisson mean `theta` a period."""
    return {"h": h, "k": k, "theta": theta, "head_start": head_start,
            "arl": average_run_length(h, k, theta, head_start=head_start)}


def json_lines(records: Sequence[Record]) -> str:
    """One JSON object a line; a figure without end is the text `inf`, as in the table, for JSON has no such number."""
    return "".join(json.dumps({name: _finite(value) for name, value in record.items()}, ensure_ascii=False,
                              allow_nan=False) + "\n" for record in records)


def _finite(value: float | int | str | None) -> float | int | str | None:
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def csv_table(records: Sequence[Record]) -> str:
    """A CSV table with a header; numbers as in JSON, nothing for None. Records have the same names."""
    if not records:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(record) for record in records)
    return out.getvalue()
