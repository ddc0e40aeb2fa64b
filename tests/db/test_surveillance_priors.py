"""What closed corrective actions teach about the next cause."""
from __future__ import annotations

import pytest
from sqlalchemy import select

from traceapp.audit.model import AuditEntry
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.priors import confirmed_causes, forget_cause, kind_shares, note_cause


def test_a_confirmed_cause_counts_once_however_often_it_is_said(database: Database, clock: FixedClock,
                                                               actor: Actor) -> None:
    with database.write() as session:
        for kind in (NodeKind.line, NodeKind.supplier, NodeKind.supplier):
            note_cause(session, clock, actor, kind, "capa:1")
        note_cause(session, clock, actor, NodeKind.supplier, "capa:2")
        note_cause(session, clock, actor, NodeKind.lane, "capa:3")
        forget_cause(session, clock, actor, "capa:3")
    with database.read() as session:
        found = confirmed_causes(session)
        assert {kind: count for kind, count in found.items() if count} == {NodeKind.supplier: 2}
        acts = list(session.scalars(select(AuditEntry.action)))
    assert sorted(acts) == ["cause.noted"] * 4 + ["cause.withdrawn"]


def test_before_any_action_is_closed_a_fifth_goes_to_single_lots_and_the_rest_is_even() -> None:
    shares = kind_shares({})
    assert shares.pop(NodeKind.lot) == pytest.approx(0.2)
    assert list(shares.values()) == pytest.approx([0.8 / 9] * 9)


def test_shares_follow_the_counts() -> None:
    shares = kind_shares({NodeKind.supplier: 4, NodeKind.line: 1})
    assert shares[NodeKind.supplier] / shares[NodeKind.lane] == pytest.approx(5)
    assert shares[NodeKind.line] / shares[NodeKind.lane] == pytest.approx(2)
    assert sum(shares.values()) == pytest.approx(1)
