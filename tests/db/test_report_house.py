"""The forms and answers that ship: every form over a case of the database, answers of authorities, files of others."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.db.test_legal_clocks import assess, make_event
from tests.factories_complaint import VAULT
from tests.factories_reports import Desk
from traceapp.adverse_event.model import AdverseEvent
from traceapp.attachment.store import FileStore
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.report_house import report_desk


@pytest.fixture
def desk(database: Database, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, report_desk(FileStore(tmp_path / "files"), VAULT))


@pytest.fixture
def event(database: Database, clock: FixedClock) -> AdverseEvent:
    made = make_event(database, clock, seriousness=("hospitalised",))
    assess(database, clock, made, seriousness=("hospitalised",))
    return made


@pytest.mark.parametrize(("form", "jurisdiction"), [
    ("mir", "EU"), ("nmpa-device", "CN"), ("nmpa-drug", "CN"),
    ("nmpa-cosmetic", "CN"), ("csv", "CN"), ("values", "SG")])
def test_every_form_is_made_from_a_case_and_says_what_was_found(
        desk: Desk, event: AdverseEvent, form: str, jurisdiction: str) -> None:
    report = desk.prepare(event, form=form, jurisdiction=jurisdiction)
    assert report.sha256 is not None and desk.desk.store.path_of(report.sha256).stat().st_size > 100
    assert report.number and all(one["code"] and one["text"] for one in report.findings)
