"""Who is told of the events that a named query finds: at once, or by the clock.

Each capture and act leaves a work row while anybody subscribes; `match_events` asks for each subscription whether its
events fit, so nothing depends on the order in which transactions end.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new
from traceapp.epcis.times import parse_time
from traceapp.identity.policy import permit
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import drop_tasks

from .event_query import events_page
from .named_queries import named_query, query_of, query_stream
from .query_draft import EventQuery
from .query_model import GatheredEvent, NamedQuery, Subscription
from .schedules import checked_schedule, next_time

MESSAGE, NOT_TOLD = "epcis.webhook", "subscription.not_told"
MOST_SUBSCRIPTIONS, EVENTS_A_MESSAGE = 200, 100
_MOST_AT_FIRST, _PAGE, _LONGEST_TOKEN = 20_000, 500, 500
_MEMBERS = frozenset({"dest", "signatureToken", "stream", "schedule", "reportIfEmpty", "initialRecordTime"})
# The published description requires a member of this name and describes another.
_TOKEN, _OTHER_NAME = "signatureToken", "secret"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`wanted` is what was sent; `is_lenient`: an address without TLS is taken, as in development."""

    query_name: str
    wanted: Any
    is_lenient: bool = False


def subscribe(session: Session, actor: Actor, clock: Clock, command: Subscribe, *, vault: Vault) -> Subscription:
    """Tell an address of a query's events from now on, or from `initialRecordTime`. Raises NotFound, InvalidInput
    (`subscription-controls` where it is not said when)."""
    permit(actor, "epcis.subscribe")
    query = named_query(session, command.query_name)
    wanted, now = _checked(command), clock.now()
    if (session.scalar(select(func.count()).select_from(Subscription)) or 0) >= MOST_SUBSCRIPTIONS:
        raise InvalidInput("These are more than %(most)d.", code="too-many", most=MOST_SUBSCRIPTIONS)
    schedule = wanted.get("schedule")
    since = _time(wanted.get("initialRecordTime"), now)
    found = Subscription(
        id=new_id(now), query_name=query.name, dest=wanted["dest"], schedule=schedule, created_at=now,
        sealed_secret="", reports_if_empty=bool(wanted.get("reportIfEmpty", False)), initial_record_time=since,
        next_at=next_time(schedule, now) if schedule else None, last_notified_at=None, created_by=actor.id)
    found.sealed_secret = vault.seal_text(wanted.get("signatureToken", ""), sealed_about(found.id))
    session.add(found)
    session.flush()
    if since < now:
        _tell(session, clock, found, _matching(session, query, ("recorded_at", "GE", since), _MOST_AT_FIRST))
    record(session, actor, now, "epcis.subscribed", query_stream(query.name),
           {"subscription": found.id, "dest": found.dest, "schedule": schedule})
    return found


def about(subscription_id: str) -> str:
    """The name of a subscription in tasks."""
    return f"subscription:{subscription_id}"


def sealed_about(subscription_id: str) -> str:
    """What the secret of a subscription is bound to."""
    return f"epcis_subscription:{subscription_id}"


def _checked(command: Subscribe) -> dict[str, Any]:
    wanted = command.wanted
    if isinstance(wanted, dict) and _OTHER_NAME in wanted and _TOKEN not in wanted:
        wanted = {_TOKEN if name == _OTHER_NAME else name: value for name, value in wanted.items()}
    if not isinstance(wanted, dict) or set(wanted) - _MEMBERS:
        raise InvalidInput("A subscription has these members only: %(members)s.", place="dest",
                           members=", ".join(sorted(_MEMBERS)))
    _check_address(wanted.get("dest"), command.is_lenient)
    token, is_empty = wanted.get("signatureToken", ""), wanted.get("reportIfEmpty", False)
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or not token.isprintable():
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", place="signatureToken",
                           name="signatureToken", value="…")
    if not isinstance(is_empty, bool):
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", place="reportIfEmpty",
                           name="reportIfEmpty", value=str(is_empty)[:60])
    has_schedule = wanted.get("schedule") is not None
    if has_schedule == (wanted.get("stream") is True) or wanted.get("stream") not in (None, True, False):
        raise InvalidInput("A subscription needs either stream: true or a schedule that comes at most once a minute.",
                           code="subscription-controls", place="stream")
    return wanted | ({"schedule": checked_schedule(wanted["schedule"])} if has_schedule else {})


def _check_address(dest: Any, is_lenient: bool) -> None:
    try:
        parts = urlsplit(dest) if isinstance(dest, str) and len(dest) <= 2000 and dest.isascii() else None
        is_sound = (parts is not None and bool(parts.hostname) and parts.port != 0 and parts.username is None
                    and dest.isprintable() and " " not in dest
                    and parts.scheme in (("https", "http") if is_lenient else ("https",)))
    except ValueError:
        is_sound = False
    if not is_sound:
        raise InvalidInput("Events are sent to an https address without a user name in it.", place="dest")


def _time(text: Any, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        return parse_time(text)
    except (ValueError, AttributeError, TypeError):
        raise InvalidInput("“%(value)s” cannot be the value of %(name)s.", place="initialRecordTime",
                           name="initialRecordTime", value=str(text)[:60]) from None


def subscription_of(session: Session, query_name: str, subscription_id: str) -> Subscription:
    """The subscription. Raises NotFound."""
    named_query(session, query_name)
    found = session.get(Subscription, subscription_id)
    if found is None or found.query_name != query_name:
        raise NotFound("There is no such subscription.", code="unknown-subscription")
    return found


def subscriptions_of(session: Session, query_name: str) -> list[Subscription]:
    """All subscriptions to a query, the oldest first. Raises NotFound."""
    named_query(session, query_name)
    return list(session.scalars(select(Subscription).where(Subscription.query_name == query_name)
                                .order_by(Subscription.id)))


def unsubscribe(session: Session, actor: Actor, clock: Clock, query_name: str, subscription_id: str) -> None:
    """End a subscription; what is on its way is not sent any more. Raises NotFound."""
    permit(actor, "epcis.subscribe")
    found = subscription_of(session, query_name, subscription_id)
    session.execute(delete(GatheredEvent).where(GatheredEvent.subscription_id == found.id))
    session.delete(found)
    drop_tasks(session, actor, clock, about(found.id))
    record(session, actor, clock.now(), "epcis.unsubscribed", query_stream(query_name), {"subscription": found.id})


def pause(session: Session, actor: Actor, clock: Clock, subscription_id: str) -> Subscription:
    """Tell the address of nothing new until it is resumed; what is on its way already is still sent. Raises NotFound,
    and Conflict where it rests already."""
    permit(actor, "epcis.subscribe")
    found = _known(session, subscription_id)
    if found.paused_at is not None:
        raise Conflict("This subscription rests already.", code="already-paused")
    found.paused_at = clock.now()
    record(session, actor, clock.now(), "epcis.paused", query_stream(found.query_name), {"subscription": found.id})
    return found


def resume(session: Session, actor: Actor, clock: Clock, subscription_id: str) -> Subscription:
    """Tell the address again, first of all that was recorded meanwhile. Raises NotFound, and Conflict where it does
    not rest."""
    permit(actor, "epcis.subscribe")
    found = _known(session, subscription_id)
    if found.paused_at is None:
        raise Conflict("This subscription does not rest.", code="not-paused")
    missed = _matching(session, named_query(session, found.query_name), ("recorded_at", "GE", found.paused_at), None)
    found.paused_at = None
    if found.schedule is not None:
        found.next_at = next_time(found.schedule, clock.now())
    _tell(session, clock, found, missed)
    record(session, actor, clock.now(), "epcis.resumed", query_stream(found.query_name),
           {"subscription": found.id, "events": len(missed)})
    return found


def _known(session: Session, subscription_id: str) -> Subscription:
    found = session.get(Subscription, subscription_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such subscription.", code="unknown-subscription")
    return found


def match_events(session: Session, clock: Clock, subject: str) -> int:
    """Tell every subscription of the new events that fit it; answers how many."""
    kind, _, id_ = subject.partition(":")
    part = ("capture_id" if kind == "capture" else "id", "IN", (id_,))
    count = 0
    rows = session.execute(select(Subscription, NamedQuery).join(NamedQuery, NamedQuery.name == Subscription.query_name)
                           .where(Subscription.paused_at.is_(None)).order_by(Subscription.id))
    for subscription, query in rows.all():
        found = _matching(session, query, part, None)
        _tell(session, clock, subscription, found)
        count += len(found)
    return count


def _matching(session: Session, named: NamedQuery, part: tuple[str, str, Any], most: int | None) -> list[str]:
    """The ids of the events within `part` that the query finds, in order of their recording."""
    query = query_of(named.parameters)
    query.columns.append(part)
    query.limit = query.most = None
    query.order, query.is_descending = "recorded_at", False
    found = [event_id for page in _pages(session, query) for event_id in page]
    return found if most is None else found[:most]


def _pages(session: Session, query: EventQuery) -> Iterator[list[str]]:
    token = None
    while True:
        page = events_page(session, query, token, _PAGE)
        yield [row.id for row in page.rows]
        token = page.next
        if token is None:
            return


def _tell(session: Session, clock: Clock, subscription: Subscription, event_ids: Sequence[str]) -> None:
    """Put the events on their way, or to those that wait for the clock."""
    if subscription.schedule is None:
        _queue(session, clock, subscription, event_ids)
        return
    for event_id in event_ids:
        insert_if_new(session, GatheredEvent, {"subscription_id": subscription.id, "event_id": event_id})


def _queue(session: Session, clock: Clock, subscription: Subscription, event_ids: Sequence[str]) -> None:
    for start in range(0, len(event_ids), EVENTS_A_MESSAGE):
        _queue_one(session, clock, subscription, event_ids[start:start + EVENTS_A_MESSAGE])


def _queue_one(session: Session, clock: Clock, subscription: Subscription, event_ids: Sequence[str]) -> None:
    queue_message(session, clock, NewMessage(MESSAGE, f"subscription:{subscription.id}",
                                             query_stream(subscription.query_name)[:80],
                                             {"subscription": subscription.id, "events": list(event_ids)}))


def tell_scheduled(session: Session, clock: Clock, limit: int = 50) -> int:
    """Send what has gathered to the subscriptions whose time has come; answers how many there were."""
    now = clock.now()
    due = session.scalars(select(Subscription).where(
        Subscription.next_at <= now, Subscription.paused_at.is_(None)).order_by(Subscription.next_at)
                          .limit(limit).with_for_update(skip_locked=True)).all()
    for subscription in due:
        gathered = list(session.scalars(select(GatheredEvent.event_id).where(
            GatheredEvent.subscription_id == subscription.id).order_by(GatheredEvent.event_id)))
        if not gathered and subscription.reports_if_empty:
            _queue_one(session, clock, subscription, [])
        _queue(session, clock, subscription, gathered)
        session.execute(delete(GatheredEvent).where(GatheredEvent.subscription_id == subscription.id))
        subscription.next_at = next_time(subscription.schedule or {}, now)
    return len(due)
