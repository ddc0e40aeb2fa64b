"""The page of a signal asks the database a known number of questions, however many lots and reports there are."""
from __future__ import annotations

import pytest

from tests.factories_recall import House
from tests.factories_web import Console
from tests.statements import traced
from tests.web.test_console_signal_case import case, house, line
from traceapp.surveillance.model import Signal

__all__ = ["case", "house", "line"]
MOST = {"": 77, "merge": 78, "basis": 77}


@pytest.mark.parametrize("do", list(MOST))
def test_the_page_of_a_signal_asks_no_more_than_it_shows(console: Console, case: Signal, line: Signal, house: House,
                                                         do: str) -> None:
    quality = console.browser("quality")
    for one in (case, line):
        quality.get(f"/console/signals/{one.id}?do={do}")  # whatever is asked only once
        with traced(console.database) as asked:
            assert quality.get(f"/console/signals/{one.id}?do={do}").status_code == 200
        assert len([text for text in asked if text.lstrip().upper().startswith(("SELECT", "WITH"))]) <= MOST[do]
