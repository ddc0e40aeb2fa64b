"""The soak run of notices would notice what it looks for; two senders at once and a clock set back do no harm."""
from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from benchmarks.many_consignees import Team, make_case, submit_and_approve
from benchmarks.soak.notices import _figures
from tests.factories_recall import Tray
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.model import Recall
from traceapp.recall.sending import NoticeSender
from traceapp.world import World, build_world

COUNT = 12
FAULTS = ("lost", "not_queued", "never_settled", "twice", "uncertain_without_task", "without_attempt")


@pytest.fixture
def case(settings: Settings, database: Database, clock: FixedClock) -> tuple[World, Team, Recall]:
    world = build_world(settings, database=database, clock=clock)
    team, recall = make_case(world, COUNT)
    submit_and_approve(world, team, recall)
    return world, team, recall


def send(world: World, tray: Tray) -> int:
    sender = NoticeSender(tray, world.vault, "https://recall.example", world.clock)
    return deliver_due(world.database, world.clock, sender.send, sender.settled)


def test_two_senders_at_once_send_each_notice_once(case: tuple[World, Team, Recall]) -> None:
    world, _team, recall = case
    tray, together = Tray(), Barrier(2)

    def work() -> None:
        together.wait(10)
        while send(world, tray):
            pass

    senders = [Thread(target=work) for _number in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    taken = Counter(letter.message_id for letter in tray.letters)
    figures = _figures(world, recall, taken, COUNT)
    assert (figures["told"], figures["letters_taken"]) == (COUNT, COUNT)
    assert [figures[name] for name in FAULTS] == [0] * len(FAULTS)
    lost = Counter(dict(list(taken.items())[1:]))
    assert _figures(world, recall, lost, COUNT)["lost"] == 1
    assert _figures(world, recall, taken + Counter(list(taken)[:2]), COUNT)["twice"] == 2
    assert _figures(world, recall, taken, COUNT + 1)["not_queued"] == 1


def test_a_clock_that_is_set_back_keeps_no_notice_waiting(case: tuple[World, Team, Recall],
                                                          clock: FixedClock) -> None:
    world, _team, recall = case
    clock.move_to(clock.now() - timedelta(hours=1))
    tray = Tray()
    assert send(world, tray) == COUNT
    with world.database.read() as session:
        assert {message.state for message in session.scalars(select(OutboxMessage))} == {"sent"}
    assert len({letter.message_id for letter in tray.letters}) == COUNT
