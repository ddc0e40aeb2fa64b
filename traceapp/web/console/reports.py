"""Console: reports to authorities: what is due, what was made, answers that wait; preparing one."""
from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import about
from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import NotFound
from traceapp.export.case_report import ReportKind
from traceapp.submission.periodic_reporting import periods_of
from traceapp.submission.report_answering import MatchAnswer, TakeAnswer, match_answer, take_answer
from traceapp.submission.report_cases import is_open
from traceapp.submission.report_forms import forms_for
from traceapp.submission.report_preparing import PrepareReport, prepare_report, reports_about
from traceapp.submission.report_queries import (
    ReportFilter,
    answer_by_id,
    clocks_to_report,
    report_page,
    waiting_answers,
)
from traceapp.web import clock_words, report_words
from traceapp.web.context import actor, world
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.words import choices
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import clocks_about

from . import report_acts, report_case, report_period, report_periodic
from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined({name: "report.write" for name in (
    "console.reports", "console.report_new", "console.report_prepare", "console.report_answers_take",
    "console.report_answer_one", "console.report_answer_match")},
    report_acts.PERMISSIONS, report_case.PERMISSIONS, report_period.PERMISSIONS, report_periodic.PERMISSIONS)


@blueprint.get("/reports")
def reports() -> Response:
    """What is due, answers that wait, and every report, the latest first."""
    return _list(Entered())


def _list(form: Entered, status: int = 200) -> Response:
    wanted = wished("text", "state", "authority")
    state = choice(wanted["state"], report_words.STATES)
    with world().database.read() as db:
        found = report_page(db, ReportFilter(
            states=(state,) if state else (), jurisdiction=wanted["authority"] or None, text=wanted["text"],
            after=given("after", 500) or None, limit=PAGE_ROWS))
        due, waiting = clocks_to_report(db), waiting_answers(db)
        periods = periods_of(db, (one.clock.id for one in due))
    return case_page("console/reports.html", status, found=found, due=due, periods=periods, waiting=waiting,
                     wanted=wanted, form=form, report_words=report_words, clock_words=clock_words,
                     listed=placed(found, "console.reports", wanted),
                     filters=[{"type": "search", "name": "text", "label": _("Number")},
                              {"type": "select", "name": "state", "label": _("State"),
                               "options": choices(report_words.STATES)},
                              {"type": "select", "name": "authority", "label": _("Authority"),
                               "options": choices(clock_words.AUTHORITIES)}])


@blueprint.post("/reports/answers")
def report_answers_take() -> Response:
    """Take in a file of acknowledgements."""
    form = Entered()
    sent = form.file("file")
    if sent is None:
        form.fault("file", _("Choose a file."))
    here = world()

    def run(db: Session) -> Done:
        assert sent is not None
        answers = take_answer(db, actor(), here.clock, TakeAnswer(
            sent.filename or "", here.files.read_all(sent.stream.read(here.files.limit_bytes + 1))), desk=here.reports)
        return Done(url_for("console.reports"), _("%(count)d answers were read; each stands with its report, or waits "
                                                  "here to be placed.", count=len(answers)))

    return perform(form, run, Refusal(lambda status: _list(form, status)))


@blueprint.get("/reports/answers/<answer_id>")
def report_answer_one(answer_id: str) -> Response:
    """One answer, and to which report it belongs."""
    return _answer(answer_id, Entered())


def _answer(answer_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        answer, match = answer_by_id(db, answer_id)
        sent = report_page(db, ReportFilter(states=("sent", "acknowledged", "rejected"), limit=100))
    options = [(row.id, f"{row.reference} · {clock_words.authority_word(row.jurisdiction)} · v{row.version} · "
                        f"{row.number}") for row in sent.rows]
    return case_page("console/report_answer.html", status, answer=answer, match=match, options=options, form=form,
                     report_words=report_words)


@blueprint.post("/reports/answers/<answer_id>/match")
def report_answer_match(answer_id: str) -> Response:
    """Say which report it is about."""
    form = Entered()
    report_id = form.text("report_id", required=True)

    def run(db: Session) -> Done:
        report = match_answer(db, actor(), world().clock, MatchAnswer(answer_id, report_id, form.text("reason")))
        return Done(url_for("console.report", report_id=report.id), _("The answer now stands with this report."))

    return perform(form, run, Refusal(lambda status: _answer(answer_id, form, status)))


@blueprint.get("/adverse-events/<adverse_event_id>/reports/new")
def report_new(adverse_event_id: str) -> Response:
    """Choose authority, form and kind."""
    return _new(adverse_event_id, None)


def _new(adverse_event_id: str, form: Entered | None, status: int = 200) -> Response:
    with world().database.read() as db:
        case = adverse_event_by_id(db, adverse_event_id)
        if case is None:
            raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
        product = products_by_id(db, [case.product_id]).get(case.product_id or "")
        clocks = clocks_about(db, about(case.id))
        authority = given("authority") or next((one.jurisdiction for one in clocks if one.state == ClockState.running),
                                               clocks[0].jurisdiction if clocks else "CN")
        earlier = reports_about(db, about(case.id), authority)
    names = forms_for(authority, product.kind if product else "", world().reports.forms)
    is_held = any(one.state in ("sent", "acknowledged") for one in earlier)
    kinds = [kind for kind in ReportKind if is_held != (kind is ReportKind.initial)]
    values: dict[str, Any] = {
        "tabs": [{"label": clock_words.authority_word(code), "current": code == authority,
                  "url": url_for("console.report_new", adverse_event_id=case.id, authority=code)}
                 for code in sorted({one.jurisdiction for one in clocks} | {authority})],
        "forms": [(name, report_words.form_word(name)) for name in names],
        "formats": [(fmt, fmt.upper()) for fmt in dict.fromkeys(
            fmt for name in names for fmt in world().reports.forms[name].formats)],
        "kinds": [(kind.value, report_words.kind_word(kind)) for kind in kinds],
        "clocks": [one for one in clocks if one.jurisdiction == authority and one.state == ClockState.running]}
    form = form or Entered({"jurisdiction": authority, "form": names[0], "profile": "masked", "kind": kinds[0].value})
    return case_page("console/report_new.html", status, case=case, product=product, authority=authority, form=form,
                     open_report=next((one for one in earlier if is_open(one)), None), report_words=report_words,
                     clock_words=clock_words, profiles=choices(report_words.PROFILES), **values)


@blueprint.post("/adverse-events/<adverse_event_id>/reports/new")
def report_prepare(adverse_event_id: str) -> Response:
    """Make the file and say what was found in it."""
    form = Entered()
    here, expected_next_on = world(), form.day("expected_next_on")

    def run(db: Session) -> Done:
        report = prepare_report(db, actor(), here.clock, PrepareReport(
            adverse_event_id, form.text("jurisdiction")[:8], form.get("form"), form.text("format"),
            form.get("profile", "masked"), form.get("kind", "initial"), form.text("receiver"), form.text("reason"),
            expected_next_on),
            desk=here.reports)
        return Done(url_for("console.report", report_id=report.id),
                    _("The report is prepared. Look at what was found."))

    return perform(form, run, Refusal(lambda status: _new(adverse_event_id, form, status)))
