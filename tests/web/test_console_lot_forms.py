"""The forms about lots: what is typed stays, what is refused says where, nothing happens twice."""
from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, Hand, Maker, at, make_batch, make_maker
from tests.factories_web import Browser, Console
from traceapp.attachment.model import Attachment
from traceapp.audit.model import AuditEntry
from traceapp.core.actor import Actor
from traceapp.trace.model import Event, Inspection, Lot, ShipmentLine

ACTOR = Actor(id="u-manager", role="quality_manager", name="Li Wen")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
                    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082")


@pytest.fixture(scope="module")
def maker(console: Console) -> Maker:
    with console.database.write() as session:
        return make_maker(session, ACTOR, console.clock)


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def released(console: Console, maker: Maker, number: str, value: str = "1000") -> Lot:
    """A released batch of plaster out of lots named after it."""
    with console.database.write() as session:
        return make_batch(Hand(session, ACTOR, console.clock, maker), number, value)


def raw(console: Console, maker: Maker, number: str, value: str = "50") -> Lot:
    with console.database.write() as session:
        return Hand(session, ACTOR, console.clock, maker).raw(maker.glue, number, value)


def lot_of(console: Console, number: str) -> Lot | None:
    with console.database.read() as session:
        return session.scalar(select(Lot).where(Lot.number == number))


def receipt(maker: Maker, number: str, **changes: Any) -> dict[str, Any]:
    return {"product_id": maker.glue.id, "number": number, "quantity": "12.5", "quantity_unit": "KGM",
            "supplier_id": maker.supplier.id, "supplier_lot_number": "S-1", "received_at": "2026-11-20T09:00",
            "site_id": maker.site.id, "origin": "江苏"} | changes


def test_a_raw_lot_is_received_with_its_certificate(console: Console, quality: Browser, maker: Maker) -> None:
    answer = quality.submit("/console/lots/receive", receipt(maker, "R-1", file=(io.BytesIO(PNG), "certificate.png")))
    lot = lot_of(console, "R-1")
    assert answer.status_code == 303 and lot is not None
    assert (lot.made, lot.supplier_lot_number, lot.started_at) == (Decimal("12.5"), "S-1", at(20))
    page = quality.get(answer.headers["Location"]).get_data(as_text=True)
    assert "R-1 is received" in page and "certificate.png" in page
    with console.database.read() as session:
        attachment = session.scalars(select(Attachment).where(Attachment.about == f"lot:{lot.lot_key}")).one()
    file = quality.get(f"/console/files/{attachment.id}")
    assert (file.status_code, file.mimetype) == (200, "image/png")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]


def test_every_fault_stands_at_its_field_and_nothing_typed_is_lost(console: Console, quality: Browser,
                                                                   maker: Maker) -> None:
    answer = quality.submit("/console/lots/receive", receipt(
        maker, "R-2", quantity="-3", received_at="yesterday", supplier_id="", origin="Jiangsu"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and lot_of(console, "R-2") is None
    for name in ("quantity", "received_at", "supplier_id"):
        assert f'id="e-{name}"' in page and f'href="#f-{name}"' in page
    assert 'value="R-2"' in page and 'value="-3"' in page and 'value="Jiangsu"' in page
    assert "more than zero" in page


def test_a_file_that_is_no_picture_and_no_pdf_leaves_no_lot_behind(console: Console, quality: Browser,
                                                                   maker: Maker) -> None:
    answer = quality.submit("/console/lots/receive", receipt(
        maker, "R-3", file=(io.BytesIO(b"PK\x03\x04 a ZIP that says it is a PDF"), "certificate.pdf")))
    assert answer.status_code in (415, 422)
    assert lot_of(console, "R-3") is None
    assert 'value="R-3"' in answer.get_data(as_text=True)


def test_a_second_click_records_nothing_twice(console: Console, quality: Browser, maker: Maker) -> None:
    form = {**quality.hidden("/console/lots/receive"), **receipt(maker, "R-4")}
    first, second = quality.post("/console/lots/receive", form), quality.post("/console/lots/receive", form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    with console.database.read() as session:
        assert session.scalar(select(func.count()).where(Lot.number == "R-4")) == 1
    assert "nothing was recorded twice" in quality.get(second.headers["Location"]).get_data(as_text=True)


def test_a_form_sent_again_with_other_content_is_not_taken_for_a_second_click(console: Console, quality: Browser,
                                                                              maker: Maker) -> None:
    form = {**quality.hidden("/console/lots/receive"), **receipt(maker, "R-5")}
    quality.post("/console/lots/receive", form)
    answer = quality.post("/console/lots/receive", {**form, "number": "R-6"})
    assert answer.status_code == 409 and "with other content" in answer.get_data(as_text=True)
    assert lot_of(console, "R-6") is None


def test_a_number_that_exists_is_refused_at_the_number(console: Console, quality: Browser, maker: Maker) -> None:
    raw(console, maker, "R-7")
    answer = quality.submit("/console/lots/receive", receipt(maker, "R-7"))
    assert answer.status_code == 409
    assert 'id="e-number"' in answer.get_data(as_text=True)


def inspection(**changes: str) -> dict[str, str]:
    return {"report_number": "T-1", "laboratory": "Own", "inspected_at": "2026-11-21T10:00", "sample_size": "0",
            "results-0-name_zh": "剥离强度", "results-0-name_en": "Peel", "results-0-value": "1.5",
            "results-0-unit": "N", "results-0-lower": "1", "results-0-upper": "2", "results-0-expected_text": "",
            "results-0-text": ""} | changes


def test_the_verdict_of_an_inspection_follows_from_its_results(console: Console, quality: Browser,
                                                               maker: Maker) -> None:
    with console.database.write() as session:
        lot = Hand(session, ACTOR, console.clock, maker).receive(maker.glue, "I-1", "10")
    url = f"/console/lots/{lot.lot_key}/inspect"
    answer = quality.submit(url, inspection() | {"results-1-name_en": "Colour", "results-1-text": "clear",
                                                 "results-1-expected_text": "clear",
                                                 "file": (io.BytesIO(PNG), "report.png"), "is_public": "1"})  # type: ignore[dict-item]
    assert answer.status_code == 303, answer.get_data(as_text=True)[-3000:]
    quality.submit(url, inspection(report_number="T-2", **{"results-0-value": "0.2"}))
    with console.database.read() as session:
        found = session.scalars(select(Inspection).where(Inspection.lot_key == lot.lot_key)
                                .order_by(Inspection.report_number)).all()
        report = session.scalars(select(Attachment).where(Attachment.about == f"inspection:{found[0].id}")).one()
    assert [one.verdict for one in found] == ["conforming", "non_conforming"]
    assert report.is_public
    page = quality.get(f"/console/lots/{lot.lot_key}?part=inspections").get_data(as_text=True)
    assert "Out of limits" in page and "report.png" in page and "1 – 2" in page


def test_a_result_without_limits_is_refused_in_its_row(console: Console, quality: Browser, maker: Maker) -> None:
    lot = raw(console, maker, "I-2")
    answer = quality.submit(f"/console/lots/{lot.lot_key}/inspect", {
        "report_number": "T-3", "inspected_at": "2026-11-21T10:00", "sample_size": "0", "results-0-value": "",
        "results-2-name_en": "Tack", "results-2-value": "4"})
    assert answer.status_code == 422
    assert 'id="e-results-2-value"' in answer.get_data(as_text=True)


def test_more_rows_keep_what_was_typed(console: Console, quality: Browser, maker: Maker) -> None:
    lot = raw(console, maker, "I-3")
    page = quality.submit(f"/console/lots/{lot.lot_key}/inspect", inspection(more="1")).get_data(as_text=True)
    assert 'name="results-7-value"' in page and 'value="T-1"' in page


def test_the_form_offers_what_the_last_report_tested(console: Console, quality: Browser, maker: Maker) -> None:
    lot = raw(console, maker, "I-4")
    page = quality.get(f"/console/lots/{lot.lot_key}/inspect").get_data(as_text=True)
    assert "剥离强度" in page


def batch(maker: Maker, number: str, **changes: str) -> dict[str, str]:
    return {"product_id": maker.plaster.id, "number": number, "quantity": "1000", "retained_samples": "4",
            "made_at": "2026-11-21T08:00", "site_id": maker.site.id, "work_order": "WO-9", "line": "L1",
            "step": "check"} | changes


def test_a_batch_is_checked_against_its_recipe_before_it_counts(console: Console, quality: Browser,
                                                                maker: Maker) -> None:
    glue, film = raw(console, maker, "P-G1"), None
    with console.database.write() as session:
        film = Hand(session, ACTOR, console.clock, maker).raw(maker.film, "P-F1", "1000")
    page = quality.get(f"/console/lots/produce?product={maker.plaster.id}").get_data(as_text=True)
    assert "P-G1" in page and "P-F1" in page and "50" in page
    typed = batch(maker, "P-1", **{f"use-{glue.lot_key}": "6", f"use-{film.lot_key}": "80"})
    checked = quality.submit("/console/lots/produce?product=" + maker.plaster.id, typed)
    text = checked.get_data(as_text=True)
    assert checked.status_code == 200 and "Nothing is recorded yet" in text
    assert "+17.6" in text, "six kilograms where the recipe asks for 5.102"
    assert lot_of(console, "P-1") is None
    carried = {name: value for name, value in quality_hidden(text).items()}
    answer = quality.post("/console/lots/produce", {**carried, "step": "confirm"})
    made = lot_of(console, "P-1")
    assert answer.status_code == 303 and made is not None
    assert (made.made, made.sampled) == (Decimal(1000), Decimal(4))
    with console.database.read() as session:
        assert session.get_one(Lot, glue.lot_key).stock == Decimal(44)


def quality_hidden(page: str) -> dict[str, Any]:
    """The hidden fields of a page that was already answered."""
    import re
    from html import unescape

    return {name: unescape(value) for name, value in
            re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index("<main"):])}


def test_taking_more_than_a_lot_has_is_said_at_that_lot(console: Console, quality: Browser, maker: Maker) -> None:
    glue = raw(console, maker, "P-G2")
    answer = quality.submit("/console/lots/produce?product=" + maker.plaster.id,
                            batch(maker, "P-2", **{f"use-{glue.lot_key}": "51"}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert f'id="e-use-{glue.lot_key}"' in page and "50 kg left" in page and 'value="WO-9"' in page


def test_a_lot_that_would_be_its_own_ancestor_is_refused(console: Console, quality: Browser, maker: Maker) -> None:
    with console.database.write() as session:
        hand = Hand(session, ACTOR, console.clock, maker)
        start = hand.raw(maker.glue, "C-G", "10")
        film = hand.raw(maker.film, "C-F", "100")
        hand.release(hand.make(maker.bulk, "C-B", "10", [(start, "1"), (film, "10")]))
    bulk = lot_of(console, "C-B")
    assert bulk is not None
    answer = quality.submit("/console/lots/produce?product=" + maker.glue.id, {
        **batch(maker, "C-G"), "product_id": maker.glue.id, "quantity": "1", "retained_samples": "0",
        "lot": bulk.lot_key, f"use-{bulk.lot_key}": "1"})
    assert answer.status_code == 409
    assert "was itself made out of lot C-G" in answer.get_data(as_text=True)


def test_a_lot_joins_the_form_by_its_number(console: Console, quality: Browser, maker: Maker) -> None:
    other = released(console, maker, "P-X")
    page = quality.submit("/console/lots/produce?product=" + maker.plaster.id,
                          batch(maker, "P-3", step="add", add="P-X")).get_data(as_text=True)
    assert f'name="use-{other.lot_key}"' in page and 'value="P-3"' in page
    unknown = quality.submit("/console/lots/produce?product=" + maker.plaster.id,
                             batch(maker, "P-3", step="add", add="no such lot")).get_data(as_text=True)
    assert "There is no lot of ours called" in unknown and 'value="P-3"' in unknown


def shipment(maker: Maker, lot: Lot, **changes: str) -> dict[str, str]:
    return {"consignee_id": maker.clinic.id, "document_number": "D-1", "shipped_at": "2026-11-22T10:00",
            "from_site_id": maker.site.id, "lane": "road", "lot": lot.lot_key, "step": "check"} | changes


def test_packs_are_shown_as_units_before_they_are_shipped(console: Console, quality: Browser, maker: Maker) -> None:
    lot = released(console, maker, "S-1")
    typed = shipment(maker, lot, **{f"packs-{lot.lot_key}-{CASE_GTIN}": "2", f"packs-{lot.lot_key}-{UNIT_GTIN}": "5"})
    checked = quality.submit(f"/console/shipments/new?lot={lot.lot_key}", typed).get_data(as_text=True)
    assert "400" in checked and "Nothing is recorded yet" in checked
    answer = quality.post("/console/shipments/new", {**quality_hidden(checked), "step": "confirm"})
    assert answer.status_code == 303
    with console.database.read() as session:
        assert session.get_one(Lot, lot.lot_key).shipped == Decimal(405)
        assert session.scalar(select(func.count()).where(ShipmentLine.lot_key == lot.lot_key)) == 2


def test_shipping_more_than_there_is_stands_at_the_packs(console: Console, quality: Browser, maker: Maker) -> None:
    lot = released(console, maker, "S-2")
    name = f"packs-{lot.lot_key}-{CASE_GTIN}"
    answer = quality.submit(f"/console/shipments/new?lot={lot.lot_key}", shipment(maker, lot, **{name: "6"}))
    assert answer.status_code == 409
    assert f'id="e-{name}"' in answer.get_data(as_text=True)


def test_a_lot_on_hold_cannot_be_shipped_until_the_hold_is_lifted(console: Console, quality: Browser,
                                                                  maker: Maker) -> None:
    lot = released(console, maker, "H-1")
    url = f"/console/lots/{lot.lot_key}"
    assert quality.submit(f"{url}/hold", {"reason": "Looks odd"}).status_code == 303
    name = f"packs-{lot.lot_key}-{CASE_GTIN}"
    refused = quality.submit(f"/console/shipments/new?lot={lot.lot_key}", shipment(maker, lot, **{name: "1"}))
    assert refused.status_code == 409 and "on hold" in refused.get_data(as_text=True)
    page = quality.get(url).get_data(as_text=True)
    lift = page[page.index(f"{url}/holds/"):].split('"')[0]
    assert quality.submit(lift, {"reason": ""}).status_code == 422
    assert quality.submit(lift, {"reason": "Checked"}).status_code == 303
    with console.database.read() as session:
        assert not session.get_one(Lot, lot.lot_key).is_on_hold


def test_a_decision_on_an_old_page_is_refused_and_the_reason_kept(console: Console, quality: Browser,
                                                                  maker: Maker) -> None:
    lot = released(console, maker, "O-1")
    url = f"/console/lots/{lot.lot_key}/reject"
    form = {**quality.hidden(url), "reason": "Seal broken"}
    quality.submit(f"/console/lots/{lot.lot_key}/hold", {"reason": "first"})
    answer = quality.post(url, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 412
    assert "changed by somebody else" in page and "Seal broken" in page
    with console.database.read() as session:
        assert session.get_one(Lot, lot.lot_key).release_state == "released"


def test_the_list_of_faults_names_each_field(quality: Browser, maker: Maker) -> None:
    answer = quality.submit("/console/lots/receive", receipt(maker, "", supplier_id=""))
    page = answer.get_data(as_text=True)
    assert "Supplier: This must be filled in." in page and "Number: This must be filled in." in page


def test_a_release_without_inspection_asks_for_its_ground(console: Console, quality: Browser, maker: Maker) -> None:
    with console.database.write() as session:
        lot = Hand(session, ACTOR, console.clock, maker).receive(maker.glue, "L-1", "5")
    url = f"/console/lots/{lot.lot_key}/release"
    refused = quality.submit(url, {"reason": ""})
    assert refused.status_code == 409 and 'id="e-reason"' in refused.get_data(as_text=True)
    assert quality.submit(url, {"reason": "Certificate of the supplier"}).status_code == 303
    with console.database.read() as session:
        assert session.get_one(Lot, lot.lot_key).release_state == "released"


def test_units_come_back_but_not_more_than_went_out(console: Console, quality: Browser, maker: Maker) -> None:
    lot = released(console, maker, "B-1")
    with console.database.write() as session:
        Hand(session, ACTOR, console.clock, maker).ship(lot, maker.clinic, "1", CASE_GTIN)
    url = f"/console/lots/{lot.lot_key}/return"
    typed = {"consignee_id": maker.clinic.id, "returned_at": "2026-11-22T11:00", "units": "201"}
    refused = quality.submit(url, typed)
    assert refused.status_code == 409 and 'id="e-units"' in refused.get_data(as_text=True)
    assert quality.submit(url, {**typed, "units": "20"}).status_code == 303
    with console.database.read() as session:
        assert session.get_one(Lot, lot.lot_key).returned == Decimal(20)


def test_a_refused_form_leaves_neither_event_nor_trail(console: Console, quality: Browser, maker: Maker) -> None:
    def counted() -> tuple[int, int]:
        with console.database.read() as session:
            return (session.scalar(select(func.count()).select_from(Event)) or 0,
                    session.scalar(select(func.count()).select_from(AuditEntry)) or 0)

    lot = raw(console, maker, "N-1")
    before = counted()
    quality.submit("/console/lots/produce?product=" + maker.plaster.id,
                   batch(maker, "N-2", **{f"use-{lot.lot_key}": "5"}))
    quality.submit("/console/lots/receive", receipt(maker, "N-1"))
    assert counted() == before


def disposal(**changes: Any) -> dict[str, Any]:
    return {"quantity": "1500", "quantity_unit": "GRM", "disposed_at": "2026-11-21T10:00",
            "reason": "Drum leaked; burnt by Clean Ltd."} | changes


def test_what_was_destroyed_leaves_the_stock_with_its_reason_and_its_record(console: Console, maker: Maker) -> None:
    operator, lot = console.browser("operator"), raw(console, maker, "D-1")
    path = f"/console/lots/{lot.lot_key}/dispose"
    assert path in operator.get(f"/console/lots/{lot.lot_key}").get_data(as_text=True)
    answer = operator.submit(path, disposal(file=(io.BytesIO(PNG), "burnt.png")))
    after = lot_of(console, "D-1")
    assert answer.status_code == 303 and after is not None
    assert (after.lost, after.stock) == (Decimal("1.5"), lot.stock - Decimal("1.5"))
    page = operator.get(answer.headers["Location"]).get_data(as_text=True)
    assert "off the stock of lot D-1" in page and "burnt.png" in page
    assert "Drum leaked" in operator.get(f"/console/lots/{lot.lot_key}?part=history").get_data(as_text=True)


@pytest.mark.parametrize(("field", "value"), [
    ("quantity", "51000"), ("quantity", "0"), ("quantity_unit", "MTR"), ("reason", " "), ("disposed_at", "2030-01-01T00:00"),
    ("file", (io.BytesIO(b"PK no picture"), "burnt.pdf"))])
def test_a_disposal_that_cannot_be_says_so_at_its_field_and_changes_nothing(console: Console, maker: Maker, field: str,
                                                                             value: Any) -> None:
    if lot_of(console, "D-2") is None:
        raw(console, maker, "D-2")
    lot = lot_of(console, "D-2")
    assert lot is not None
    answer = console.browser("operator").submit(f"/console/lots/{lot.lot_key}/dispose", disposal(**{field: value}))
    page, after = answer.get_data(as_text=True), lot_of(console, "D-2")
    assert answer.status_code in (409, 422)
    assert f'href="#f-{field}"' in page and after is not None and after.lost == 0
    assert field == "reason" or "Drum leaked" in page


def test_a_lot_without_stock_offers_no_disposal(console: Console, maker: Maker) -> None:
    lot = raw(console, maker, "D-3", "1")
    operator, path = console.browser("operator"), f"/console/lots/{lot.lot_key}/dispose"
    operator.submit(path, disposal(quantity=str(lot.stock), quantity_unit="KGM"))
    assert path not in operator.get(f"/console/lots/{lot.lot_key}").get_data(as_text=True)
    assert "nothing of this lot is in stock" in operator.get(path).get_data(as_text=True)


def test_who_only_reads_is_not_offered_a_disposal(console: Console, maker: Maker) -> None:
    lot = raw(console, maker, "D-4")
    reader, path = console.browser("administrator"), f"/console/lots/{lot.lot_key}/dispose"
    assert path not in reader.get(f"/console/lots/{lot.lot_key}").get_data(as_text=True)
    assert reader.get(path).status_code == 403
