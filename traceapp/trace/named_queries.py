"""Queries that are kept under a name."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import name_key
from traceapp.identity.policy import permit

from .query_draft import EventQuery, bad_value
from .query_model import GatheredEvent, NamedQuery, Subscription
from .query_parameters import read_query

MOST_QUERIES = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~\-]{0,99}", re.ASCII)
_OURS = "SimpleEventQuery"


@dataclass(frozen=True, slots=True)
class NewQuery:
    """`parameters`: name -> value or list of values, as JSON has them."""

    name: Any
    parameters: Any


def create_query(session: Session, actor: Actor, clock: Clock, command: NewQuery) -> NamedQuery:
    """Keep a query. Raises InvalidInput (`query-parameter`) for what is no query, NotOffered, and Conflict for a name
    that is taken."""
    permit(actor, "epcis.subscribe")
    name = command.name
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == _OURS:
        raise InvalidInput("The name of a query has letters, digits, dots and hyphens, at most 100.", place="name")
    if not isinstance(command.parameters, dict):
        raise InvalidInput("The query is an object of parameters.", place="query")
    query_of(command.parameters)
    if session.get(NamedQuery, name) is not None:
        raise Conflict("There is a query of this name already.", code="query-exists", place="name")
    if (session.scalar(select(func.count()).select_from(NamedQuery)) or 0) >= MOST_QUERIES:
        raise InvalidInput("These are more than %(most)d.", code="too-many", place="name", most=MOST_QUERIES)
    query = NamedQuery(name=name, parameters=command.parameters, created_at=clock.now(), created_by=actor.id)
    session.add(query)
    record(session, actor, query.created_at, "epcis.query_created", query_stream(name),
           {"parameters": command.parameters})
    return query


def query_stream(name: str) -> str:
    """The stream of the trail that a query and its subscriptions stand in."""
    return stream_of("epcis_query", name_key(name))


def query_of(parameters: Mapping[str, Any]) -> EventQuery:
    """The query that JSON says. Raises InvalidInput (`query-parameter`) and NotOffered."""
    context = parameters.get("@context", [])
    if not all(isinstance(item, str) for item in (context if isinstance(context, list) else [context])):
        raise bad_value("@context", str(context))  # prefixes of its own would change what the parameters mean
    return read_query({name: _values(name, value) for name, value in parameters.items() if name != "@context"})


def _values(name: str, value: Any) -> list[str]:
    found = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, bool):
            found.append("true" if item else "false")
        elif isinstance(item, str | int | Decimal):
            found.append(str(item))
        else:
            raise bad_value(name, str(item))
    return found or [""]


def named_query(session: Session, name: str) -> NamedQuery:
    """The query of this name. Raises NotFound."""
    query = session.get(NamedQuery, name)
    if query is None:
        raise NotFound("There is no query of this name.", code="unknown-query")
    return query


def named_queries(session: Session, after: str | None, limit: int) -> list[NamedQuery]:
    """The queries by name, from behind the name `after`."""
    return list(session.scalars(select(NamedQuery).where(NamedQuery.name > (after or "")).order_by(NamedQuery.name)
                                .limit(limit)))


def delete_query(session: Session, actor: Actor, clock: Clock, name: str) -> None:
    """Forget a query and who subscribed to it. Raises NotFound."""
    permit(actor, "epcis.subscribe")
    query = named_query(session, name)
    theirs = select(Subscription.id).where(Subscription.query_name == name)
    session.execute(delete(GatheredEvent).where(GatheredEvent.subscription_id.in_(theirs)))
    session.execute(delete(Subscription).where(Subscription.query_name == name))
    session.delete(query)
    record(session, actor, clock.now(), "epcis.query_deleted", query_stream(name), {})
