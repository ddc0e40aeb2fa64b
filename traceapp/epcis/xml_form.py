"""EPCIS in XML, read and written: its library is loaded with the first document, since JSON is what most send."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .model import Document, Event

if TYPE_CHECKING:
    from .xml_reader import ParsedXml


def looks_like_xml(content: bytes | str) -> bool:
    """True for content that begins as XML does."""
    start = content[:200] if isinstance(content, bytes) else content[:200].encode("utf-8", "replace")
    return start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")


def parse_xml(content: bytes | str) -> ParsedXml:
    """The JSON form of an EPCIS document in XML. Raises EpcisErrors, see `xml_reader`."""
    from . import xml_reader

    return xml_reader.parse_xml(content)


def write_xml(what: Document | Iterable[Event], context: Iterable[Any] | None = None, *,
              created_at: datetime | None = None) -> bytes:
    """A document in UTF-8, with the same meaning and event hashes as its JSON form. Raises EpcisErrors and ValueError,
    see `xml_writer`."""
    from . import xml_writer

    return xml_writer.write_xml(what, context, created_at=created_at)
