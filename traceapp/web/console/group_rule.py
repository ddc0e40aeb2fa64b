"""Console: how many persons within how many days are a group event, who set it, and why."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.group_rule import (
    DAYS_BOUNDS,
    LEAST_BOUNDS,
    GroupRule,
    SetGroupRule,
    rule_now,
    rule_versions,
    set_rule,
)
from traceapp.adverse_event.groups import groups_of_year
from traceapp.identity.lookup import names_of_users
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.group_rule": "adverse_event.write",
                               "console.group_rule_set": "adverse_event.decide"}


@blueprint.get("/groups/rule")
def group_rule() -> Response:
    """What holds, what held before, and the form that sets it anew."""
    with world().database.read() as db:
        rule = rule_now(db)
    return _show(Entered({"least": str(rule.least), "days": str(rule.days)}))


def _show(form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        rule, versions = rule_now(db), rule_versions(db)
        people = names_of_users(db, [one.set_by for one in versions])
        found, refused = groups_of_year(db, world().clock)
    return case_page("console/group_rule.html", status, form=form, rule=rule, versions=versions, people=people,
                     found=found, refused=refused, default=GroupRule(), least_bounds=LEAST_BOUNDS,
                     days_bounds=DAYS_BOUNDS)


@blueprint.post("/groups/rule")
def group_rule_set() -> Response:
    """Set it anew, with the reason."""
    form = Entered()

    def act(db: Session) -> Done:
        set_rule(db, actor(), world().clock, SetGroupRule(
            form.whole("least") or 0, form.whole("days") or 0, form.text("reason"), form.revision()))
        return Done(url_for("console.group_rule"), _("The rule is set. Batches with as many reports are looked at "
                                                     "again."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))
