"""The search box and the labels."""
from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, Hand, gtin, make_batch, make_maker
from tests.factories_web import Browser, Console
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.signature import CodeKeys
from traceapp.core.actor import Actor
from traceapp.gs1 import encode_epc_binary, parse
from traceapp.identity.policy import permissions_of
from traceapp.trace.model import Lot

ACTOR = Actor(id="u-manager", role="quality_manager", name="Li Wen")


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    """A released batch; a raw lot of another product bears the number TWIN, and so does a second batch."""
    with console.database.write() as session:
        hand = Hand(session, ACTOR, console.clock, make_maker(session, ACTOR, console.clock))
        made = make_batch(hand, "B7")
        hand.receive(hand.maker.glue, "TWIN", "5")
        hand.receive(hand.maker.film, "TWIN", "5")
        return made


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


GS = "\x1d"
ELEMENTS = f"01{UNIT_GTIN}10B7{GS}21S1"
LINK = f"https://id.gs1.org/01/{UNIT_GTIN}/10/B7"


@pytest.mark.parametrize("text", [
    "B7", " B7 ", "B7\r\n", "\tB7\t", "b7", "]A0B7", "]C0B7", "Ｂ７",
    LINK, f"{LINK}/21/S1", f"{LINK}?17=261231", f"http://127.0.0.1:8000/01/{UNIT_GTIN}/10/B7",
    f"https://brand.example/some/where/01/{UNIT_GTIN}/10/B7/21/S1?s=abc", f"id.gs1.org/01/{UNIT_GTIN}/10/B7",
    f"HTTPS://ID.GS1.ORG/01/{UNIT_GTIN}/10/B7", f"HTTPS://ID.GS1.ORG/01/{UNIT_GTIN}/10/b7", f"]Q1{LINK}", f"]d1{LINK}\r",
    f"https：、、id。gs1。org、01、{UNIT_GTIN}、10、B7", "urn:epc:class:lgtin:6901234.050001.B7",
    f"(01){CASE_GTIN}(10)B7", f"（01）{UNIT_GTIN}（10）B7", f"01{UNIT_GTIN}10B7", f"^01{UNIT_GTIN}10B7^21S1",
    f"]d201{UNIT_GTIN}10B7", f"]C1{ELEMENTS}", f"]Q3{ELEMENTS}", f"]e0{ELEMENTS}", f"]J1{ELEMENTS}", f"]D201{UNIT_GTIN}10b7",
    ELEMENTS, f"{GS}{ELEMENTS}", f"]C1 {ELEMENTS}", f"\x02{ELEMENTS}\x03",
    *(ELEMENTS.replace(GS, spelled) for spelled in ("{GS}", "<GS>", "~d029", "\\x1d", "␝", "[FNC1]"))])
def test_a_number_or_scan_leads_to_its_lot(quality: Browser, lot: Lot, text: str) -> None:
    answer = quality.get(f"/console/search?q={quote(text)}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/lots/{lot.lot_key}"


def test_a_compressed_code_leads_to_its_lot(quality: Browser, lot: Lot) -> None:
    compressed = encode_epc_binary(parse(f"(01){UNIT_GTIN}(10)B7(21)S1"))
    for text in (f"https://x.example/{compressed}", f"https://x.example/{compressed}\r"):
        assert quality.get(f"/console/search?q={quote(text)}").headers["Location"] == f"/console/lots/{lot.lot_key}"


def test_a_serial_number_without_a_lot_leads_to_the_lot_that_it_was_given_to(console: Console, quality: Browser,
                                                                            lot: Lot) -> None:
    with console.database.write() as session:
        allocate_serials(session, Actor("u", "operator", scopes=permissions_of("operator")), console.clock, AllocateSerials(
            lot.lot_key, 10, "Q", 4), keys=CodeKeys(""))
    for text in (f"(01){UNIT_GTIN}(21)Q0007", f"https://x.example/01/{UNIT_GTIN}/21/Q0007"):
        assert quality.get(f"/console/search?q={quote(text)}").headers["Location"] == f"/console/lots/{lot.lot_key}"
    page = quality.get(f"/console/search?q={quote(f'(01){UNIT_GTIN}(21)Q0011')}").get_data(as_text=True)
    assert "The code was read" in page and "Q0011" in page and "/console/products/" in page


def test_the_code_of_a_lot_that_is_not_known_does_not_pass_for_its_product(quality: Browser, lot: Lot) -> None:
    page = quality.get(f"/console/search?q={quote(f'(01){UNIT_GTIN}(10)B8')}").get_data(as_text=True)
    assert "we have no lot of it" in page and ">B8<" in page and f"/console/products/{lot.product_id}" in page


@pytest.mark.parametrize(("text", "words"), [
    (f"(01){gtin(777)}(10)X9", ("The code was read", "(01)", gtin(777), "(10)", "X9")),
    (f"]d201{UNIT_GTIN[:-1]}010B7", ("cannot be read", "check digit")), ("]E06901234500012", ("cannot be read",)),
    (f"01{UNIT_GTIN}10B7{GS}9", ("cannot be read",))])
def test_what_leads_nowhere_says_what_was_read(quality: Browser, lot: Lot, text: str, words: tuple[str, ...]) -> None:
    page = quality.get(f"/console/search?q={quote(text)}").get_data(as_text=True)
    for word in words:
        assert word in page, word


def test_the_address_in_a_private_code_leads_to_its_lot(quality: Browser, lot: Lot) -> None:
    answer = quality.get("/console/search?q=" + quote(f"http://127.0.0.1:8000/t/{lot.lot_key}"))
    assert answer.headers["Location"] == f"/console/lots/{lot.lot_key}"


def test_a_supplier_s_number_leads_to_the_lot(quality: Browser, lot: Lot) -> None:
    answer = quality.get("/console/search?q=S-G-B7")
    assert answer.status_code == 303 and "/console/lots/" in answer.headers["Location"]


def test_the_lot_number_inside_the_code_of_another_agency_leads_to_the_lot(quality: Browser, lot: Lot) -> None:
    # an HIBC code of a supplier: product, then lot, then the check character
    answer = quality.get("/console/search?q=" + quote("+K123GLUE1/$S-G-B7I"))
    assert answer.status_code == 303 and "/console/lots/" in answer.headers["Location"]


def test_a_gtin_leads_to_its_product(quality: Browser, lot: Lot) -> None:
    answer = quality.get(f"/console/search?q={CASE_GTIN}")
    assert answer.headers["Location"] == f"/console/products/{lot.product_id}"


def test_a_number_that_several_lots_bear_shows_them_all(quality: Browser, lot: Lot) -> None:
    page = quality.get("/console/search?q=TWIN").get_data(as_text=True)
    assert page.count(">TWIN</a>") == 2


def test_a_part_of_a_name_shows_what_it_could_be(quality: Browser, lot: Lot) -> None:
    page = quality.get("/console/search?q=hosp").get_data(as_text=True)
    assert "HOSPITAL" in page


def test_nothing_found_says_what_to_do(quality: Browser, lot: Lot) -> None:
    assert "Nothing is called so" in quality.get("/console/search?q=%3Cscript%3E").get_data(as_text=True)


def test_the_page_of_labels_shows_what_the_code_holds(quality: Browser, lot: Lot) -> None:
    page = quality.get(f"/console/lots/{lot.lot_key}/labels").get_data(as_text=True)
    assert f"http://127.0.0.1:8000/01/{UNIT_GTIN}/10/B7" in page and "LOT" in page


@pytest.mark.parametrize(("name", "kind", "start"), [
    ("qr.svg", "image/svg+xml", b"<svg"), ("qr.png", "image/png", b"\x89PNG"),
    ("label.svg", "image/svg+xml", b"<svg"), ("label.png", "image/png", b"\x89PNG")])
def test_labels_come_as_pictures(quality: Browser, lot: Lot, name: str, kind: str, start: bytes) -> None:
    answer = quality.get(f"/console/lots/{lot.lot_key}/{name}")
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.get_data().startswith(start)


def test_an_image_of_another_kind_is_not_found(quality: Browser, lot: Lot) -> None:
    assert quality.get(f"/console/lots/{lot.lot_key}/qr.gif").status_code == 404


@pytest.mark.parametrize("path", ["/console/labels", "/console/gallery", "/console/today", "/console/search"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_open_in_both_languages(console: Console, lot: Lot, path: str, language: str) -> None:
    answer = console.browser("quality_manager", language).get(path)
    assert answer.status_code == 200
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.get_data(as_text=True)
