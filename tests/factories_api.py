"""A house with one of everything that the machine interface reads, and clients of each role."""
from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from PIL import Image
from sqlalchemy import select

from tests.factories_cases import promoted, world_of
from tests.factories_complaint import scanned
from tests.factories_links import linked
from tests.factories_recall import VAULT, House, make_house, running
from tests.factories_surveillance import add_complaint, add_lot, add_reactions
from tests.factories_trace import GOOD, UNIT_GTIN
from tests.factories_web import Console
from tests.http_clients import ApiClient, user_of
from traceapp.adverse_event.groups import find_groups
from traceapp.catalog.markets import registrations_of
from traceapp.catalog.model import PartyContact
from traceapp.code.model import SerialRange
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.core.actor import SYSTEM
from traceapp.epcis import EPCIS_CONTEXT
from traceapp.jobs.recall_file_sweep import make_recall_files
from traceapp.jobs.records_sweep import make_records
from traceapp.recall.drilling import run_drill
from traceapp.recall.model import Notice
from traceapp.recall.notices import sealed_about
from traceapp.recall.passing_on import PassOn, pass_on
from traceapp.surveillance.drifting import drifts_listed, look_for_drifts
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.trace.capture import CaptureDocument
from traceapp.trace.capture_jobs import run_capture
from traceapp.trace.files import AttachFile, attach_file
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.identity import party_uri
from traceapp.trace.inspecting import RecordInspection, record_inspection
from traceapp.trace.model import Hold, TestResult
from traceapp.vault.service import PersonDetails, SealPerson, seal_person
from traceapp.worklist.tasks import RaiseTask, raise_task


@dataclass(frozen=True, slots=True)
class Plant:
    """`ids` holds a value for every parameter of a path."""

    console: Console
    api: ApiClient
    house: House
    ids: dict[str, str]
    clients: dict[str, ApiClient] = field(default_factory=dict)

    def as_role(self, role: str) -> ApiClient:
        """The interface as somebody of this role has it."""
        if role not in self.clients:
            self.clients[role] = ApiClient(self.console.app, self.console.database, self.console.clock, role)
        return self.clients[role]


def picture() -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    return out.getvalue()


def make_plant(console: Console) -> Plant:
    """The house with a case of each kind, a running recall, a hold, an inspection with its report, a task."""
    database, clock, files = console.database, console.clock, world_of(console).files
    house = make_house(database, clock)
    event = promoted(console, lot=scanned(house.first), narrative="Red skin, call 13812345678")
    with database.write() as session:
        add_reactions(session, house.second, clock.now() - timedelta(days=9), 12)
    with database.write() as session:
        signal = rescore_lot(session, clock, house.second.lot_key)
    assert signal is not None
    recall = running(database, clock, house)
    with database.write() as session:
        who = house.manager
        session.add(SerialRange(lot_key=house.first.lot_key, id="r1", width=8, first=1, count=9, purpose="",
                                created_at=clock.now(), created_by="u"))
        inspection = record_inspection(session, who, clock, RecordInspection(
            house.other.lot_key, "R-77", "QC", clock.now() - timedelta(days=1), house.other.sampled, GOOD))
        place_hold(session, who, clock, PlaceHold((house.film.lot_key,), MANUAL, MANUAL, "looks wet"))
        attachment = attach_file(session, who, clock, AttachFile(house.first.lot_key, "report.png", picture()), store=files)
        task = raise_task(session, SYSTEM, clock, RaiseTask("recall.approve", "recall:y", "quality_manager", clock.now()))
        session.flush()
        hold = session.scalars(select(Hold).where(Hold.lot_key == house.film.lot_key)).one()
        person = seal_person(session, SYSTEM, clock, SealPerson(PersonDetails(phone="139 0000 4321")),
                             vault=world_of(console).vault)
        registration = registrations_of(session, house.maker.plaster.id)[0]
        contact = session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one()
    link = linked(database, clock, UNIT_GTIN)
    with database.write() as session:
        job = run_capture(session, house.manager, clock, CaptureDocument("note.json", json.dumps({
            "@context": [EPCIS_CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-11-20T00:00:00Z", "epcisBody": {"eventList": [{
                "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-02T05:00:00Z", "bizStep": "shipping",
                "eventTimeZoneOffset": "+00:00", "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"]}]}}).encode()))
        sscc = "069012340000000023"
        run_capture(session, house.manager, clock, CaptureDocument("pallet.json", json.dumps({
            "@context": [EPCIS_CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-11-20T00:00:00Z", "epcisBody": {"eventList": [
                {"type": "AggregationEvent", "action": "ADD", "eventTime": "2026-11-04T01:00:00Z",
                 "eventTimeZoneOffset": "+00:00", "parentID": f"https://id.gs1.org/00/{sscc}",
                 "childQuantityList": [{"epcClass": house.second.uri, "quantity": 30}]},
                {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-05T05:00:00Z", "bizStep": "shipping",
                 "eventTimeZoneOffset": "+00:00", "epcList": [f"https://id.gs1.org/00/{sscc}"],
                 "destinationList": [{"type": "owning_party", "destination": party_uri(
                     house.maker.clinic.gln, house.maker.clinic.code)}]}]}}).encode()))
    with database.write() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id), with_for_update=True)
        passed = pass_on(session, house.writer, clock, notice, PassOn(
            "Ward 3", {house.first.lot_key: Decimal(5)}, "ward3@clinic.example"), vault=world_of(console).vault)
        for one in session.scalars(select(Notice)):
            one.sealed_token = world_of(console).vault.seal_text(
                VAULT.open_text(one.sealed_token, sealed_about(one.id)), sealed_about(one.id))
    ids = {
        "passed_id": passed.id, "registration_id": registration.id, "person_id": person.id, "link_id": link.id, "document_id": job.capture_id or "",
        "lot_key": house.first.lot_key, "product_id": house.maker.plaster.id, "party_id": house.maker.clinic.id,
        "complaint_id": event.complaint_id or "", "adverse_event_id": event.id, "signal_id": signal.id,
        "node_key": house.second.lot_key,
        "recall_id": recall.id, "sscc": sscc, "consignee_id": house.maker.clinic.id, "site_id": house.maker.site.id,
        "inspection_id": inspection.id, "attachment_id": attachment.id, "task_id": task.id, "hold_id": hold.id,
        "contact_id": contact.id, "user_id": user_of(database, clock, "quality", "spare").id, "token_id": "", "range_id": "r1",
        "form": "png", "role": "user_facility", "supplier_id": house.maker.supplier.id, "carrier_id": house.maker.supplier.id}
    api = ApiClient(console.app, database, clock, "quality_manager")
    ids["job_id"] = api.post(f"/lots/{house.first.lot_key}/print-jobs", {"template": "sample"})["id"]
    ids["file_id"] = api.post("/exports/records/jobs", {"lot": house.first.uri, "format": "csv"})["id"]
    ids["task_force_id"] = api.post("/task-forces", {"reason": "the press calls", "complaint_id": ids["complaint_id"]})["id"]
    api.post(f"/complaints/{ids['complaint_id']}/returns", {"quantity": "2"})
    api.post("/duty-shifts", {"user_id": ids["user_id"], "weekdays": [5, 6], "starts": "20:00", "ends": "08:00",
                              "first_on": "2026-01-01"})
    make_records(world_of(console))
    table = b"code,name_zh,kind,unit\nP-9,,device,EA\n"
    ids |= {"kind": "product", "import_id": api.upload("/imports", {
        "kind": "product", "file": (io.BytesIO(table), "products.csv")})["id"]}
    ids["silence_id"] = api.post("/silences", {"product_id": ids["product_id"], "until_on": "2026-12-24",
                                               "reason": "a new questionnaire brings reports from everywhere"})["id"]
    ids["drill_id"] = api.post("/drills", {"direction": "forward", "lot_key": house.glue.lot_key})["id"]
    run_drill(database, clock, world_of(console).vault, ids["drill_id"])
    report = api.post(f"/adverse-events/{event.id}/reports", {"jurisdiction": "CN", "form": "values"})
    ids |= {"report_id": report["id"], "position": "1"}
    api.post(f"/recalls/{recall.id}/files/us_status", {})
    ids["made_id"] = api.post(f"/recalls/{recall.id}/package", {})["id"]
    make_recall_files(world_of(console))
    kept = next(row for row in api.get(f"/recalls/{recall.id}/files") if row["kind"] == "us_status")["versions"][0]
    api.upload(f"/recalls/{recall.id}/files/us_status/1/steps", {
        "step": "sent", "at": clock.now().isoformat(), "authority": "FDA", "channel": "e-mail",
        "proof": (io.BytesIO(b"receipt"), "receipt.txt")})
    ids |= {"file_kind": "us_status", "file_version": "1", "step_number": "1", "copy_name": kept["copies"][0]["name"]}
    with database.write() as session:
        file = read_list("imdrf.csv", b"annex,code,term,path,selectable\nA,A04,Material,A04,no\nA,A0401,Break,A04|A0401,yes\n")
        import_list(session, house.manager, clock, ImportList(file, "2026"))
        for _ in range(3):
            add_complaint(session, house.second, clock.now(), consignee_id=house.maker.clinic.id)
        (group,) = find_groups(session, clock, house.second.lot_key)
    ids |= {"system": "imdrf", "version": "2026", "group_id": group.id} | _with_capa(api, ids)
    ids["run_id"] = api.post("/detection-plans", {"cause": "lot"})["id"]
    with database.write() as session:
        for number in range(5):
            lot = add_lot(session, house.maker.plaster, f"DR{number}", 1, clock.now() + timedelta(days=number))
            lot.supplier_id = house.maker.supplier.id
            session.add(TestResult(lot_key=lot.lot_key, inspection_id="i1", position=1, name_zh="单体", name_en="monomer",
                                   value=Decimal(f"0.{number + 5}"), upper=Decimal(1), is_within=True))
        session.flush()
        look_for_drifts(session, clock, [house.maker.supplier.id])
        ids["drift_id"] = drifts_listed(session)[0].id
    return Plant(console, api, house, ids)


def _with_capa(api: ApiClient, ids: dict[str, str]) -> dict[str, str]:
    """A CAPA with one of each part."""
    capa = api.post("/capas", {"kind": "corrective", "title": "Redness", "problem": "More than expected",
                               "problem_kind": "redness", "product_ids": [ids["product_id"]],
                               "links": [{"kind": "signal", "target_id": ids["signal_id"]}]})
    path = f"/capas/{capa['id']}"
    for address, body in (("steps", {"action": "investigate"}), ("causes", {"kind": "upstream", "text": "Glue"}),
                          ("actions", {"what": "Test the glue", "owner_id": ids["user_id"], "due_on": "2026-12-20"}),
                          ("questions", {"question": "Which monomer?", "asked_of_id": ids["user_id"]})):
        capa = api.post(f"{path}/{address}", body, 200, If_Match=api.etag)
    api.put(f"{path}/whys", {"answers": ["It irritates"]}, If_Match=api.etag)
    api.put(f"{path}/criterion", {"criterion": "None in 90 days", "method": "Count", "planned_on": "2027-03-01"},
            If_Match=api.etag)
    return {"capa_id": capa["id"], "action_id": capa["actions"][0]["id"]}
