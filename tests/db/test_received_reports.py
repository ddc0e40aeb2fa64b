"""Reports of others sent on: nothing of them lost, what we changed laid over them, masked, erased, under a new key."""
from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import func, select, update

from tests.factories_complaint import KEY, VAULT, dump
from tests.factories_reports import person
from tests.factories_trace import make_maker
from tests.schema_instances import Making, Schema
from tests.xml_facts import facts_of, lost
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.attachment.store import FileStore
from traceapp.audit.entries import entries_of
from traceapp.complaint.model import Complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.export.case_report import Profile, RenderedReport
from traceapp.export.e2b_r3.model import Section, reports
from traceapp.export.e2b_r3.reader import read_batch
from traceapp.export.e2b_r3.writer import write_batch
from traceapp.export.emdr.message import read_batch as read_mdrs
from traceapp.submission.case_export import CaseExport, export_case, exported_case
from traceapp.submission.case_files import read_cases
from traceapp.submission.case_intake import Taken, TakenCase, take_case
from traceapp.submission.received_messages import (
    erase_details,
    erase_person_and_reports,
    messages_under_older_keys,
    reseal_messages,
)
from traceapp.submission.report_desk import ReportDesk
from traceapp.submission.report_house import Schemas, report_desk
from traceapp.submission.report_making import form_of
from traceapp.submission.report_model import ReceivedMessage, Report
from traceapp.submission.report_states import ReportState
from traceapp.vault.holds import place_legal_hold
from traceapp.vault.service import PersonDetails, SealPerson, Vault, seal_person

SET = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "icsr"
E2B = [SET / "e2b-r3" / "samples" / f"FAERS2022Scenario{number}.xml" for number in (1, 2, 3)]
MDR = SET / "emdr" / "3500A_Sample_HL7_Submission_082415.xml"
SCHEMAS = {"e2b-r3": SET / "e2b-r3" / "xsd" / "multicacheschemas" / "MCCI_IN200100UV01.xsd",
           "emdr": SET / "emdr" / "coreschemas" / "Con061019.xsd"}
pytestmark = pytest.mark.skipif(not MDR.exists(), reason="the official samples are not here")

# Whose message it is, when it was made, from whom and to whom: those of whoever sends. Nothing else may differ.
REPORT, EVENT = "/MCCI_IN200100UV01/PORR_IN049016UV", "/controlActProcess/subject/investigationEvent"
HEAD = ("/MCCI_IN200100UV01/id", "/MCCI_IN200100UV01/creationTime",                  # N.1.2, N.1.5
        "/MCCI_IN200100UV01/receiver/device/id", "/MCCI_IN200100UV01/sender/device/id",  # N.1.4, N.1.3
        f"{REPORT}/id", f"{REPORT}/creationTime",                                    # N.2.r.1, N.2.r.4
        f"{REPORT}/receiver/device/id", f"{REPORT}/sender/device/id",                # N.2.r.3, N.2.r.2
        f"{REPORT}/controlActProcess/effectiveTime")                                 # C.1.2
SENDER = f"{REPORT}{EVENT}/subjectOf1/controlActEvent/author/assignedEntity"         # C.3, ours where we are known
BATCH = ("/PORR_IN040001UV01/id", "/PORR_IN040001UV01/creationTime",                 # number and day of the batch
         "/PORR_IN040001UV01/sender/device/asAgent/representedOrganization/name",    # who sends it
         "/PORR_IN040001UV01/sender/device/asAgent/representedOrganization/id")      # “not applicable”, left out


@dataclass
class House:
    database: Database
    clock: FixedClock
    desk: ReportDesk

    def take(self, data: bytes) -> TakenCase:
        with self.database.write() as session:
            (taken,) = [take_case(session, person("u-li"), self.clock, one, vault=VAULT) for one in read_cases(data)]
        self.clock.move_to(self.clock.now() + timedelta(minutes=1))
        return taken

    def send(self, taken: TakenCase, form: str = "e2b-r3", profile: Profile = Profile.full,
             actor: Actor | None = None) -> RenderedReport:
        with self.database.write() as session:
            return export_case(session, actor or person("u-li"), self.clock,
                               CaseExport(taken.adverse_event_id, form, profile=profile), desk=self.desk)

    def send_on(self, taken: TakenCase) -> RenderedReport:
        """As a report to an authority is: under our own name."""
        with self.database.write() as session:
            case = exported_case(session, person("u-li"), self.clock, CaseExport(
                taken.adverse_event_id, "e2b-r3", profile=Profile.full), desk=self.desk)
        assert case.received is not None and case.received.is_copy
        form, fmt = form_of(self.desk, "e2b-r3", "")
        return form.render(replace(case, received=replace(case.received, is_copy=False)), fmt)

    def assess(self, taken: TakenCase, **changes: Any) -> None:
        """Assess the case; of the details what is not named stays."""
        with self.database.write() as session:
            kept = session.scalars(select(AdverseEvent.details).where(AdverseEvent.id == taken.adverse_event_id)).one()
            assess_adverse_event(session, person("u-li"), self.clock, replace(
                AssessAdverseEvent(taken.adverse_event_id, "read the file", narrative="Redness"),
                **{**changes, "details": {**kept, **changes.get("details", {})}}))


@pytest.fixture
def house(database: Database, clock: FixedClock, tmp_path: Path) -> House:
    return House(database, clock, report_desk(FileStore(tmp_path / "files"), VAULT, Schemas(
        SET / "e2b-r3" / "xsd", SET / "emdr" / "coreschemas")))


@pytest.fixture
def own(house: House) -> House:
    """The house with a plant of its own, so that it knows who it is."""
    with house.database.write() as session:
        make_maker(session, person("u-boss", "admin"), house.clock)
    return house


def is_valid(form: str, data: bytes) -> bool:
    return bool(etree.XMLSchema(etree.parse(str(SCHEMAS[form]))).validate(etree.fromstring(data)))


def only(data: bytes) -> Section:
    return reports(read_batch(data))[0]


@pytest.mark.parametrize("is_known", [False, True], ids=["nobody", "house"])
@pytest.mark.parametrize("path", E2B, ids=lambda path: path.stem)
def test_a_safety_report_leaves_as_it_came_in_but_for_who_sends_it(house: House, path: Path, is_known: bool) -> None:
    if is_known:
        with house.database.write() as session:
            make_maker(session, person("u-boss", "admin"), house.clock)
    taken = house.take(path.read_bytes())
    sent = house.send(taken).data
    assert lost(path.read_bytes(), sent, *HEAD) == [] and lost(sent, path.read_bytes(), *HEAD) == []
    assert sum(facts_of(sent).values()) > 700 and is_valid("e2b-r3", sent)
    again = house.take(sent)
    assert again == replace(taken, how=Taken.already)


def test_a_device_report_leaves_as_it_came_in_with_its_attachment(house: House) -> None:
    taken = house.take(MDR.read_bytes())
    sent = house.send(taken, "emdr").data
    assert lost(MDR.read_bytes(), sent, *BATCH) == [] and lost(sent, MDR.read_bytes(), *BATCH) == []
    assert is_valid("emdr", sent) and len(read_mdrs(sent).reports[0].attachments()) == 1
    assert house.take(sent).how == Taken.already


@pytest.mark.parametrize(("form", "path"), [("e2b-r3", E2B[2]), ("emdr", MDR)])
def test_whatever_else_the_schema_allows_leaves_as_it_came_in(own: House, form: str, path: Path) -> None:
    root: Any = etree.fromstring(path.read_bytes(), etree.XMLParser(remove_comments=True))
    data = etree.tostring(Making(Schema(SCHEMAS[form]), 204).enriched(root, 80))
    taken = own.take(data)
    sent = own.send(taken, form).data
    assert lost(data, sent, *(BATCH if form == "emdr" else HEAD)) == []
    assert is_valid(form, sent) and is_valid(form, own.send(taken, form, Profile.masked).data)


@pytest.mark.parametrize("path", E2B, ids=lambda path: path.stem)
def test_a_house_that_is_known_sends_under_its_own_id_and_names_those_before(own: House, path: Path) -> None:
    before, taken = only(path.read_bytes()), own.take(path.read_bytes())
    sent = own.send_on(taken).data
    after = only(sent)
    gone = [fact for fact in lost(path.read_bytes(), sent, *HEAD) if not fact[0].startswith(SENDER)]
    assert gone[0] == (f"{REPORT}{EVENT}/id", "extension", before.text("C.1.1"))
    # Where the id of the sender before is not the worldwide id, C.1.9.1 is true instead of not known.
    assert [fact[2] for fact in gone[1:]] == ["NI"] * (before.text("C.1.1") != before.text("C.1.8.1"))
    ids = {after.text("C.1.8.1"), *(one.text("C.1.9.1.r.2") for one in after.each("C.1.9.1.r"))}
    assert (after.text("C.1.8.1"), after.text("C.1.8.2")) == (before.text("C.1.8.1"), before.text("C.1.8.2"))
    assert after.text("C.1.1") != before.text("C.1.1") and before.text("C.1.1") in ids
    assert after.text("C.3.2") == "Test Dressings" and after.text("C.3.4.6") == ""
    assert is_valid("e2b-r3", sent) and own.take(sent).how == Taken.already


def reported(house: House, taken: TakenCase, state: ReportState, number: str) -> None:
    """A report of ours about the case to the authority at home."""
    at = house.clock.now()
    with house.database.write() as session:
        session.add(Report(
            id=new_id(at), about=f"adverse_event:{taken.adverse_event_id}", reference="AE", jurisdiction="CN",
            form="e2b-r3", format="xml", profile="full", kind="initial", version=1, number=number, state=state,
            case_revision=1, sha256="0" * 64, prepared_at=at, prepared_by="u-li", sent_at=at))


def test_a_case_that_we_reported_is_written_out_under_the_id_that_we_reported_it_by(own: House) -> None:
    data = E2B[2].read_bytes()
    before, taken = only(data), own.take(data)
    reported(own, taken, ReportState.prepared, "CN-ACME-0")
    assert only(own.send(taken).data).text("C.1.1") == before.text("C.1.1")
    with own.database.write() as session:
        session.execute(update(Report).values(state=ReportState.sent, number="CN-ACME-1"))
    rendered = own.send(taken)
    after = only(rendered.data)
    assert (after.text("C.1.1"), after.text("N.2.r.1"), after.text("C.3.2")) == (
        "CN-ACME-1", "CN-ACME-1", "Test Dressings")
    assert after.text("C.1.8.1") == before.text("C.1.8.1")
    assert "no-earlier-report" not in {one.code for one in rendered.findings}
    assert {one.text("C.1.9.1.r.2") for one in before.each("C.1.9.1.r")} <= {
        one.text("C.1.9.1.r.2") for one in after.each("C.1.9.1.r")}
    assert own.take(rendered.data) == replace(taken, how=Taken.already)


def test_what_our_people_changed_is_laid_over_the_report_and_nothing_else(own: House) -> None:
    data = E2B[0].read_bytes()
    taken = own.take(data)
    before = only(own.send_on(taken).data)
    with own.database.read() as session:
        told = session.scalars(select(Complaint)).one()
    own.assess(taken, narrative=f"{told.narrative}\nThe patch was changed.", outcome="recovered", sex="female",
               seriousness=(*told.seriousness, "disabling"), onset_on=date(2014, 10, 12), age_band=told.age_band)
    rendered = own.send(taken)
    after = only(rendered.data)
    assert after.text("D.5") == "2" and after.each("E.i")[0].text("E.i.4") == "20141012"
    assert after.text("H.4").startswith(before.text("H.4")) and "The patch was changed." in after.text("H.4")
    assert after.text("H.1") == before.text("H.1")
    changed = {element for element in {**before.values, **after.values}
               if before.values.get(element) != after.values.get(element)}
    assert changed <= {"D.5", "H.4", "N.2.r.4", "C.1.2"}
    assert is_valid("e2b-r3", rendered.data) and "said-in-comment" in {one.code for one in rendered.findings}


def test_details_that_were_filled_in_go_to_their_own_boxes_and_elements(own: House) -> None:
    details = {"weight_kg": "71.5", "age": "63", "age_unit": "a", "history": "Ulcer since 2019.", "is_reused": True,
               "died_on": "2026-03-01", "tests": "Culture negative.", "measures": "We told the ward."}
    before = read_mdrs(MDR.read_bytes()).reports[0]
    device = own.take(MDR.read_bytes())
    own.assess(device, details=details)
    rendered = own.send(device, "emdr")
    report = read_mdrs(rendered.data).reports[0]
    assert {box: report.text(box) for box in ("A4.weight", "A4.unit", "A2.age", "A2.age_unit", "H8", "B2.death")} == {
        "A4.weight": "71.5", "A4.unit": "KG", "A2.age": "63", "A2.age_unit": "YR", "H8": "C53613", "B2.death": "20260301"}
    assert report.text("B7") == f"{before.text('B7')}\nUlcer since 2019." and "Culture negative." in report.text("B6")
    assert "measures: We told the ward." in report.text("H10") and "weight" not in report.text("H10")
    assert is_valid("emdr", rendered.data)
    person_case = own.take(E2B[0].read_bytes())
    own.assess(person_case, details=details)
    rendered = own.send(person_case)
    icsr = only(rendered.data)
    assert (icsr.text("D.3"), icsr.text("D.2.2a"), icsr.text("D.9.1")) == ("71.5", "63", "20260301")
    assert "measures: We told the ward." in icsr.text("H.4") and is_valid("e2b-r3", rendered.data)


def test_a_later_report_of_the_case_takes_the_place_of_the_earlier_and_keeps_what_we_changed(own: House) -> None:
    taken = own.take(E2B[0].read_bytes())
    own.assess(taken, sex="female")
    assert own.take(E2B[1].read_bytes()) == replace(taken, how=Taken.followed)
    after = only(own.send(taken).data)
    assert after.text("C.1.5") == only(E2B[1].read_bytes()).text("C.1.5")
    assert after.text("D.5") == "2" and len(after.each("G.k")) == 3


def test_an_earlier_report_that_comes_in_later_does_not_take_the_place_of_the_latest(own: House) -> None:
    taken = own.take(E2B[2].read_bytes())
    assert own.take(E2B[0].read_bytes()) == replace(taken, how=Taken.followed)
    assert only(own.send(taken).data).text("C.1.5") == only(E2B[2].read_bytes()).text("C.1.5")


@pytest.mark.parametrize("act", ["1", "2"], ids=["nullification", "amendment"])
def test_that_a_sender_takes_back_or_corrects_a_case_is_kept_and_not_repeated_as_ours(own: House, act: str) -> None:
    batch = read_batch(E2B[0].read_bytes())
    reports(batch)[0].put("C.1.11.1", act)
    reports(batch)[0].put("C.1.11.2", "Entered twice.")
    taken = own.take(write_batch(batch))
    assert only(own.send(taken).data).text("C.1.11.1") == act
    rendered = own.send_on(taken)
    assert not only(rendered.data).has("C.1.11.1") and not only(rendered.data).has("C.1.11.2")
    assert "not-taken-back" in {one.code for one in rendered.findings}


def test_a_number_of_a_case_that_is_too_long_to_keep_is_refused() -> None:
    batch = read_batch(E2B[0].read_bytes())
    reports(batch)[0].put("C.1.8.1", "US-A-" + "1" * 200)
    with pytest.raises(InvalidInput) as refused:
        read_cases(write_batch(batch))
    assert refused.value.code == "case-id-too-long"


def test_changes_of_a_device_report_go_to_their_boxes_and_into_the_narrative(own: House) -> None:
    taken = own.take(MDR.read_bytes())
    own.assess(taken, narrative="Returned and looked at.", seriousness=("hospitalised", "life_threatening"),
               outcome="recovered", sex="female")
    report = read_mdrs(own.send(taken, "emdr").data).reports[0]
    assert (report.text("A3"), report.texts("B2")) == ("C16576", ("C25179", "C41337"))
    assert "Returned and looked at." in report.text("H10") and "outcome: recovered" in report.text("H10")
    assert report.text("B5") == read_mdrs(MDR.read_bytes()).reports[0].text("B5")


NAMES = {"e2b-r3": ("Robertson", "Metropolis", "6102227777", "alladdresses", "20010615", "Castile"),
         "emdr": ("XYZ12345", "Jane", "nowhere@", "20000101T", "Quincy", "Kent<", "(555)555", "sample_attachment")}


@pytest.mark.parametrize(("form", "path"), [*(("e2b-r3", path) for path in E2B), ("emdr", MDR)])
def test_a_masked_report_names_nobody_and_is_still_a_report(own: House, form: str, path: Path) -> None:
    taken = own.take(path.read_bytes())
    sent = own.send(taken, form, Profile.masked)
    assert [name for name in NAMES[form] if name.encode() in sent.data] == []
    assert is_valid(form, sent.data) and {one.code for one in sent.findings} & {"files-left-out", "pieces-left-out"}
    if form == "e2b-r3":
        report = only(sent.data)
        assert (report.null("D.1"), report.each("C.2.r")[0].null("C.2.r.1.4")) == ("MSK", "MSK")
        assert len(report.each("G.k")) == len(only(path.read_bytes()).each("G.k"))


def test_only_who_may_know_persons_sees_the_whole_report_and_the_look_is_recorded(own: House) -> None:
    taken = own.take(E2B[0].read_bytes())
    with pytest.raises(Forbidden):
        own.send(taken, actor=person("u-wang", "operator"))
    own.send(taken)
    with own.database.read() as session:
        actions = [one.action for one in entries_of(session, f"adverse_event:{taken.adverse_event_id}", 50)]
    assert actions.count("received_message.opened") == 1


@pytest.mark.parametrize("path", [E2B[0], MDR])
def test_who_a_report_names_stands_nowhere_in_plain(own: House, path: Path) -> None:
    own.take(path.read_bytes())
    kept = dump(own.database)
    assert not any(name in kept for name in ("Robertson", "6102227777", "Jane", "XYZ12345"))


def test_erasing_the_details_of_a_case_erases_the_report_that_named_them(own: House) -> None:
    taken = own.take(E2B[0].read_bytes())
    case = (taken.complaint_id, taken.adverse_event_id)
    with own.database.write() as session:
        erase_details(session, person("u-boss", "quality_manager"), own.clock, case, "Asked for by letter")
    with own.database.read() as session:
        assert session.execute(select(ReceivedMessage.sealed, ReceivedMessage.erased_at)).one() == (
            None, own.clock.now())
    assert b"Robertson" not in own.send(taken).data
    assert own.take(E2B[0].read_bytes()).how == Taken.already
    with own.database.read() as session:
        assert session.scalar(select(func.count()).where(ReceivedMessage.sealed.is_not(None))) == 0
    with pytest.raises((NotFound, Conflict)), own.database.write() as session:
        erase_details(session, person("u-boss", "quality_manager"), own.clock, case, "once more")


def test_erasing_a_person_erases_the_reports_about_the_cases_of_that_person(own: House) -> None:
    taken, boss = own.take(E2B[0].read_bytes()), person("u-boss", "quality_manager")
    with own.database.write() as session:
        known = seal_person(session, boss, own.clock, SealPerson(PersonDetails(name="Li")), vault=VAULT)
        session.scalars(select(AdverseEvent)).one().person_id = known.id
    with own.database.write() as session:
        erase_person_and_reports(session, boss, own.clock, known.id, "Asked for by letter")
    with own.database.read() as session:
        actions = [one.action for one in entries_of(session, f"adverse_event:{taken.adverse_event_id}", 50)]
        assert session.scalar(select(ReceivedMessage.sealed)) is None and "received_message.erased" in actions


def test_a_legal_hold_keeps_the_reports_too(own: House) -> None:
    own.take(E2B[0].read_bytes())
    boss = person("u-boss", "quality_manager")
    with own.database.write() as session:
        known = seal_person(session, boss, own.clock, SealPerson(PersonDetails(name="Li")), vault=VAULT)
        event = session.scalars(select(AdverseEvent)).one()
        event.person_id = known.id
        place_legal_hold(session, boss, own.clock, known.id, "A court asked for it")
    with pytest.raises(Conflict), own.database.write() as session:
        erase_details(session, boss, own.clock, (None, event.id), "Asked for by letter")
    with own.database.read() as session:
        assert session.scalar(select(ReceivedMessage.sealed)) is not None


def test_a_kept_report_moves_to_a_new_key(own: House) -> None:
    taken = own.take(E2B[0].read_bytes())
    fresh = base64.urlsafe_b64encode(b"another key of thirty-two bytes!").decode()
    both, new = Vault(f"{fresh},{KEY}"), Vault(fresh)
    with own.database.write() as session:
        assert messages_under_older_keys(session, both) == 1
        assert reseal_messages(session, person("u-li"), own.clock, 10, vault=both).moved == 1
        assert messages_under_older_keys(session, both) == 0
    own.desk = replace(own.desk, vault=new)
    assert b"Robertson" in own.send(taken).data


def test_of_a_file_with_several_reports_each_case_keeps_its_own(own: House) -> None:
    root = etree.fromstring(E2B[0].read_bytes())
    other = etree.fromstring(E2B[1].read_bytes().replace(b"US-APHARMA-8744554B", b"US-APHARMA-2").replace(
        b"Robertson", b"Peterson"))
    first = root.find("{*}PORR_IN049016UV")
    first.addnext(other.find("{*}PORR_IN049016UV"))
    with own.database.write() as session:
        taken = [take_case(session, person("u-li"), own.clock, one, vault=VAULT)
                 for one in read_cases(etree.tostring(root))]
    one, two = (own.send(found).data for found in taken)
    assert (b"Robertson" in one, b"Peterson" in one) == (True, False)
    assert (b"Robertson" in two, b"Peterson" in two) == (False, True)
    assert len(reports(read_batch(two))) == 1 and is_valid("e2b-r3", two)


def test_what_has_no_element_for_certain_is_said_in_the_comment_and_found(own: House) -> None:
    taken = own.take(E2B[0].read_bytes())
    own.assess(taken, terms=("redness",), causality="possible", age_band="65+")
    rendered = own.send(taken)
    comment = only(rendered.data).text("H.4")
    assert "coded here as: Redness" in comment and "causality (WHO-UMC): possible" in comment
    assert "age band: 65+" in comment
    assert {str(one.values.get("field")) for one in rendered.findings if one.code == "said-in-comment"} >= {
        "terms", "causality", "age band"}


def test_a_report_with_other_codes_only_is_news(own: House) -> None:
    data = E2B[0].read_bytes()
    own.take(data)
    code = only(data).each("E.i")[0].text("E.i.2.1b").encode()
    assert own.take(data.replace(code, b"10000001")).how == Taken.followed


def test_a_report_of_a_facility_gets_our_number_and_is_known_again_by_its_own(own: House) -> None:
    text = MDR.read_text(encoding="utf-8")
    assert text.count("5555555-2005-55555") == 1
    root = etree.fromstring(text.encode())
    for code in root.iter("{urn:hl7-org:v3}code"):
        if code.get("code") == "C53616" and code.getparent().getparent().tag.endswith("authorOrPerformer"):
            code.set("code", "C53567")
    for node in root.iter("{urn:hl7-org:v3}id"):
        if node.get("extension") == "5555555-2005-55555":
            node.attrib.pop("extension")
        if node.getparent().tag.endswith("secondaryCaseNotification") and "NA" in node.attrib.values():
            node.attrib.pop("nullFlavor", None)
            node.set("extension", "1234567890-2005-0001")
    taken = own.take(etree.tostring(root))
    sent = own.send(taken, "emdr").data
    report = read_mdrs(sent).reports[0]
    assert report.text("F2") == "1234567890-2005-0001" and report.text("G9").startswith("AE-")
    assert own.take(sent) == replace(taken, how=Taken.already)
