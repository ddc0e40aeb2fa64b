"""Console: a pallet or carton that comes back to the gate during a recall, taken in by its label."""
from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import Problem
from traceapp.core.quantity import plain
from traceapp.recall.returned_containers import ReturnedContainer, TakeContainer, container_of, take_container
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.problems import translated
from traceapp.web.reading import given

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_container_in": "trace.record"}


@blueprint.route("/goods-in/containers", methods=["GET", "POST"])
def recall_container_in() -> Response:
    """Look at what the label says, count, take it in."""
    form = Entered({"code": given("code", 500)})
    if request.method == "GET":
        return _show(form)
    with world().database.read() as db:
        try:
            found: ReturnedContainer | None = container_of(db, form.get("code"))
        except Problem:
            found = None  # the act refuses, with its reason
    counted = {line.lot_key: form.amount(f"units-{line.lot_key}", positive=False, required=False)
               for line in found.lines} if found else {}
    recall_id = form.text("recall", required=True)

    def act(db: Session) -> Done:
        rows = take_container(db, actor(), world().clock, TakeContainer(
            recall_id, form.text("code"), {key: units for key, units in counted.items() if units is not None},
            form.text("document_number"), form.text("note"), form.is_checked("is_outside")))
        return Done(url_for("console.recall_goods_in", recall=recall_id, done=rows[0].id),
                    _("The pallet or carton %(sscc)s is taken in: %(count)s batches.", sscc=rows[0].sscc,
                      count=len(rows)))

    fields = {f"units/{key}": f"units-{key}" for key in counted} | {"units": next(
        (f"units-{key}" for key in counted), "code")}
    return perform(form, act, Refusal(lambda status: _show(form, status), fields))


def _show(form: Entered, status: int = 200) -> Response:
    fault = ""
    found: ReturnedContainer | None = None
    with world().database.read() as db:
        try:
            found = container_of(db, form.get("code"))
        except Problem as problem:
            fault = translated(problem)
    in_case = found.cases[0].lot_keys if found and found.cases else frozenset()
    if found and not form.get("recall") and request.method == "GET":
        form.form.setlist("recall", [found.cases[0].recall_id] if found.cases else [])
        for line in found.lines:
            form.form.setlist(f"units-{line.lot_key}", [plain(line.units)])
    return page("console/recall_container_in.html", status, form=form, code=form.get("code"), found=found, fault=fault,
                in_case=in_case, is_chinese=language() == "zh",
                cases=[(one.recall_id, one.reference) for one in found.cases] if found else [])
