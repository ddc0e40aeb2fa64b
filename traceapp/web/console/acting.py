"""Doing what a form asks for: once, in one unit of work, and saying what came of it."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import flash, redirect, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import Problem
from traceapp.core.ids import new_secret
from traceapp.identity.idempotency import KeptAnswer, begin, keep
from traceapp.web.context import signed_in, world

from .entering import Entered

# What is never part of what is kept of a form, not even in a hash.
_SECRET_FIELDS = frozenset({"password", "present_password", "new_password", "new_password_again"})
# What the person can put right in the form, or somebody else can; anything else is a page of its own.
_SHOWN_IN_FORM = frozenset({404, 409, 412, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Done:
    """Where to go after the act, and what to say there."""

    url: str
    text: str
    meaning: str = "go"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a refused form is shown: the page again, and which place of a service is which field."""

    again: Callable[[int], Response]
    fields: Mapping[str, str] = field(default_factory=dict)


def perform(form: Entered, act: Callable[[Session], Done], refusal: Refusal) -> Response:
    """Run `act` in a unit of work and go on (303); shown again with its faults when the form or a service refuses.

    The form's token makes a second click harmless: it leads to where the first one led.
    """
    if not form.is_good:
        return refusal.again(422)
    here, who = world(), signed_in()
    key = f"form:{request.endpoint}:{form.token}"[:200]
    try:
        with here.database.write() as session:
            before = begin(session, here.clock, who.id, key, _asked(form))
            if before is not None:
                flash(gettext("This has been recorded already; nothing was recorded twice."), "info")
                return redirect(before.body, 303)
            done = act(session)
            keep(session, who.id, key, KeptAnswer(303, "", done.url))
    except Problem as problem:
        if problem.status not in _SHOWN_IN_FORM and problem.code != "same-person":
            raise
        if problem.code == "idempotency-key-reused":
            form.token = new_secret(16)  # whoever sends it once more has read that the first one was recorded
            form.fault(None, gettext("This form was sent before with other content, and that was recorded. Send it "
                                     "again only if this is to be recorded too."))
            return refusal.again(409)
        form.refuse(problem, refusal.fields)
        return refusal.again(problem.status)
    flash(done.text, done.meaning)
    return redirect(done.url, 303)


def _asked(form: Entered) -> str:
    """The hash of what was typed, so that a changed form is not taken for a second click."""
    fields = sorted((name, value) for name, value in form.form.items(multi=True)
                    if name not in _SECRET_FIELDS | {"csrf_token", "form_token"})
    files = sorted((name, file.filename or "") for name, file in request.files.items(multi=True))
    return hashlib.sha256(json.dumps([request.path, fields, files]).encode()).hexdigest()


class _Undone(Exception):
    """Ends a rehearsal, so that nothing of it is kept."""


def rehearse(form: Entered, act: Callable[[Session], None], fields: Mapping[str, str] | None = None) -> int:
    """Run `act` and undo it, so that all its checks speak before the person confirms; answers 200 or the status of
    the refusal, which then stands in the form."""
    if not form.is_good:
        return 422
    try:
        with world().database.write() as session:
            act(session)
            session.flush()
            raise _Undone
    except _Undone:
        return 200
    except Problem as problem:
        if problem.status not in _SHOWN_IN_FORM:
            raise
        form.refuse(problem, fields)
        return problem.status
