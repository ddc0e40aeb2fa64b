"""Legal clocks: the rules with their sources, and how a clock of a case is ended."""
from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.rules import rules
from traceapp.web import clock_words
from traceapp.web.context import actor, world
from traceapp.web.words import choices
from traceapp.worklist.legal_clocks import EndClock, SetClockDay, end_clock, frozen, set_clock_day

from .acting import Done, Refusal, perform
from .adverse_event_case import show
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.clocks": "adverse_event.read", "console.clock_end": "adverse_event.write",
    "console.clock_day": "adverse_event.write"}


@blueprint.get("/legal-clocks")
def clocks() -> Response:
    """All rules, with their articles and sources."""
    wanted = wished("authority", "kind", "role", "mark")
    found = [frozen(rule) for rule in rules()
             if (not wanted["authority"] or rule.jurisdiction == wanted["authority"])
             and (not wanted["kind"] or rule.kinds is None or wanted["kind"] in rule.kinds)
             and (not wanted["role"] or wanted["role"] in rule.roles)
             and (not wanted["mark"] or rule.mark == wanted["mark"])]
    return case_page("console/legal_clocks.html", found=found, wanted=wanted, clock_words=clock_words, filters=[
        {"type": "select", "name": "authority", "label": _("Authority"), "options": choices(clock_words.AUTHORITIES)},
        {"type": "select", "name": "kind", "label": _("Product"), "options": choices(clock_words.KINDS)},
        {"type": "select", "name": "role", "label": _("Who reports"), "options": choices(clock_words.ROLES)},
        {"type": "select", "name": "mark", "label": _("How sure"), "options": choices(clock_words.MARKS)}])


@blueprint.post("/adverse-events/<adverse_event_id>/clocks/<clock_id>")
def clock_end(adverse_event_id: str, clock_id: str) -> Response:
    """Reported and confirmed, or decided that no report is due."""
    return end(clock_id, _address(adverse_event_id), lambda do, form, status: show(adverse_event_id, do, form, status))


@blueprint.post("/adverse-events/<adverse_event_id>/clocks/<clock_id>/day")
def clock_day(adverse_event_id: str, clock_id: str) -> Response:
    """Set the day of a clock to which the law gives none."""
    return set_day(clock_id, _address(adverse_event_id),
                   lambda do, form, status: show(adverse_event_id, do, form, status))


def _address(adverse_event_id: str) -> str:
    return url_for("console.adverse_event", adverse_event_id=adverse_event_id)


def end(clock_id: str, address: str, again: Callable[[str, Entered, int], Response]) -> Response:
    """End a clock of the case at `address`; `again` shows that page with the form of an act, refused."""
    form = Entered()
    decision = form.choice("decision", ("reported", "not_reportable"))
    sent = form.file("sent") if decision == "reported" else None
    if decision == "reported" and sent is None:
        form.fault("sent", _("Choose the file that was sent to the authority; its hash is kept."))
    sha256 = hashlib.file_digest(sent.stream, "sha256").hexdigest() if sent is not None else ""  # type: ignore[arg-type]

    def run(db: Session) -> Done:
        end_clock(db, actor(), world().clock, EndClock(
            clock_id, decision, form.text("reason"), form.text("acknowledgement"), sha256, form.revision()))
        return Done(address + "#clocks", _("The clock is ended: reported.") if decision == "reported"
                    else _("The clock is ended: no report is due."))

    return perform(form, run, Refusal(lambda status: again(f"clock-{clock_id}", form, status)))


def set_day(clock_id: str, address: str, again: Callable[[str, Entered, int], Response]) -> Response:
    """Set the day of a clock of the case at `address`; `again` as for ending one."""
    form = Entered()
    last_day = form.day("last_day", required=True)

    def run(db: Session) -> Done:
        assert last_day is not None
        set_clock_day(db, actor(), world().clock, SetClockDay(
            clock_id, last_day, form.text("reason"), form.revision()))
        return Done(address + "#clocks", _("The day of the clock is set."))

    return perform(form, run, Refusal(lambda status: again(f"day-{clock_id}", form, status)))
