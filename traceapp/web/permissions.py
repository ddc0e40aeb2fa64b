"""Which permission each route needs. An endpoint that is not listed is refused to everybody.

`public`: anybody. `signed_in`: any person with a session or token. Otherwise a permission of `identity.policy`.
An audience adds its endpoints in a table of its own (`PERMISSIONS` beside its views), joined here.
"""
from __future__ import annotations

from collections.abc import Mapping

PUBLIC = "public"
SIGNED_IN = "signed_in"

# What somebody reaches whose password was told by somebody else, besides what is public: choosing another, and leaving.
WITH_ONE_TIME_PASSWORD = frozenset({"console.own_account", "console.own_password", "identity.sign_out"})

SHARED: dict[str, str] = {
    "static": PUBLIC,
    "ui.static": PUBLIC,
    "identity.sign_in": PUBLIC,
    "identity.sign_in_submit": PUBLIC,
    "identity.sign_out": SIGNED_IN,
    "operations.healthz": PUBLIC,
    "operations.readyz": PUBLIC,
    "operations.metrics": PUBLIC,
}


def joined(*tables: Mapping[str, str]) -> dict[str, str]:
    """All tables as one. Raises ValueError when two disagree about an endpoint."""
    result: dict[str, str] = {}
    for table in tables:
        for endpoint, permission in table.items():
            if result.setdefault(endpoint, permission) != permission:
                raise ValueError(f"two permissions for {endpoint}")
    return result
