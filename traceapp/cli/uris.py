"""Telling a URI that is wrong from one that nothing is called by."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from traceapp.core.errors import InvalidInput, NotFound

from . import WRONG_USE

_LIKE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


@contextmanager
def or_wrong_use(text: str) -> Iterator[None]:
    """Raise InvalidInput (wrong use) instead of NotFound when the text cannot be the name of anything."""
    try:
        yield
    except NotFound as error:
        reason = fault_of(text)
        if reason is None:
            raise
        raise InvalidInput("“%(text)s” is no name of anything: %(reason)s.", code=WRONG_USE, place="uri",
                           text=text[:200], reason=reason) from error


def fault_of(text: str) -> str | None:
    """What is wrong with a URI or GS1 key; None for what may be a name, known or not."""
    from traceapp.epcis.identifiers import oddities
    from traceapp.epcis.shapes import is_uri

    if not text.strip() or not text.isprintable():
        return "it is empty or has signs that cannot be seen"
    if not _LIKE_URI.match(text):
        return None
    try:
        urlsplit(text)
    except ValueError as error:
        return str(error)
    if not is_uri(text):
        return "it is no URI"
    return next((message for _code, message in oddities(text)), None)
