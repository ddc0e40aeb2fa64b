"""Console: one adverse event: its fields, its assessment, and every earlier version with what changed."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.clocks import silent_markets
from traceapp.adverse_event.decisions import decisions_of
from traceapp.adverse_event.model import AdverseEvent, AdverseEventVersion
from traceapp.adverse_event.queries import adverse_event_by_id, versions_of
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    ChangeAdverseEvent,
    about,
    assess_adverse_event,
    change_adverse_event,
)
from traceapp.adverse_event.states import actions_from
from traceapp.attachment.service import attachments_of
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.terms import terms
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.trace.lookup import lots_by_key
from traceapp.vault.service import erased_at
from traceapp.web import clock_words, words
from traceapp.web.context import actor, world
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.reading import given
from traceapp.web.ui import display
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.adverse_event": "adverse_event.write", "console.adverse_event_assess": "adverse_event.write",
    "console.adverse_event_change": "adverse_event.write"}
_ACT_WORDS = {"assess": lazy_gettext("Assess"), "close": lazy_gettext("Close"), "reopen": lazy_gettext("Reopen"),
              "nullify": lazy_gettext("Nullify")}
# Field -> (its name, the table of its codes).
_FIELDS: dict[str, tuple[Any, Any]] = {
    "lot_key": (lazy_gettext("Batch"), None), "product_id": (lazy_gettext("Product"), None),
    "consignee_id": (lazy_gettext("Consignee"), None), "awareness_at": (lazy_gettext("We learned of it"), None),
    "onset_on": (lazy_gettext("Began on"), None),
    "onset_precision": (lazy_gettext("How exactly the day is known"), words.PRECISIONS),
    "age_band": (lazy_gettext("Age"), words.AGE_BANDS), "sex": (lazy_gettext("Sex"), words.SEXES),
    "terms": (lazy_gettext("What happened"), "terms"), "seriousness": (lazy_gettext("Serious because"), words.CRITERIA),
    "is_serious": (lazy_gettext("Serious"), None), "outcome": (lazy_gettext("Outcome"), words.OUTCOMES),
    "causality": (lazy_gettext("Causality"), words.CAUSALITIES), "narrative": (lazy_gettext("Description"), None),
    "use_text": (lazy_gettext("How it was used"), None), "state": (lazy_gettext("State"), words.EVENT_STATES),
    "master_id": (lazy_gettext("First report"), None)}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a version beside the next one."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """A change of the case: when, by whom, why, and which fields."""

    number: int
    at: datetime
    by: str
    reason: str
    changes: tuple[Change, ...]


@blueprint.get("/adverse-events/<adverse_event_id>")
def adverse_event(adverse_event_id: str) -> Response:
    """One case; `do` opens the form of an act. A draft opens with its assessment."""
    return show(adverse_event_id, given("do"))


def show(adverse_event_id: str, do: str = "", form: Entered | None = None, status: int = 200) -> Response:
    """The page of an adverse event; with a refused form the status of the refusal."""
    with world().database.read() as db:
        case = adverse_event_by_id(db, adverse_event_id)
        if case is None:
            raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
        versions = versions_of(db, case.id)
        people = names_of_users(db, [*(version.by for version in versions),
                                     *(one.by for one in decisions_of(db, case.id))])
        lots = lots_by_key(db, {case.lot_key, *(str(version.fields.get("lot_key", "")) for version in versions)})
        products = products_by_id(db, {case.product_id, *(version.fields.get("product_id") for version in versions)})
        values: dict[str, Any] = {
            "lot": lots.get(case.lot_key), "product": products.get(case.product_id or ""),
            "consignee": parties_by_id(db, [case.consignee_id]).get(case.consignee_id or ""),
            "complaint": complaint_by_id(db, case.complaint_id) if case.complaint_id else None,
            "erased_at": erased_at(db, case.person_id),
            "tasks": [task for task in tasks_about(db, about(case.id)) if task.state == "open"],
            "clocks": clocks_about(db, about(case.id)), "decided": decisions_of(db, case.id),
            "silent": words.joined_words([clock_words.market_word(one) for one in silent_markets(db, case)])
            if case.state in ("draft", "assessed") and not case.is_serious else "",
            "files": attachments_of(db, about_complaint(case.complaint_id)) if case.complaint_id else ()}
    named = {key: lot.number for key, lot in lots.items()} | {
        key: words.own_name(product) for key, product in products.items()}
    actions = [action for action in _ACT_WORDS if action in actions_from(case.state)]
    if not do and form is None and case.state == "draft":
        do = "assess"
    ending, ending_do = asked_clock(values["clocks"], do), do
    do = do if do in (*actions, "erase", "decide") else ""
    left = [kind for kind in clock_words.DECISIONS if kind not in {one.kind for one in values["decided"]}]
    return case_page(
        "console/adverse_event.html", status, case=case, do=do, form=form or Entered(_typed(case)),
        actions=[(action, str(_ACT_WORDS[action])) for action in actions], is_fresh=form is None, ending=ending,
        ending_do=ending_do, clock_words=clock_words, people=people,
        decisions=words.choices(clock_words.DECISIONS, left) if case.state in ("draft", "assessed") else (),
        history=_history(case, versions, named, people),
        term_choices=[(code, getattr(term, language())) for code, term in terms().items()],
        criteria_choices=words.choices(words.CRITERIA), outcomes=words.choices(words.OUTCOMES),
        causalities=words.choices(words.CAUSALITIES), precisions=words.choices(words.PRECISIONS),
        ages=words.choices(words.AGE_BANDS), sexes=words.choices(words.SEXES), **values)


def asked_clock(clocks: list[LegalClock], do: str) -> LegalClock | None:
    """The clock that `do` is about: `clock-…` to end it, `day-…` to set the day of one that has none."""
    return next((one for one in clocks if one.state == "running"
                 and (do == f"clock-{one.id}" or do == f"day-{one.id}" and not one.has_limit)), None)


def _typed(case: AdverseEvent) -> dict[str, str]:
    """The assessment as its form shows it; lists stand in the case itself."""
    return {"onset_on": case.onset_on.isoformat() if case.onset_on else "", "onset_precision": case.onset_precision,
            "age_band": case.age_band, "sex": case.sex, "outcome": case.outcome, "causality": case.causality,
            "narrative": case.narrative, "use_text": case.use_text}


def _history(case: AdverseEvent, versions: list[AdverseEventVersion], named: dict[str, str],
             people: dict[str, str]) -> list[Version]:
    """Every change, the latest first: each version compared with the one after it, the last with the case itself."""
    now = {name: getattr(case, name) for name in _FIELDS}
    found, after = [], {name: value.isoformat() if hasattr(value, "isoformat") else value
                        for name, value in now.items()}
    for version in reversed(versions):
        before = version.fields
        changes = tuple(Change(str(label), _shown(name, before.get(name), named), _shown(name, after.get(name), named))
                        for name, (label, _table) in _FIELDS.items() if before.get(name) != after.get(name))
        found.append(Version(version.version, version.at, people.get(version.by, version.by), version.reason, changes))
        after = before
    return found


def _shown(name: str, value: Any, named: dict[str, str]) -> str:
    """A field of a version as people read it."""
    table = _FIELDS[name][1]
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if table == "terms":
        return words.joined_words(words.term_names(value))
    if isinstance(value, list):
        return words.joined_words([words.word(table, code) for code in value])
    if name == "onset_on":
        return display.day(date.fromisoformat(value), LANGUAGES[language()][0])
    if name == "awareness_at":
        return display.moment(datetime.fromisoformat(value), LANGUAGES[language()][0])
    return words.word(table, value) if table else named.get(value, str(value))


def _address(adverse_event_id: str) -> str:
    return url_for("console.adverse_event", adverse_event_id=adverse_event_id)


@blueprint.post("/adverse-events/<adverse_event_id>/assess")
def adverse_event_assess(adverse_event_id: str) -> Response:
    """Assess it, or assess it anew."""
    form = Entered()
    onset_on = form.day("onset_on")

    def run(db: Session) -> Done:
        assess_adverse_event(db, actor(), world().clock, AssessAdverseEvent(
            adverse_event_id, form.text("reason"), form.revision(), onset_on, form.get("onset_precision", "day"),
            form.get("age_band", "unknown"), form.get("sex", "unknown"), tuple(form.several("terms")),
            tuple(form.several("seriousness")), form.get("outcome", "unknown"), form.get("causality", "unassessable"),
            form.text("narrative"), form.text("use_text")))
        return Done(_address(adverse_event_id), _("The assessment is saved; what stood before is kept as a version."))

    return perform(form, run, Refusal(lambda status: show(adverse_event_id, "assess", form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/change")
def adverse_event_change(adverse_event_id: str) -> Response:
    """Close, reopen or nullify."""
    form = Entered()
    action = form.get("action")

    def run(db: Session) -> Done:
        event = change_adverse_event(db, actor(), world().clock, ChangeAdverseEvent(
            adverse_event_id, action, form.text("reason"), form.revision()))
        return Done(_address(adverse_event_id), _("Noted: the adverse event is now “%(state)s”.",
                                                  state=words.word(words.EVENT_STATES, event.state)))

    return perform(form, run, Refusal(lambda status: show(adverse_event_id, action, form, status)))
