"""The bytes of a message to an XML tree with nothing in it that could harm: no document type, no entities, no network,
bounded in size. Source: OWASP, XML External Entity Prevention."""
from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO
from xml.parsers import expat

from lxml import etree

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.core.prolog import after_prolog

MAX_BYTES = 32 * 1024 * 1024
# A tree takes some hundred bytes a node, however short its text.
MAX_NODES = 1_000_000
MAX_ATTRIBUTES = 100
# Declared namespaces; whoever makes the tree looks through all of them for each element.
MAX_NAMES = 1_000
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", ""), (b"\x00\x00\xfe\xff", ""),
          (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_KNOWN = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1"}
_DECLARATION = re.compile(r"\s{0,99}<\?xml\s[^>]{0,199}?\?>")
_ENCODING = re.compile(r"encoding\s{0,9}=\s{0,9}[\"']([^\"']{1,40})[\"']")
_ROOT = re.compile(r"(?:<!DOCTYPE[^>\[]{0,500}(?:\[.*?\]\s*)?>\s*)?<(?:[\w.-]{1,99}:)?([\w.-]{1,99})", re.DOTALL)


def parse(source: bytes | BinaryIO) -> Any:
    """The root element. Raises TooLarge, or InvalidInput that says where reading stopped."""
    data = source if isinstance(source, bytes) else source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES or data.count(b"<") > MAX_NODES:
        raise TooLarge("The file is larger than %(megabytes)s MB or has more than a million elements.",
                       megabytes=MAX_BYTES // 1024 // 1024)
    content = _decoded(data).encode("utf-8")
    _look_through(content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                             attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise InvalidInput("This is not XML: %(reason)s", code="not-xml", place=f"line {line}, column {column}",
                           reason=error.msg or "the text is empty") from None
    except (ValueError, LookupError) as error:
        raise InvalidInput("This is not XML: %(reason)s", code="not-xml", place="/", reason=error) from None


def _look_through(content: bytes) -> None:
    """Refuse what would cost too much to make a tree of: a document type, and very many attributes of one element or
    namespaces, over which the library that makes the tree takes quadratic time. What is no XML is left for it to say.
    """
    spaces = 0

    def document_type(*_: object) -> None:
        raise InvalidInput("A document type or entity is not read.", code="document-type", place="/")

    def element(name: str, attributes: Sequence[str]) -> None:
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            raise TooLarge("An element has more than %(count)s attributes.", count=MAX_ATTRIBUTES,
                           place=f"line {parser.CurrentLineNumber}: {name[:40]}")
        nonlocal spaces
        spaces += sum(one.startswith("xmlns") for one in attributes[::2])
        if spaces > MAX_NAMES:
            raise TooLarge("The file declares more than %(count)s namespaces.", count=MAX_NAMES,
                           place=f"line {parser.CurrentLineNumber}: {name[:40]}")

    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartDoctypeDeclHandler = document_type
    parser.StartElementHandler = element
    with suppress(expat.ExpatError):
        parser.Parse(content, True)


def root_name(data: bytes) -> str:
    """The name of the root element without its namespace, as far as it can be told before the file is read; else empty.
    """
    try:
        text = _decoded(data[:MAX_BYTES])
    except InvalidInput:
        return ""
    found = _ROOT.match(text, after_prolog(text))
    return found.group(1) if found else ""


def _decoded(data: bytes) -> str:
    """The text without its declaration, which names an encoding that it no longer has."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        head = data[:300].decode("ascii", "replace")
        declared = _DECLARATION.match(head)
        named = _ENCODING.search(declared.group()) if declared else None
        encoding = _KNOWN.get(named.group(1).lower(), "") if named else "utf-8"
    if not encoding:
        raise InvalidInput("This encoding is not read; send the file in UTF-8.", code="encoding", place="line 1")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput("The bytes do not fit the encoding %(encoding)s, at byte %(position)s.", code="encoding",
                           place=f"byte {error.start}", encoding=encoding, position=error.start) from None
    declared = _DECLARATION.match(text)
    return text[declared.end():] if declared else text
