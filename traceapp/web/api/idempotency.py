"""`Idempotency-Key` on POST: the second request gets the answer of the first, and does nothing.

The key is taken and the answer kept in the very unit of work that does what was asked for, so every view of the API
writes in `unit_of_work()`. A server that dies in between leaves nothing, and the same request may be sent again.
"""
from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from traceapp.identity.idempotency import KeptAnswer, begin, keep, kept_answer
from traceapp.web.context import actor, world

View = Callable[..., Any]
_HEADER = "Idempotency-Key"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Where a view of the API writes: committed with the block, or, when the request brought a key, with the answer."""
    once: _Once | None = g.get("once")
    if once is not None:
        yield once.session()
        return
    with world().database.write() as session:
        yield session


def keep_instead(told: Any) -> None:
    """Have `told` kept as the answer of this request, where the answer itself holds a secret that is shown once."""
    once: _Once | None = g.get("once")
    if once is not None:
        once.told = json.dumps(told)


def install(app: Flask) -> None:
    """Have every POST of the API look at its key; call this when all its views are there."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and "POST" in (rule.methods or ()):
            app.view_functions[rule.endpoint] = _once(app.view_functions[rule.endpoint])


class _AnsweredBefore(Exception):
    """Another request with the key was answered while this one began: nothing of this one is kept."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


class _Once:
    """One request with a key: its unit of work begins with the key when the view first writes."""

    def __init__(self, key: str, digest: str, stack: ExitStack) -> None:
        self.key, self.digest = key, digest
        self.told: str | None = None
        self._stack = stack
        self._session: Session | None = None

    def session(self) -> Session:
        """The unit of work; begun when it is first asked for, ended with the request. Raises _AnsweredBefore."""
        if self._session is None:
            here = world()
            session = self._stack.enter_context(here.database.write())
            kept = begin(session, here.clock, actor().id, self.key, self.digest)
            if kept is not None:
                raise _AnsweredBefore(kept)
            self._session = session
        return self._session

    def keep(self, answer: Response) -> None:
        """Keep the answer with what it tells of; a view that wrote nothing may as well be asked again."""
        if self._session is not None:
            headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            body = answer.get_data(as_text=True) if self.told is None else self.told
            keep(self._session, actor().id, self.key, KeptAnswer(answer.status_code, json.dumps(headers), body))


def _once(view: View) -> View:
    @wraps(view)
    def answered(**values: Any) -> Any:
        key = request.headers.get(_HEADER)
        if key is None or request.method != "POST":
            return view(**values)
        digest = _digest()
        with world().database.read() as session:
            kept = kept_answer(session, actor().id, key, digest)
        return _replayed(kept) if kept is not None else _acted(view, values, (key, digest))

    return answered


def _acted(view: View, values: dict[str, Any], request_key: tuple[str, str]) -> Response:
    """What the view answers, kept and committed together with what it did."""
    try:
        with ExitStack() as stack:
            g.once = _Once(*request_key, stack)
            answer = current_app.make_response(view(**values))
            g.once.keep(answer)
    except _AnsweredBefore as before:
        return _replayed(before.kept)
    finally:
        g.pop("once", None)
    return answer


def _replayed(kept: KeptAnswer) -> Response:
    answer = Response(kept.body, status=kept.status)
    for name, value in json.loads(kept.headers).items():
        answer.headers[name] = value
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _digest() -> str:
    """What tells this request from others. Keyed, since a body can hold a password and the digest is kept."""
    digest = hmac.new(world().settings.secret_key.encode(), f"{request.full_path}\n".encode(), hashlib.sha256)
    if request.mimetype != "multipart/form-data":
        digest.update(request.get_data(cache=True))
        return digest.hexdigest()
    # The same form is sent with another boundary each time.
    parts = [[name, value] for name, value in request.form.items(multi=True)]
    for name, file in request.files.items(multi=True):
        parts.append([name, file.filename or "", hashlib.sha256(file.stream.read()).hexdigest()])
        file.stream.seek(0)
    digest.update(json.dumps(sorted(parts)).encode())
    return digest.hexdigest()
