"""Where rows become acts: what a row says, what came of it, and the things that it names."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product, Site
from traceapp.catalog.queries import party_by_code, product_by_code, product_of_gtin
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.gs1.keys import is_gtin
from traceapp.trace.finding import key_of_text
from traceapp.trace.identity import lot_key
from traceapp.trace.model import Lot

# What an act is known by in its file: (field, name); the first names it, the others must be its own, too.
Names = tuple[tuple[str, str], ...]


class Outcome(StrEnum):
    """What came of a row that could be read: `already`: it is there with the same content."""

    stored = "stored"
    already = "already"
    changed = "changed"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number as a spreadsheet shows it, and the fields that it says."""

    number: int
    values: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """What the row says there, else `default`."""
        return self.values.get(name, default)


@dataclass(slots=True)
class Desk:
    """One unit of work in which rows are taken in. `may_change`: what is there may be brought up to the file.
    `recall`: puts back what earlier rows of a rehearsed file did to the lots with a key or number; `lots` are those
    that were touched."""

    session: Session
    actor: Actor
    clock: Clock
    may_change: bool = False
    recall: Callable[[Session, str], None] | None = None
    lots: dict[str, Lot] = field(default_factory=dict)
    _found: dict[tuple[str, str], Any] = field(default_factory=dict)
    _own_sites: Sequence[Site] = ()

    def __post_init__(self) -> None:
        # Held, so that use cases find them in the session: nearly every act is at one of them.
        self._own_sites = self.session.scalars(select(Site).where(Site.is_own)).all()

    def product(self, text: str, place: str = "product") -> Product:
        """The product with this code or GTIN. Raises InvalidInput."""
        def look() -> Product | None:
            by_code = product_by_code(self.session, text)
            if by_code is not None or not is_gtin(text):
                return by_code
            by_gtin = product_of_gtin(self.session, text.zfill(14))
            return by_gtin[0] if by_gtin is not None else None

        found: Product | None = self._once("product", text, look)
        if found is None:
            raise InvalidInput("There is no product with the code “%(text)s”. Import or enter it first.",
                               code="unknown-product", place=place, text=text[:40])
        return found

    def party(self, text: str, place: str = "party") -> Party:
        """The partner with this code or GLN. Raises InvalidInput."""
        def look() -> Party | None:
            return party_by_code(self.session, text) or self.session.scalar(select(Party).where(Party.gln == text))

        found: Party | None = self._once("party", text, look)
        if found is None:
            raise InvalidInput("There is no partner with the code “%(text)s”. Import or enter it first.",
                               code="unknown-party", place=place, text=text[:40])
        return found

    def site(self, text: str, place: str = "site") -> Site:
        """The site with this code or GLN. Raises InvalidInput."""
        def look() -> Site | None:
            by_code = self.session.scalar(select(Site).where(Site.code == text))
            return by_code or self.session.scalar(select(Site).where(Site.gln == text))

        found: Site | None = self._once("site", text, look)
        if found is None:
            raise InvalidInput("There is no site with the code “%(text)s”. Import or enter it first.",
                               code="unknown-site", place=place, text=text[:40])
        return found

    def lot_of(self, product: Product, number: str) -> Lot | None:
        """The lot of this product with this number, as earlier rows left it; None when there is none."""
        return self.lot_by_key(lot_key(product.identity_uri, number.strip()))

    def lot_by_key(self, key: str) -> Lot | None:
        """The lot, as earlier rows left it; None when there is none."""
        if self.recall is not None:
            self.recall(self.session, key)
        found = self.session.get(Lot, key)
        if found is not None:
            self.lots[key] = found
        return found

    def lot(self, text: str, product: str | None, place: str = "lot") -> Lot:
        """The lot of ours with this number, of this product where one is told; or named by URI or scan data. Raises
        InvalidInput where there is none, or several."""
        if product is not None:
            found = self.lot_of(self.product(product), text)
            if found is None or not found.is_own:
                raise InvalidInput("There is no lot “%(lot)s” of product %(product)s. Import or enter it first.",
                                   code="unknown-lot", place=place, lot=text[:80], product=product[:40])
            return found
        if self.recall is not None:
            self.recall(self.session, text.strip())
        try:
            found = self.lot_by_key(key_of_text(self.session, text))
        except (NotFound, Conflict) as problem:
            problem.place = place
            raise
        assert found is not None
        return found

    def _once(self, kind: str, text: str, look: Callable[[], Any]) -> Any:
        """What was found under this name before in this unit of work, else what a look finds; nothing is not kept."""
        key = (kind, text)
        found = self._found.get(key)
        if found is None:
            found = look()
            if found is not None:
                self._found[key] = found
        return found

    def settle(self, said: Mapping[str, Any], present: Mapping[str, Any], *, can_change: bool) -> Outcome:
        """`already` when everything that is said is there, `changed` when it may be brought up to the file. Raises
        Conflict naming the first field that differs."""
        differing = next((name for name, value in said.items() if value != present.get(name)), None)
        if differing is None:
            return Outcome.already
        shown = _shown(present.get(differing))
        if not can_change:
            raise Conflict("This is there already and says something else here: “%(present)s”. Correct the row, or "
                           "leave it out.", code="differs", place=differing, present=shown)
        if not self.may_change:
            raise Conflict("This is there already and says something else here: “%(present)s”. Correct the row, or "
                           "choose that the file changes what is there.", code="differs", place=differing,
                           present=shown)
        return Outcome.changed


def _shown(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)[:80]


def shared(lines: Sequence[Line], fields: Sequence[str]) -> dict[str, Any]:
    """What the rows of one order say together: each field by the first row that says it. Raises InvalidInput where a
    later row says something else."""
    found: dict[str, Any] = {}
    for index, line in enumerate(lines):
        for name in fields:
            value = line.values.get(name)
            if value is None:
                continue
            if found.setdefault(name, value) != value:
                raise InvalidInput("The rows of one act must say the same here; row %(row)s says “%(first)s”.",
                                   code="rows-differ", place=f"{index}/{name}", row=lines[0].number,
                                   first=_shown(found[name]))
    return found
