"""Giving a regulator's account its scope."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import Role
from traceapp.rules import rules


@dataclass(frozen=True, slots=True)
class SetScope:
    """The whole scope anew: `jurisdictions` as rules name them; `product_ids` empty: all products there."""

    user_id: str
    jurisdictions: tuple[str, ...]
    product_ids: tuple[str, ...] = ()
    revision: int | None = None


def known_jurisdictions() -> tuple[str, ...]:
    """Every jurisdiction that a rule names."""
    return tuple(sorted({rule.jurisdiction for rule in rules()}))


def set_scope(session: Session, actor: Actor, clock: Clock, command: SetScope) -> User:
    """The account with its new scope, in force with its next request; its tokens have the same.

    Raises NotFound, Stale, Conflict for who is no regulator, InvalidInput without a jurisdiction and for
    one, or a product, that is not known.
    """
    user = session.get(User, command.user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    expect_revision(user, command.revision)
    if user.role != Role.regulator:
        raise Conflict("Only the account of a regulator has a scope. Change the role first.", code="no-regulator")
    jurisdictions, products = sorted(set(command.jurisdictions)), sorted(set(command.product_ids))
    _check(session, jurisdictions, products)
    before = {"jurisdictions": user.jurisdictions, "products": user.product_ids}
    user.jurisdictions, user.product_ids = jurisdictions, products
    record(session, actor, clock.now(), "user.scope_set", stream_of("user", user.id),
           {"before": before, "after": {"jurisdictions": jurisdictions, "products": products}})
    session.flush()
    return user


def regulators_without_scope(session: Session) -> tuple[list[str], int]:
    """The sign-in names of active regulators who see nothing, as nobody said of which jurisdictions; of how many."""
    users = session.scalars(select(User).where(User.role == Role.regulator, User.is_active.is_(True))
                            .order_by(User.sign_in_name)).all()
    return [user.sign_in_name for user in users if not user.jurisdictions], len(users)


def _check(session: Session, jurisdictions: list[str], products: list[str]) -> None:
    known = known_jurisdictions()
    unknown = [one for one in jurisdictions if one not in known]
    if unknown:
        raise InvalidInput("“%(jurisdiction)s” is not one of: %(known)s.", code="unknown-jurisdiction",
                           place="jurisdictions", jurisdiction=unknown[0][:40], known=", ".join(known))
    if not jurisdictions:
        raise InvalidInput("Choose at least one jurisdiction.", code="missing", place="jurisdictions")
    found = set(session.scalars(select(Product.id).where(Product.id.in_(products))))
    if set(products) - found:
        raise InvalidInput("There is no such product.", code="unknown-product", place="product_ids")
