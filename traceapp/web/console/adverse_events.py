"""Console: adverse events."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.adverse_events": "console.read"}


@blueprint.get("/adverse-events")
def adverse_events():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/adverse_events.html")
