"""Signing often with the right password is no guessing, and whoever guessed too often keeps what was typed."""
from __future__ import annotations

from html import unescape

import pytest

from tests.factories import PASSWORD
from tests.factories_recall import decided
from tests.web.test_console_recalls import Office, made, office
from traceapp.core.errors import TooMany
from traceapp.identity.attempts import limit_signature
from traceapp.identity.service import check_signature

__all__ = ["made", "office"]


def test_right_passwords_do_not_use_up_the_tries_and_wrong_ones_do(office: Office) -> None:
    actor = office.house.second_manager
    for _ in range(25):
        with office.database.write() as session:
            limit_signature(session, office.clock, actor)
        with office.database.write() as session:
            check_signature(session, actor, PASSWORD)
    for _ in range(10):
        with office.database.write() as session:
            limit_signature(session, office.clock, actor)
    with pytest.raises(TooMany), office.database.write() as session:
        limit_signature(session, office.clock, actor)


def test_who_has_to_wait_keeps_what_was_typed(office: Office) -> None:
    recall = decided(office.database, office.clock, office.house)
    writer, path = office.as_person("writer"), f"/console/recalls/{recall.id}"
    words = "This scope, because the glue of drum 4 went nowhere else."
    given = writer.hidden(f"{path}?do=submit") | {"reason": words}
    for _ in range(10):
        assert writer.post(f"{path}/submit", given | {"password": "guess"}).status_code == 422
    late = writer.post(f"{path}/submit", given | {"password": PASSWORD}, environ_overrides={
        "HTTP_SEC_FETCH_SITE": "same-origin"})
    text = unescape(late.get_data(as_text=True))
    assert late.status_code == 429
    assert "Try again in" in text and "nothing is lost" in text and "You were signed out" not in text
    assert f'name="reason" value="{words}"' in text and f">\n{words}</textarea>" in text
    assert PASSWORD not in text
    assert f'action="{path}/submit"' in text
