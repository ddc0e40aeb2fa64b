"""Console: group events that were found by themselves, with what they consist of and the clocks that run."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.group_model import GroupEvent
from traceapp.adverse_event.group_rule import rule_now
from traceapp.adverse_event.groups import DecideGroup, about, cases_of, decide_group, group_by_id, groups_found
from traceapp.catalog.lookup import parties_by_id
from traceapp.complaint.region import english_region
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.trace.lookup import lots_by_key
from traceapp.web import clock_words
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.reading import given
from traceapp.web.words import GROUP_STATES, own_name, word
from traceapp.worklist.legal_clocks import clocks_about

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .legal_clocks import end

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.groups": "adverse_event.write", "console.group": "adverse_event.write",
    "console.group_decide": "adverse_event.decide", "console.group_clock_end": "adverse_event.write"}


@blueprint.get("/groups")
def groups() -> Response:
    """Those that wait for a decision first."""
    with world().database.read() as db:
        found = groups_found(db)
        lots = lots_by_key(db, (one.lot_key for one in found))
        places, rule = _places(db, found), rule_now(db)
    return case_page("console/groups.html", rows=found, lots=lots, places=places, rule=rule)


def _places(db: Session, found: list[GroupEvent]) -> dict[str, str]:
    """What people call each place."""
    split = {one.place: one.place.partition(":")[2] for one in found}
    parties = parties_by_id(db, [key for place, key in split.items() if place.startswith("consignee:")])
    return {place: own_name(parties.get(key), key) if place.startswith("consignee:")
            else key if language() == "zh" else english_region(key) for place, key in split.items()}


@blueprint.get("/groups/<group_id>")
def group(group_id: str) -> Response:
    """One, with its complaints and its clocks."""
    return _show(group_id, given("do"))


def _show(group_id: str, do: str = "", form: Entered | None = None, status: int = 200) -> Response:
    with world().database.read() as db:
        case = group_by_id(db, group_id)
        if case is None:
            raise NotFound("There is no such group.", code="unknown-group")
        cases = cases_of(db, case)
        clocks = clocks_about(db, about(case.id))
        lot = lots_by_key(db, [case.lot_key]).get(case.lot_key)
        place = _places(db, [case])[case.place]
        people = names_of_users(db, [case.decided_by])
    asked = next((one for one in clocks if do == f"clock-{one.id}" and one.state == "running"), None)
    return case_page("console/group.html", status, case=case, cases=cases, clocks=clocks, lot=lot, place=place, do=do,
                     asked=asked, people=people, form=form or Entered({}), clock_words=clock_words)


@blueprint.post("/groups/<group_id>/decide")
def group_decide(group_id: str) -> Response:
    """Say that it is a group, or that it is none."""
    form = Entered()
    said = form.choice("is_group", ("yes", "no"))

    def run(db: Session) -> Done:
        done = decide_group(db, actor(), world().clock, DecideGroup(group_id, said == "yes", form.text("reason"),
                                                                    form.revision()))
        return Done(url_for("console.group", group_id=group_id), _("Noted: “%(state)s”.",
                                                                   state=word(GROUP_STATES, done.state)))

    return perform(form, run, Refusal(lambda status: _show(group_id, "decide", form, status)))


@blueprint.post("/groups/<group_id>/clocks/<clock_id>")
def group_clock_end(group_id: str, clock_id: str) -> Response:
    """Reported and confirmed, or decided that no report is due."""
    return end(clock_id, url_for("console.group", group_id=group_id),
               lambda do, form, status: _show(group_id, do, form, status))
