"""Console: lots."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.lots": "console.read"}


@blueprint.get("/lots")
def lots():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/lots.html")
