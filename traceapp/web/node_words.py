"""What watched nodes are called in the reader's language: partners and sites by their own names."""
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.queries import sites
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.alarming import name_of
from traceapp.surveillance.watch_model import WatchNode
from traceapp.surveillance.watch_queries import nodes_by_key

from .i18n import language
from .words import own_name

_PARTIES = (NodeKind.supplier, NodeKind.consignee)


def node_names(session: Session, tests: Iterable[WatchNode]) -> dict[str, str]:
    """The names of nodes by their keys, in two queries at most; a partner or site with its quarter."""
    listed = list(tests)
    if language() == "zh":  # the names that are stored
        return {test.node_key: name_of(test) for test in listed}
    parties = parties_by_id(session, (test.subject for test in listed if test.kind in _PARTIES))
    places = {site.id: site for site in sites(session)} if any(
        test.kind == NodeKind.site for test in listed) else {}
    return {test.node_key: " · ".join(part for part in (
        own_name(parties.get(test.subject) or places.get(test.subject), test.name), test.period) if part)
        for test in listed}


def names_by_key(session: Session, nodes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The names of the partners and sites among these nodes (kind, key) by their keys."""
    keys = {key for kind, key in nodes if kind in (*_PARTIES, NodeKind.site)}
    return node_names(session, nodes_by_key(session, keys)) if keys and language() != "zh" else {}
