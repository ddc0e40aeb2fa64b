"""Console: who is on duty when, and when nobody is."""
from __future__ import annotations

from datetime import timedelta

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.web.context import actor, world
from traceapp.web.words import WEEKDAYS, choices, joined_words, word
from traceapp.worklist.roster import gaps, on_duty
from traceapp.worklist.roster_model import DutyShift
from traceapp.worklist.rostering import AddShift, add_shift, as_shifts, people_for_duty, remove_shift, roster

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page, today

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.duty": "complaint.read", "console.duty_new": "complaint.approve",
    "console.duty_remove": "complaint.approve"}
_AHEAD = timedelta(days=7)


@blueprint.get("/duty")
def duty() -> Response:
    """The roster of the week ahead, who is on duty now, and its gaps."""
    return _show(Entered({"starts": "08:30", "ends": "17:30", "first_on": today().isoformat()}))


def _show(form: Entered, status: int = 200) -> Response:
    now = world().clock.now()
    with world().database.read() as db:
        rows, people = roster(db), people_for_duty(db)
    shifts, names = as_shifts(rows), {person.id: person.name for person in people}
    return page("console/duty.html", status, form=form, rows=rows, names=names,
                silent={person.id for person in people if not person.email}, times=_times, days_of=_days,
                present=[names.get(one, one) for one in on_duty(shifts, now)], gaps=gaps(shifts, now, now + _AHEAD),
                people=list(names.items()), weekday_choices=choices(WEEKDAYS))


def _times(shift: DutyShift) -> str:
    begin, end = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (shift.starts_minute, shift.ends_minute))
    if shift.ends_minute <= shift.starts_minute:
        return _("%(begin)s to %(end)s of the next day", begin=begin, end=end)
    return _("%(begin)s to %(end)s", begin=begin, end=end)


def _days(shift: DutyShift) -> str:
    return joined_words([word(WEEKDAYS, str(day)) for day in shift.weekdays])


@blueprint.post("/duty")
def duty_new() -> Response:
    """Put somebody on duty."""
    form = Entered()
    days = tuple(int(day) for day in form.several("weekdays") if day in WEEKDAYS)
    first_on, last_on = form.day("first_on", required=True), form.day("last_on")

    def act(db: Session) -> Done:
        assert first_on is not None
        add_shift(db, actor(), world().clock, AddShift(form.text("user_id"), days, form.text("starts"),
                                                       form.text("ends"), first_on, last_on))
        return Done(url_for("console.duty"), _("The roster is changed."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


@blueprint.post("/duty/<shift_id>/remove")
def duty_remove(shift_id: str) -> Response:
    """Take a shift out of the roster."""
    form = Entered()

    def act(db: Session) -> Done:
        remove_shift(db, actor(), world().clock, shift_id)
        return Done(url_for("console.duty"), _("The roster is changed."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))
