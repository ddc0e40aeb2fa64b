"""Records of a batch or a period, as the maker keeps them."""
from __future__ import annotations

from werkzeug.wrappers import Response

from traceapp.web.records import page_values, send_asked

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"regulator.records": "export.run", "regulator.records_file": "export.run"}


@blueprint.get("/records")
def records() -> Response:
    """Choose what the file shall hold; what was taken before."""
    status, values = page_values("regulator.records", "regulator.records_file")
    return page("records.html", status, **values)


@blueprint.get("/records/file")
def records_file() -> Response:
    """The file."""
    return send_asked()
