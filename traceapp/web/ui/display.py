"""Numbers, quantities, days and moments as people of a language write them, and Jinja filters of them."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from traceapp.core.places import country, place
from traceapp.core.quantity import Quantity

# UN/ECE Recommendation 20 code -> (Chinese, English). What is not listed shows as its code.
UNIT_WORDS: dict[str, tuple[str, str]] = {
    "EA": ("件", "pcs"), "C62": ("件", "pcs"), "H87": ("件", "pcs"), "KGM": ("千克", "kg"), "GRM": ("克", "g"),
    "MGM": ("毫克", "mg"), "TNE": ("吨", "t"), "LBR": ("磅", "lb"), "LTR": ("升", "L"), "MLT": ("毫升", "mL"),
    "MTQ": ("立方米", "m³"), "MTR": ("米", "m"), "CMT": ("厘米", "cm"), "MMT": ("毫米", "mm"), "MTK": ("平方米", "m²"),
    "CMK": ("平方厘米", "cm²"),
}  # fmt: skip


def number(value: int | float | Decimal, _locale: str) -> str:
    """`value` with grouped digits and at most six decimals: both languages write numbers alike."""
    if type(value) is int:
        return f"{value:,}"
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return f"{exact:,.6f}".rstrip("0").rstrip(".")


def short_number(value: int | float | Decimal, locale: str) -> str:
    """`value` in three digits, or in all that stand before the point: 1,234 · 262 · 3.25 · 0.0312."""
    exact = Decimal(str(value))
    return number(round(exact, max(0, min(6, 2 - exact.adjusted()))), locale)


def unit(code: str, locale: str) -> str:
    """The short name of a unit code."""
    words = UNIT_WORDS.get(code)
    return code if words is None else words[0 if _is_chinese(locale) else 1]


def amount(quantity: Quantity, locale: str) -> str:
    """A quantity with its unit, kept on one line."""
    return f"{number(quantity.value, locale)}\u00a0{unit(quantity.unit, locale)}"


def day(value: date, locale: str) -> str:
    """A calendar day: 2026年3月9日 or 9 Mar 2026."""
    pattern = "y年M月d日" if _is_chinese(locale) else "d MMM y"
    return str(format_date(value, pattern, locale=_babel(locale)))


def moment(value: datetime, locale: str, zone: str = "Asia/Shanghai") -> str:
    """An aware time in `zone`, with its offset: 9 Mar 2026, 14:05 UTC+8. Raises ValueError for a naive time."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    local = value.astimezone(ZoneInfo(zone))
    pattern = "y年M月d日 HH:mm" if _is_chinese(locale) else "d MMM y, HH:mm"
    return f"{format_datetime(local, pattern, locale=_babel(locale))} {_offset(local)}"


def filters(current_locale: Callable[[], str]) -> dict[str, Callable[..., Any]]:
    """The functions above as Jinja filters that ask for the locale themselves. None shows as a dash."""

    def localised(function: Callable[..., str]) -> Callable[..., str]:
        def shown(value: Any, *more: Any) -> str:
            return "–" if value is None else function(value, current_locale(), *more)

        return shown

    return {"num": localised(number), "amount": localised(amount), "unit": localised(unit), "day": localised(day),
            "moment": localised(moment), "place": localised(place),
            "country": localised(country)}


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta(0)).total_seconds() // 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02d}' if rest else ''}"


def _is_chinese(locale: str) -> bool:
    return locale.lower().startswith("zh")


def _babel(locale: str) -> str:
    return "zh_Hans_CN" if _is_chinese(locale) else "en_GB"
