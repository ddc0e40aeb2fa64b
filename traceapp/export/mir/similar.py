"""The table of similar incidents: counts and units of this year and the three before, by region. Pure."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from traceapp.core.quantity import plain
from traceapp.export.case_report import CaseReport, SimilarPeriod
from traceapp.export.form_sheet import Table

from .tables import day_of

_HEADS = {"zh": ("范围", "年份", "类似事件数", "销售数量", "每百万件"),
          "en": ("Region", "Year", "Similar incidents", "Units distributed", "Per million units")}
_NAMES = {"EEA": {"zh": "欧洲经济区、瑞士、土耳其", "en": "EEA, Switzerland, Turkey"},
          "world": {"zh": "全球", "en": "World"}}
# The regions of the form: the country of the incident, Europe, the world.
REGIONS: tuple[Callable[[CaseReport], str], ...] = (
    lambda case: case.event.country, lambda case: "EEA", lambda case: "world")
_MILLION = Decimal(1_000_000)


def years_of(case: CaseReport) -> tuple[int, ...]:
    """The year of the report and the three before it, the latest first."""
    year = day_of(case.head.created_at).year
    return tuple(range(year, year - 4, -1))


def period(case: CaseReport, year: int, region: str) -> SimilarPeriod:
    """What is known of a year and region; nothing known is a period of nothing known."""
    return next((one for one in case.similar if (one.year, one.region) == (year, region)),
                SimilarPeriod(year, region, None, None))


def similar_table(case: CaseReport, language: str) -> Table:
    """The rows of the form, “–” where nobody can know."""
    rows = []
    for region in REGIONS:
        name = region(case)
        for year in years_of(case):
            one = period(case, year, name)
            rows.append((_NAMES.get(name, {}).get(language, name), str(year), _shown(one.incidents), _shown(one.units),
                         _rate(one)))
    return Table(_HEADS[language], tuple(rows), (4, 2, 2, 2, 2))


def _shown(number: int | Decimal | None) -> str:
    return "–" if number is None else plain(Decimal(number))


def _rate(one: SimilarPeriod) -> str:
    if one.incidents is None or not one.units:
        return "–"
    return plain((one.incidents * _MILLION / one.units).quantize(Decimal("0.1")))
