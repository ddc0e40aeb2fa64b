"""Links for tests, and what a resolver's answers are checked by."""
from __future__ import annotations

from dataclasses import replace

from traceapp.code.links import NewLink, register_link
from traceapp.code.model import Link
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.policy import permissions_of

ADMINISTRATOR = Actor(id="u-admin", role="administrator", name="Wang Min", scopes=permissions_of("administrator"))
OWN_ROOT = "http://127.0.0.1:8000"


def leaflet(anchor: str, **changes: object) -> NewLink:
    """A leaflet of a thing at another site."""
    plain = NewLink(anchor, "gs1:instructions", "https://maker.example/leaflet", "Leaflet")
    return replace(plain, **changes)  # type: ignore[arg-type]


def linked(database: Database, clock: FixedClock, anchor: str, **changes: object) -> Link:
    """A registered link."""
    with database.write() as session:
        return register_link(session, ADMINISTRATOR, clock, leaflet(anchor, **changes), own_root=OWN_ROOT)
