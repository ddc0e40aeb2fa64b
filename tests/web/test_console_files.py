"""Files are handed out by what they hang on."""
from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.factories_web import Console
from traceapp.attachment.service import NewFile, add_file
from traceapp.core.actor import SYSTEM


def a_file(console: Console, about: str, name: str = "photo.png") -> str:
    """An image that hangs on `about`."""
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(picture, "PNG")
    with console.database.write() as session:
        return add_file(session, SYSTEM, console.clock, NewFile(about, name, picture.getvalue()),
                        store=console.app.extensions["traceapp"].files).id


@pytest.mark.parametrize(("about", "role", "status"), [
    ("lot:x", "operator", 200), ("lot:x", "regulator", 404), ("inspection:x", "administrator", 200),
    ("complaint:x", "quality", 200), ("complaint:x", "operator", 403), ("complaint:x", "administrator", 403),
    ("adverse_event:x", "regulator", 404), ("complaint:x", "regulator", 404), ("adverse_event:x", "quality", 200),
    ("something:x", "quality_manager", 403)])
def test_a_file_is_shown_to_who_may_read_its_thing(console: Console, about: str, role: str, status: int) -> None:
    key = a_file(console, about)
    assert console.browser(role).get(f"/console/files/{key}").status_code == status


def test_nobody_gets_a_file_without_signing_in(console: Console) -> None:
    answer = console.browser(None).get(f"/console/files/{a_file(console, 'lot:x')}")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?")


def test_a_name_in_chinese_reaches_the_browser_whole(console: Console) -> None:
    key = a_file(console, "lot:x", "合格证.png")
    shown = console.browser("quality").get(f"/console/files/{key}").headers["Content-Disposition"]
    assert "filename*=UTF-8''%E5%90%88%E6%A0%BC%E8%AF%81.png" in shown


def test_an_unknown_file_is_not_found(console: Console) -> None:
    assert console.browser("quality").get("/console/files/" + "0" * 32).status_code == 404
