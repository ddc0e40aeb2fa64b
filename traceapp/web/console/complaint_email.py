"""Console: an e-mail pasted by staff becomes the filled-in form of a complaint; nothing is kept before it is sent."""
from __future__ import annotations

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.complaint.email_draft import EmailDraft, draft_from_email
from traceapp.complaint.email_text import LONGEST, Suggestion
from traceapp.core.errors import InvalidInput
from traceapp.web.context import world
from traceapp.web.words import own_name, term_names

from .casework import case_page
from .complaint_new import show_new
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_email": "complaint.write", "console.complaint_email_read": "complaint.write"}
_FIELDS = {"name": lazy_gettext("Name"), "email": lazy_gettext("E-mail"), "phone": lazy_gettext("Telephone"),
           "awareness_at": lazy_gettext("When we learned of it"), "lot": lazy_gettext("Batch"),
           "product": lazy_gettext("Product"), "terms": lazy_gettext("What went wrong")}


@blueprint.get("/complaints/email")
def complaint_email() -> Response:
    """Where the e-mail is pasted."""
    return _paste(Entered())


def _paste(form: Entered, status: int = 200) -> Response:
    return case_page("console/complaint_email.html", status, form=form, longest=LONGEST)


@blueprint.post("/complaints/email")
def complaint_email_read() -> Response:
    """The form of a complaint, filled in with what the e-mail says, each with the words that it comes from."""
    form = Entered()
    with world().database.read() as db:
        try:
            draft = draft_from_email(db, form.get("text"))
        except InvalidInput as problem:
            form.refuse(problem)
            return _paste(form, 422)
        products = products_by_id(db, draft.all_of("product"))
    form.form = _filled(draft)
    names = {key: own_name(product) for key, product in products.items()}
    return show_new(form, found=[(str(_FIELDS[one.field]), _shown(one, names), one.words) for one in draft.suggestions])


def _filled(draft: EmailDraft) -> MultiDict[str, str]:
    """The fields of the form; the first suggestion of each, all terms."""
    fields = ("name", "email", "phone", "awareness_at", "lot", "product")
    found: MultiDict[str, str] = MultiDict({name: draft.first(name) for name in fields})
    found.update({"channel": "email", "narrative": draft.narrative[:10_000], "affected": "unknown",
                  "age_band": "unknown", "sex": "unknown", "harm": "unknown"})
    found.setlist("terms", draft.all_of("terms"))
    return found


def _shown(one: Suggestion, products: dict[str, str]) -> str:
    if one.field == "terms":
        return term_names([one.value])[0]
    return products.get(one.value, one.value.replace("T", " ") if one.field == "awareness_at" else one.value)
