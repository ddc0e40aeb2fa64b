"""What a database of an earlier version held is there after the upgrade, as the models read it.

Rows of every version go through one walk together, each put in at its own revision: with a walk for each of them these
would be the longest of all tests.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, bindparam, inspect, select, text
from sqlalchemy.exc import IntegrityError

from tests.conftest import new_postgresql
from tests.migrated import in_order, migrate_to
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import versions_of
from traceapp.adverse_event.versions import changes_of
from traceapp.catalog.model import Party, Product, Registration
from traceapp.code.model import Scan, ScanDay, SerialRange
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.model import Complaint
from traceapp.db import Database, UtcTime
from traceapp.db.migrate import differences, integrity, upgrade
from traceapp.identity.model import User
from traceapp.identity.service import actor_of
from traceapp.recall import drilling
from traceapp.recall.book_model import NoticeAnswer, RecallDisposition, RecallReturn
from traceapp.recall.cases import is_told
from traceapp.recall.drill_hours import hours_now
from traceapp.recall.drill_model import Drill
from traceapp.recall.drill_plans import products_of
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.telling_model import PassedLine, PassedNotice
from traceapp.submission.report_model import ReceivedNumber
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.cases import lots_hash
from traceapp.surveillance.model import Signal, SignalLot, SignalNode
from traceapp.trace.event_query import events_page
from traceapp.trace.model import Shipment
from traceapp.trace.query_parameters import read_query

Put = Callable[[Connection], None]
_puts: dict[str, list[Put]] = defaultdict(list)
FIVE, EIGHT = "2026-11-01T05:00:00.000000+00:00", "2026-11-01T08:00:00.000000+00:00"


def put_at(revision: str) -> Callable[[Put], Put]:
    """Mark what puts rows into a database of this revision, on its way through all of them."""
    def keep(put: Put) -> Put:
        _puts[revision].append(put)
        return put

    return keep


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that had these rows put in while it was brought forward from the first revision to the newest."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            database = Database(f"sqlite:///{tmp_path_factory.mktemp('walk') / 'walked.db'}", is_durable=False)
            stack.callback(database.close)
        else:
            database = stack.enter_context(new_postgresql(request.getfixturevalue("pg_server")))
        for revision in in_order(_puts):
            migrate_to(database, revision)
            with database.engine.begin() as connection:
                for put in _puts[revision]:
                    put(connection)
        upgrade(database)
        yield database


def insert_row(connection: Connection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values)


def insert_filled(connection: Connection, table: str, **values: object) -> None:
    """A row with these values, and something of its kind in every other column that has to have a value."""
    row = dict(values)
    for one in inspect(connection).get_columns(table):
        if one["name"] not in row and not one["nullable"] and one["default"] is None:
            kind = one["type"].python_type
            row[one["name"]] = "2026-01-01T00:00:00.000000+00:00" if one["name"].endswith("_at") else kind()
    insert_row(connection, table, **row)


def insert_user(connection: Connection, key: str, name: str, role: str, revision: int = 1) -> None:
    insert_row(connection, "app_user", id=key, sign_in_name=name, name=name.title(), role=role, password_hash="hash",
               language="zh", is_active=True, created_at=EIGHT, revision=revision)


def insert_product(connection: Connection, key: str, **values: object) -> None:
    insert_row(connection, "product", id=key, code=key, kind="device", name_zh="n", name_en="n", identity_uri=key, unit="EA",
               risk_class="", storage_zh="", storage_en="", usage_zh="", usage_en="", contact_phone="", is_active=True,
               created_at=FIVE, revision=1, **values)


def insert_event(connection: Connection, key: str, subject: str, document: str) -> None:
    insert_row(connection, "event", subject_key=subject, id=key, event_id=f"urn:uuid:{key}", type="ObjectEvent",
               event_time=FIVE, zone_offset="+00:00", recorded_at=FIVE, hash=key, document=document, context="[]",
               actor_id="u")


def made_by_keys(database: Database, table: str) -> bool:
    """Whether a table lies in its key; that is asked of SQLite alone."""
    with database.reading() as connection:
        return not database.is_sqlite or "WITHOUT ROWID" in str(connection.scalar(
            text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table}))


def test_a_walk_with_rows_of_every_version_leads_to_the_models_too(upgraded: Database) -> None:
    assert (differences(upgraded), integrity(upgraded)) == ([], [])


@put_at("0001")
def _people(connection: Connection) -> None:
    insert_user(connection, "u1", "wang", "quality", 3)
    insert_row(connection, "user_session", token_hash="t", user_id="u1", created_at=EIGHT, seen_at=EIGHT, expires_at=EIGHT)


def test_people_who_were_there_before_one_time_passwords_have_none(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        row = connection.execute(text("SELECT sign_in_name, revision, one_time_until FROM app_user WHERE id = 'u1'")).one()
        assert tuple(row) == ("wang", 3, None)
        assert connection.scalar(text("SELECT user_id FROM user_session")) == "u1"


@put_at("0002")
def _scans(connection: Connection) -> None:
    scan = text("INSERT INTO scan (lot_key, id, serial, scanned_at, network, language) VALUES ('lot-1', :id, 'K1', :at, "
                "'203.0.113.0/24', 'zh')").bindparams(bindparam("at", type_=UtcTime))
    for number, hour in enumerate((15, 16, 17)):
        connection.execute(scan, {"id": str(number), "at": datetime(2026, 11, 1, hour, 30, tzinfo=UTC)})


def test_scans_keep_what_they_hold_and_are_counted_by_day(upgraded: Database) -> None:
    with upgraded.write() as session:
        scans = list(session.scalars(select(Scan).order_by(Scan.id)))
        assert [(scan.serial, scan.network, scan.region, scan.doubt) for scan in scans] == [
            ("K1", "203.0.113.0/24", "", "")] * 3
        days = {row.day: row.scans for row in session.scalars(select(ScanDay))}
        assert days == {date(2026, 11, 1): 1, date(2026, 11, 2): 2}
        session.add(SerialRange(lot_key="lot-1", id="1", prefix="K", width=2, first=0, count=9, purpose="",
                                created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC), created_by="u"))
    with pytest.raises(Exception, match="append-only"), upgraded.write() as session:
        session.execute(text("DELETE FROM serial_range"))


@put_at("0006")
def _lines(connection: Connection) -> None:
    insert_row(connection, "lot_edge", lot_key="a" * 32, direction="down", other_key="b" * 32, event_id="e1", kind="made",
               quantity=1500000, unit="KGM", at=EIGHT)


def test_lines_of_the_genealogy_stay_and_lie_in_their_key(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        row = connection.execute(text("SELECT lot_key, other_key, quantity, until FROM lot_edge"
                                      " WHERE quantity IS NOT NULL")).one()
    assert tuple(row) == ("a" * 32, "b" * 32, 1500000, None)
    assert made_by_keys(upgraded, "lot_edge")


@put_at("0009")
def _product(connection: Connection) -> None:
    insert_product(connection, "cold", registration_number="", storage_max_c=8000000)


def test_products_that_were_there_before_allow_and_tolerate_nothing(upgraded: Database) -> None:
    with upgraded.read() as session:
        product = session.get_one(Product, "cold")
        assert (product.storage_max_c, product.storage_max_rh, product.storage_allowed_minutes,
                product.balance_tolerance) == (8, None, 0, 0)


@put_at("0015")
def _registered(connection: Connection) -> None:
    insert_product(connection, "p", registration_number="R-1")
    insert_product(connection, "q", registration_number="")


def test_what_products_said_of_home_stands_in_a_registration_there(upgraded: Database) -> None:
    with upgraded.read() as session:
        assert [(one.product_id, one.market, one.number) for one in session.scalars(select(Registration))] == [
            ("p", "CN", "R-1")]


@put_at("0007")
def _events(connection: Connection) -> None:
    insert_event(connection, "e1", "s", (
        '{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-01T05:00:00Z","eventTimeZoneOffset":"+00:00",'
        '"bizStep":"shipping","epcList":["urn:epc:id:sgtin:0614141.107346.2017"]}'))


def test_events_that_were_there_before_can_be_found_by_what_they_name(upgraded: Database) -> None:
    with upgraded.read() as session:
        for asked in ({"EQ_bizStep": ["shipping"]}, {"MATCH_epc": ["https://id.gs1.org/01/10614141073464/21/2017"]}):
            assert [row.id for row in events_page(session, read_query(asked), None, 10).rows] == ["e1"]


@put_at("0009")
def _subscriptions(connection: Connection) -> None:
    insert_row(connection, "epcis_query", name="q", parameters="{}", created_at=EIGHT, created_by="u")
    insert_row(connection, "epcis_subscription", id="s", query_name="q", dest="https://x.example", sealed_secret="",
               reports_if_empty=False, initial_record_time=EIGHT, created_at=EIGHT, created_by="u")
    insert_row(connection, "lot_edge", lot_key="c" * 32, direction="down", other_key="b", event_id="e", kind="made", at=EIGHT)


def test_subscriptions_that_were_there_before_do_not_rest_and_lots_are_found_by_what_they_miss(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        assert tuple(connection.execute(text("SELECT id, paused_at FROM epcis_subscription")).one()) == ("s", None)
        assert connection.scalar(text("SELECT count(*) FROM lot_edge WHERE direction = 'down' AND kind = 'made'"
                                      " AND quantity IS NULL")) == 1


_NAMED: dict[str, dict[str, object]] = {
    "seen_event": {"name": "urn:uuid:named", "subject_key": "s2", "id": "named"},
    "event_item": {"lot_key": "k", "event_id": "named", "role": "object", "subject_key": "s2", "quantity": 1500000,
                   "unit": "KGM"},
    "event_term": {"name": "readPoint", "key": "k", "at": FIVE, "event_id": "named", "subject_key": "s2",
                   "value": "urn:x:1"}}


@put_at("0008")
def _named_events(connection: Connection) -> None:
    insert_event(connection, "named", "s2", "{}")
    for table, values in _NAMED.items():
        insert_row(connection, table, **values)


@pytest.mark.parametrize("table", list(_NAMED))
def test_names_items_and_terms_of_events_stay_and_lie_in_their_keys(upgraded: Database, table: str) -> None:
    kept = {name: value for name, value in _NAMED[table].items() if name != "at"}
    with upgraded.reading() as connection:
        row = connection.execute(text(f"SELECT {', '.join(kept)} FROM {table} WHERE subject_key = 's2'")).one()
    assert list(row) == list(kept.values())
    assert made_by_keys(upgraded, table)


@put_at("0014")
def _positions(connection: Connection) -> None:
    insert_row(connection, "lot_position", lot_key="k", holder="own", quantity=1, unit="KGM", since=FIVE)
    insert_row(connection, "item_position", lot_key="k", since=FIVE, spot_key="s", state="at", place="urn:x:1", owner="",
               possessor="", quantity=1500000, unit="KGM", is_stock=False, event_id="e1")


def test_spans_of_positions_stay_when_the_table_of_places_goes(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        kept = connection.execute(text("SELECT lot_key, place, quantity, unit, event_id FROM item_position")).one()
    assert tuple(kept) == ("k", "urn:x:1", 1500000, "KGM", "e1")
    assert made_by_keys(upgraded, "item_position")


@put_at("0015")
def _adverse_event(connection: Connection) -> None:
    insert_row(connection, "adverse_event", lot_key="l", id="e", reference="AE-1", awareness_at=FIVE, created_at=FIVE,
               onset_precision="day", age_band="unknown", sex="female", terms='["rash"]', seriousness="[]",
               is_serious=False, outcome="unknown", causality="unassessable", narrative="red", use_text="",
               state="assessed", revision=2)
    insert_row(connection, "adverse_event_version", lot_key="l", adverse_event_id="e", version=1, at=FIVE, by="u",
               reason="first", fields='{"sex":"unknown"}')


def test_adverse_events_that_were_there_before_have_an_assessment_without_details(upgraded: Database) -> None:
    with upgraded.read() as session:
        event = session.scalars(select(AdverseEvent)).one()
        assert (event.terms, event.details, event.expectedness, event.latest_awareness_at) == (["rash"], {}, "unknown", None)
        changes = {one.name: (one.kind, one.before, one.after) for one in changes_of(versions_of(session, "e"), event)}
        assert changes["sex"] == ("", "unknown", "female") and "expectedness" not in changes


_STATES = ("received", "triaged", "investigating", "answered", "closed")


@put_at("0010")
def _complaints(connection: Connection) -> None:
    for state in _STATES:
        insert_row(connection, "complaint", lot_key="unknown", id=state, reference=state, channel="email",
                   lot_capture="none", lot_text="", place="", received_at=EIGHT, awareness_at=EIGHT, narrative="itches",
                   terms="[]", affected="me", age_band="unknown", sex="unknown", seriousness="[]", use_text="",
                   severity="minor", state=state, triage_result="complaint", is_quarantined=False, decision="", revision=1)
    insert_row(connection, "task", id="t", kind="complaint.answer", about="complaint:answered", params="{}", role="quality",
               created_at=EIGHT, due_at="2026-11-02T08:00:00.000000+00:00", state="done",
               done_at="2026-11-01T20:00:00.000000+00:00")


def test_complaints_that_were_there_before_stand_where_they_stood(upgraded: Database) -> None:
    with upgraded.read() as session:
        found = {row.id: (row.state, row.investigation) for row in session.scalars(select(Complaint))}
        assert found == {"received": ("received", "undecided"), "triaged": ("verified", "undecided"),
                         "investigating": ("verified", "begun"), "answered": ("told", "undecided"),
                         "closed": ("archived", "undecided")}
        clocks = {(row.complaint_id, row.kind): row for row in session.scalars(select(ServiceClock))}
        assert {key for key in clocks if key[1] == "resolution"} == {(state, "resolution") for state in _STATES[:4]}
        answer = clocks["answered", "first_answer"]
        assert (answer.due_at - answer.started_at, answer.ended_at) == (timedelta(days=1), answer.started_at
                                                                        + timedelta(hours=12))


@put_at("0021")
def _tokens(connection: Connection) -> None:
    insert_user(connection, "u2", "wang-2", "quality")
    insert_row(connection, "api_token", id="t1", prefix="ta_1", secret_hash="h", name="erp", user_id="u2",
               scopes="trace.read", created_at=FIVE)


def test_tokens_stay_when_their_scopes_may_be_longer(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        assert connection.execute(text("SELECT prefix, user_id, scopes FROM api_token")).one() == ("ta_1", "u2", "trace.read")


@put_at("0022")
def _regulator(connection: Connection) -> None:
    insert_user(connection, "u3", "nmpa", "regulator")


def test_a_regulator_from_before_there_were_scopes_sees_nothing_until_one_is_set(upgraded: Database) -> None:
    with upgraded.read() as session:
        user = session.scalars(select(User).where(User.role == "regulator")).one()
        assert (actor_of(user).jurisdictions, actor_of(user).product_ids) == (frozenset(), frozenset())


@put_at("0022")
def _parties(connection: Connection) -> None:
    insert_row(connection, "party", id="p", code="OWN", name_zh="甲", name_en="Alpha", country="CN", region="", city="",
               address="", is_active=True, created_at=FIVE, revision=1)


def test_parties_that_were_there_before_have_no_numbers_at_authorities(upgraded: Database) -> None:
    with upgraded.read() as session:
        party = session.get_one(Party, "p")
        assert (party.name_en, party.postcode, party.fei, party.srn, party.duns, party.e2b_sender) == ("Alpha", *[""] * 5)


@put_at("0027")
def _received_cases(connection: Connection) -> None:
    for case_id, version, complaint, hour in (("FR-A-1", "1", "c1", "05"), ("FR-A-1", "2", "c1", "06"),
                                              ("FR-B-1", "1", "c1", "07"), ("FR-C-1", "1", "c2", "08")):
        insert_row(connection, "received_case", form="e2b-r3", sha256="s", digest="d", adverse_event_id="e", by="u",
                   case_id=case_id, version=version, complaint_id=complaint, at=f"2026-11-01T{hour}:00:00.000000+00:00")


def test_cases_that_had_come_in_are_known_by_the_numbers_of_their_reports(upgraded: Database) -> None:
    with upgraded.read() as session:
        kept = session.scalars(select(ReceivedNumber).order_by(ReceivedNumber.number)).all()
        assert [(one.form, one.number, one.complaint_id, one.at.hour) for one in kept] == [
            ("e2b-r3", "FR-A-1", "c1", 5), ("e2b-r3", "FR-B-1", "c1", 7), ("e2b-r3", "FR-C-1", "c2", 8)]


@put_at("0027")
def _persons(connection: Connection) -> None:
    insert_row(connection, "vault_person", id="p", key_id="k", sealed="k.sealed", contact_hash="h", is_minor=False,
               has_guardian=False, created_at=FIVE)


def test_persons_that_were_there_before_wait_for_the_hash_of_their_mail(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        row = connection.execute(text("SELECT key_id, sealed, contact_hash, mail_hash FROM vault_person")).one()
    assert tuple(row) == ("k", "k.sealed", "h", None)


@put_at("0030")
def _signals(connection: Connection) -> None:
    insert_row(connection, "lot", lot_key="k", uri="u", item_kind="lot", product_id="p", number="L1", name="",
               supplier_lot_number="", origin="", started_at=EIGHT, made=0, consumed=0, shipped=0, returned=0, sampled=0,
               lost=0, is_own=1, release_state="released", is_recalled=False, is_on_hold=False, release_note="", flags="[]",
               created_at=EIGHT, revision=1)
    for number, state in enumerate(("open", "refuted"), 1):
        insert_row(connection, "signal", lot_key="k", id=f"s{number}", reference=f"s{number}", product_id="p",
                   method="maxsprt", opened_at=EIGHT, since="2026-10-02", observed=9, expected=3.1, llr=4.5, critical=3.5,
                   evidence='{"planned": 6.0}', state=state, revision=2)


def test_a_signal_that_was_there_is_a_case_with_its_alarm_and_its_lot(upgraded: Database) -> None:
    with upgraded.read() as session:
        cases = session.scalars(select(Signal).order_by(Signal.id)).all()
        assert [(case.kind, case.node_key, case.name, case.severity_group, case.state, case.revision)
                for case in cases] == [("lot", "k", "L1", "harm", "open", 2), ("lot", "k", "L1", "harm", "refuted", 2)]
        alarm, = alarms_of_case(session, cases[0])
        assert (alarm.lot_keys, alarm.evidence, alarm.observed, alarm.llr) == (["k"], {"planned": Decimal("6.0")}, 9, 4.5)
        assert [(one.signal_id, one.is_standing) for one in session.scalars(
            select(SignalLot).order_by(SignalLot.signal_id))] == [("s1", True), ("s2", False)]
        assert session.scalars(select(SignalNode.lots_hash)).first() == lots_hash(["k"])


_SAID = ("title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "remedy_zh", "remedy_en",
         "contact", "closing_note")


@put_at("0033")
def _recalls(connection: Connection) -> None:
    moment = "2026-01-01T00:00:00.000000+00:00"
    for number, (state, submitted, approved) in enumerate((
            ("draft", None, None), ("submitted", moment, None), ("notifying", moment, moment),
            ("closed", moment, moment), ("cancelled", None, None))):
        insert_row(connection, "recall", id=f"r{number}", reference=f"RC-{number}", state=state, recall_class="II",
                   opened_at=moment, opened_by="u1", submitted_at=submitted, approved_at=approved, revision=1,
                   scope_rule="{}", extends_id="r2" if number == 3 else None, **dict.fromkeys(_SAID, "x"))


def test_recalls_that_were_there_are_decided_and_ended_as_they_were(upgraded: Database) -> None:
    with upgraded.read() as session:
        found = session.scalars(select(Recall).where(Recall.id.in_([f"r{number}" for number in range(5)])).order_by(Recall.id)).all()
        assert [(row.state, is_told(row), row.decided_at is not None, row.check_level) for row in found] == [
            ("draft", False, False, None), ("planned", False, True, "E"), ("notifying", True, True, "E"),
            ("terminated", True, True, "E"), ("cancelled", False, False, None)]
        assert {(row.trigger_kind, row.scope_number, row.owner_id) for row in found} == {("other", 1, "u1")}
        assert [row.trigger_text for row in found] == ["", "", "", "Extends / 扩大自 RC-2", ""]


@put_at("0046")
def _answers(connection: Connection) -> None:
    early, late = "2026-01-01T00:00:00.000000+00:00", "2026-01-03T00:00:00.000000+00:00"
    texts = dict.fromkeys((*_SAID, "trigger_text", "mandate", "decision"), "x")
    insert_row(connection, "recall", id="answered", reference="RC-answered", state="executing", recall_class="II",
               opened_at=early, opened_by="u1", submitted_at=early, revision=1, scope_rule="{}", scope_number=1,
               is_drill=False, is_mandated=False, trigger_kind="other", **texts)
    for lot, numbers, at in (("k1", (10000000, 3000000, 2000000, 5000000), late), ("k2", (None, None, None, None), None)):
        insert_row(connection, "recall_ledger", lot_key=lot, recall_id="answered", consignee_id="c1", shipped=10000000,
                   **dict(zip(("received", "on_hand", "used", "returned"), numbers, strict=True)), answered_at=at,
                   answered_by="Nurse", explanation="", settled_reason="", scope_number=1)
    for number, (units, at) in enumerate(((10, early), (-4, late))):
        insert_row(connection, "shipment_line", lot_key="k1", shipment_id=f"s{number}", position=0, consignee_id="c1",
                   shipped_at=at, packs=units * 1000000, units=units * 1000000, event_id=f"e{number}")


def test_answers_of_before_stand_in_the_history_and_what_came_back_is_counted(upgraded: Database) -> None:
    with upgraded.read() as session:
        rows = session.scalars(select(RecallLedger).order_by(RecallLedger.lot_key)).all()
        assert [(row.came_back, row.passed_on, row.passed_to) for row in rows] == [
            (Decimal(4), Decimal(0), ""), (Decimal(0), Decimal(0), "")]
        (kept,) = session.scalars(select(NoticeAnswer)).all()
        assert (kept.answered_by, kept.position, kept.is_late) == ("Nurse", 1, False)
        assert kept.lines["k1"] == {"received": "10", "on_hand": "3", "used": "2", "returned": "5", "passed_on": "0",
                                    "destroyed": "0", "corrected": "0"}
    with pytest.raises(IntegrityError), upgraded.engine.begin() as connection:
        connection.execute(text("UPDATE recall_ledger SET destroyed = 1 WHERE lot_key = 'k2'"))


@put_at("0061")
def _drills(connection: Connection) -> None:
    insert_row(connection, "drill_plan", product_id="p1", every_months=6, next_at=FIVE, made_at=FIVE, made_by="u1", revision=1)
    insert_row(connection, "drill", id="d1", seed=1, direction="forward", state="running", is_planned=False,
               out_of_hours=False, due_at=FIVE, asked_at=FIVE, asked_by="u1", failure="")


def test_a_plan_of_drills_from_before_families_is_that_of_its_one_product(upgraded: Database) -> None:
    with upgraded.read() as session:
        assert products_of(session, "p1") == ["p1"]
        assert session.get_one(Drill, "d1").begun == 0 and hours_now(session).version == 0


@put_at("0071")
def _failed_drills(connection: Connection) -> None:
    for key, why in (("crashed", "KeyError"), ("cut", "The process was cut off three times in the same step."),
                     ("refused", "Nobody is there.")):
        insert_filled(connection, "drill", id=key, seed=1, direction="forward", state="failed", failure=why)


def test_a_drill_of_which_the_bare_name_of_an_error_was_kept_says_in_words_what_happened(upgraded: Database) -> None:
    with upgraded.read() as session:
        assert [session.get_one(Drill, key).failure for key in ("crashed", "cut", "refused")] == [
            drilling.CRASHED, drilling.CUT_OFF, "Nobody is there."]
        assert not session.get_one(Drill, "cut").is_provisional


@put_at("0064")
def _capas(connection: Connection) -> None:
    for key in ("r-linked", "r-alone"):
        insert_filled(connection, "recall", id=key, reference=f"RC-{key}", state="terminated", recall_class="II",
                      trigger_kind="other", scope_rule="{}")
    for capa, day in (("c1", 3), ("c2", 2)):
        insert_filled(connection, "capa", id=capa, reference=f"CA-{capa}", state="open", kind="corrective",
                      due_on="2026-02-01")
        insert_filled(connection, "capa_link", capa_id=capa, kind="recall", target_id="r-linked",
                      added_at=f"2026-01-0{day}T00:00:00.000000+00:00")


def test_a_recall_from_before_the_guard_of_its_end_names_the_capa_that_was_linked_first(upgraded: Database) -> None:
    with upgraded.read() as session:
        assert {key: session.get_one(Recall, key).capa_id for key in ("r-linked", "r-alone")} == {
            "r-linked": "c2", "r-alone": None}


@put_at("0071")
def _despatch(connection: Connection) -> None:
    insert_filled(connection, "shipment", id="s-before", consignee_id="c1")
    insert_filled(connection, "recall_disposition", lot_key="k1", id="d-before", recall_id="r-linked", kind="keep",
                  state="decided", units=1000000)
    insert_filled(connection, "recall_return", lot_key="k1", id="b-before", recall_id="r-linked", units=1000000)


def test_a_despatch_from_before_was_booked_in_time_and_no_line_grew(upgraded: Database) -> None:
    with upgraded.read() as session:
        assert session.get_one(Shipment, "s-before").late_reason == ""
        assert {row.more for row in session.scalars(select(RecallLedger))} == {Decimal(0)}
        assert session.get_one(RecallDisposition, ("k1", "d-before")).of_kept is False
        assert session.get_one(RecallReturn, ("k1", "b-before")).sscc == ""
    with pytest.raises(IntegrityError), upgraded.engine.begin() as connection:
        connection.execute(text("UPDATE recall_ledger SET more = -1 WHERE lot_key = 'k2'"))


@put_at("0074")
def _passed_lines(connection: Connection) -> None:
    early, late = "2026-01-01T00:00:00.000000+00:00", "2026-01-21T00:00:00.000000+00:00"
    insert_filled(connection, "recall", id="grew", reference="RC-grew", state="executing", recall_class="II",
                  scope_number=2, trigger_kind="other", scope_rule="{}", answer_by="2026-01-24T00:00:00.000000+00:00")
    for consignee, at in (("c1", early), ("c2", late)):
        insert_filled(connection, "notice", recall_id="grew", consignee_id=consignee, id=f"grew-{consignee}", state="sent",
                      queued_at=at)
    for key, recall, at in (("ward", "answered", early), ("ward-1", "grew", early), ("ward-2", "grew", late)):
        insert_filled(connection, "notice_pass_on", id=key, recall_id=recall, consignee_id="c1", depth=1, name="Ward 3",
                      state="answered", named_at=at)
    insert_filled(connection, "notice_pass_on_line", notice_id="ward", lot_key="k1", units=9000000, on_hand=4000000,
                  used=5000000, returned=0, passed_on=0)


def test_what_was_passed_on_before_was_neither_destroyed_nor_put_right(upgraded: Database) -> None:
    with upgraded.read() as session:
        line = session.get_one(PassedLine, ("ward", "k1"))
        assert (line.units, line.on_hand, line.destroyed, line.corrected, line.unproved, line.accepted_reason) == (
            Decimal(9), Decimal(4), Decimal(0), Decimal(0), Decimal(0), "")
    with pytest.raises(IntegrityError), upgraded.engine.begin() as connection:
        connection.execute(text("UPDATE notice_pass_on_line SET unproved = 1 WHERE notice_id = 'ward'"))


def test_each_notice_of_before_has_the_day_that_its_letter_named(upgraded: Database) -> None:
    with upgraded.read() as session:
        days = {row.id: row.answer_by.day for row in session.scalars(select(Notice).where(Notice.recall_id == "grew"))}
        further = {row.id: row.answer_by.day for row in session.scalars(select(PassedNotice))}
    assert days == {"grew-c1": 4, "grew-c2": 24}
    assert (further["ward-1"], further["ward-2"]) == (4, 24)
