"""Partners, sites, lots, files, labels, tasks and accounts by the machine interface."""
from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import PASSWORD
from tests.factories_api import Plant, make_plant, picture
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.identity.model import ApiToken, IdempotencyKey
from traceapp.submission.model import ExportRecord

SITE = {"code": "WH-2", "name_zh": "二库", "name_en": "Store two", "city": "苏州"}


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


def test_contacts_of_a_partner_are_added_and_ended(plant: Plant) -> None:
    party = plant.house.maker.hospital.id
    added = plant.api.post(f"/parties/{party}/contacts", {"name": "Pharmacy", "email": "pharmacy@hospital.example"})
    path = f"/parties/{party}/contacts/{added['id']}"
    assert plant.api.put(path, {"name": "Pharmacy", "phone": "1", "is_active": False})["is_active"] is False
    contacts = {one["id"]: one for one in plant.api.get(f"/parties/{party}")["contacts"]}
    assert (contacts[added["id"]]["phone"], contacts[added["id"]]["email"]) == ("1", "")
    assert plant.api.put(f"/parties/{plant.house.maker.clinic.id}/contacts/{added['id']}",
                         {"name": "x", "phone": "1"}, 404)["place"] == "contact_id"


def test_roles_are_given_for_a_product_and_taken_away(plant: Plant) -> None:
    path = f"/parties/{plant.house.maker.supplier.id}/roles"
    role = {"role": "distributor", "product_id": plant.house.maker.plaster.id}
    plant.api.post(path, role)
    assert [(one["role"], one["product_id"]) for one in plant.api.get(path)] == [
        ("distributor", role["product_id"]), ("supplier", "*")]
    plant.api.call("DELETE", f"{path}/distributor", status=204)
    assert len(plant.api.get(path)) == 2, "for all products it was never given"
    plant.api.call("DELETE", f"{path}/distributor?product_id={role['product_id']}", status=204)
    assert [one["role"] for one in plant.api.get(path)] == ["supplier"]


def test_a_site_is_changed_by_its_version(plant: Plant) -> None:
    body = SITE | {"party_id": plant.house.maker.hospital.id}
    path = f"/sites/{plant.api.post('/sites', body)['id']}"
    assert plant.api.change(path, body | {"city": "杭州"})["city"] == "杭州"
    assert plant.api.change(path, body | {"code": "WH-3"}, 409)["place"] == "code"
    assert plant.api.put(path, body, 428)["code"] == "precondition-required"
    assert plant.api.put(path, body, 412, If_Match='"1"')["code"] == "stale"
    assert [row["code"] for row in plant.api.get(f"/sites?party_id={body['party_id']}")["rows"]] == ["WH-2"]


def test_what_was_recorded_of_a_lot_is_read_a_page_at_a_time(plant: Plant) -> None:
    path = f"/lots/{plant.house.first.lot_key}/shipments"
    seen, after = [], ""
    while after is not None:
        page = plant.api.get(f"{path}?limit=1" + (f"&after={after}" if after else ""))
        seen += [(row["document_number"], row["lines"][0]["units"]) for row in page["rows"]]
        after = page["next"]
    assert page["total"] == 3
    assert seen[0] == ("", "-50"), "the newest first"
    assert sorted(seen[1:]) == [("D-1", "400"), ("D-2", "200")]
    inspection = plant.api.get(f"/lots/{plant.house.other.lot_key}/inspections")["rows"][0]
    assert (inspection["report_number"], inspection["results"][0]["is_within"]) == ("R-77", True)
    plant.api.get("/lots/unknown/holds", 404)


def test_one_hold_is_lifted_while_another_stands(plant: Plant) -> None:
    path = f"/lots/{plant.house.maker.film.id}"
    lot = plant.house.other_glue.lot_key
    for reason in ("wet", "dusty"):
        plant.api.post(f"/lots/{lot}/holds", {"reason": reason})
    holds = {row["reason"]: row["id"] for row in plant.api.get(f"/lots/{lot}/holds")["rows"]}
    assert plant.api.post(f"/lots/{lot}/holds/{holds['wet']}/lift", {"reason": "dried"}, 200)["is_on_hold"] is True
    assert plant.api.post(f"/lots/{lot}/holds/lift", {"reason": "all clean"}, 200)["is_on_hold"] is False
    assert plant.api.post(f"{path}/holds/lift", {"reason": "x"}, 404)["place"] == "lot_key"


def test_stock_is_written_off(plant: Plant) -> None:
    lot = plant.house.other_glue
    body = {"quantity": "500", "unit": "GRM", "disposed_at": "2026-11-21T10:00:00+08:00", "reason": "spilt"}
    after = plant.api.post(f"/lots/{lot.lot_key}/disposals", body)
    assert (after["lost"], after["stock"]) == ("0.5", "4.5")
    assert plant.api.post(f"/lots/{lot.lot_key}/disposals", body | {"quantity": "9000"}, 409)["code"] == "not-enough"


def file(name: str = "report.png", content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture() if content is None else content), name


def test_a_file_hangs_on_its_thing_and_is_handed_out_to_who_may_read_that(plant: Plant) -> None:
    complaint = plant.ids["complaint_id"]
    kept = plant.api.upload(f"/complaints/{complaint}/files", {"file": file("photo.png")})
    assert plant.api.get(f"/complaints/{complaint}/files") == [kept]
    content = plant.api.client.get(f"/api/v1/files/{kept['id']}", headers={"Authorization": f"Bearer {plant.api.token}"})
    assert (content.mimetype, content.get_data()[:4]) == ("image/png", b"\x89PNG")
    plant.as_role("operator").get(f"/files/{kept['id']}", 403)
    lot, inspection = plant.house.other.lot_key, plant.ids["inspection_id"]
    report = plant.api.upload(f"/lots/{lot}/inspections/{inspection}/files", {"file": file(), "is_public": "true"})
    assert plant.api.get(f"/lots/{lot}/inspections/{inspection}/files")[0] == report and report["is_public"]
    certificate = plant.api.upload(f"/lots/{lot}/files", {"file": file("certificate.png")})
    assert plant.api.get(f"/lots/{lot}/files") == [certificate] and not certificate["is_public"]
    plant.as_role("operator").get(f"/files/{certificate['id']}")


@pytest.mark.parametrize(("parts", "place"), [
    ({}, "file"), ({"file": "no file"}, "file"), ({"file": file(content=b"PK zip")}, "file"),
    ({"file": file(content=b"")}, "file"), ({"file": file(), "surprise": "1"}, "surprise")])
def test_what_is_no_picture_and_no_pdf_is_refused_with_its_place(plant: Plant, parts: dict[str, Any], place: str) -> None:
    path = f"/lots/{plant.house.second.lot_key}/files"
    refused = plant.api.upload(path, parts, 422)
    assert place in refused["place"] and plant.api.get(path) == []


def test_an_upload_sent_again_with_its_key_is_kept_once(plant: Plant) -> None:
    path = f"/lots/{plant.house.glue.lot_key}/files"
    first, again = (plant.api.upload(path, {"file": file()}, Idempotency_Key="up-1") for _ in range(2))
    assert first == again and len(plant.api.get(path)) == 1
    other = plant.api.upload(path, {"file": file("other.png")}, 422, Idempotency_Key="up-1")
    assert other["code"] == "idempotency-key-reused"


def test_labels_come_as_pictures(plant: Plant) -> None:
    lot, headers = plant.house.first.lot_key, {"Authorization": f"Bearer {plant.api.token}"}
    label = plant.api.get(f"/lots/{lot}/label")
    assert label["text"].endswith("/10/P-1") and any(line["text"] == "P-1" for line in label["lines"])
    for name, start in (("qr.png", b"\x89PNG"), ("label.svg?template=recalled", b"<"),
                        ("label.png?template=sample", b"\x89PNG")):
        answer = plant.api.client.get(f"/api/v1/lots/{lot}/{name}", headers=headers)
        assert answer.status_code == 200 and answer.get_data().startswith(start), name
    plant.api.get(f"/lots/{lot}/qr.gif", 404)
    assert plant.api.get(f"/lots/{lot}/label.png", 409)["code"] == "lot-recalled"


def test_a_task_is_taken_and_given_back(plant: Plant) -> None:
    path = f"/tasks/{plant.ids['task_id']}"
    manager = plant.api.get("/account")["id"]
    assert plant.api.post(f"{path}/assignment", {"to": "me"}, 200)["assignee_id"] == manager
    assert plant.api.post(f"{path}/assignment", {"to": "team"}, 200)["assignee_id"] is None
    plant.as_role("quality").post(f"{path}/assignment", {"to": "me"}, 403)


def test_an_administrator_says_by_api_whose_cases_a_regulator_sees(plant: Plant) -> None:
    admin = plant.as_role("administrator")
    body = {"sign_in_name": "inspector", "name": "Inspector", "role": "regulator", "password": "a long enough password"}
    path = f"/users/{admin.post('/users', body)['id']}"
    product = plant.api.get("/products")["rows"][0]["id"]

    def scoped(of: str, jurisdictions: list[str], product_ids: list[str], status: int = 200) -> Any:
        admin.get(of)
        return admin.put(f"{of}/scope", {"jurisdictions": jurisdictions, "product_ids": product_ids}, status,
                         If_Match=admin.etag)

    assert admin.get(path)["jurisdictions"] == []
    changed = scoped(path, ["EU", "CN"], [product])
    assert (changed["jurisdictions"], changed["product_ids"]) == (["CN", "EU"], [product])
    scoped(path, [], [], 422)
    assert scoped(path, ["CN"], ["x"], 422)["code"] == "unknown-product"
    assert scoped(f"/users/{admin.get('/account')['id']}", ["CN"], [], 409)["code"] == "no-regulator"


def test_an_administrator_names_a_medical_assessor_by_api(plant: Plant) -> None:
    admin = plant.as_role("administrator")
    body = {"sign_in_name": "medic", "name": "Medic", "role": "quality", "password": "a long enough password"}
    path = f"/users/{admin.post('/users', body)['id']}"
    assert admin.get(path)["medical_qualification"] == ""
    for said in ("Physician", ""):
        admin.get(path)
        assert admin.put(f"{path}/medical-assessor", {"qualification": said}, If_Match=admin.etag) | {
            "medical_qualification": said} == admin.get(path)
    plant.api.put(f"{path}/medical-assessor", {"qualification": "Physician"}, 403)


def test_an_administrator_adds_and_changes_accounts(plant: Plant) -> None:
    admin = plant.as_role("administrator")
    body = {"sign_in_name": "Zhao", "name": "Zhao Min", "role": "operator", "password": "a long enough password"}
    added = admin.post("/users", body)
    assert "password" not in added and added["sign_in_name"] == "zhao"
    assert admin.post("/users", body, 409)["place"] == "sign_in_name"
    assert "password" in admin.post("/users", body | {"sign_in_name": "b", "password": "short"}, 422)["place"]
    assert admin.change(f"/users/{added['id']}", {"role": "quality", "is_active": False})["role"] == "quality"
    own = admin.get("/account")["id"]
    assert admin.change(f"/users/{own}", {"role": "operator", "is_active": True}, 409)["code"] == "own-account"
    plant.api.get("/users", 403)


def test_the_text_of_a_token_is_told_once_and_stands_nowhere(plant: Plant) -> None:
    admin, database = plant.as_role("administrator"), plant.console.database
    body = {"name": "ERP", "user_id": plant.ids["user_id"], "scopes": ["trace.read"]}
    made, again = (admin.post("/tokens", body, Idempotency_Key="token-1") for _ in range(2))
    assert made["token"].startswith(made["prefix"]) and again == made | {"token": None}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ApiToken).where(ApiToken.name == "ERP")) == 1
        kept = session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == "token-1")).one()
        assert made["token"].partition(".")[2] not in kept.body
    machine = ApiClient(plant.console.app, database, plant.console.clock, "quality")
    machine.token = made["token"]
    assert machine.get("/account")["scopes"] == ["trace.read"]
    machine.get("/complaints", 403)
    admin.call("POST", f"/tokens/{made['id']}/revocation", status=204)
    machine.get("/lots", 401)
    assert next(row for row in admin.get("/tokens")["rows"] if row["id"] == made["id"]).get("token") is None


def test_a_token_is_never_made_for_more_than_its_person_may(plant: Plant) -> None:
    body = {"name": "too much", "user_id": plant.ids["user_id"], "scopes": ["trace.read", "user.manage"]}
    refused = plant.as_role("administrator").post("/tokens", body, 422)
    assert (refused["place"], "user.manage" in refused["detail"]) == ("scopes", True)


def test_a_one_time_password_is_told_once_and_must_be_changed(plant: Plant) -> None:
    admin, person = plant.as_role("administrator"), plant.ids["user_id"]
    admin.get(f"/users/{person}")
    headers = {"If_Match": admin.etag, "Idempotency_Key": "reset-1"}
    assert admin.post(f"/users/{person}/password", {"reason": "forgot it"}, 428)["code"] == "precondition-required"
    told, again = (admin.post(f"/users/{person}/password", {"reason": "forgot it"}, 200, **headers) for _ in range(2))
    assert told["one_time_until"] and len(told["password"]) >= 12 and again == told | {"password": None}
    with plant.console.database.read() as session:
        assert told["password"] not in session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == "reset-1")).one().body
    assert [row["action"] for row in admin.get(f"/history?kind=user&id={person}")][0] == "user.password_reset"


def test_one_s_own_password_is_changed_with_the_present_one_alone(plant: Plant) -> None:
    staff = ApiClient(plant.console.app, plant.console.database, plant.console.clock, "operator", "changing")
    body = {"present_password": "a wrong password", "new_password": "violet harbour seven"}
    for _ in range(9):
        assert staff.post("/account/password", body, 422, Idempotency_Key="own-1")["code"] == "wrong-password"
    staff.post("/account/password", body | {"present_password": PASSWORD}, 204, Idempotency_Key="own-2")
    assert staff.post("/account/password", body, 429)["code"] == "too-many-requests"


def test_the_history_of_a_thing_is_for_who_may_read_the_thing(plant: Plant) -> None:
    lot, complaint = plant.house.first.lot_key, plant.ids["complaint_id"]
    operator = plant.as_role("operator")
    entries = operator.get(f"/history?kind=lot&id={lot}&limit=3")
    assert [entry["seq"] for entry in entries] == sorted((entry["seq"] for entry in entries), reverse=True)
    assert len(entries) == 3 and entries[0]["action"].startswith(("lot.", "label.", "file."))
    assert plant.api.get(f"/history?kind=complaint&id={complaint}")
    operator.get(f"/history?kind=complaint&id={complaint}", 403)
    plant.api.get(f"/history?kind=user&id={plant.ids['user_id']}", 403)
    plant.api.get("/history?kind=person&id=x", 422)


def test_one_s_own_language_is_chosen(plant: Plant) -> None:
    operator = plant.as_role("operator")
    assert operator.put("/account", {"language": "en"})["language"] == "en"
    assert operator.get("/account")["language"] == "en"


@pytest.mark.parametrize(("path", "kind", "filters"), [
    ("/exports/lots?text=P-1&verdict=recalled&format=csv", "lots", {"text": "P-1", "verdict": "recalled"}),
    ("/exports/products?format=xlsx&kind=device", "products", {"kind": "device"}),
    ("/exports/parties?format=json&role=user_facility", "partners", {"role": "user_facility"}),
    ("/exports/complaints?state=verified", "complaints", {"state": "verified"}),
    ("/exports/recalls?state=notifying", "recalls", {"state": "notifying"})])
def test_a_file_is_recorded_with_its_filter_and_its_hash(plant: Plant, path: str, kind: str,
                                                         filters: dict[str, str]) -> None:
    answer = plant.api.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {plant.api.token}"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    with plant.console.database.read() as session:
        record = session.scalars(select(ExportRecord).where(ExportRecord.kind == kind)
                                 .order_by(ExportRecord.id.desc())).first()
    assert record is not None and record.sha256 == answer.headers["X-Content-SHA256"]
    assert record.rows > 0 and record.filters.items() >= filters.items() and all(record.filters.values())
