"""Console: the result of a sample, entered from the page of a signal, and the ranking of causes as a file."""
from __future__ import annotations

from datetime import date

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import NewFile, add_file
from traceapp.core.errors import NotFound
from traceapp.signals.samples import SENSITIVITY, SPECIFICITY, Found, Taken
from traceapp.surveillance.case_reads import lot_keys_of
from traceapp.surveillance.cause_model import CauseSample
from traceapp.surveillance.model import Signal
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.ranking import Likeliest, likeliest_cause
from traceapp.surveillance.samples import EnterSample, enter_sample
from traceapp.web.cause_words import RESULTS, TAKEN, names_in
from traceapp.web.context import signed_in, world
from traceapp.web.listings_causes import causes_table
from traceapp.web.tables import send_table

from .acting import Done, Refusal, perform
from .casework import case_page
from .cause_section import about_sample
from .entering import Entered
from .layout import blueprint
from .lot_forms import ACCEPTED_FILES, sent_file
from .words import options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signal_sample": "signal.decide", "console.signal_causes_file": "signal.read"}
_MOST_LOTS = 200


@blueprint.get("/signals/<signal_id>/causes/file")
def signal_causes_file(signal_id: str) -> Response:
    """The whole ranking as a table."""
    with world().database.read() as db:
        case = _signal(db, signal_id)
        found = likeliest_cause(db, lot_keys_of(db, case), _today())
        table = causes_table(found, names_in(db, found), case.reference)
    return send_table(table, request.args.get("format", "csv"))


@blueprint.route("/signals/<signal_id>/samples/new", methods=["GET", "POST"])
def signal_sample(signal_id: str) -> Response:
    """Enter a result; with `corrects` one that counts in the place of an earlier one."""
    with world().database.read() as db:
        case = _signal(db, signal_id)
        found = likeliest_cause(db, lot_keys_of(db, case), _today())
        names = names_in(db, found)
        earlier = _earlier(db, request.values.get("lot", ""), request.values.get("corrects", ""))
    lots = [(key, f"{names(key)} · {names.products.get(key, '')}") for key in _in_order(found)][:_MOST_LOTS]
    form = Entered(_filled(found, earlier))

    def again(status: int = 200) -> Response:
        return case_page("console/cause_sample.html", status, case=case, form=form, lots=lots, earlier=earlier,
                         results=options(RESULTS), taken=options(TAKEN), today=_today().isoformat(),
                         accept=ACCEPTED_FILES)

    if request.method == "GET":
        return again()
    command, ready = _command(form, earlier), sent_file(form)

    def act(db: Session) -> Done:
        here = world()
        assert command is not None
        row = enter_sample(db, signed_in(), here.clock, command)
        file = form.file("file")
        if ready is not None and file is not None:
            add_file(db, signed_in(), here.clock, NewFile(about_sample(row.id), file.filename or "", ready),
                     store=here.files)
        return Done(url_for("console.signal", signal_id=signal_id) + "#causes",
                    _("Noted. The causes are weighed with this result."))

    return perform(form, act, Refusal(again, {"lot_key": "lot"}))


def _command(form: Entered, earlier: CauseSample | None) -> EnterSample | None:
    day = form.day("sampled_on", required=True)
    sensitivity, specificity = _share(form, "sensitivity"), _share(form, "specificity")
    taken, result = form.choice("taken", Taken), form.choice("result", Found)
    lot_key, method = form.text("lot", required=True), form.text("method", required=True)
    if not form.is_good or day is None:
        return None
    return EnterSample(lot_key, Taken(taken), day, method, Found(result), sensitivity, specificity,
                       form.text("note"), earlier.id if earlier else None)


def _share(form: Entered, name: str) -> float:
    """Per cent as typed, as a share."""
    found = form.amount(name, positive=False)
    if found is not None and not 0 < found <= 100:
        form.fault(name, _("This must be above 0 and at most 100."))
    return float(found or 0) / 100


def _filled(found: Likeliest, earlier: CauseSample | None) -> dict[str, str]:
    if earlier is not None:
        return {"lot": earlier.lot_key, "taken": earlier.taken, "method": earlier.method, "result": "",
                "sampled_on": earlier.sampled_on.isoformat(), "sensitivity": f"{earlier.sensitivity * 100:g}",
                "specificity": f"{earlier.specificity * 100:g}"}
    lot = request.args.get("lot", "")
    return {"lot": lot, "taken": str(found.available.get(lot, "")), "sampled_on": _today().isoformat(),
            "sensitivity": f"{SENSITIVITY * 100:g}", "specificity": f"{SPECIFICITY * 100:g}"}


def _in_order(found: Likeliest) -> list[str]:
    """The lots of which there is a sample, the most telling first, then what is upstream, then the rest."""
    first = [one.node for one in found.next]
    rest = [key for key in found.available if key not in first]
    return [*first, *sorted(rest, key=lambda key: (key not in found.lineage.made_into, found.lineage.lots[key].number))]


def _earlier(db: Session, lot_key: str, sample_id: str) -> CauseSample | None:
    if not sample_id:
        return None
    row = db.get(CauseSample, (lot_key, sample_id))
    if row is None:
        raise NotFound("There is no such result of this lot.", place="corrects")
    return row


def _signal(db: Session, signal_id: str) -> Signal:
    found = signal_by_id(db, signal_id)
    if found is None:
        raise NotFound("There is no such signal.")
    return found


def _today() -> date:
    return world().clock.now().date()
