"""Where something happened: the reporter first, then the consignee, else unknown; and whether the batch went there."""
from __future__ import annotations

from decimal import Decimal

import pytest

from tests.db.test_legal_clocks import running
from tests.factories_complaint import a_report, make_lots, make_product, scanned, submit
from traceapp.adverse_event.service import OpenAdverseEvent, open_adverse_event
from traceapp.catalog.model import Party, PartyRole
from traceapp.complaint.region import Region, Source, read_place, region_of
from traceapp.complaint.service import TriageComplaint, complaint_of, triage_complaint
from traceapp.complaint.triage_known import known_answers
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.model import Lot, ShipmentLine


@pytest.mark.parametrize(("text", "meant"), [
    ("浙江省杭州市西湖区", ("CN", "浙江")), ("浙江西湖", ("CN", "浙江")), ("中国江苏", ("CN", "江苏")), ("杭州", ("", "")),
    ("Hangzhou, Zhejiang", ("CN", "浙江")), ("clinic in Shaanxi province", ("CN", "陕西")), ("China", ("CN", "")),
    ("青海海南州", ("CN", "青海")), ("黄河南路 3 号", ("", "")), ("中国香港特别行政区", ("HK", "")), ("Hong Kong", ("HK", "")),
    ("德国", ("DE", "")), ("Boston, USA", ("US", "")), ("Berlin (Germany)", ("DE", "")), ("New Jersey", ("", "")),
    ("UK", ("GB", "")), ("at home", ("", "")), ("", ("", ""))])
def test_a_place_is_read_only_where_it_is_certain(text: str, meant: tuple[str, str]) -> None:
    assert read_place(text) == meant


@pytest.fixture
def lot(sqlite: Database, clock: FixedClock) -> Lot:
    """A batch of which a hospital in Zhejiang and one in Germany took some."""
    made = make_lots(sqlite, clock, make_product(sqlite, clock), "A1")[0]
    with sqlite.write() as session:
        for code, country, region in (("zj", "CN", "浙江省"), ("de", "DE", ""), ("js", "CN", "江苏")):
            session.add(Party(id=code, code=code, name_zh=code, name_en=code, country=country, region=region,
                              created_at=clock.now()))
        session.flush()
        for number, code in enumerate(("zj", "de"), 1):
            session.add(ShipmentLine(shipment_id=f"s{number}", event_id=f"e{number}", lot_key=made.lot_key,
                                     consignee_id=code, position=1, packs=Decimal(10), units=Decimal(10),
                                     shipped_at=clock.now()))
    return made


@pytest.mark.parametrize(("place", "consignee", "found"), [
    ("江苏苏州", "zj", Region("CN", "江苏", Source.reporter)), ("at home", "zj", Region("CN", "浙江", Source.consignee)),
    ("", "de", Region("DE", "", Source.consignee)), ("at home", None, Region("", "", Source.unknown))])
def test_the_reporter_comes_before_the_consignee(sqlite: Database, clock: FixedClock, lot: Lot, place: str,
                                                 consignee: str | None, found: Region) -> None:
    made = submit(sqlite, clock, a_report(lot=scanned(lot), place=place, consignee_id=consignee)).complaint
    with sqlite.read() as session:
        assert region_of(session, complaint_of(session, made.id)) == found


@pytest.mark.parametrize(("place", "consignee", "distributed", "answer"), [
    ("江苏", None, False, ("not_shipped", "never_shipped_to_region")), ("江苏", None, True, ("yes", "code_read")),
    ("江苏", "zj", False, ("not_shipped", "never_shipped_to_region")), ("浙江", "zj", False, ("yes", "code_read")),
    ("浙江", "js", False, ("not_shipped", "never_shipped_there")), ("", "js", True, ("not_shipped", "never_shipped_there")),
    ("France", None, False, ("not_shipped", "never_shipped_to_region")), ("Germany", None, False, ("yes", "code_read")),
    ("somewhere", None, False, ("yes", "code_read"))])
def test_triage_asks_whether_the_batch_went_where_it_is_said_to_be(
        sqlite: Database, clock: FixedClock, lot: Lot, place: str, consignee: str | None, distributed: bool,
        answer: tuple[str, str]) -> None:
    if distributed:
        with sqlite.write() as session:
            session.add(PartyRole(party_id="zj", product_id="*", role="distributor"))
    made = submit(sqlite, clock, a_report(lot=scanned(lot), place=place, consignee_id=consignee)).complaint
    with sqlite.read() as session:
        known = known_answers(session, complaint_of(session, made.id))
    assert (known.answers["ours"], known.because["ours"]) == answer


def test_the_authority_where_the_reporter_says_it_happened_is_asked(
        sqlite: Database, clock: FixedClock, lot: Lot) -> None:
    actor = Actor(id="u", role="quality", name="Li")
    made = submit(sqlite, clock, a_report(lot=scanned(lot), place="Boston, USA", consignee_id="zj",
                                          seriousness=("hospitalised",))).complaint
    with sqlite.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(made.id, "complaint", harm="yes",
                                                                seriousness=("hospitalised",)))
    with sqlite.write() as session:
        event = open_adverse_event(session, actor, clock, OpenAdverseEvent(made.id))
    assert running(sqlite, event)["US-MD-01"].ground == "happened"
