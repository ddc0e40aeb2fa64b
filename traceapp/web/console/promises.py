"""Console: what the house promises about complaints, and offers where a promise was broken."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.policy import DEFAULT_PROMISES, OFFERS, Promise
from traceapp.complaint.promising import (
    ROWS,
    SERVICE_ONLY,
    SetPromises,
    kept_promises,
    promise_versions,
    promises_at,
    set_promises,
)
from traceapp.complaint.states import Severity
from traceapp.identity.lookup import names_of_users
from traceapp.web import words
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import ZONE, blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.promises": "complaint.read", "console.promises_set": "complaint.approve"}
_STEPS = Promise._fields


@blueprint.get("/promises")
def promises() -> Response:
    """What holds now, what held before, and the form that sets it anew."""
    with world().database.read() as db:
        hours, offers = kept_promises(promises_at(db, world().clock.now()))
    values = {f"{row}-{step}": str(number) for row, numbers in hours.items()
              for step, number in zip(_STEPS, numbers, strict=True)}
    return _show(Entered(values | {f"offers-{one}": offer for one, offer in offers.items()}))


def _show(form: Entered, status: int = 200) -> Response:
    now = world().clock.now()
    with world().database.read() as db:
        versions = promise_versions(db)
        current, offers = kept_promises(promises_at(db, now))
        people = names_of_users(db, [one.set_by for one in versions])
    rows = [(row, _("Only about service") if row == SERVICE_ONLY else words.word(words.SEVERITIES, row))
            for row in ROWS]
    return case_page(
        "console/promises.html", status, form=form, rows=rows, steps=words.choices(words.SERVICE_CLOCKS),
        current=current, offers=offers, versions=versions, people=people, defaults=kept_promises(DEFAULT_PROMISES)[0],
        latest=max((one.version for one in versions), default=0),
        offer_choices=[(code, words.word(words.OFFERS, code)) for code in OFFERS], hours_words=hours_words)


def hours_words(hours: int) -> str:
    """Hours as people say them: days where they are whole ones."""
    return _("%(num)d d", num=hours // 24) if hours % 24 == 0 else _("%(num)d h", num=hours)


@blueprint.post("/promises")
def promises_set() -> Response:
    """Set the promises and offers for what is received from a moment on."""
    form = Entered()
    hours = {row: tuple(form.whole(f"{row}-{step}") or 0 for step in _STEPS) for row in ROWS}
    valid_from = form.moment("valid_from", ZONE) if form.text("valid_from") else None

    def act(db: Session) -> Done:
        set_promises(db, actor(), world().clock, SetPromises(
            hours, {one: form.text(f"offers-{one}") for one in Severity}, form.text("reason"), valid_from,
            form.revision()))
        return Done(url_for("console.promises"), _("The promises are set. What was received before keeps its own."))

    places = {f"{row}/{step}": f"{row}-{step}" for row in ROWS for step in _STEPS}
    places |= {f"offers/{one}": f"offers-{one}" for one in Severity}
    return perform(form, act, Refusal(lambda status: _show(form, status), places))
