"""Lists of cases ask the database the same number of questions for one case and for many."""
from __future__ import annotations

import pytest

from tests.factories_cases import assessed, triaged, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_reports import person
from tests.factories_web import Console
from tests.http_clients import ApiClient
from tests.statements import traced
from traceapp.complaint.crisis import OpenTaskForce, open_task_force
from traceapp.submission.report_preparing import PrepareReport, prepare_report
from traceapp.vault.service import PersonDetails

PAGES = ("/console/complaints", "/console/adverse-events", "/console/reports", "/console/task-forces",
         "/console/persons", "/console/today", "/console/search?q=CP-26", "/console/complaints/measures")
HANDED = ("/regulator/", "/regulator/cases", "/regulator/reports")
LISTS = ("/complaints", "/adverse-events", "/reports", "/reports-due", "/task-forces", "/tasks", "/persons/expired")
MANY = 12


def grow(console: Console, first: int, last: int) -> None:
    """More complaints, adverse events with their clocks, reports and task forces, each of a lot of its own."""
    for number in range(first, last):
        product = make_product(console.database, console.clock, f"P{number}")
        lot = make_lots(console.database, console.clock, product, f"L{number}")[0]
        told = {"lot": scanned(lot), "contact": PersonDetails(name="Zhao", phone=f"1390000{number:04}")}
        triaged(console, **told)
        case = assessed(console, **told)
        with console.database.write() as session:
            open_task_force(session, person("u-li"), console.clock, OpenTaskForce("Two reports", lot.lot_key))
            prepare_report(session, person("u-li"), console.clock, PrepareReport(case.id, "CN", "values"),
                           desk=world_of(console).reports)


@pytest.fixture(scope="module")
def counts(console: Console) -> dict[str, list[list[str]]]:
    """What each list asked with one case and with many."""
    manager, regulator = console.browser("quality_manager"), console.browser("regulator")
    api = ApiClient(console.app, console.database, console.clock, "quality_manager")
    found: dict[str, list[list[str]]] = {}
    for first, last in ((0, 1), (1, MANY)):
        grow(console, first, last)
        for path in (*PAGES, *HANDED):
            browser = regulator if path in HANDED else manager
            assert browser.get(path).status_code == 200, path
            with traced(console.database) as asked:
                browser.get(path)
            found.setdefault(path, []).append(asked)
        for path in LISTS:
            with traced(console.database) as asked:
                api.get(path)
            found.setdefault(f"api {path}", []).append(asked)
    return found


@pytest.mark.parametrize("path", [*PAGES, *HANDED, *(f"api {path}" for path in LISTS)])
def test_a_list_of_cases_asks_as_often_for_many_as_for_one(counts: dict[str, list[list[str]]], path: str) -> None:
    one, many = ([statement for statement in asked if not is_of_a_long_list(statement)] for asked in counts[path])
    assert 0 < len(many) <= len(one), [statement[:200] for statement in many[len(one):]]
    assert sum(map(is_of_a_long_list, counts[path][1])) <= 1


def is_of_a_long_list(statement: str) -> bool:
    """The count of a list, which is asked once where its first page does not hold it."""
    return "FROM (SELECT" in statement.replace("\n", "") and "SELECT count(*)" in statement
