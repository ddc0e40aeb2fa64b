"""Mail about recalls for whoever asks: asked for, confirmed by a link, ended by a link. Nobody learns from it whether
an address is known here."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, ProductKind
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.ids import new_id, new_secret
from traceapp.identity.rate import hit
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.trace.model import Lot
from traceapp.vault.policy import PersonDetails, cleaned_details
from traceapp.vault.service import Step, Vault, step_over, token_hash

from .model import Recall, RecallLot
from .public import TOLD_LOT
from .public_model import RecallSubscriber, RecallSubscription, SubscriberMail

CONFIRM_KIND = "recall.confirm"
# How long a link confirms; what was not confirmed by then is deleted.
CONFIRM_DAYS = 3
_LONGEST_TOKEN = 100
# Mails of this kind to one address; more were asked for by somebody who means it harm.
_CONFIRMS_A_DAY, _DAY_SECONDS = 5, 86_400


@dataclass(frozen=True, slots=True)
class AskForMail:
    """`product_id` or `lot_key` says what about; neither: every recall. `language` is zh or en."""

    email: str
    language: str
    product_id: str | None = None
    lot_key: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a subscription is about, by language; both empty: every recall."""

    zh: str = ""
    en: str = ""


def ask_for_mail(session: Session, clock: Clock, command: AskForMail, *, vault: Vault) -> None:
    """Write to an address whether it really wants such mail; nothing else comes of it before the answer, and nothing
    of it tells whether the address was known. Raises InvalidInput for what is no address, NotFound for an unknown
    product or batch, TooMany when this address was written to too often today."""
    email = cleaned_details(PersonDetails(email=command.email)).email
    if not email:
        raise InvalidInput("This must be filled in.", code="missing", place="email")
    _check_subject(session, command)
    subscriber = _subscriber(session, clock, email, command.language, vault)
    hit(session, clock, f"confirm {subscriber.id}", _CONFIRMS_A_DAY, _DAY_SECONDS)
    wanted = _subscription(session, clock, subscriber, command)
    if wanted.confirmed_at is None:
        wanted.asked_at = clock.now()
    if not wanted.sealed_confirm:  # asked twice, the link of the first mail works too
        token = new_secret(24)
        wanted.confirm_hash, wanted.sealed_confirm = token_hash(token), vault.seal_text(token, _about(wanted.id))
    session.flush()
    queue_message(session, clock, NewMessage(CONFIRM_KIND, f"subscriber:{subscriber.id}", stream_of(
        "subscriber", subscriber.id), {"subscription": wanted.id, "language": command.language}))
    record(session, PUBLIC, clock.now(), "subscriber.asked", stream_of("subscriber", subscriber.id), {
        "subscription": wanted.id, "product": command.product_id, "lot": command.lot_key})


def subscription_to_confirm(session: Session, clock: Clock, token: str) -> RecallSubscription:
    """What a link confirms. Raises NotFound when it is none of ours or too old."""
    found = session.scalar(select(RecallSubscription).where(
        RecallSubscription.confirm_hash == token_hash(token[:_LONGEST_TOKEN])))
    if found is None or (found.confirmed_at is None and found.asked_at <= _oldest(clock)):
        raise NotFound("This link is too old or was not copied whole. Ask for mail again, and we send another.",
                       code="unknown-link")
    return found


def confirm_mail(session: Session, clock: Clock, token: str) -> RecallSubscription:
    """From now on mail is sent; the link works once more without harm. Raises NotFound."""
    found = subscription_to_confirm(session, clock, token)
    who = session.get_one(RecallSubscriber, found.subscriber_id)
    if found.confirmed_at is None or who.suspended_at is not None:
        found.confirmed_at, found.sealed_confirm = found.confirmed_at or clock.now(), ""
        record(session, PUBLIC, clock.now(), "subscriber.confirmed", stream_of("subscriber", found.subscriber_id),
               {"subscription": found.id})
    who.bounces, who.suspended_at = 0, None
    session.flush()
    return found


def subscriber_of(session: Session, token: str) -> RecallSubscriber | None:
    """Whose link to end mail this is; None when there is nobody any more."""
    return session.scalar(select(RecallSubscriber).where(
        RecallSubscriber.leave_hash == token_hash(token[:_LONGEST_TOKEN])))


def end_mail(session: Session, clock: Clock, token: str) -> bool:
    """End every subscription of whoever holds this link and forget the address; False when there was none any more."""
    found = subscriber_of(session, token)
    if found is None:
        return False
    record(session, PUBLIC, clock.now(), "subscriber.left", stream_of("subscriber", found.id), {})
    forget(session, [found.id])
    return True


def wishes_met(recall_id: str) -> ColumnElement[bool]:
    """The subscriptions that were confirmed and ask for mail of this recall, by the batches that people are told of."""
    lots = select(RecallLot.lot_key).join(Recall, Recall.id == RecallLot.recall_id).where(
        RecallLot.recall_id == recall_id, TOLD_LOT)
    products = select(Lot.product_id).where(Lot.lot_key.in_(lots), Lot.product_id.is_not(None))
    return and_(RecallSubscription.confirmed_at.is_not(None), or_(
        and_(RecallSubscription.product_id.is_(None), RecallSubscription.lot_key.is_(None)),
        RecallSubscription.lot_key.in_(lots), RecallSubscription.product_id.in_(products)))


def about_of(session: Session, product_id: str | None, lot_key: str | None) -> About:
    """What a subscription is about, in words."""
    if lot_key is not None:
        lot = session.get(Lot, lot_key)
        product = session.get(Product, lot.product_id) if lot is not None and lot.product_id else None
        name = About(lot.name, lot.name) if lot is not None else About()
        name = About(product.name_zh, product.name_en) if product is not None else name
        number = lot.number if lot is not None else ""
        return About(f"{name.zh} {number}".strip(), f"{name.en} {number}".strip())
    product = session.get(Product, product_id) if product_id is not None else None
    return About(product.name_zh, product.name_en) if product is not None else About()


def forget_unconfirmed(session: Session, clock: Clock, limit: int = 1000) -> int:
    """How many subscriptions were deleted because nobody confirmed them in time; addresses without one left go too."""
    gone = session.execute(select(RecallSubscription.id, RecallSubscription.subscriber_id).where(
        RecallSubscription.confirmed_at.is_(None), RecallSubscription.asked_at <= _oldest(clock))
        .order_by(RecallSubscription.id).limit(limit)).all()
    for start in range(0, len(gone), 500):
        part = gone[start:start + 500]
        session.execute(delete(RecallSubscription).where(RecallSubscription.id.in_([key for key, _who in part])))
        forget(session, session.scalars(select(RecallSubscriber.id).where(
            RecallSubscriber.id.in_({who for _key, who in part}),
            ~select(RecallSubscription.id).where(RecallSubscription.subscriber_id == RecallSubscriber.id).exists()))
            .all())
    return len(gone)


def sealed_about(subscriber_id: str) -> str:
    """What the sealed values of a subscriber are bound to."""
    return f"recall_subscriber:{subscriber_id}"


def _about(subscription_id: str) -> str:
    return f"recall_subscription:{subscription_id}"


def confirm_token(wanted: RecallSubscription, vault: Vault) -> str:
    """The secret of the link that confirms, for the mail; empty once it was used."""
    return vault.open_text(wanted.sealed_confirm, _about(wanted.id)) if wanted.sealed_confirm else ""


def _oldest(clock: Clock) -> datetime:
    return clock.now() - timedelta(days=CONFIRM_DAYS)


def _check_subject(session: Session, command: AskForMail) -> None:
    if command.product_id is not None and session.scalar(select(Product.id).where(
            Product.id == command.product_id, Product.kind != ProductKind.material)) is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product")
    if command.lot_key is not None and session.scalar(select(Lot.lot_key).where(
            Lot.lot_key == command.lot_key)) is None:
        raise NotFound("There is no such lot.", code="unknown-lot", place="lot")


def _subscriber(session: Session, clock: Clock, email: str, language: str, vault: Vault) -> RecallSubscriber:
    """The row of an address, made when there is none."""
    found = session.scalar(select(RecallSubscriber).where(
        RecallSubscriber.address_hash.in_(vault.contact_hashes(email))).with_for_update())
    if found is not None:
        return found
    now, token = clock.now(), new_secret(24)
    key = new_id(now)
    found = RecallSubscriber(
        id=key, address_hash=vault.contact_hash(email), language=language, created_at=now,
        sealed_address=vault.seal_text(email, sealed_about(key)), leave_hash=token_hash(token),
        sealed_leave=vault.seal_text(token, sealed_about(key)))
    session.add(found)
    session.flush()
    return found


def _subscription(session: Session, clock: Clock, subscriber: RecallSubscriber,
                  command: AskForMail) -> RecallSubscription:
    found = session.scalar(select(RecallSubscription).where(
        RecallSubscription.subscriber_id == subscriber.id, RecallSubscription.product_id.is_not_distinct_from(
            command.product_id), RecallSubscription.lot_key.is_not_distinct_from(command.lot_key)))
    if found is None:
        found = RecallSubscription(
            id=new_id(clock.now()), subscriber_id=subscriber.id, product_id=command.product_id,
            lot_key=command.lot_key, confirm_hash="", sealed_confirm="", asked_at=clock.now(), confirmed_at=None)
        session.add(found)
    return found


def forget(session: Session, ids: Sequence[str]) -> None:
    """Delete subscribers with all that hangs on them."""
    for table, column in ((RecallSubscription, RecallSubscription.subscriber_id),
                          (SubscriberMail, SubscriberMail.subscriber_id), (RecallSubscriber, RecallSubscriber.id)):
        session.execute(delete(table).where(column.in_(ids)))


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ~RecallSubscriber.sealed_address.startswith(vault.mark, autoescape=True)


def subscribers_under_older_keys(session: Session, vault: Vault) -> int:
    """How many subscribers are not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(RecallSubscriber).where(_under_older_keys(vault))) or 0


def reseal_subscribers(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault,
                       after: str = "") -> Step:
    """Move up to `limit` subscribers, beginning behind `after`, under the vault's present key; links stay what they
    are."""
    rows = session.scalars(select(RecallSubscriber).where(_under_older_keys(vault), RecallSubscriber.id > after)
                           .order_by(RecallSubscriber.id).limit(limit).with_for_update()).all()

    def move(row: RecallSubscriber) -> None:
        address = vault.open_text(row.sealed_address, sealed_about(row.id))
        row.sealed_leave = vault.sealed_anew(row.sealed_leave, sealed_about(row.id))
        for wanted in session.scalars(select(RecallSubscription).where(
                RecallSubscription.subscriber_id == row.id, RecallSubscription.sealed_confirm != "")):
            wanted.sealed_confirm = vault.sealed_anew(wanted.sealed_confirm, _about(wanted.id))
        row.sealed_address = vault.seal_text(address, sealed_about(row.id))
        row.address_hash = vault.contact_hash(address)
        record(session, actor, clock.now(), "subscriber.resealed", stream_of("subscriber", row.id),
               {"after": vault.key_id})

    return step_over(rows, lambda row: row.id, move)
