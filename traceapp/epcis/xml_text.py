"""XML text to a tree, with nothing in it that could harm: no entities, no document type with content, bounded in size.

Source: OWASP, XML External Entity Prevention.
"""
from __future__ import annotations

import re
from typing import Any

from lxml import etree

from traceapp.core.prolog import after_prolog

from .model import EpcisErrors, Finding

# A tree takes some ten times the memory of its text.
MAX_BYTES = 128 * 1024 * 1024
# Reading the attributes of one element takes time with the square of their number.
MAX_ATTRIBUTES = 500
# The parser itself stops at 256 levels and at ten million characters of one text.
# A document type without a subset or an address brings nothing in, and some senders write one.
_BARE_TYPE = re.compile(rb"<!DOCTYPE\s+[A-Za-z_][\w:.\-]*\s*>")
_ENCODING = re.compile(rb"^(\s{0,99}<\?xml[^>]{0,99}?)\s{1,99}encoding=[\"'][^\"']*[\"']")


def refusal(path: str, code: str, message: str) -> EpcisErrors:
    """The error at the XPath `path`."""
    return EpcisErrors([Finding(path, code, message)])


def parse_root(content: bytes | str, *, is_mixed: bool = False) -> Any:
    """The root element. Raises EpcisErrors for what is not well-formed, has a document type with content or is too big;
    the place of a whole text is `/`. `is_mixed`: text may stand between elements."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(data) > MAX_BYTES:
        raise refusal("/", "too-large", f"More than {MAX_BYTES // 1024 // 1024} MB of XML; send it in parts.")
    if isinstance(content, str):
        data = _ENCODING.sub(rb"\1", data)
    _refuse_document_type(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                             attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        message = f"This is not XML: {error.msg or 'the text is empty'} (line {line}, column {column})."
        raise refusal("/", "not-xml", message) from None
    except (ValueError, LookupError) as error:
        raise refusal("/", "not-xml", f"This cannot be read as XML: {error}.") from None
    _refuse_loose_parts(root, is_mixed)
    return root


def _refuse_document_type(data: bytes) -> None:
    """Refuse what could name entities."""
    if data[:4].count(b"\x00") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # Two or four bytes a character: look at the text with the zeros out, which is what ASCII markup becomes.
        data = data.lstrip(b"\xff\xfe\xef\xbb\xbf").replace(b"\x00", b"")
    data = data.removeprefix(b"\xef\xbb\xbf")
    position = after_prolog(data)
    bare = _BARE_TYPE.match(data, position)
    if bare:
        position = after_prolog(data, bare.end())
    if not re.compile(rb"<[A-Za-z_:\x80-\xff]").match(data, position):
        raise refusal("/", "document-type", "A document type with entities or an address is not read.")


def _refuse_loose_parts(root: Any, is_mixed: bool) -> None:
    """Refuse text behind an element, which no JSON form has a place for, entities, which are never followed, and an
    element with more attributes than any has."""
    tree = root.getroottree()
    for element in root.iter():
        if not isinstance(element.tag, str):
            raise refusal(tree.getpath(element.getparent()), "entity", "Entities are not read.")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise refusal(tree.getpath(element), "too-large",
                          f"More than {MAX_ATTRIBUTES} attributes on one element.")
        if not is_mixed and element.tail and element.tail.strip() and element is not root:
            raise refusal(tree.getpath(element.getparent()), "loose-text",
                          "Text between elements cannot be kept; put it into an element of its own.")
