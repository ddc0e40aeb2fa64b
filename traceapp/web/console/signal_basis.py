"""Console: setting what is expected of the product of a signal."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.intake import RESCORE
from traceapp.core.errors import NotFound
from traceapp.signals.delay import Delay
from traceapp.surveillance.basis import SetBasis, set_basis
from traceapp.web.context import actor, world
from traceapp.worklist.work import add_work

from .acting import Done, Refusal, perform
from .basis_form import MILLION
from .entering import Entered
from .layout import blueprint
from .signal_case import case_by_id, show_case

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signal_basis": "surveillance.configure"}
_NUMBERS = ("rate_per_unit", "use_mean_days", "report_shape", "report_mean_days", "alpha", "minimum_events")


@blueprint.post("/signals/<signal_id>/basis")
def signal_basis(signal_id: str) -> Response:
    """Set what is expected of the signal's product; its lot is scored anew at once."""
    form = Entered()
    values = {name: _number(form, name) for name in _NUMBERS}

    def act(db: Session) -> Done:
        case = case_by_id(db, signal_id)
        if case.product_id is None:
            raise NotFound("There is no such product.")
        set_basis(db, actor(), world().clock, SetBasis(
            case.product_id, values["rate_per_unit"] / MILLION,
            Delay(values["use_mean_days"], values["report_shape"], values["report_mean_days"]), values["alpha"] / 100,
            int(values["minimum_events"]), form.text("note"), form.revision()))
        add_work(db, world().clock, RESCORE, case.lot_key)
        return Done(url_for("console.signal", signal_id=signal_id) + "#basis",
                    _("Saved. From now on the curve is drawn with these numbers."))

    return perform(form, act, Refusal(lambda status: show_case(signal_id, "basis", form, status)))


def _number(form: Entered, name: str) -> float:
    found = form.amount(name, positive=False)
    if found is not None and found < 0:
        form.fault(name, _("A number cannot be below zero."))
    return float(found or 0)
