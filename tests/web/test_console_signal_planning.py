"""The page of plans: words that are understood, faults at their fields, the answer as tiles, picture and table."""
from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from tests.factories_web import Browser, Console
from traceapp.surveillance import planning

ADDRESS = "/console/signals/planning"
FORM = {"lots_a_year": "50", "units": "3000", "shipping_days": "28", "use_days": "14", "report_days": "7",
        "baseline": "1000", "cause": "lot", "rate_ratio": "10", "counted": "50", "shipping_known": "yes", "nodes_watched": "yes",
        "lots_a_raw": "4", "raws": "2", "lines": "2"}


@pytest.fixture
def quality(console: Console, monkeypatch: pytest.MonkeyPatch) -> Browser:
    planning._played.cache_clear()
    monkeypatch.setattr(planning, "RUNS", 20)
    return console.browser("quality")


def test_the_form_begins_with_an_example_and_plays_nothing(quality: Browser) -> None:
    page = quality.get(ADDRESS).get_data(as_text=True)
    assert 'name="baseline" inputmode="decimal" autocomplete="off" value="1000"' in page
    assert 'id="answer"' not in page


def test_the_answer_says_days_and_what_shipping_records_are_worth(quality: Browser) -> None:
    page = quality.get(f"{ADDRESS}?{urlencode(FORM)}").get_data(as_text=True)
    assert re.search(r"Half of the runs found it by.*?day \d+", page, re.DOTALL)
    assert re.search(r"Despatches recorded by batch and day.*?<b>\d+ days? earlier</b>", page, re.DOTALL)
    assert "75 % of complaints" in page
    assert 'value="3000"' in page


def test_faults_stand_at_their_fields_in_the_units_that_were_typed(quality: Browser) -> None:
    answer = quality.get(f"{ADDRESS}?{urlencode(FORM | {'baseline': '90000', 'units': '1.5', 'cause': 'moon'})}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "from 0.1 to 40,000" in page and "whole number" in page and "Choose one of the list" in page
    assert 'value="90000"' in page


def test_the_page_reads_in_chinese(quality: Browser) -> None:
    quality.language = "zh"
    page = quality.get(f"{ADDRESS}?{urlencode(FORM)}").get_data(as_text=True)
    assert "多久能发现" in page and "提前" in page
    assert not re.search(r">[^<]*(batch|days earlier|Found)[^<]*<", page)
