"""Console: the history of an adverse event, change by change and field by field."""
from __future__ import annotations

from itertools import groupby

from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_id, versions_of
from traceapp.adverse_event.versions import changes_of
from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.trace.lookup import lots_by_key
from traceapp.web import assessment_words, words
from traceapp.web.code_names import names_of_codes
from traceapp.web.context import world

from .casework import case_page
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.adverse_event_history": "adverse_event.write"}


@blueprint.get("/adverse-events/<adverse_event_id>/history")
def adverse_event_history(adverse_event_id: str) -> Response:
    """What each change altered, from what to what, by whom, when and why; the latest first."""
    with world().database.read() as db:
        case = adverse_event_by_id(db, adverse_event_id)
        if case is None:
            raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
        versions = versions_of(db, case.id)
        changes = list(changes_of(versions, case))
        people = names_of_users(db, (version.by for version in versions))
        lots = lots_by_key(db, {case.lot_key, *(str(version.fields.get("lot_key", "")) for version in versions)})
        codes = names_of_codes(db, case.details, *(version.fields.get("details") or {} for version in versions))
        products = products_by_id(db, {case.product_id, *(version.fields.get("product_id") for version in versions)})
    named = codes | {key: lot.number for key, lot in lots.items()} | {
        key: words.own_name(product) for key, product in products.items()}
    altered = {number: [(assessment_words.title_of(one.name), assessment_words.value_of(one.name, one.before, named),
                         assessment_words.value_of(one.name, one.after, named)) for one in group]
               for number, group in groupby(changes, key=lambda one: one.version)}
    return case_page("console/adverse_event_history.html", case=case, versions=versions[::-1], altered=altered,
                     people=people, kinds=assessment_words.CHANGE_KINDS)
