"""Console: accounts."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.accounts": "console.read"}


@blueprint.get("/accounts")
def accounts():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/accounts.html")
