"""The label page of a lot: choose, look at exactly what prints, print; and what was printed before."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

import labels as printing
from labels.limits import module
from traceapp.code.allocating import range_page
from traceapp.code.print_choice import MOST_LABELS, PrintChoice
from traceapp.code.print_content import preview, unprintable
from traceapp.code.printing import job_page, log_page, pallets_of, whole_log
from traceapp.core.errors import Conflict, Problem
from traceapp.export.spreadsheet import Record
from traceapp.identity.lookup import names_of_users
from traceapp.trace.overview import LotHead
from traceapp.web.context import world
from traceapp.web.label_files import label_image, qr_image
from traceapp.web.label_words import said
from traceapp.web.printing import MADE_AT_ONCE, prepared, read_printable
from traceapp.web.tables import Table, Titles, send_table, titled

from .acting import Done, Refusal, perform
from .entering import Entered
from .label_form import (
    FACT_WORDS,
    FIELDS,
    FORMAT_WORDS,
    LANGUAGES,
    PAGE_WORDS,
    SYMBOLS,
    TEMPLATES,
    choice_of,
    usual_values,
    words_of,
)
from .layout import blueprint, page, today
from .listing import export_links
from .lots import known_lot
from .words import PRINT_STATES, verdict_of, word

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.lot_labels": "label.print", "console.lot_qr": "label.print", "console.lot_label_image": "label.print",
    "console.lot_print_log": "label.print"}

_ = lazy_gettext
_LOG: Titles = (
    ("printed_at", _("Printed")), ("template", _("Kind of label")), ("format", _("Format")),
    ("first_serial", _("First number")), ("last_serial", _("Last number")), ("labels", _("Labels")),
    ("copies", _("Copies")), ("reason", _("Why printed again")), ("printed_by", _("By")))
_SHOWN = 20
_WIDEST_PIXELS = 560


@blueprint.route("/lots/<lot_key>/labels", methods=["GET", "POST"])
def lot_labels(lot_key: str) -> Response:
    """Choose, preview, print."""
    with world().database.read() as session:
        head = own_head(session, lot_key)
        around = _around(session, head)
    verdict = str(verdict_of(head.lot, today()))
    form = Entered(request.args.to_dict() if request.args else usual_values(verdict))
    choice = choice_of(form)

    def again(status: int = 200) -> Response:
        shown = _shown(lot_key, choice, form) if choice is not None else None
        return page("console/lot_labels.html", status, lot=head.lot, product=head.product, form=form, shown=shown,
                    verdict=verdict, most=MOST_LABELS, at_once=MADE_AT_ONCE, template_word=_template_word,
                    format_word=_format_word, state_word=lambda state: word(PRINT_STATES, state), **around)

    if request.method == "GET":
        return again()
    if form.get("step") != "print" or choice is None:
        return redirect(_address("console.lot_labels", form, lot_key=lot_key), 303) if choice else again(422)
    try:
        with prepared(lot_key, choice, form.text("why")) as ready:
            return perform(form, lambda session: _done(ready.order(session)), Refusal(again, FIELDS))
    except Problem as problem:
        if problem.status not in (404, 409, 422):
            raise
        form.refuse(problem, FIELDS)
        return again(problem.status)


def _done(job: Any) -> Done:
    url = url_for("console.print_job", lot_key=job.lot_key, job_id=job.id)
    if job.finished_at is None:
        return Done(url, gettext("The labels are being printed into a file. This page shows how far it is; it goes on "
                                 "when you leave."), "info")
    return Done(url, gettext("The file is ready."))


def own_head(session: Session, lot_key: str) -> LotHead:
    """The lot with its product. Raises NotFound, and Conflict for a lot that is not ours."""
    head = known_lot(session, lot_key)
    if head.product is None or not head.lot.is_own:
        raise Conflict("Labels are printed for our own lots only.", code="not-our-lot")
    list(head.product.levels)  # read while the session is there
    return head


def _around(session: Session, head: LotHead) -> dict[str, Any]:
    """What the page shows besides the form: ranges to choose from, jobs, the log."""
    key = head.lot.lot_key
    jobs, log = job_page(session, key, limit=_SHOWN), log_page(session, key, limit=_SHOWN)
    ranges = range_page(session, key, limit=200).rows
    return {
        "jobs": jobs, "log": log, "people": names_of_users(
            session, [job.created_by for job in jobs.rows] + [line.printed_by for line in log.rows]),
        "exports": export_links("console.lot_print_log", {"lot_key": key}),
        "pallets": pallets_of(session, key), "templates": words_of(TEMPLATES), "formats": words_of(FORMAT_WORDS),
        "symbols": words_of(SYMBOLS), "languages_of_label": words_of(LANGUAGES), "pages": words_of(PAGE_WORDS),
        "facts": words_of(FACT_WORDS),
        "ranges": [(one.id, f"{one.first_serial} – {one.last_serial}" + (f" · {one.purpose}" if one.purpose else ""))
                   for one in ranges]}


def _address(endpoint: str, entered: Entered, /, **place: str) -> str:
    """The address of a page or picture with the choices of the form."""
    chosen = {name: value for name, value in entered.kept(("why",)) if value and name not in place}
    return url_for(endpoint, **place, **chosen)  # type: ignore[arg-type]


def _shown(lot_key: str, choice: PrintChoice, form: Entered) -> dict[str, Any] | None:
    """The preview: the first label as it prints; None when it does not, which then stands in the form."""
    try:
        wanted = read_printable(lot_key, choice)
        _picture, spec, missing = preview(wanted)
    except Problem as problem:
        if problem.status >= 500:
            raise
        form.refuse(problem, FIELDS)
        return None
    width, height = printing.size_mm(replace(spec, format="png"))
    scale = min(1.0, _WIDEST_PIXELS / (width / 25.4 * 96)) * 96 / 25.4
    dots = module(spec.module_mm, spec.dpi) if spec.text else None
    sheets = -(-(wanted.total + choice.skip) // choice.sheet.per_page) if choice.format == "sheet" else None
    return {"src": _address("console.lot_label_image", form, lot_key=lot_key, form="png"), "spec": spec,
            "missing": said(missing) if missing else "", "width": width, "height": height,
            "pixels": (round(width * scale), round(height * scale)),
            "dots": dots, "total": wanted.total, "sheets": sheets, "choice": choice}


def _template_word(name: str) -> str:
    return word(TEMPLATES, name)


def _format_word(name: str) -> str:
    return word(FORMAT_WORDS, name)


@blueprint.get("/lots/<lot_key>/label.<form>")
def lot_label_image(lot_key: str, form: str) -> Response:
    """One label as it prints with the choices of the address. Raises InvalidInput for choices that are none."""
    entered = Entered({**usual_values(""), **request.args.to_dict()})
    choice = choice_of(entered)
    if choice is None:
        raise unprintable(printing.LabelError("; ".join(text for _name, text in entered.summary), "form"))
    return label_image(lot_key, form, choice)


@blueprint.get("/lots/<lot_key>/qr.<form>")
def lot_qr(lot_key: str, form: str) -> Response:
    """The bare QR code with its quiet zone."""
    return qr_image(lot_key, form)


@blueprint.get("/lots/<lot_key>/print-log/export")
def lot_print_log(lot_key: str) -> Response:
    """All that was printed of a lot, as a file."""

    def rows(session: Session) -> Iterator[Record]:
        log = whole_log(session, lot_key)
        people = names_of_users(session, [line.printed_by for line in log])
        for line in log:
            yield {"printed_at": line.printed_at, "template": _template_word(line.template),
                   "format": _format_word(line.format), "first_serial": line.first_serial or "",
                   "last_serial": line.last_serial or "", "labels": line.labels, "copies": line.copies,
                   "reason": line.reason, "printed_by": people.get(line.printed_by, line.printed_by)}

    with world().database.snapshot() as session:
        uri = known_lot(session, lot_key).lot.uri
        return send_table(Table("print-log", gettext("Print log"), titled(_LOG), rows(session), {"lot": uri}),
                          request.args.get("format", ""))
