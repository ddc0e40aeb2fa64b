"""The reporter's page in plain words along the whole way, the survey on it, and the measures that it feeds."""
from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.factories_cases import reported, triaged, world_of
from tests.factories_web import Console
from traceapp.complaint.intake import about
from traceapp.complaint.model import Complaint
from traceapp.complaint.states import ComplaintState


def link_of(console: Console, complaint: Complaint) -> str:
    return f"/report/{world_of(console).vault.token_for(about(complaint.id))}"


def stand(console: Console, complaint: Complaint, state: str) -> None:
    with console.database.write() as session:
        session.execute(update(Complaint).where(Complaint.id == complaint.id).values(state=state))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_reads_as_a_sentence_of_its_own(console: Console, language: str) -> None:
    complaint = reported(console, narrative=f"torn {language}")
    nobody, said = console.browser(None, language), set()
    for state in ComplaintState:
        stand(console, complaint, state)
        page = nobody.get(link_of(console, complaint)).get_data(as_text=True)
        said.add(page.partition("<dd>")[2].partition("</dd>")[0])
        assert ('name="satisfaction"' in page) is (state in ("told", "followed_up", "archived", "improvement"))
    assert len(said) == len(ComplaintState)


def test_a_reporter_judges_if_they_like_and_the_page_thanks(console: Console) -> None:
    complaint = reported(console, narrative="torn open")
    nobody, link = console.browser(None), link_of(console, complaint)
    assert nobody.post(link, {"survey": "1", "satisfaction": "5"}).status_code == 409
    stand(console, complaint, "told")
    for wrong in ({}, {"satisfaction": "6"}, {"recommendation": "eleven"}):
        answer = nobody.post(link, {"survey": "1"} | wrong)
        assert answer.status_code == 422 and 'id="e-satisfaction"' in answer.get_data(as_text=True)
    done = nobody.post(f"{link}?lang=en", {"survey": "1", "satisfaction": "4", "recommendation": "9"})
    assert done.status_code == 303
    assert "Thank you for your answer." in nobody.get(done.headers["Location"]).get_data(as_text=True)
    with console.database.read() as session:
        row = session.scalars(select(Complaint).where(Complaint.id == complaint.id)).one()
        assert (row.satisfaction, row.recommendation) == (4, 9)


def test_the_measures_hide_what_few_answered_and_show_it_from_five_on(console: Console) -> None:
    quality, nobody = console.browser("quality"), console.browser(None)
    cases = [reported(console, narrative=f"torn at corner {number}") for number in range(5)]
    for number, complaint in enumerate(cases):
        stand(console, complaint, "archived")
        page = quality.get("/console/complaints/measures").get_data(as_text=True)
        if number == 0:
            assert "Shown from five answers on" in page
        nobody.post(link_of(console, complaint), {"survey": "1", "satisfaction": "5", "recommendation": "10"})
    page = quality.get("/console/complaints/measures").get_data(as_text=True)
    assert "Satisfied (4 or 5 of 5)" in page and "+100" in page
    quality.language = "zh"
    assert "净推荐值" in quality.get("/console/complaints/measures").get_data(as_text=True)
    assert quality.get("/console/complaints/measures?since=nonsense&until=2026-13-99").status_code == 200


def test_a_case_says_which_elements_of_its_record_are_missing(console: Console) -> None:
    complaint = triaged(console, narrative="torn")
    quality, here = console.browser("quality"), f"/console/complaints/{complaint.id}"
    page = quality.get(here).get_data(as_text=True)
    assert "what the reporter was told" in page and "name, address and telephone of the reporter" in page
    quality.post(f"{here}/note", {"text": "Thank you; we look into it.", "is_public": "1"})
    assert "what the reporter was told" not in quality.get(here).get_data(as_text=True)
