"""Console: a complaint that reached staff by telephone, letter, hospital or sales."""
from __future__ import annotations

from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.complaint.service import LotGiven, SubmitComplaint, submit_complaint
from traceapp.complaint.terms import terms
from traceapp.vault.service import PersonDetails
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.reading import given
from traceapp.web.words import AFFECTED, AGE_BANDS, CHANNELS, COMPLAINT_KINDS, CRITERIA, HARMS, SEXES, choices, own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaint_new": "complaint.write",
                               "console.complaint_submit": "complaint.write"}
_ZONE = "Asia/Shanghai"
_CHANNELS = ("telephone", "email", "wechat", "hospital", "sales")


@blueprint.get("/complaints/new")
def complaint_new() -> Response:
    """The form; `lot` fills in the batch."""
    return show_new(Entered({"channel": "telephone", "lot": given("lot"), "affected": "unknown", "age_band": "unknown",
                          "sex": "unknown", "harm": "unknown"}))


def show_new(form: Entered, status: int = 200, found: Sequence[tuple[str, str, str]] = ()) -> Response:
    """The form; `found`: what was read from an e-mail, as (field, value, words)."""
    with world().database.read() as db:
        products = [(product.id, own_name(product)) for product in all_products(db) if product.kind != "material"]
    return case_page(
        "console/complaint_new.html", status, form=form, found=found,
        kinds=choices(COMPLAINT_KINDS), products=products, channels=choices(CHANNELS, _CHANNELS),
        affected=choices(AFFECTED), ages=choices(AGE_BANDS), sexes=choices(SEXES), harms=choices(HARMS),
        criteria=choices(CRITERIA), term_choices=[(code, getattr(term, language())) for code, term in terms().items()])


@blueprint.post("/complaints/new")
def complaint_submit() -> Response:
    """Take it in; the same form a second time leads to the same complaint."""
    form = Entered()
    form.choice("channel", _CHANNELS)
    happened_on = form.day("happened_on")
    awareness_at = form.moment("awareness_at", _ZONE) if form.text("awareness_at") else None

    def run(db: Session) -> Done:
        done = submit_complaint(db, actor(), world().clock, SubmitComplaint(
            channel=form.get("channel"), narrative=form.text("narrative"),
            lot=LotGiven(text=form.text("lot"), serial=form.text("serial"), product_id=form.text("product") or None),
            terms=tuple(form.several("terms")), affected=form.get("affected", "unknown"),
            age_band=form.get("age_band", "unknown"), sex=form.get("sex", "unknown"),
            harm=form.get("harm", "unknown"), seriousness=tuple(form.several("seriousness")),
            happened_on=happened_on, use_text=form.text("use_text"), place=form.text("place"), contact=PersonDetails(
                form.text("name"), form.text("phone"), form.text("email"), form.text("guardian_name")),
            awareness_at=awareness_at, idempotency_key=form.token, has_proof=True,
            kinds=tuple(form.several("kinds"))), vault=world().vault)
        return Done(url_for("console.complaint", complaint_id=done.complaint.id),
                    _("Taken in as %(reference)s.", reference=done.complaint.reference))

    return perform(form, run, Refusal(lambda status: show_new(form, status)))
