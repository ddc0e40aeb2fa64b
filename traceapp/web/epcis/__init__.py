"""The EPCIS 2.0 interface: capture, events by query, what events name, named queries and subscriptions.

Source: EPCIS 2.0, 8.2.7 (SimpleEventQuery) and 12 (REST bindings).
"""
from __future__ import annotations

from flask import Response

from traceapp.web.cors import HEADERS

from . import capturing, discovery, named, querying
from .blueprint import PERMISSIONS, blueprint


@blueprint.after_request
def open_to_tokens(answer: Response) -> Response:
    """Scripts of other sites may read the answer to their token; cookies are not sent along."""
    for name, value in HEADERS:
        answer.headers.setdefault(name, value)
    return answer


__all__ = ["PERMISSIONS", "blueprint", "capturing", "discovery", "named", "querying"]
