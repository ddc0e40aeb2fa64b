"""One recall as a message for other systems, and the schema that it keeps."""
from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from importlib.resources import files

from flask import Response, jsonify

from traceapp.core.errors import NotFound
from traceapp.recall.message import SCHEMA_NAME, SCHEMA_PATH, recall_message
from traceapp.recall.message_reads import message_facts
from traceapp.recall.public import public_recall
from traceapp.web.context import world

from .recall_feeds import conditional, kept


def recall_json(reference: str) -> Response:
    """The newest revision of the message of an announced recall."""
    answer = conditional(*kept(partial(_message, reference[:40])))
    answer.headers["Link"] = (f'<{world().settings.base_url}{SCHEMA_PATH}>; rel="describedby"; '
                              'type="application/schema+json"')
    return answer


def _message(reference: str) -> tuple[Response, datetime | None]:
    with world().database.read() as session:
        found = public_recall(session, reference)
        if found is None:
            raise NotFound("There is no recall with this number. All recalls stand under /recalls.",
                           code="unknown-recall")
        facts = message_facts(session, found)
    return jsonify(recall_message(facts, world().settings.base_url)), found.facts.changed_at


def schema() -> Response:
    """The schema of version 1, which does not change."""
    answer = Response(_schema(), mimetype="application/schema+json")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@cache
def _schema() -> bytes:
    return files("traceapp.recall").joinpath(f"data/{SCHEMA_NAME}.schema.json").read_bytes()
