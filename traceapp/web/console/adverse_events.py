"""Console: adverse events. The list; a case stands in the module beside this one."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import AdverseEventFilter, adverse_event_page
from traceapp.adverse_event.service import about
from traceapp.catalog.queries import all_products
from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.submission.case_intake import NULLIFICATION, Taken, TakenCase, take_case
from traceapp.trace.lookup import lots_by_key, lots_of_number
from traceapp.web.context import actor, world
from traceapp.web.listings import adverse_event_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.words import EVENT_STATES, choices, own_name
from traceapp.worklist.lookup import next_due

from . import adverse_event_assess, adverse_event_case, adverse_event_history
from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, day_start, export_links, placed, wished

# endpoint -> permission (see traceapp.web.permissions). Reading asks for `adverse_event.write` too:
# `adverse_event.read` is also the regulator's, who has pages of its own.
PERMISSIONS: dict[str, str] = joined(
    {"console.adverse_events": "adverse_event.write", "console.adverse_events_take": "complaint.write"},
    adverse_event_case.PERMISSIONS, adverse_event_assess.PERMISSIONS, adverse_event_history.PERMISSIONS)
_MOST_NAMED = 5
_FIELDS = ("text", "state", "serious", "product", "lot", "lot_key", "since", "until", "sort")
_SERIOUS = {"yes": lazy_gettext("Serious"), "no": lazy_gettext("Not serious")}
_SORTS = {"latest": lazy_gettext("Latest first"), "oldest": lazy_gettext("Oldest first")}


def _filter(db: Session, wanted: dict[str, str], after: str | None = None) -> AdverseEventFilter:
    state = choice(wanted["state"], EVENT_STATES)
    lots = lots_of_number(db, wanted["lot"]) if wanted["lot"] else []
    if wanted["product"]:
        lots = [lot for lot in lots if lot.product_id == wanted["product"]]
    lot_key = wanted["lot_key"] or (lots[0].lot_key if lots else "-" if wanted["lot"] else None)
    return AdverseEventFilter(
        since=day_start(wanted["since"]), until=day_start(wanted["until"], days=1),
        product_id=wanted["product"] or None, lot_key=lot_key, states=(state,) if state else (),
        is_serious={"yes": True, "no": False}.get(wanted["serious"]), text=wanted["text"],
        oldest_first=wanted["sort"] == "oldest", after=after, limit=PAGE_ROWS)


@blueprint.get("/adverse-events")
def adverse_events() -> Response:
    """The list, the latest first; with `format` the line listing as a file."""
    if request.args.get("format"):
        wanted = wished(*_FIELDS)
        with world().database.read() as db:
            shown = {name: value for name, value in wanted.items() if value}
            return send_table(adverse_event_table(_filter(db, wanted), shown), request.args["format"])
    return _list(Entered())


def _list(form: Entered, status: int = 200) -> Response:
    """The page of the list; with a refused file the status of the refusal."""
    wanted = wished(*_FIELDS)
    with world().database.read() as db:
        found = adverse_event_page(db, _filter(db, wanted, given("after", 500) or None))
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        due = next_due(db, (about(row.id) for row in found.rows))
    return case_page(
        "console/adverse_events.html", status, form=form, upload_limit=world().settings.upload_limit_bytes // 1_000_000,
        found=found, lots=lots, products=products, wanted=wanted,
        due={key.partition(":")[2]: value for key, value in due.items()},
        listed=placed(found, "console.adverse_events", wanted),
        exports=export_links("console.adverse_events", wanted),
        options={"state": choices(EVENT_STATES), "serious": [(key, str(text)) for key, text in _SERIOUS.items()],
                 "sort": [(key, str(text)) for key, text in _SORTS.items()],
                 "product": [(key, own_name(product)) for key, product in products.items()
                             if product.kind != "material"]})


def _references(taken: Sequence[TakenCase]) -> str:
    """The numbers of the first of these cases."""
    names = list(dict.fromkeys(done.reference for done in taken))
    return ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")


@blueprint.post("/adverse-events/files")
def adverse_events_take() -> Response:
    """Take in a file of reports that somebody else sent."""
    from traceapp.submission.case_files import read_cases  # noqa: PLC0415  XML is loaded when a file comes

    form = Entered()
    sent = form.file("file")
    learned_at = form.moment("awareness_at", "Asia/Shanghai") if form.text("awareness_at") else None
    if sent is None:
        form.fault("file", _("Choose a file."))
        return _list(form, 422)
    try:
        cases = read_cases(sent.stream.read(), learned_at)
    except (InvalidInput, TooLarge) as problem:
        form.refuse(problem, {problem.place or "": "file"})
        return _list(form, problem.status)

    def run(db: Session) -> Done:
        taken = [take_case(db, actor(), world().clock, one, vault=world().vault) for one in cases]
        counts = Counter(one.how for one in taken)
        told = _("%(new)d new, %(more)d about known cases, %(known)d here already: %(cases)s",
                 new=counts[Taken.created], more=counts[Taken.followed], known=counts[Taken.already],
                 cases=_references(taken))
        back = _references([done for case, done in zip(cases, taken, strict=True)
                            if case.correction == NULLIFICATION and done.how is not Taken.already])
        if back:
            told += " " + _("Taken back by their sender: %(cases)s. Somebody has to decide.", cases=back)
        one = {done.adverse_event_id for done in taken}
        return Done(url_for("console.adverse_event", adverse_event_id=one.pop()) if len(one) == 1
                    else url_for("console.adverse_events"), told)

    return perform(form, run, Refusal(lambda status: _list(form, status)))
