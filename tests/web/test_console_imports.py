"""The pages of an import, from the upload to what came of it, and the same by the interface."""
from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories_imports import table
from tests.factories_web import Browser, Console
from traceapp.catalog.model import Product
from traceapp.importing.model import ImportJob
from traceapp.jobs.import_sweep import check_tables, run_imports

HEAD = "编码,类别,品名,单位,有效期（天）"


def upload(person: Browser, content: bytes, kind: str = "product", name: str = "物料.csv") -> str:
    """The address of the import that began."""
    answer = person.post("/console/imports", {"kind": kind, "file": (io.BytesIO(content), name), "zone": "Asia/Shanghai"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def text(person: Browser, path: str) -> str:
    answer = person.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def world_of(console: Console) -> Any:
    return console.app.extensions["traceapp"]


def columns(person: Browser, path: str, **chosen: str) -> dict[str, Any]:
    """What the form of the columns sends when nothing but `chosen` is changed."""
    page = text(person, path)
    found: dict[str, Any] = {}
    for name, inner in re.findall(r'<select[^>]* name="(column-\d+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        picked = re.search(r'<option value="([^"]*)" selected', inner)
        found[name] = picked[1] if picked else ""
    return {"zone": "Asia/Shanghai", **found, **chosen}


def test_a_table_goes_from_upload_to_the_list_of_products(console: Console) -> None:
    person, world = console.browser("quality"), world_of(console)
    here = upload(person, table(HEAD, "G1,原料,胶水甲,公斤,", "G2,飞机,膜,米,", encoding="gb18030"))
    page = text(person, here)
    assert "物料.csv" in page and "G1 · G2" in page
    person.post(here + "/columns", columns(person, here))
    assert person.get(here).headers["Refresh"] == "2"
    assert "Refresh" not in person.get(here + "?still=1").headers
    check_tables(world)
    page = text(person, here)
    assert "B 类别" in page and "飞机" in page and "is not understood here" in page
    assert person.post(here + "/run", {"skips_faulty": "0"}).status_code == 409
    assert person.post(here + "/run", {"skips_faulty": "1"}).status_code == 303
    run_imports(world)
    page = text(person, here)
    assert "/console/products" in page and "Left out" in page
    assert "胶水甲" in text(person, "/console/products")
    assert "物料.csv" in text(person, "/console/imports")


def test_columns_that_were_not_found_are_asked_for_and_chosen(console: Console) -> None:
    person = console.browser("quality")
    here = upload(person, table("Nr,Art,Name,Unit", "M1,material,Glue,KGM"))
    assert "Not found yet: Product code, Kind." in text(person, here)
    answer = person.post(here + "/columns", columns(person, here))
    assert answer.status_code == 422 and "Columns are missing: Product code, Kind." in answer.get_data(as_text=True)
    answer = person.post(here + "/columns", columns(person, here, **{"column-0": "code", "column-1": "code"}))
    assert answer.status_code == 422 and "This field is chosen for another column already." in answer.get_data(as_text=True)
    assert person.post(here + "/columns", columns(
        person, here, **{"column-0": "code", "column-1": "kind"})).status_code == 303
    check_tables(world_of(console))
    assert columns(person, here + "?columns=1")["column-0"] == "code"


def test_the_faulty_rows_go_out_with_all_their_cells(console: Console) -> None:
    person = console.browser("quality")
    here = upload(person, table(HEAD, "X1,原料,胶,公斤,", "X2,飞机,=膜,米,7.5"))
    person.post(here + "/columns", columns(person, here))
    check_tables(world_of(console))
    answer = person.get(here + "/files/faults?format=csv")
    lines = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[0] == "Row,Column,What is wrong,编码,类别,品名,单位,有效期（天）"
    assert [line.split(",")[:2] for line in lines[1:]] == [["3", "B 类别"], ["3", "E 有效期（天）"]]
    assert lines[1].endswith("X2,飞机,'=膜,米,7.5")
    assert person.get(here + "/files/faults?format=xlsx").mimetype.endswith("spreadsheetml.sheet")
    assert person.get(here + "/files/faults?format=pdf").status_code == 422


@pytest.mark.parametrize(("content", "says"), [
    (b"", "The file is empty."), (b"%PDF-1.7", "This is no table."), (b"PK\x03\x04broken", "This is no XLSX file"),
    (b"a,b\n\xff\xfe\xff", "neither UTF-8 nor GB18030")])
def test_what_is_no_table_is_refused_in_the_form_and_not_kept(console: Console, content: bytes, says: str) -> None:
    person, world = console.browser("quality"), world_of(console)
    before = set(world.imports.directory.glob("*")) if world.imports.directory.exists() else set()
    answer = person.post("/console/imports", {"kind": "product", "file": (io.BytesIO(content), "x.csv"), "zone": ""})
    assert answer.status_code == 422 and says in answer.get_data(as_text=True)
    assert set(world.imports.directory.glob("*")) == before


def test_a_table_may_be_larger_than_other_requests_but_not_endless(console: Console) -> None:
    person = console.browser("quality")
    limits = console.app.extensions["traceapp"].settings
    row = b"M9,material,Glue,KGM\n"
    large = b"code,kind,name,unit\n" + row * (limits.upload_limit_bytes // len(row) + 10)
    here = upload(person, large, name="large.csv")
    assert person.post(here + "/cancel").status_code == 303
    assert person.post("/console/complaints/import", {"file": (io.BytesIO(large), "x.csv")}).status_code == 413


def test_a_template_is_in_the_language_of_the_reader(console: Console) -> None:
    person = console.browser("quality")
    assert "Product code*,Kind*" in person.get("/console/imports/templates/product/files/empty").get_data(as_text=True)
    person.language = "zh"
    try:
        found = person.get("/console/imports/templates/shipment/files/empty?format=csv").get_data(as_text=True)
    finally:
        person.language = "en"
    assert found.lstrip("\ufeff").startswith("出库单号*,客户编码*")
    assert person.get("/console/imports/templates/colour/files/empty").status_code == 422


def test_a_run_is_paused_resumed_and_ended_on_its_page(console: Console) -> None:
    person, world = console.browser("quality"), world_of(console)
    here = upload(person, table(HEAD, "Z1,原料,胶,公斤,"))
    person.post(here + "/columns", columns(person, here))
    check_tables(world)
    person.post(here + "/run", {"skips_faulty": "0"})
    assert person.post(here + "/pause").status_code == 303
    assert "It can go on after row 0." in text(person, here)
    assert run_imports(world) == 0
    assert person.post(here + "/resume").status_code == 303
    assert person.post(here + "/cancel").status_code == 303
    assert person.post(here + "/resume").status_code == 409
    with console.database.read() as session:
        assert session.scalar(select(Product.id).where(Product.code == "Z1")) is None


def test_an_operator_imports_history_and_no_products(console: Console) -> None:
    person = console.browser("operator")
    page = text(person, "/console/imports")
    assert 'value="lot"' in page and 'value="product"' not in page
    answer = person.post("/console/imports", {"kind": "product", "file": (io.BytesIO(b"a"), "x.csv"), "zone": ""})
    assert answer.status_code == 422


def test_the_interface_does_the_same(console: Console) -> None:
    person, world = console.browser("quality"), world_of(console)
    client = console.app.test_client()
    made = token_of(console)
    headers = {"Authorization": f"Bearer {made}"}
    assert {kind["name"] for kind in client.get("/api/v1/import-kinds", headers=headers).get_json()} >= {"product", "lot"}
    content = table("code,kind,name,unit,x", "A1,material,Glue,KGM,1", "A2,plane,Film,MTR,1")
    sent = client.post("/api/v1/imports", headers={**headers, "Idempotency-Key": "k1"},
                       data={"kind": "product", "file": (io.BytesIO(content), "a.csv")})
    assert sent.status_code == 201
    job, here = sent.get_json(), sent.headers["Location"]
    assert job["state"] == "draft" and job["mapping"] == {"code": 0, "kind": 1, "name_en": 2, "unit": 3}
    again = client.post("/api/v1/imports", headers={**headers, "Idempotency-Key": "k1"},
                        data={"kind": "product", "file": (io.BytesIO(content), "a.csv")})
    assert again.get_json()["id"] == job["id"] and again.headers["Idempotency-Replayed"] == "true"
    named = client.put(here + "/columns", headers=headers, json={"mapping": {**job["mapping"], "risk_class": 4}})
    assert named.get_json()["mapping"]["risk_class"] == 4
    assert client.post(here + "/check", headers=headers).get_json()["state"] == "checking"
    check_tables(world)
    looked = client.get(here, headers=headers).get_json()
    assert (looked["state"], looked["rows"], looked["checked"]["refused"]) == ("checked", 2, 1)
    faults = client.get(here + "/faults?limit=1", headers=headers).get_json()
    assert faults["rows"][0]["column"] == "B kind" and faults["next"] is None
    refused = client.post(here + "/run", headers=headers, json={})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "faulty-rows")
    assert client.post(here + "/run", headers=headers, json={"skips_faulty": True}).status_code == 200
    run_imports(world)
    done = client.get(here, headers=headers).get_json()
    assert (done["state"], done["counts"]) == ("done", {"stored": 1, "already": 0, "changed": 0, "refused": 1})
    assert client.get(here + "/faults/file", headers=headers).status_code == 200
    assert client.get("/api/v1/import-kinds/product/template?format=xlsx", headers=headers).status_code == 200
    assert client.get("/api/v1/imports", headers=headers).get_json()["total"] >= 1
    with console.database.read() as session:
        assert session.scalar(select(Product.risk_class).where(Product.code == "A1")) == "1"
        assert session.get(ImportJob, job["id"]) is not None
    assert person


def token_of(console: Console) -> str:
    from traceapp.core.actor import SYSTEM
    from traceapp.identity.model import User
    from traceapp.identity.service import NewToken, create_token

    console.browser("quality")
    with console.database.write() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "quality")).one()
        return create_token(session, SYSTEM, console.clock, NewToken(
            name="machine", user_id=user.id, scopes=("import.run", "catalog.write")))[1]
