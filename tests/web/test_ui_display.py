"""Numbers, quantities, days and moments as people of a language write them."""
from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from flask import Flask, render_template_string
from flask_babel import Babel

from traceapp.core.quantity import UNITS, Quantity
from traceapp.web import ui
from traceapp.web.ui import display

AT = datetime(2026, 3, 9, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (1234567, "1,234,567"), (Decimal("0.000001"), "0.000001"), (Decimal("420.50"), "420.5")]
)
def test_a_number_is_grouped_and_keeps_what_it_says(value: Decimal, shown: str) -> None:
    assert display.number(value, "en") == display.number(value, "zh-CN") == shown


@pytest.mark.parametrize("value", [0, 7, 999, 1000, -1234, 1234567, 10**12])
def test_a_whole_number_is_written_as_babel_writes_it(value: int) -> None:
    for locale, name in (("en", "en_GB"), ("zh-CN", "zh_Hans_CN")):
        assert display.number(value, locale) == format_decimal(value, locale=name)


def test_a_quantity_is_shown_with_the_unit_of_the_language() -> None:
    assert display.amount(Quantity(Decimal(1234), "KGM"), "en") == "1,234\u00a0kg"
    assert display.amount(Quantity(Decimal(1234), "EA"), "zh-CN") == "1,234\u00a0件"


def test_every_unit_that_we_add_up_has_a_name_in_both_languages() -> None:
    assert set(UNITS) == set(display.UNIT_WORDS)
    assert display.unit("XBX", "zh") == "XBX"


def test_a_day_reads_like_a_day() -> None:
    assert display.day(date(2026, 3, 9), "en") == "9 Mar 2026"
    assert display.day(date(2026, 3, 9), "zh-CN") == "2026年3月9日"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Shanghai", "9 Mar 2026, 14:05 UTC+8"),
        ("UTC", "9 Mar 2026, 06:05 UTC"),
        ("Asia/Kolkata", "9 Mar 2026, 11:35 UTC+5:30"),
        ("America/New_York", "9 Mar 2026, 02:05 UTC-4"),
        ("America/St_Johns", "9 Mar 2026, 03:35 UTC-2:30"),
    ],
)
def test_a_moment_names_its_offset(zone: str, shown: str) -> None:
    assert display.moment(AT, "en", zone) == shown


def test_a_moment_in_chinese_is_in_china_unless_said_otherwise() -> None:
    assert display.moment(AT, "zh-CN") == "2026年3月9日 14:05 UTC+8"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        display.moment(AT.replace(tzinfo=None), "en")


@pytest.mark.parametrize(("locale", "shown"), [("zh", "1,234 件 2026年3月9日 –"), ("en", "1,234 pcs 9 Mar 2026 –")])
def test_templates_use_the_language_of_the_request(locale: str, shown: str) -> None:
    app = Flask(__name__)
    Babel(app, locale_selector=lambda: locale)
    app.register_blueprint(ui.blueprint)
    with app.test_request_context():
        text = render_template_string(
            "{{ n|num }} {{ 'EA'|unit }} {{ d|day }} {{ none|moment }}", n=1234, d=date(2026, 3, 9)
        )
    assert text == shown
