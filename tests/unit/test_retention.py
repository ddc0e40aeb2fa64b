"""How long the details of persons are kept."""
from __future__ import annotations

from datetime import date

import pytest

from traceapp.adverse_event.retention import ROWS, CaseFacts, kept_for_all, kept_until
from traceapp.rules import Kind

LAST = date(2024, 2, 29)
CN, BOTH = frozenset({"CN"}), frozenset({"CN", "US"})


def case(kind: Kind | None, where: frozenset[str] = CN, expires: date | None = None, last: date = LAST) -> CaseFacts:
    return CaseFacts(frozenset({kind} if kind else ()), where, last, expires)


@pytest.mark.parametrize(("facts", "until", "rows"), [
    (case(Kind.device, expires=date(2026, 5, 31)), date(2028, 5, 31), ("CN-MD-EXPIRY",)),
    (case(Kind.ivd), date(2029, 3, 1), ("CN-MD",)),
    (case(Kind.device, BOTH, date(2026, 5, 31)), date(2028, 5, 31), ("CN-MD-EXPIRY",)),
    (case(Kind.cosmetic, expires=date(2030, 1, 1)), date(2027, 3, 1), ("CN-CO",)),
    (case(Kind.cosmetic, BOTH), date(2030, 3, 1), ("US-CO",)),
    (case(Kind.device, expires=date(2020, 1, 31)), LAST, ("CN-MD-EXPIRY",)),
    (case(Kind.drug), date(2030, 3, 1), ()), (case(None), date(2030, 3, 1), ()),
    (case(Kind.device, frozenset({"BR"}), date(2026, 5, 31)), date(2030, 3, 1), ())])
def test_a_case_is_kept_as_the_law_of_its_markets_says_and_without_a_row_the_longest(
        facts: CaseFacts, until: date, rows: tuple[str, ...]) -> None:
    found = kept_until(facts)
    assert (found.until, found.rows) == (until, rows)


def test_of_several_cases_the_last_counts() -> None:
    assert kept_for_all([case(Kind.cosmetic), case(Kind.device, last=date(2020, 1, 1)), case(Kind.device)]).until == date(2029, 3, 1)


def test_every_row_says_where_it_is_from() -> None:
    assert all(row.source and row.years > 0 for row in ROWS) and len({row.id for row in ROWS}) == len(ROWS)
