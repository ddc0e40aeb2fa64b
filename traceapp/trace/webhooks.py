"""Handing events to a subscriber's address: signed, within seconds, without following it anywhere else."""
from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import Delivery
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Vault, VaultError
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .event_query import query_document
from .model import Event
from .named_queries import query_stream
from .query_model import Subscription
from .subscriptions import NOT_TOLD, about, sealed_about

_TIMEOUT_SECONDS = 10
_LOOK_WITHIN = timedelta(days=1)
# Answers after which the same message will never be taken; others are tried again.
_NEVER = frozenset({400, 404, 405, 410, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for."""

    vault: Vault
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt. The same message is the same bytes each time, so a subscriber can tell a repetition."""
        subscription = session.get(Subscription, message.payload["subscription"])
        if subscription is None:
            return Delivery("refused", "nobody subscribes any more")
        rows = list(session.scalars(select(Event).where(Event.id.in_(message.payload["events"])).order_by(Event.id)))
        body = query_document(rows, subscription.query_name, message.created_at, subscription.id).encode()
        try:
            secret = self.vault.open_text(subscription.sealed_secret, sealed_about(subscription.id))
        except VaultError as error:
            return Delivery("failed", error.code)
        headers = {"Content-Type": "application/ld+json", "GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0",
                   "Idempotency-Key": message.id, "User-Agent": "traceapp"}
        if secret:
            headers["GS1-Signature"] = signature_of(secret, body)
        return posted(subscription.dest, body, headers)

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Note when a subscriber was told last; what will never be told stands in the trail, and somebody must look."""
        subscription = session.get(Subscription, message.payload["subscription"])
        if subscription is None or message.state == MessageState.pending:
            return
        if delivery.outcome == "sent":
            subscription.last_notified_at = self.clock.now()
            complete_tasks(session, SYSTEM, self.clock, about(subscription.id), NOT_TOLD, "told again")
            return
        record(session, SYSTEM, self.clock.now(), "epcis.not_told", query_stream(subscription.query_name), {
            "subscription": subscription.id, "message": message.id, "outcome": delivery.outcome,
            "attempts": message.attempts})
        raise_task(session, SYSTEM, self.clock, RaiseTask(
            NOT_TOLD, about(subscription.id), "administrator", self.clock.now() + _LOOK_WITHIN, None,
            {"reference": subscription.query_name}))


def signature_of(secret: str, body: bytes) -> str:
    """What `GS1-Signature` says: HMAC with SHA-256 over the body, by the subscriber's own token."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def posted(address: str, body: bytes, headers: dict[str, str]) -> Delivery:
    """What came of posting. A redirect is not followed: nobody subscribed the place that it leads to."""
    parts = urlsplit(address)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS,
                                                 context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Delivery("failed", type(error).__name__)
    finally:
        connection.close()
    if 200 <= status < 300:
        return Delivery("sent", str(status))
    return Delivery("refused" if status in _NEVER else "failed", str(status))
