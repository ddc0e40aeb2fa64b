"""Moving the secrets of subscriptions under the vault's present key."""
from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.vault.service import Step, Vault, step_over

from .named_queries import query_stream
from .query_model import Subscription
from .subscriptions import sealed_about


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ~Subscription.sealed_secret.startswith(vault.mark, autoescape=True)


def subscriptions_under_older_keys(session: Session, vault: Vault) -> int:
    """How many subscriptions have a secret that is not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(Subscription).where(_under_older_keys(vault))) or 0


def reseal_subscriptions(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault,
                         after: str = "") -> Step:
    """Move the secrets of up to `limit` subscriptions, beginning behind `after`, under the vault's present key."""
    rows = session.scalars(select(Subscription).where(_under_older_keys(vault), Subscription.id > after)
                           .order_by(Subscription.id).limit(limit).with_for_update()).all()

    def move(found: Subscription) -> None:
        found.sealed_secret = vault.sealed_anew(found.sealed_secret, sealed_about(found.id))
        record(session, actor, clock.now(), "epcis.subscription_resealed", query_stream(found.query_name),
               {"subscription": found.id, "after": vault.key_id})

    return step_over(rows, lambda found: found.id, move)
