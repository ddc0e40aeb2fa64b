"""Console: partners."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.partners": "console.read"}


@blueprint.get("/partners")
def partners():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/partners.html")
