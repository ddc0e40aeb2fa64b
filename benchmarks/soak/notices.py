"""Ten thousand notices of one recall, with two senders at once; senders, the mail server and the scheduler are killed
in the middle, and the clock is set back an hour: no notice is lost, none is silently sent twice."""
from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.many_consignees import Team, make_case, submit_and_approve
from benchmarks.serving import Server, free_port, start
from traceapp.jobs.sweeps import deliver
from traceapp.outbox.delivery import LEASE
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import UNCERTAIN_TASK
from traceapp.recall.sending_again import SendNoticeAgain, send_notice_again
from traceapp.worklist.model import Task
from traceapp.world import World

from .installation import Installation, database_for
from .options import Options
from .sending_process import ShiftedClock

NOTICES = 10_000
# What happens while they go out, at equal parts of the way.
FAULTS = ("sender", "mail", "both senders", "clock", "jobs", "mail", "sender", "mail")
SET_BACK_SECONDS = -3600.0
LONGEST_PART_SECONDS = 120.0
# Failed tries wait a minute and more; at the end the clock is put forward past every wait.
_AHEAD = (LEASE + timedelta(minutes=1), timedelta(hours=1), timedelta(hours=8), timedelta(days=2))


def notices(options: Options) -> dict[str, Any]:
    """The run; its figures say whether everything held (`ok`). `rounds`: how many notices."""
    count = options.rounds or NOTICES
    with tempfile.TemporaryDirectory() as folder, database_for(folder, options.database) as url:
        run = _Run(Installation(folder, free_port(), url), Path(folder) / "taken.txt", random.Random(options.seed))
        run.installation.run("db", "upgrade")
        world = run.installation.world()
        team, recall = make_case(world, count)
        froze, queued = submit_and_approve(world, team, recall)
        begun = time.monotonic()
        try:
            _send_under_fire(run, count)
        finally:
            run.stop()
        seconds = round(time.monotonic() - begun)
        _drain(run)
        found = _figures(world, recall, run.taken(), count)
        found |= _sent_again(run, world, team, recall) | {"died": run.died, "held_long": run.held_long}
        world.database.close()
        code, _ = run.installation.attempt("audit", "verify")
        faults = ("lost", "not_queued", "never_settled", "twice", "twice_unmarked", "uncertain_without_task",
                  "without_attempt", "untold_after", "died")
        return {"ok": not code and not any(found[name] for name in faults), "database": options.database,
                "seed": options.seed, "notices": count, "faults": dict(run.faults),
                "seconds_to_freeze": round(froze, 2), "seconds_to_enqueue": round(queued, 2),
                "seconds_under_fire": seconds, **found}


@dataclass(slots=True)
class _Run:
    """What runs, and what was done to it. `book` is the file in which the mail server notes each letter."""

    installation: Installation
    book: Path
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    running: dict[str, Server] = field(default_factory=dict)
    died: list[str] = field(default_factory=list)
    held_long: list[str] = field(default_factory=list)

    def begin(self, name: str, seconds: float = 0.0) -> None:
        """Start the mail server, the jobs, or a sender whose clock is so far off."""
        if name == "jobs":
            self.running[name] = self.installation.start_jobs()
            return
        port = self.installation.environment["TRACEAPP_MAIL_URL"].rpartition(":")[2]
        command = [port, str(self.book)] if name == "mail" else [str(seconds)]
        module = "benchmarks.soak.mail_process" if name == "mail" else "benchmarks.soak.sending_process"
        self.running[name] = start([sys.executable, "-m", module, *command], self.installation.environment)

    def kill(self, name: str) -> None:
        """SIGKILL; what had ended before is noted as a fault of its own."""
        server = self.running.pop(name)
        if server.process.poll() is not None:
            self.died.append(f"{name}: {server.said()[-300:]}")
        self.held_long += [line for line in Path(server.log.name).read_text().splitlines() if "write_held_long" in line]
        server.kill()

    def stop(self) -> None:
        """End whatever runs."""
        for name in list(self.running):
            self.kill(name)

    def taken(self) -> Counter[str]:
        """How often the mail server took each letter, by Message-ID."""
        lines = self.book.read_text().splitlines() if self.book.exists() else []
        return Counter(line.split()[0] for line in lines)


def _send_under_fire(run: _Run, count: int) -> None:
    for name in ("mail", "sender", "second", "jobs"):
        run.begin(name)
    for number, fault in enumerate(FAULTS, 1):
        _wait_for(run, count * number // (len(FAULTS) + 1))
        time.sleep(run.chance.uniform(0.0, 0.2))
        run.faults[fault] += 1
        _FAULTS[fault](run)
        print(f"soak: {fault} at {run.taken().total()} letters", file=sys.stderr, flush=True)
    _wait_for(run, count * len(FAULTS) // (len(FAULTS) + 1))


def _again(run: _Run, *names: str, seconds: float = 0.0) -> None:
    for name in names:
        run.kill(name)
    for name in names:
        run.begin(name, seconds)


def _clock(run: _Run) -> None:
    """Set the clock of both senders back: they start anew with it, as after a wrong answer of a time server."""
    _again(run, "sender", "second", seconds=SET_BACK_SECONDS)


_FAULTS = {"sender": lambda run: _again(run, "sender"), "mail": lambda run: _again(run, "mail"),
           "both senders": lambda run: _again(run, "sender", "second"), "clock": _clock,
           "jobs": lambda run: _again(run, "jobs")}


def _wait_for(run: _Run, letters: int) -> None:
    """Return once so many letters were taken, or nothing moves for a while because the rest waits for another try."""
    until, before = time.monotonic() + LONGEST_PART_SECONDS, -1
    while (now := run.taken().total()) < letters and time.monotonic() < until:
        if now != before:
            until, before = time.monotonic() + LONGEST_PART_SECONDS / 4, now
        time.sleep(0.1)


def _drain(run: _Run) -> None:
    """With a server that stays and a clock that goes on: all that waits goes out, what was cut off is marked."""
    run.begin("mail")
    try:
        time.sleep(1.0)
        for ahead in _AHEAD:
            world = run.installation.world(ShiftedClock(ahead.total_seconds()))
            while deliver(world):
                pass
            world.database.close()
    finally:
        run.kill("mail")


def _figures(world: World, recall: Recall, taken: Counter[str], count: int) -> dict[str, Any]:
    with world.database.read() as session:
        messages = list(session.scalars(select(OutboxMessage)))
        tries = dict(session.execute(select(OutboxAttempt.message_id, func.count())
                                     .group_by(OutboxAttempt.message_id)).all())
        outcomes = dict(session.execute(select(OutboxAttempt.outcome, func.count())
                                        .group_by(OutboxAttempt.outcome)).all())
        told = session.scalar(select(func.count()).select_from(Notice).where(
            Notice.recall_id == recall.id, Notice.sent_at.is_not(None)))
        tasks = set(session.scalars(select(Task.about).where(Task.kind == UNCERTAIN_TASK, Task.state == "open")))
    sent = {one.message_id for one in messages if one.state == MessageState.sent}
    uncertain = [one for one in messages if one.state == MessageState.uncertain]
    return {
        "letters_taken": taken.total(), "message_ids": len({one.message_id for one in messages}), "told": told,
        "uncertain": len(uncertain), "uncertain_but_taken": sum(one.message_id in taken for one in uncertain),
        "attempts": dict(sorted(outcomes.items())), "not_queued": count - len(messages),
        "lost": len(sent - set(taken)), "twice": sum(times > 1 for times in taken.values()),
        "never_settled": len(messages) - len(sent) - len(uncertain),
        "without_attempt": sum(tries.get(one.id, 0) == 0 for one in messages),
        "uncertain_without_task": sum(one.subject_key not in tasks for one in uncertain)}


def _sent_again(run: _Run, world: World, team: Team, recall: Recall) -> dict[str, Any]:
    """What a person does about the uncertain ones: sent again under the same number. Then everybody is told, and only
    they may have been sent twice."""
    with world.database.write() as session:
        doubtful = list(session.scalars(select(Notice.consignee_id).where(
            Notice.recall_id == recall.id, Notice.state == "uncertain")))
        numbers = set(session.scalars(select(OutboxMessage.message_id).where(
            OutboxMessage.state == MessageState.uncertain)))
        for consignee_id in doubtful:
            send_notice_again(session, team.writer, world.clock, SendNoticeAgain(recall.id, consignee_id))
    _drain(run)
    taken = run.taken()
    with world.database.read() as session:
        untold = session.scalar(select(func.count()).select_from(Notice).where(
            Notice.recall_id == recall.id, Notice.sent_at.is_(None)))
        state = session.get_one(Recall, recall.id).state
    return {"sent_again": len(doubtful), "untold_after": untold, "state_after": state,
            "twice_unmarked": len({one for one, times in taken.items() if times > 1} - numbers)}
