"""The migrations lead to exactly the tables that the models describe, on both databases."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError

from tests.migrated import migrate_to
from traceapp import models
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import versions_of
from traceapp.adverse_event.versions import changes_of
from traceapp.catalog.model import Party, Product, Registration
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.model import Complaint
from traceapp.db import Database
from traceapp.db.migrate import differences, heads, integrity, upgrade
from traceapp.identity.model import User
from traceapp.identity.service import actor_of
from traceapp.recall.book_model import NoticeAnswer
from traceapp.recall.cases import is_told
from traceapp.recall.drill_hours import hours_now
from traceapp.recall.drill_model import Drill
from traceapp.recall.drill_plans import products_of
from traceapp.recall.model import Recall, RecallLedger
from traceapp.submission.report_model import ReceivedNumber
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.cases import lots_hash
from traceapp.surveillance.model import Signal, SignalLot, SignalNode
from traceapp.trace.event_query import events_page
from traceapp.trace.query_parameters import read_query


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    yield request.getfixturevalue("empty_postgresql")


def test_migrations_from_empty_equal_the_models(empty: Database) -> None:
    before, wanted = upgrade(empty)
    assert before is None
    assert heads(empty) == (wanted, wanted)
    assert differences(empty) == []
    assert integrity(empty) == []


def test_a_second_upgrade_changes_nothing(empty: Database) -> None:
    migrate_to(empty, "head")
    assert upgrade(empty)[0] == heads(empty)[1]


def test_a_missing_trigger_is_noticed(empty: Database) -> None:
    migrate_to(empty, "head")
    with empty.engine.begin() as connection:
        if empty.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_entry_no_update"))
        else:
            connection.execute(text("DROP TRIGGER audit_entry_append_only ON audit_entry"))
    assert any("audit_entry" in difference for difference in differences(empty))


def test_a_missing_column_is_noticed(empty: Database) -> None:
    migrate_to(empty, "head")
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE complaint DROP COLUMN use_text"))
    assert any("use_text" in difference for difference in differences(empty))


@pytest.mark.postgres
@pytest.mark.parametrize("make", [upgrade, lambda database: models.metadata.create_all(database.engine)])
def test_the_key_of_the_lines_holds_what_a_walk_reads(
        empty_postgresql: Database, make: Callable[[Database], object]) -> None:
    make(empty_postgresql)
    with empty_postgresql.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off; SET enable_bitmapscan = off"))
        plan = "\n".join(row[0] for row in connection.execute(text(
            "EXPLAIN SELECT other_key, at, until, kind FROM lot_edge WHERE lot_key = 'a' AND direction = 'up'")))
    assert "Index Only Scan using pk_lot_edge" in plan


def test_people_who_were_there_before_one_time_passwords_have_none(empty: Database) -> None:
    migrate_to(empty, "0001")
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO app_user (id, sign_in_name, name, role, password_hash, language, is_active, created_at, revision)"
            " VALUES ('u1', 'wang', 'Wang', 'quality', 'hash', 'zh', :yes, :at, 3)"),
            {"yes": True, "at": "2026-11-01T08:00:00.000000+00:00"})
        connection.execute(text("INSERT INTO user_session (token_hash, user_id, created_at, seen_at, expires_at)"
                                " VALUES ('t', 'u1', :at, :at, :at)"), {"at": "2026-11-01T08:00:00.000000+00:00"})
    migrate_to(empty, "0002")
    with empty.reading() as connection:
        row = connection.execute(text("SELECT sign_in_name, revision, one_time_until FROM app_user")).one()
        assert tuple(row) == ("wang", 3, None)
        assert connection.scalar(text("SELECT user_id FROM user_session")) == "u1"
    upgrade(empty)


def test_lines_of_the_genealogy_stay_and_lie_in_their_key(empty: Database) -> None:
    migrate_to(empty, "0006")
    line = {"key": "a" * 32, "other": "b" * 32, "event": "e1", "at": "2026-11-01T08:00:00.000000+00:00"}
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO lot_edge (lot_key, direction, other_key, event_id, kind, quantity, unit, at)"
            " VALUES (:key, 'down', :other, :event, 'made', 1500000, 'KGM', :at)"), line)
    upgrade(empty)
    with empty.reading() as connection:
        row = connection.execute(text("SELECT lot_key, other_key, quantity, until FROM lot_edge")).one()
        assert tuple(row) == ("a" * 32, "b" * 32, 1500000, None)
        if empty.is_sqlite:
            made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'lot_edge'"))
            assert "WITHOUT ROWID" in str(made)


def test_products_that_were_there_before_allow_and_tolerate_nothing(empty: Database) -> None:
    migrate_to(empty, "0009")
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO product (id, code, kind, name_zh, name_en, identity_uri, unit, registration_number, risk_class,"
            " storage_zh, storage_en, storage_max_c, usage_zh, usage_en, contact_phone, is_active, created_at, revision)"
            " VALUES ('p', 'P', 'device', 'n', 'n', 'u', 'EA', '', '', '', '', 8000000, '', '', '', :yes, :at, 1)"),
            {"yes": True, "at": "2026-11-01T05:00:00.000000+00:00"})
    upgrade(empty)
    with empty.read() as session:
        product = session.get_one(Product, "p")
        assert (product.storage_max_c, product.storage_max_rh, product.storage_allowed_minutes,
                product.balance_tolerance) == (8, None, 0, 0)


def test_what_products_said_of_home_stands_in_a_registration_there(empty: Database) -> None:
    migrate_to(empty, "0015")
    with empty.engine.begin() as connection:
        for key, number in (("p", "R-1"), ("q", "")):
            connection.execute(text(
                "INSERT INTO product (id, code, kind, name_zh, name_en, identity_uri, unit, registration_number, risk_class,"
                " storage_zh, storage_en, usage_zh, usage_en, contact_phone, is_active, created_at, revision)"
                " VALUES (:key, :key, 'device', 'n', 'n', :key, 'EA', :number, '', '', '', '', '', '', :yes, :at, 1)"),
                {"key": key, "number": number, "yes": True, "at": "2026-11-01T05:00:00.000000+00:00"})
    upgrade(empty)
    with empty.read() as session:
        assert [(one.product_id, one.market, one.number) for one in session.scalars(select(Registration))] == [
            ("p", "CN", "R-1")]


def test_events_that_were_there_before_can_be_found_by_what_they_name(empty: Database) -> None:
    migrate_to(empty, "0007")
    said = ('{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-01T05:00:00Z","eventTimeZoneOffset":"+00:00",'
            '"bizStep":"shipping","epcList":["urn:epc:id:sgtin:0614141.107346.2017"]}')
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO event (subject_key, id, event_id, type, event_time, zone_offset, recorded_at, hash, document,"
            " context, actor_id) VALUES ('s', 'e1', 'urn:uuid:1', 'ObjectEvent', :at, '+00:00', :at, 'h', :said, '[]', 'u')"),
            {"at": "2026-11-01T05:00:00.000000+00:00", "said": said})
    upgrade(empty)
    with empty.read() as session:
        for asked in ({"EQ_bizStep": ["shipping"]}, {"MATCH_epc": ["https://id.gs1.org/01/10614141073464/21/2017"]}):
            assert [row.id for row in events_page(session, read_query(asked), None, 10).rows] == ["e1"]


def test_subscriptions_that_were_there_before_do_not_rest_and_lots_are_found_by_what_they_miss(empty: Database) -> None:
    migrate_to(empty, "0009")
    at = {"at": "2026-11-01T08:00:00.000000+00:00", "lot": "a" * 32}
    with empty.engine.begin() as connection:
        connection.execute(text("INSERT INTO epcis_query (name, parameters, created_at, created_by)"
                                " VALUES ('q', '{}', :at, 'u')"), at)
        connection.execute(text(
            "INSERT INTO epcis_subscription (id, query_name, dest, sealed_secret, reports_if_empty, initial_record_time,"
            " created_at, created_by) VALUES ('s', 'q', 'https://x.example', '', :no, :at, :at, 'u')"), at | {"no": False})
        connection.execute(text(
            "INSERT INTO lot_edge (lot_key, direction, other_key, event_id, kind, at) VALUES (:lot, 'down', 'b', 'e', 'made', :at)"), at)
    upgrade(empty)
    with empty.reading() as connection:
        assert tuple(connection.execute(text("SELECT id, paused_at FROM epcis_subscription")).one()) == ("s", None)
        assert connection.scalar(text("SELECT count(*) FROM lot_edge WHERE direction = 'down' AND kind = 'made'"
                                      " AND quantity IS NULL")) == 1


def test_names_items_and_terms_of_events_stay_and_lie_in_their_keys(empty: Database) -> None:
    migrate_to(empty, "0008")
    at = "2026-11-01T05:00:00.000000+00:00"
    rows = {"seen_event": {"name": "urn:uuid:1", "subject_key": "s", "id": "e1"},
            "event_item": {"lot_key": "k", "event_id": "e1", "role": "object", "subject_key": "s", "quantity": 1500000,
                           "unit": "KGM"},
            "event_term": {"name": "readPoint", "key": "k", "at": at, "event_id": "e1", "subject_key": "s",
                           "value": "urn:x:1"}}
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO event (subject_key, id, event_id, type, event_time, zone_offset, recorded_at, hash, document,"
            " context, actor_id) VALUES ('s', 'e1', 'urn:uuid:1', 'ObjectEvent', :at, '+00:00', :at, 'h', '{}', '[]', 'u')"),
            {"at": at})
        for table, values in rows.items():
            connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES (:{', :'.join(values)})"), values)
    upgrade(empty)
    with empty.reading() as connection:
        for table, values in rows.items():
            row = connection.execute(text(f"SELECT {', '.join(name for name in values if name != 'at')} FROM {table}")).one()
            assert list(row) == [value for name, value in values.items() if name != "at"]
            if empty.is_sqlite:
                made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table})
                assert "WITHOUT ROWID" in str(made)


def test_spans_of_positions_stay_when_the_table_of_places_goes(empty: Database) -> None:
    migrate_to(empty, "0014")
    at = "2026-11-01T05:00:00.000000+00:00"
    row = {"lot_key": "k", "since": at, "spot_key": "s", "state": "at", "place": "urn:x:1", "owner": "", "possessor": "",
           "quantity": 1500000, "unit": "KGM", "is_stock": False, "event_id": "e1"}
    with empty.engine.begin() as connection:
        connection.execute(text("INSERT INTO lot_position (lot_key, holder, quantity, unit, since) "
                                "VALUES ('k', 'own', 1, 'KGM', :at)"), {"at": at})
        connection.execute(text(f"INSERT INTO item_position ({', '.join(row)}) VALUES (:{', :'.join(row)})"), row)
    upgrade(empty)
    with empty.reading() as connection:
        kept = connection.execute(text("SELECT lot_key, place, quantity, unit, event_id FROM item_position")).one()
        assert tuple(kept) == ("k", "urn:x:1", 1500000, "KGM", "e1")
        if empty.is_sqlite:
            made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'item_position'"))
            assert "WITHOUT ROWID" in str(made)


def test_adverse_events_that_were_there_before_have_an_assessment_without_details(empty: Database) -> None:
    migrate_to(empty, "0015")
    with empty.engine.begin() as connection:
        at = "2026-11-01T05:00:00.000000+00:00"
        connection.execute(text(
            "INSERT INTO adverse_event (lot_key, id, reference, awareness_at, created_at, onset_precision, age_band, sex,"
            " terms, seriousness, is_serious, outcome, causality, narrative, use_text, state, revision) VALUES ('l', 'e',"
            " 'AE-1', :at, :at, 'day', 'unknown', 'female', '[\"rash\"]', '[]', :no, 'unknown', 'unassessable', 'red', '',"
            " 'assessed', 2)"), {"at": at, "no": False})
        connection.execute(text("INSERT INTO adverse_event_version (lot_key, adverse_event_id, version, at, by, reason,"
                                " fields) VALUES ('l', 'e', 1, :at, 'u', 'first', '{\"sex\":\"unknown\"}')"), {"at": at})
    upgrade(empty)
    with empty.read() as session:
        event = session.scalars(select(AdverseEvent)).one()
        assert (event.terms, event.details, event.expectedness, event.latest_awareness_at) == (["rash"], {}, "unknown", None)
        changes = {one.name: (one.kind, one.before, one.after) for one in changes_of(versions_of(session, "e"), event)}
        assert changes["sex"] == ("", "unknown", "female") and "expectedness" not in changes


def test_complaints_that_were_there_before_stand_where_they_stood(empty: Database) -> None:
    migrate_to(empty, "0010")
    at = {"at": "2026-11-01T08:00:00.000000+00:00", "due": "2026-11-02T08:00:00.000000+00:00",
          "done": "2026-11-01T20:00:00.000000+00:00"}
    states = ("received", "triaged", "investigating", "answered", "closed")
    with empty.engine.begin() as connection:
        for state in states:
            connection.execute(text(
                "INSERT INTO complaint (lot_key, id, reference, channel, lot_capture, lot_text, place, received_at,"
                " awareness_at, narrative, terms, affected, age_band, sex, seriousness, use_text, severity, state,"
                " triage_result, is_quarantined, decision, revision) VALUES ('unknown', :state, :state, 'email', 'none',"
                " '', '', :at, :at, 'itches', '[]', 'me', 'unknown', 'unknown', '[]', '', 'minor', :state, 'complaint',"
                " :no, '', 1)"), {**at, "state": state, "no": False})
        connection.execute(text(
            "INSERT INTO task (id, kind, about, params, role, created_at, due_at, state, done_at) VALUES"
            " ('t', 'complaint.answer', 'complaint:answered', '{}', 'quality', :at, :due, 'done', :done)"), at)
    upgrade(empty)
    assert (differences(empty), integrity(empty)) == ([], [])
    with empty.read() as session:
        found = {row.id: (row.state, row.investigation) for row in session.scalars(select(Complaint))}
        assert found == {"received": ("received", "undecided"), "triaged": ("verified", "undecided"),
                         "investigating": ("verified", "begun"), "answered": ("told", "undecided"),
                         "closed": ("archived", "undecided")}
        clocks = {(row.complaint_id, row.kind): row for row in session.scalars(select(ServiceClock))}
        assert {key for key in clocks if key[1] == "resolution"} == {(state, "resolution") for state in states[:4]}
        answer = clocks["answered", "first_answer"]
        assert (answer.due_at - answer.started_at, answer.ended_at) == (timedelta(days=1), answer.started_at
                                                                        + timedelta(hours=12))


def test_tokens_stay_when_their_scopes_may_be_longer(empty: Database) -> None:
    migrate_to(empty, "0021")
    at = "2026-11-01T05:00:00.000000+00:00"
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO app_user (id, sign_in_name, name, role, password_hash, language, is_active, created_at, revision)"
            " VALUES ('u1', 'wang', 'Wang', 'quality', 'h', 'zh', :active, :at, 1)"), {"at": at, "active": True})
        connection.execute(text(
            "INSERT INTO api_token (id, prefix, secret_hash, name, user_id, scopes, created_at) "
            "VALUES ('t1', 'ta_1', 'h', 'erp', 'u1', 'trace.read', :at)"), {"at": at})
    upgrade(empty)
    with empty.reading() as connection:
        assert connection.execute(text("SELECT prefix, user_id, scopes FROM api_token")).one() == ("ta_1", "u1", "trace.read")


def test_a_regulator_from_before_there_were_scopes_sees_nothing_until_one_is_set(empty: Database) -> None:
    migrate_to(empty, "0022")
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO app_user (id, sign_in_name, name, role, password_hash, language, is_active, created_at, revision)"
            " VALUES ('u1', 'nmpa', 'NMPA', 'regulator', 'h', 'zh', :active, :at, 1)"),
            {"at": "2026-11-01T05:00:00.000000+00:00", "active": True})
    upgrade(empty)
    with empty.read() as session:
        user = session.scalars(select(User)).one()
        assert (actor_of(user).jurisdictions, actor_of(user).product_ids) == (frozenset(), frozenset())


def test_parties_that_were_there_before_have_no_numbers_at_authorities(empty: Database) -> None:
    migrate_to(empty, "0022")
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO party (id, code, name_zh, name_en, country, region, city, address, is_active, created_at, revision) "
            "VALUES ('p', 'OWN', '甲', 'Alpha', 'CN', '', '', '', :yes, '2026-11-01T05:00:00.000000+00:00', 1)"), {"yes": True})
    upgrade(empty)
    with empty.read() as session:
        party = session.get_one(Party, "p")
        assert (party.name_en, party.postcode, party.fei, party.srn, party.duns, party.e2b_sender) == ("Alpha", *[""] * 5)


def test_cases_that_had_come_in_are_known_by_the_numbers_of_their_reports(empty: Database) -> None:
    migrate_to(empty, "0027")
    row = {"form": "e2b-r3", "sha256": "s", "digest": "d", "adverse_event_id": "e", "by": "u"}
    rows = [("FR-A-1", "1", "c1", "05"), ("FR-A-1", "2", "c1", "06"), ("FR-B-1", "1", "c1", "07"), ("FR-C-1", "1", "c2", "08")]
    with empty.engine.begin() as connection:
        for case_id, version, complaint, hour in rows:
            values = row | {"case_id": case_id, "version": version, "complaint_id": complaint,
                            "at": f"2026-11-01T{hour}:00:00.000000+00:00"}
            columns = ", ".join(f'"{name}"' for name in values)
            connection.execute(text(f"INSERT INTO received_case ({columns}) VALUES (:{', :'.join(values)})"), values)
    upgrade(empty)
    with empty.read() as session:
        kept = session.scalars(select(ReceivedNumber).order_by(ReceivedNumber.number)).all()
        assert [(one.form, one.number, one.complaint_id, one.at.hour) for one in kept] == [
            ("e2b-r3", "FR-A-1", "c1", 5), ("e2b-r3", "FR-B-1", "c1", 7), ("e2b-r3", "FR-C-1", "c2", 8)]


def test_persons_that_were_there_before_wait_for_the_hash_of_their_mail(empty: Database) -> None:
    migrate_to(empty, "0027")
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO vault_person (id, key_id, sealed, contact_hash, is_minor, has_guardian, created_at)"
            " VALUES ('p', 'k', 'k.sealed', 'h', :no, :no, :at)"), {"no": False, "at": "2026-11-01T05:00:00.000000+00:00"})
    upgrade(empty)
    with empty.reading() as connection:
        row = connection.execute(text("SELECT key_id, sealed, contact_hash, mail_hash FROM vault_person")).one()
    assert tuple(row) == ("k", "k.sealed", "h", None)


def test_a_signal_that_was_there_is_a_case_with_its_alarm_and_its_lot(empty: Database) -> None:
    migrate_to(empty, "0030")
    at = "2026-11-01T08:00:00.000000+00:00"
    with empty.engine.begin() as connection:
        connection.execute(text(
            "INSERT INTO lot (lot_key, uri, item_kind, product_id, number, name, supplier_lot_number, origin, started_at,"
            " made, consumed, shipped, returned, sampled, lost, is_own, release_state, is_recalled, is_on_hold, release_note,"
            " flags, created_at, revision) VALUES ('k', 'u', 'lot', 'p', 'L1', '', '', '', :at, 0, 0, 0, 0, 0, 0, 1, 'released', :no, :no, '',"
            " '[]', :at, 1)"), {"at": at, "no": False})
        for number, state in enumerate(("open", "refuted"), 1):
            connection.execute(text(
                "INSERT INTO signal (lot_key, id, reference, product_id, method, opened_at, since, observed, expected,"
                " llr, critical, evidence, state, revision) VALUES ('k', :id, :id, 'p', 'maxsprt', :at, '2026-10-02', 9,"
                " 3.1, 4.5, 3.5, '{\"planned\": 6.0}', :state, 2)"), {"id": f"s{number}", "at": at, "state": state})
    upgrade(empty)
    with empty.read() as session:
        cases = session.scalars(select(Signal).order_by(Signal.id)).all()
        assert [(case.kind, case.node_key, case.name, case.severity_group, case.state, case.revision)
                for case in cases] == [("lot", "k", "L1", "harm", "open", 2), ("lot", "k", "L1", "harm", "refuted", 2)]
        alarm, = alarms_of_case(session, cases[0])
        assert (alarm.lot_keys, alarm.evidence, alarm.observed, alarm.llr) == (["k"], {"planned": Decimal("6.0")}, 9, 4.5)
        assert [(one.signal_id, one.is_standing) for one in session.scalars(
            select(SignalLot).order_by(SignalLot.signal_id))] == [("s1", True), ("s2", False)]
        assert session.scalars(select(SignalNode.lots_hash)).first() == lots_hash(["k"])


def test_recalls_that_were_there_are_decided_and_ended_as_they_were(empty: Database) -> None:
    migrate_to(empty, "0033")
    said = ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en",
            "contact", "closing_note")
    columns = f"id, reference, state, recall_class, opened_at, opened_by, submitted_at, approved_at, revision, "\
              f"scope_rule, extends_id, {', '.join(said)}"
    words = ", ".join("'x'" for _ in said)
    moment = "'2026-01-01T00:00:00.000000+00:00'"
    with empty.engine.begin() as connection:
        for number, (state, submitted, approved) in enumerate((
                ("draft", "NULL", "NULL"), ("submitted", moment, "NULL"), ("notifying", moment, moment),
                ("closed", moment, moment), ("cancelled", "NULL", "NULL"))):
            connection.execute(text(
                f"INSERT INTO recall ({columns}) VALUES ('r{number}', 'RC-{number}', '{state}', 'II', {moment}, 'u1', "  # noqa: S608
                f"{submitted}, {approved}, 1, '{{}}', {repr('r2') if number == 3 else 'NULL'}, {words})"))
    upgrade(empty)
    with empty.read() as session:
        found = session.scalars(select(Recall).order_by(Recall.id)).all()
        assert [(row.state, is_told(row), row.decided_at is not None, row.check_level) for row in found] == [
            ("draft", False, False, None), ("planned", False, True, "E"), ("notifying", True, True, "E"),
            ("terminated", True, True, "E"), ("cancelled", False, False, None)]
        assert {(row.trigger_kind, row.scope_number, row.owner_id) for row in found} == {("other", 1, "u1")}
        assert [row.trigger_text for row in found] == ["", "", "", "Extends / 扩大自 RC-2", ""]


def test_answers_of_before_stand_in_the_history_and_what_came_back_is_counted(empty: Database) -> None:
    migrate_to(empty, "0046")
    early, late = "'2026-01-01T00:00:00.000000+00:00'", "'2026-01-03T00:00:00.000000+00:00'"
    texts = ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en",
             "contact", "closing_note", "trigger_text", "mandate", "decision")
    quoted = ", ".join("'x'" for _ in texts)
    with empty.engine.begin() as connection:
        connection.execute(text(
            f"INSERT INTO recall (id, reference, state, recall_class, opened_at, opened_by, submitted_at, revision, "  # noqa: S608
            f"scope_rule, scope_number, is_drill, is_mandated, trigger_kind, {', '.join(texts)}) VALUES ('r1', 'RC-1', "
            f"'executing', 'II', {early}, 'u1', {early}, 1, '{{}}', 1, false, false, 'other', "
            f"{quoted})"))
        for lot, numbers, at in (("k1", "10000000, 3000000, 2000000, 5000000", late),
                                 ("k2", "NULL, NULL, NULL, NULL", "NULL")):
            connection.execute(text(
                "INSERT INTO recall_ledger (lot_key, recall_id, consignee_id, shipped, received, on_hand, used, returned, "  # noqa: S608
                f"answered_at, answered_by, explanation, settled_reason, scope_number) VALUES ('{lot}', 'r1', 'c1', "
                f"10000000, {numbers}, {at}, 'Nurse', '', '', 1)"))
        for number, (units, at) in enumerate(((10, early), (-4, late))):
            connection.execute(text(
                "INSERT INTO shipment_line (lot_key, shipment_id, position, consignee_id, shipped_at, packs, units, "  # noqa: S608
                f"event_id) VALUES ('k1', 's{number}', 0, 'c1', {at}, {units}000000, {units}000000, 'e{number}')"))
    upgrade(empty)
    assert differences(empty) == []
    with empty.read() as session:
        rows = session.scalars(select(RecallLedger).order_by(RecallLedger.lot_key)).all()
        assert [(row.came_back, row.passed_on, row.passed_to) for row in rows] == [
            (Decimal(4), Decimal(0), ""), (Decimal(0), Decimal(0), "")]
        (kept,) = session.scalars(select(NoticeAnswer)).all()
        assert (kept.answered_by, kept.position, kept.is_late) == ("Nurse", 1, False)
        assert kept.lines["k1"] == {"received": "10", "on_hand": "3", "used": "2", "returned": "5", "passed_on": "0",
                                    "destroyed": "0", "corrected": "0"}
    with pytest.raises(IntegrityError), empty.engine.begin() as connection:
        connection.execute(text("UPDATE recall_ledger SET destroyed = 1 WHERE lot_key = 'k2'"))


def test_a_plan_of_drills_from_before_families_is_that_of_its_one_product(empty: Database) -> None:
    migrate_to(empty, "0061")
    at = "2026-11-01T05:00:00.000000+00:00"
    with empty.engine.begin() as connection:
        connection.execute(text("INSERT INTO drill_plan (product_id, every_months, next_at, made_at, made_by, revision)"
                                " VALUES ('p1', 6, :at, :at, 'u1', 1)"), {"at": at})
        connection.execute(text(
            "INSERT INTO drill (id, seed, direction, state, is_planned, out_of_hours, due_at, asked_at, asked_by, failure)"
            " VALUES ('d1', 1, 'forward', 'running', :no, :no, :at, :at, 'u1', '')"), {"at": at, "no": False})
    upgrade(empty)
    with empty.read() as session:
        assert products_of(session, "p1") == ["p1"]
        assert session.get_one(Drill, "d1").begun == 0 and hours_now(session).version == 0


def insert_filled(connection: Connection, table: str, **values: object) -> None:
    """A row with these values, and something of its kind in every other column that has to have a value."""
    row = dict(values)
    for one in inspect(connection).get_columns(table):
        if one["name"] not in row and not one["nullable"] and one["default"] is None:
            kind = one["type"].python_type
            row[one["name"]] = "2026-01-01T00:00:00.000000+00:00" if one["name"].endswith("_at") else kind()
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)  # noqa: S608


def test_a_recall_from_before_the_guard_of_its_end_names_the_capa_that_was_linked_first(empty: Database) -> None:
    migrate_to(empty, "0064")
    with empty.engine.begin() as connection:
        for key in ("r1", "r2"):
            insert_filled(connection, "recall", id=key, reference=f"RC-{key}", state="terminated", recall_class="II",
                          trigger_kind="other", scope_rule="{}")
        for capa, day in (("c1", 3), ("c2", 2)):
            insert_filled(connection, "capa", id=capa, reference=f"CA-{capa}", state="open", kind="corrective",
                          due_on="2026-02-01")
            insert_filled(connection, "capa_link", capa_id=capa, kind="recall", target_id="r1",
                          added_at=f"2026-01-0{day}T00:00:00.000000+00:00")
    upgrade(empty)
    with empty.read() as session:
        assert {key: session.get_one(Recall, key).capa_id for key in ("r1", "r2")} == {"r1": "c2", "r2": None}
