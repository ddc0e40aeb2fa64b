"""Who does something: a person, a token, the public, or the service itself."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is what the trail records; `role` is one of the roles in `identity`, or `public`, `consignee`, `system`.
    `must_change_password`: has a one-time password, and may do nothing but choose another. `jurisdictions` and
    `product_ids`: whose cases a regulator sees; no jurisdiction: none, no product: of all."""

    id: str
    role: str
    name: str = ""
    scopes: frozenset[str] = field(default_factory=frozenset)
    source: str = "web"
    must_change_password: bool = False
    jurisdictions: frozenset[str] = frozenset()
    product_ids: frozenset[str] = frozenset()


SYSTEM = Actor(id="system", role="system", name="system", source="jobs")
PUBLIC = Actor(id="public", role="public", name="public")
