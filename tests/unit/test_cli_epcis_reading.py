"""Of a file that is too long to be read the command line takes no more than shows it."""
from __future__ import annotations

import io

import pytest

from traceapp.cli import epcis
from traceapp.epcis import xml_text


@pytest.mark.parametrize(("content", "taken"), [
    (b"<a>" + b"x" * 5000, 1001), (b"\xef\xbb\xbf\n<a>" + b"x" * 5000, 1001), (b"<a/>", 4),
    (b'{"a": "' + b"x" * 5000 + b'"}', 5009), ("<a>".encode("utf-16") + b"x\x00" * 5000, 1001)])
def test_xml_is_read_as_far_as_its_limit_and_json_to_its_end(
    content: bytes, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_text, "MAX_BYTES", 1000)
    assert epcis._bounded(io.BytesIO(content)) == content[:taken]
