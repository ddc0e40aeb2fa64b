"""Roles and what each may do: the one permission table."""
from __future__ import annotations

from enum import StrEnum

from traceapp.core.actor import Actor
from traceapp.core.errors import Forbidden


class Role(StrEnum):
    """`operator` records production; `quality` works cases; `quality_manager` decides and approves."""

    operator = "operator"
    quality = "quality"
    quality_manager = "quality_manager"
    regulator = "regulator"
    administrator = "administrator"


_STAFF = frozenset({Role.operator, Role.quality, Role.quality_manager, Role.administrator})
_QUALITY = frozenset({Role.quality, Role.quality_manager})
_MANAGER = frozenset({Role.quality_manager})

# permission -> roles. What is not listed is refused.
PERMISSIONS: dict[str, frozenset[Role]] = {
    "console.read": _STAFF,
    "catalog.write": frozenset({Role.quality, Role.quality_manager, Role.administrator}),
    "trace.read": _STAFF,
    "trace.record": frozenset({Role.operator, Role.quality, Role.quality_manager}),
    "epcis.subscribe": frozenset({Role.quality, Role.quality_manager, Role.administrator}),
    "trace.release": _QUALITY,
    "import.run": _STAFF,
    "epcis.capture": frozenset({Role.operator, Role.quality, Role.quality_manager, Role.administrator}),
    "link.write": frozenset({Role.quality, Role.quality_manager, Role.administrator}),
    "label.print": frozenset({Role.operator, Role.quality, Role.quality_manager}),
    "complaint.read": _QUALITY,
    "complaint.write": _QUALITY,
    "complaint.approve": _MANAGER,
    "person.reveal": _QUALITY,
    "person.erase": _MANAGER,
    "adverse_event.read": _QUALITY | {Role.regulator},
    "adverse_event.write": _QUALITY,
    "adverse_event.decide": _MANAGER,
    "report.write": _QUALITY,
    "report.approve": _MANAGER,
    "signal.read": _QUALITY,
    "signal.decide": _QUALITY,
    "surveillance.configure": _QUALITY,
    "recall.read": _QUALITY | {Role.regulator},
    "recall.write": _QUALITY,
    "recall.approve": _MANAGER,
    "capa.read": frozenset({Role.operator, Role.quality, Role.quality_manager}),
    "capa.act": frozenset({Role.operator, Role.quality, Role.quality_manager}),
    "capa.write": _QUALITY,
    "capa.close": _MANAGER,
    "evidence.read": _QUALITY | {Role.regulator, Role.administrator},
    "export.run": _QUALITY | {Role.regulator},
    "regulator.read": frozenset({Role.regulator}),
    "user.manage": frozenset({Role.administrator}),
    "token.manage": frozenset({Role.administrator}),
}


def may(role: str, permission: str) -> bool:
    """Whether `role` holds `permission`. An unknown permission is an error of ours, not a refusal."""
    return role in PERMISSIONS[permission]


def holds(actor: Actor, permission: str) -> bool:
    """Whether `actor` may do this: its role may, and its scopes say so, which for a token can be fewer."""
    return permission in actor.scopes and may(actor.role, permission)


def permit(actor: Actor, permission: str,
           message: str = "Your role does not allow this. Ask the administrator if you need it.") -> None:
    """Nothing when `actor` may do this. Raises Forbidden, with `message` where the act has words of its own."""
    if not holds(actor, permission):
        raise Forbidden(message, code="forbidden")


def permissions_of(role: str) -> frozenset[str]:
    """All that `role` may do."""
    return frozenset(name for name, roles in PERMISSIONS.items() if role in roles)
