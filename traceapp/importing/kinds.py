"""The kinds of tables that can be taken in, and what a row of each does."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from traceapp.core.errors import InvalidInput

from .catalog_rows import (
    PARTY_PLACES,
    party_names,
    product_names,
    site_names,
    take_party,
    take_product,
    take_site,
)
from .desk import Desk, Line, Names, Outcome
from .fields import Field, fields_of
from .lot_rows import LOT_PLACES, PRODUCTION_PLACES, lot_names, take_lot, take_production
from .recipe_rows import RECIPE_PLACES, recipe_names, take_recipe
from .registration_rows import REGISTRATION_PLACES, registration_names, take_registration
from .telemetry_rows import ABOUT, take_telemetry, telemetry_names
from .work_rows import (
    INSPECTION_PLACES,
    SHIPMENT_PLACES,
    inspection_names,
    shipment_names,
    take_inspection,
    take_shipment,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """`take` does what the rows of one act say, and answers what came of them all or of how many of them; `names` is
    what the act is known by. Rows that follow each other with the same content of `group` are one act; without a group
    each row is one. `places`: where a use case finds a fault -> the field. `can_change`: what is there may be brought
    up to the file. Of `most_together` rows an act ends."""

    name: str
    permission: str
    take: Callable[[Desk, Sequence[Line]], Outcome | Counter[str]]
    names: Callable[[Sequence[Line]], Names]
    group: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    can_change: bool = False
    most_together: int = 2000

    @property
    def fields(self) -> tuple[Field, ...]:
        return fields_of(self.name)


KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("product", "catalog.write", take_product, product_names, can_change=True),
    Kind("party", "catalog.write", take_party, party_names, places=PARTY_PLACES, can_change=True),
    Kind("site", "catalog.write", take_site, site_names, places={"party_id": "party"}, can_change=True),
    Kind("registration", "catalog.write", take_registration, registration_names, places=REGISTRATION_PLACES,
         can_change=True),
    Kind("recipe", "catalog.write", take_recipe, recipe_names, ("product",), RECIPE_PLACES, can_change=True),
    Kind("lot", "trace.record", take_lot, lot_names, places=LOT_PLACES),
    Kind("production", "trace.record", take_production, lot_names, ("work_order", "product", "lot"),
         PRODUCTION_PLACES),
    Kind("inspection", "trace.record", take_inspection, inspection_names, ("product", "lot", "report"),
         INSPECTION_PLACES),
    Kind("shipment", "trace.record", take_shipment, shipment_names, ("document", "consignee", "shipped_at"),
         SHIPMENT_PLACES),
    Kind("telemetry", "trace.record", take_telemetry, telemetry_names, ABOUT, most_together=1000),
)}


def kind_of(name: str) -> Kind:
    """The kind with this name. Raises InvalidInput."""
    found = KINDS.get(name)
    if found is None:
        raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place="kind",
                           value=name[:40], known=", ".join(KINDS))
    return found
