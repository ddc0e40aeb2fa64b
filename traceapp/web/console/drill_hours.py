"""Console: when the house works, by which planned drills are spread; who set it, and why."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.identity.lookup import names_of_users
from traceapp.recall.drill_hours import SetHours, clock_text, hours_now, hours_versions, set_hours
from traceapp.rules import CALENDARS
from traceapp.web.context import actor, world
from traceapp.web.drill_words import hours_text
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import country
from traceapp.web.words import WEEKDAYS, choices

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.drill_hours": "recall.write", "console.drill_hours_set": "recall.write"}


@blueprint.get("/drills/hours")
def drill_hours() -> Response:
    """What holds, what held before, and the form that sets it anew."""
    with world().database.read() as db:
        hours = hours_now(db)
    opens, closes = hours.times
    return _show(Entered({"zone": hours.zone, "calendar": hours.calendar, "opens": opens, "closes": closes,
                          "weekdays": [str(day) for day in hours.weekdays]}))


def _show(form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        hours, versions = hours_now(db), hours_versions(db)
        people = names_of_users(db, [one.set_by for one in versions])
    return case_page(
        "console/drill_hours.html", status, form=form, hours=hours, people=people, weekday_choices=choices(WEEKDAYS),
        said=hours_text(hours.weekdays, hours.times, hours.zone, hours.calendar),
        calendar_choices=[*((one, country(one, current_locale())) for one in CALENDARS), ("", _("None that is known"))],
        versions=[(one, hours_text(one.weekdays, (clock_text(one.opens_minute), clock_text(one.closes_minute)),
                                   one.zone, one.calendar)) for one in versions])


@blueprint.post("/drills/hours")
def drill_hours_set() -> Response:
    """Set it anew, with the reason."""
    form = Entered()
    days = tuple(int(day) for day in form.several("weekdays") if day in WEEKDAYS)

    def act(db: Session) -> Done:
        set_hours(db, actor(), world().clock, SetHours(
            form.text("zone"), days, form.text("opens"), form.text("closes"), form.text("reason"), form.revision(),
            form.text("calendar")))
        return Done(url_for("console.drill_hours"), _("The working hours are set."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))
