"""One recall as a message for other systems, and the schemas that it keeps."""
from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from urllib.parse import quote

from flask import Response, jsonify, request

from traceapp.core.errors import NotFound
from traceapp.recall.message import VERSIONS, recall_message, schema_name, schema_path
from traceapp.recall.message_reads import message_facts
from traceapp.recall.public import public_recall
from traceapp.web.context import world

from .recall_feeds import conditional, kept


def recall_json(reference: str) -> Response:
    """The newest revision of the message of an announced recall, in the version that is asked for: 1 when none is."""
    wish = request.args.get("version", "1")
    version = next((one for one in VERSIONS if str(one) == wish), None)
    if version is None:
        raise NotFound("There is no such version of the recall message.", code="unknown-version")
    answer, base_url = conditional(*kept(partial(_message, reference[:40], version))), world().settings.base_url
    links = [f'<{base_url}{schema_path(version)}>; rel="describedby"; type="application/schema+json"']
    if version < VERSIONS[-1]:
        newer = f"{base_url}/recalls/{quote(reference[:40])}.json?version={VERSIONS[-1]}"
        links.append(f'<{newer}>; rel="successor-version"')
    answer.headers["Link"] = ", ".join(links)
    return answer


def _message(reference: str, version: int) -> tuple[Response, datetime | None]:
    with world().database.read() as session:
        found = public_recall(session, reference)
        if found is None:
            raise NotFound("There is no recall with this number. All recalls stand under /recalls.",
                           code="unknown-recall")
        facts = message_facts(session, found)
    return jsonify(recall_message(facts, world().settings.base_url, version)), found.facts.changed_at


def schema(version: int) -> Response:
    """The schema of a version, which does not change."""
    if version not in VERSIONS:
        raise NotFound("There is no such version of the recall message.", code="unknown-version")
    answer = Response(_schema(version), mimetype="application/schema+json")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@cache
def _schema(version: int) -> bytes:
    return files("traceapp.recall").joinpath(f"data/{schema_name(version)}.schema.json").read_bytes()
