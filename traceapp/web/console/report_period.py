"""Console: one period of a product in a market: until when its report is due, and preparing it."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.submission.periodic_reporting import PreparePeriodic, period_of_clock, prepare_periodic
from traceapp.submission.report_preparing import reports_about
from traceapp.web import clock_words, report_words
from traceapp.web.context import actor, world
from traceapp.web.periodic import period_file
from traceapp.web.reading import given
from traceapp.worklist.legal_clocks import clocks_about

from . import legal_clocks
from .acting import Done, Refusal, perform
from .adverse_event_case import asked_clock
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.report_period": "report.write", "console.report_period_prepare": "report.write",
                               "console.report_period_end": "adverse_event.write",
                               "console.report_period_day": "adverse_event.write"}


@blueprint.get("/reports/periods/<clock_id>")
def report_period(clock_id: str) -> Response:
    """The period; `do` opens the form that ends its clock or sets its day."""
    return _show(clock_id, given("do"), Entered({"form": "docx"}))


def _show(clock_id: str, do: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        found = period_of_clock(db, clock_id)
        clocks = clocks_about(db, found.clock.about)
        reports = reports_about(db, found.clock.about)
        product = products_by_id(db, [found.period.product_id])[found.period.product_id]
    return case_page("console/report_period.html", status, found=found, clocks=clocks, reports=reports, product=product,
                     form=form, do=do, ending=asked_clock(clocks, do), clock_words=clock_words,
                     report_words=report_words, can_prepare=found.clock.state == "running" and not any(
                         one.state in ("prepared", "checked", "approved", "sent") for one in reports))


@blueprint.post("/reports/periods/<clock_id>")
def report_period_prepare(clock_id: str) -> Response:
    """Keep the report of the period, made now or finished by people, to be looked at and approved."""
    form, here = Entered(), world()
    wanted = form.choice("form", ("docx", "pdf", "file"))
    sent = form.file("file") if wanted == "file" else None
    if wanted == "file" and sent is None:
        form.fault("file", _("Choose a file."))
    with here.database.read() as db:
        period = period_of_clock(db, clock_id).period

    def file() -> tuple[str, bytes]:
        if sent is None:
            return period_file(period, wanted)
        return sent.filename or "", here.files.read_all(sent.stream.read(here.files.limit_bytes + 1))

    made = None if form.errors else file()

    def run(db: Session) -> Done:
        assert made is not None
        report = prepare_periodic(db, actor(), here.clock, PreparePeriodic(clock_id, made, form.text("receiver")),
                                  desk=here.reports)
        return Done(url_for("console.report", report_id=report.id),
                    _("The report is prepared. Look through it, then have it approved."))

    return perform(form, run, Refusal(lambda status: _show(clock_id, "", form, status)))


@blueprint.post("/reports/periods/<clock_id>/end")
def report_period_end(clock_id: str) -> Response:
    """Reported another way and confirmed, or decided that no report is due."""
    return legal_clocks.end(clock_id, url_for("console.report_period", clock_id=clock_id),
                            lambda do, form, status: _show(clock_id, do, form, status))


@blueprint.post("/reports/periods/<clock_id>/day")
def report_period_day(clock_id: str) -> Response:
    """Set the day of a report to which the law gives none."""
    return legal_clocks.set_day(clock_id, url_for("console.report_period", clock_id=clock_id),
                                lambda do, form, status: _show(clock_id, do, form, status))
