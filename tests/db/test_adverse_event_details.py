"""The details of an assessment: kept with every version, news with its day, and nothing of a person outside the vault."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.db.test_adverse_event_service import assess, change, end_clocks, opened
from tests.factories_complaint import dump, make_lots, make_product, scanned
from traceapp.adverse_event.coded import events_to_recode
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import versions_of
from traceapp.adverse_event.service import about
from traceapp.adverse_event.versions import FieldChange, changes_of
from traceapp.audit.model import AuditEntry
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.worklist.legal_clocks import clocks_about

DETAILS = {"age": "62", "age_unit": "a", "history": "diabetes", "died_on": "2026-11", "naranjo_2": "yes"}


def changes(database: Database, event: AdverseEvent) -> list[FieldChange]:
    with database.read() as session:
        now = session.scalars(select(AdverseEvent).where(AdverseEvent.id == event.id)).one()
        return list(changes_of(versions_of(session, event.id), now))


def rules_running(database: Database, event: AdverseEvent) -> dict[str, Any]:
    with database.read() as session:
        return {one.rule_id: one.started_at for one in clocks_about(session, about(event.id)) if one.state == "running"}


def test_each_version_keeps_its_details_and_the_history_says_field_by_field_what_changed(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor)
    assess(database, clock, actor, event.id, details=DETAILS, expectedness="expected")
    second = assess(database, clock, actor, event.id, details={**DETAILS, "age": "63", "history": ""},
                    kind="amendment", reason="Mistyped")
    assert second.details == {"age": "63", "age_unit": "a", "died_on": "2026-11", "naranjo_2": "yes"}
    found = changes(database, event)
    assert {(one.name, one.before, one.after) for one in found if one.kind == "amendment"} == {
        ("details.age", "62", "63"), ("details.history", "diabetes", None), ("expectedness", "expected", "unknown")}
    assert {one.reason for one in found} == {"Mistyped", "First assessment"}
    assert ("expectedness", "unknown", "expected") in [(one.name, one.before, one.after) for one in found]


def test_the_trail_says_which_details_changed_and_not_what_they_say(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor)
    assess(database, clock, actor, event.id, details=DETAILS, kind="amendment")
    with database.read() as session:
        data = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "adverse_event.amended")).one()
    assert "details.history" in data and "diabetes" not in data and "2026-11\"" not in data


def test_a_detail_that_cannot_be_is_refused_at_its_field_and_leaves_no_version(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(sqlite, clock, actor)
    with pytest.raises(InvalidInput) as refused:
        assess(sqlite, clock, actor, event.id, details={"died_on": "2026-12-24"})
    assert refused.value.place == "details/died_on" and changes(sqlite, event) == []


def test_news_have_the_day_on_which_we_learned_of_them_and_clocks_count_from_it(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    event = opened(database, clock, actor, lot=scanned(lot))
    assess(database, clock, actor, event.id)
    clock.move_to(clock.now() + timedelta(days=6))
    learned_at = clock.now() - timedelta(days=2)
    told = assess(database, clock, actor, event.id, seriousness=("hospitalised",), kind="followup",
                  learned_at=learned_at, reason="Letter of the hospital")
    assert told.latest_awareness_at == learned_at and told.awareness_at == event.awareness_at
    assert learned_at in rules_running(database, event).values()
    assert {(one.kind, one.learned_at) for one in changes(database, event)} == {
        ("followup", learned_at), ("assessment", None)}
    again = assess(database, clock, actor, event.id, kind="followup", learned_at=learned_at - timedelta(days=1))
    assert again.latest_awareness_at == learned_at


def test_the_first_assessment_counts_from_the_report_whatever_it_calls_itself(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(sqlite, clock, make_product(sqlite, clock), "A2231K")
    event = opened(sqlite, clock, actor, lot=scanned(lot))
    clock.move_to(clock.now() + timedelta(days=3))
    assess(sqlite, clock, actor, event.id, seriousness=("hospitalised",), kind="followup")
    assert set(rules_running(sqlite, event).values()) == {event.awareness_at}


def test_news_of_a_case_that_was_reopened_count_from_when_they_came(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(sqlite, clock, make_product(sqlite, clock), "A2231K")
    event = opened(sqlite, clock, actor, lot=scanned(lot))
    assess(sqlite, clock, actor, event.id)
    end_clocks(sqlite, clock, actor, event.id)
    change(sqlite, clock, actor, event.id, "close")
    clock.move_to(clock.now() + timedelta(days=90))
    change(sqlite, clock, actor, event.id, "reopen")
    assess(sqlite, clock, actor, event.id, seriousness=("hospitalised",), kind="followup")
    assert set(rules_running(sqlite, event).values()) == {clock.now()}


@pytest.mark.parametrize(("given", "place"), [
    ({"kind": "guess"}, "kind"), ({"kind": "followup", "learned_at": timedelta(minutes=1)}, "learned_at"),
    ({"kind": "followup", "learned_at": timedelta(days=-30)}, "learned_at")])
def test_news_from_before_the_report_or_from_tomorrow_are_refused(
        sqlite: Database, clock: FixedClock, actor: Actor, given: dict[str, Any], place: str) -> None:
    event = opened(sqlite, clock, actor)
    given = {name: clock.now() + value if isinstance(value, timedelta) else value for name, value in given.items()}
    with pytest.raises(InvalidInput) as refused:
        assess(sqlite, clock, actor, event.id, **given)
    assert refused.value.place == place


def test_a_drug_reaction_that_nobody_calls_expected_runs_the_clock_of_new_ones(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(sqlite, clock, make_product(sqlite, clock, "D1", "drug"), "D2231K")
    unknown, expected = (opened(sqlite, clock, actor, lot=scanned(lot)) for _ in range(2))
    assert "CN-DR-02" in rules_running(sqlite, unknown)
    end_clocks(sqlite, clock, actor, expected.id)
    assess(sqlite, clock, actor, expected.id, expectedness="expected")
    assert "CN-DR-02" not in rules_running(sqlite, expected)


def test_the_authority_of_the_country_that_is_stated_is_asked(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(sqlite, clock, make_product(sqlite, clock), "A2231K")
    event = opened(sqlite, clock, actor, lot=scanned(lot))
    assess(sqlite, clock, actor, event.id, seriousness=("hospitalised",), details={"event_country": "DE"})
    assert {rule.split("-")[0] for rule in rules_running(sqlite, event)} >= {"CN", "EU"}


def test_details_leave_no_copy_outside_the_event_and_its_versions(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor)
    assess(database, clock, actor, event.id, details={"history": "planted sentence"})
    assert dump(database).count("planted sentence") == 1


def test_a_code_that_may_not_be_chosen_is_refused_and_one_that_was_chosen_before_stays_and_is_named(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    def release(version: str, begins: date, *codes: str) -> None:
        lines = ["annex,code,term,path,selectable", *(f"E,{code},Sign,{code},yes" for code in codes)]
        with database.write() as session:
            import_list(session, actor, clock, ImportList(read_list("imdrf.csv", "\n".join(lines).encode()), version, begins))

    event = opened(database, clock, actor)
    release("2024", date(2024, 1, 1), "E1703", "E1704")
    assess(database, clock, actor, event.id, details={"codes_e": "E1703"})
    release("2026", date(2026, 6, 1), "E1704")
    assess(database, clock, actor, event.id, details={"codes_e": "E1703 E1704"})
    with pytest.raises(InvalidInput) as refused:
        assess(database, clock, actor, event.id, details={"codes_e": "E1703 E1799"})
    assert (refused.value.code, refused.value.place) == ("unknown-code", "details/codes_e")
    with database.read() as session:
        assert list(events_to_recode(session, "2026")) == [(event.reference, "E", "E1703")]
        assert list(events_to_recode(session, "2024")) == []


def meddra(database: Database, clock: FixedClock, actor: Actor, version: str, day: date, *lines: bytes) -> None:
    """A release in the form of MedDRA's file of the lowest level."""
    with database.write() as session:
        import_list(session, actor, clock, ImportList(read_list("llt.asc", b"\n".join(lines)), version, day))


SKIN, HEAD = b"10000001$Redness of skin$$$$$$$$Y$$", b"10000002$Ache of head$$$$$$$$Y$$"
OLD = HEAD.replace(b"$Y$", b"$N$")


def test_meddra_codes_stand_with_their_release_and_keep_it_until_they_change(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor)
    with pytest.raises(InvalidInput) as refused:
        assess(database, clock, actor, event.id, details={"meddra_history": ["10000001"]})
    assert (refused.value.place, refused.value.code) == ("details/meddra_history", "no-meddra")
    meddra(database, clock, actor, "28.0", date(2025, 1, 1), SKIN, HEAD)
    coded = {"meddra_reactions": ["10000002", "10000001"]}
    assert assess(database, clock, actor, event.id, details=coded).details == coded | {"meddra_version": "28.0"}
    meddra(database, clock, actor, "29.0", date(2026, 1, 1), SKIN, OLD)
    again = {"history": "known", **coded}
    assert assess(database, clock, actor, event.id, details=again).details["meddra_version"] == "28.0"
    with pytest.raises(InvalidInput, match="Ache of head"):
        assess(database, clock, actor, event.id, details=coded | {"meddra_history": ["10000001"]})
    fewer = {"meddra_reactions": ["10000001"]}
    assert assess(database, clock, actor, event.id, details=fewer).details == fewer | {"meddra_version": "29.0"}
    named = fewer | {"meddra_version": "28.0"}
    assert assess(database, clock, actor, event.id, details=named).details == named
    with pytest.raises(InvalidInput) as unknown:
        assess(database, clock, actor, event.id, details=fewer | {"meddra_version": "27.0"})
    assert unknown.value.place == "details/meddra_version"
    assert assess(database, clock, actor, event.id, details={"meddra_version": "28.0"}).details == {}


def test_a_later_release_of_meddra_names_the_events_that_have_to_be_coded_anew(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    meddra(sqlite, clock, actor, "28.0", date(2025, 1, 1), SKIN, HEAD)
    event = opened(sqlite, clock, actor)
    assess(sqlite, clock, actor, event.id, details={"meddra_reactions": ["10000001", "10000002"]})
    meddra(sqlite, clock, actor, "29.0", date(2026, 1, 1), SKIN, OLD)
    with sqlite.read() as session:
        assert list(events_to_recode(session, "29.0", "meddra")) == [(event.reference, "llt", "10000002")]
