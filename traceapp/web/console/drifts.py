"""Console: test results of suppliers that rise from lot to lot or are near a limit, with their chart."""
from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.core.errors import NotFound
from traceapp.surveillance.covariates import Result, SupplierDrift, lots_near_limits
from traceapp.surveillance.drift_model import ResultDrift
from traceapp.surveillance.drifting import TASK_ALPHA, drift_by_id, drifts_listed, series_behind
from traceapp.web.context import world
from traceapp.web.i18n import language
from traceapp.web.ui import charts
from traceapp.web.words import own_name

from .casework import case_page
from .layout import blueprint, local_day
from .listing import wished
from .signal_pictures import Picture

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.drifts": "signal.read", "console.drift": "signal.read"}
_SHOWN = 50


def characteristic(row: ResultDrift | SupplierDrift | Result) -> str:
    """The name of what was tested, in the reader's language."""
    return row.name_zh if language() == "zh" else row.name_en or row.name_zh


def drift_rows(db: Session, supplier_id: str = "", product_id: str = "") -> list[dict[str, object]]:
    """The entries of the list with the names of supplier and material."""
    found = drifts_listed(db, supplier_id, product_id)
    parties = parties_by_id(db, (row.supplier_id for row in found))
    products = products_by_id(db, (row.product_id for row in found))
    return [{"row": row, "supplier": own_name(parties.get(row.supplier_id), row.supplier_id),
             "material": own_name(products.get(row.product_id), row.product_id), "name": characteristic(row)}
            for row in found]


@blueprint.get("/signals/drifts")
def drifts() -> Response:
    """What rises, then what is near a limit; of one supplier or material where asked for."""
    wanted = wished("supplier", "product")
    with world().database.read() as db:
        rows = drift_rows(db, wanted["supplier"], wanted["product"])
        near, looked_at = lots_near_limits(db, world().clock.now())
        near = [one for one in near if wanted["supplier"] in ("", one.supplier_id)
                and wanted["product"] in ("", one.product_id)]
        products = products_by_id(db, (one.product_id for one in near if one.product_id))
        every = rows if not any(wanted.values()) else drift_rows(db)
    last = max((one["row"].looked_at for one in every), default=None)  # type: ignore[attr-defined]
    return case_page("console/drifts.html", rows=rows, wanted=wanted, last=last, near=near[:_SHOWN],
                     is_cut=len(near) > _SHOWN, looked_at=looked_at, products=products,
                     test_name=characteristic, choices={
        name: sorted({(getattr(one["row"], f"{name}_id"), str(one[said])) for one in every}, key=lambda pair: pair[1])
        for name, said in (("supplier", "supplier"), ("product", "material"))})


@blueprint.get("/signals/drifts/<drift_id>")
def drift(drift_id: str) -> Response:
    """One series with its chart and its lots."""
    with world().database.read() as db:
        row = drift_by_id(db, drift_id)
        if row is None:
            raise NotFound("There is no such series in the list any more: its results neither rise nor are near a "
                           "limit.", code="unknown-drift")
        series = series_behind(db, row)
        supplier = own_name(parties_by_id(db, [row.supplier_id]).get(row.supplier_id), row.supplier_id)
        material = own_name(products_by_id(db, [row.product_id]).get(row.product_id), row.product_id)
    return case_page("console/drift.html", row=row, series=series, supplier=supplier, material=material,
                     name=characteristic(row), picture=_picture(series) if series else None, task_alpha=TASK_ALPHA)


def _picture(series: SupplierDrift) -> Picture:
    """The share of the tolerance lot by lot, with the limit, and from which lot on results are higher."""
    points, last = series.points, max(1, len(series.points) - 1)
    at = [place / last for place in range(len(points))]
    outside = []
    if series.drift.since:
        first = len(points) - series.drift.since
        outside = [(max(0.0, (first - 0.5) / last), 1.0, _("higher from %(lot)s on", lot=points[first].number))]
    found = charts.Conditions(
        [[[(x, 100 * point.share, 100 * point.share) for x, point in zip(at, points, strict=True)]]],
        [(100, _("limit"))], outside,
        [(at[place], points[place].number) for place in sorted({0, len(points) - 1})])
    higher = {point.lot_key for point in series.higher}
    drawing = charts.condition_chart(_("Share of the tolerance that the result uses"), "%", found)
    return Picture(drawing, [{"cells": {
        "lot": point.number, "day": local_day(point.at).isoformat(), "share": f"{100 * point.share:.0f} %",
        "higher": _("yes") if point.lot_key in higher else ""}} for point in points])
