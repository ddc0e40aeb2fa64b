"""`Idempotency-Key` on POST: the second request gets the answer of the first, and does nothing."""
from __future__ import annotations

import hashlib
import json

from flask import Flask, Response, g, request

from traceapp.identity.idempotency import KeptAnswer, begin, give_back, keep
from traceapp.web.context import actor, world

_HEADER = "Idempotency-Key"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")


def install(app: Flask) -> None:
    """Look before every POST of the API, and keep its answer."""

    @app.before_request
    def look() -> Response | None:
        key = request.headers.get(_HEADER)
        if key is None or request.method != "POST" or not request.path.startswith("/api/v1/"):
            return None
        digest = hashlib.sha256(f"{request.full_path}\n".encode() + request.get_data(cache=True)).hexdigest()
        here = world()
        with here.database.write() as session:
            kept = begin(session, here.clock, actor().id, key, digest)
        if kept is None:
            g.idempotency_key = key
            return None
        answer = Response(kept.body, status=kept.status)
        for name, value in json.loads(kept.headers).items():
            answer.headers[name] = value
        answer.headers["Idempotency-Replayed"] = "true"
        return answer

    @app.after_request
    def note(response: Response) -> Response:
        key = g.pop("idempotency_key", None)
        if key is None:
            return response
        with world().database.write() as session:
            if response.status_code < 300:
                headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
                keep(session, actor().id, key, KeptAnswer(response.status_code, json.dumps(headers),
                                                          response.get_data(as_text=True)))
            elif response.status_code < 500:
                give_back(session, actor().id, key)
        return response
