"""Two people of one consignee answer behind the same link: neither is misled by what the other wrote meanwhile."""
from __future__ import annotations

from decimal import Decimal as D

from tests.factories_recall import VAULT
from tests.web.test_consignee_pages import Visit, visit
from traceapp.recall.answer import consignee_actor
from traceapp.recall.model import Notice
from traceapp.recall.passing_on import PassOn, pass_on, sealed_about

__all__ = ["visit"]


def passed(visit: Visit) -> dict[str, str]:
    """What the first of the two said: of 350 units 100 are here, 50 were used, 200 went to a ward."""
    return {f"on_hand:{visit.first}": "100", f"used:{visit.first}": "50", "to-0-name": "Ward 3",
            "to-0-contact": "ward@clinic.example", f"to-0-units:{visit.first}": "200", "answered_by": "Nurse Li",
            "seen": "0"}


def test_numbers_that_fit_by_themselves_are_not_called_wrong_because_of_what_a_colleague_passed_on(
        visit: Visit) -> None:
    assert visit.post(**passed(visit)).status_code == 303
    second = visit.post(**{f"on_hand:{visit.first}": "150", f"used:{visit.first}": "200", "answered_by": "Dr Wu",
                           "seen": "0"})
    assert second.status_code == 412
    assert "Somebody else at your organisation answered in the meantime" in second.text
    assert "The numbers do not add up" not in second.text
    assert "Recorded now: Units received 350 · Still here, set apart 100 · Used or sold 50 · Passed on to others 200" \
        in second.text
    assert 'name="seen" value="1"' in second.text


def test_an_old_form_comes_back_with_those_whom_a_colleague_named(visit: Visit) -> None:
    visit.post(**passed(visit))
    mine = {f"on_hand:{visit.first}": "150", f"used:{visit.first}": "100", "answered_by": "Dr Wu", "seen": "0",
            "to-0-name": "Ward 5", "to-0-contact": "five@clinic.example", f"to-0-units:{visit.first}": "100"}
    second = visit.post(**mine)
    assert second.status_code == 412
    for name in ("Ward 3", "Ward 5"):
        assert name in second.text, name
    assert f'name="to-1-units:{visit.first}"' in second.text


def test_a_slip_on_an_old_form_is_told_beside_what_was_recorded_meanwhile(visit: Visit) -> None:
    visit.post(**passed(visit))
    second = visit.post(**{f"on_hand:{visit.first}": "1O0", f"used:{visit.first}": "50", "answered_by": "Dr Wu",
                           "seen": "0"})
    assert second.status_code == 412
    assert "Somebody else at your organisation answered in the meantime" in second.text
    assert 'value="1O0"' in second.text and "Please check these answers" in second.text


def test_a_slip_on_an_old_form_of_whoever_got_units_does_not_overwrite_a_colleague(visit: Visit) -> None:
    with visit.database.write() as session:
        notice = session.get_one(Notice, (visit.recall.id, visit.clinic))
        ward = pass_on(session, consignee_actor(notice), visit.clock, notice, PassOn(
            "Ward 3", {visit.first: D(40)}, "ward@clinic.example"), vault=VAULT)
    address = f"/r/p/{VAULT.open_text(ward.sealed_token, sealed_about(ward.id))}?lang=en"
    assert visit.client.post(address, data={f"on_hand:{visit.first}": "40", "answered_by": "Li",
                                            "seen": "0"}).status_code == 303
    slip = visit.client.post(address, data={f"used:{visit.first}": "4O", "answered_by": "Wu", "seen": "0"})
    assert slip.status_code == 412
    assert "Recorded now: Still here, set apart 40" in slip.text
    assert "Somebody else at your organisation answered in the meantime" in slip.text
