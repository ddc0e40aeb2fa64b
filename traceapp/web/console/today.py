"""Console: today."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.today": "console.read"}


@blueprint.get("/today")
def today():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/today.html")
