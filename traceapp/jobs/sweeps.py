"""The sweeps: each looks at rows that are due and deals with them; each may be interrupted and called again."""
from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.clocks import events_without_clocks, follow_markets, start_clocks
from traceapp.adverse_event.clusters import follow_cluster
from traceapp.adverse_event.groups import GROUPED, find_groups, is_grouped
from traceapp.adverse_event.service import follow_complaint
from traceapp.audit.verify import sign_checkpoint
from traceapp.capa.reminding import is_any_late as is_any_capa_late
from traceapp.capa.reminding import tell_late
from traceapp.catalog.registrations import MARKETS_CHANGED
from traceapp.catalog.service import LIMITS_CHANGED
from traceapp.code.counting import forget_old_scans
from traceapp.code.doubts import scan_tasks
from traceapp.code.printing import JOBS as PRINTS
from traceapp.complaint import drafts, intake, proof
from traceapp.complaint.case_parts import CLUSTERED, LOT_BOUND, RESCORE
from traceapp.complaint.duty_sending import KINDS as CALLS
from traceapp.complaint.duty_sending import DutySender
from traceapp.complaint.escalating import escalate_late, is_any_late
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.identity.model import IdempotencyKey
from traceapp.identity.rate import forget_old_windows
from traceapp.identity.service import end_old_sessions
from traceapp.importing.work import forget_old_tables
from traceapp.outbox.delivery import Limits, deliver_due, is_due
from traceapp.outbox.gateway import text_post
from traceapp.outbox.mail import mailer
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.outbox.outage import Outages
from traceapp.recall.announcing import TELL_SUBSCRIBERS
from traceapp.recall.change_sending import ChangeSender
from traceapp.recall.change_telling import CHANGE_KINDS as CHANGES
from traceapp.recall.clocks import follow_markets as follow_recall_markets
from traceapp.recall.clocks import recalls_without_clocks, start_every_clock
from traceapp.recall.consumers import CONSUMER_KINDS as CONSUMERS
from traceapp.recall.consumers import ConsumerSender, are_consumers_untold, tell_consumers
from traceapp.recall.handing import Posts
from traceapp.recall.passed_sending import PassedSender
from traceapp.recall.passing_on import PASSED_KINDS as PASSED
from traceapp.recall.reminders import remind_due, remind_passed
from traceapp.recall.sending import KINDS as LETTERS
from traceapp.recall.sending import NoticeSender
from traceapp.recall.subscriber_bounces import forget_suspended
from traceapp.recall.subscriber_mail import KINDS as PUBLIC_MAIL
from traceapp.recall.subscriber_mail import PublicSender, queue_news
from traceapp.recall.subscribing import forget_unconfirmed
from traceapp.recall.told import advance_told
from traceapp.submission.periodic_clocks import begin_periods, products_with_periods
from traceapp.submission.recall_file_jobs import JOBS as RECALL_FILES
from traceapp.submission.records_jobs import JOBS as RECORDS
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.silence import end_over, is_any_over
from traceapp.trace.announcing import WORK as MATCH
from traceapp.trace.following import follow_limits
from traceapp.trace.query_model import Subscription
from traceapp.trace.subscriptions import MESSAGE as WEBHOOK
from traceapp.trace.subscriptions import match_events, tell_scheduled
from traceapp.trace.webhooks import WebhookSender
from traceapp.worklist.model import WorkRow
from traceapp.worklist.tasks import RaiseTask, raise_task
from traceapp.worklist.work import add_work, add_works, purge_work
from traceapp.world import World

from .drift_sweep import look_at_results
from .drill_sweep import run_drills
from .import_sweep import check_tables, run_imports
from .once import forget_old_slots, run_once
from .plan_sweep import play_plans
from .print_sweep import print_labels
from .recall_file_sweep import make_recall_files
from .recall_sweep import follow_recall_scopes, review_late_answers
from .records_sweep import make_records
from .refit_sweep import refit
from .retention_sweep import propose_erasures
from .scheduler import Sweep
from .screen_sweep import screen_products
from .sealing_sweep import hash_second_contacts, seal_report_files
from .watch_sweep import WATCH_ALL, watch_all
from .working import work_off

log = structlog.get_logger()
PERIODS = "periodic.begin"
Sender = DutySender | NoticeSender | PassedSender | ConsumerSender | ChangeSender | PublicSender
_LONGEST_DELIVERY_SECONDS = 20.0
_LATE_WORK = timedelta(minutes=10)
_LATE_MESSAGE = timedelta(hours=1)
_CHECKPOINT_EVERY = timedelta(minutes=10)
_DAY = timedelta(days=1)


def rescore(world: World, limit: int = 50) -> int:
    """Rescore the lots that complaints touched, then look for several persons at one place; answers how many lots."""
    done = _work_off(world, RESCORE, limit, lambda session, lot_key: look_again(session, world.clock, lot_key))
    _work_off(world, GROUPED, limit, lambda session, lot_key: find_groups(session, world.clock, lot_key))
    return done


def look_again(session: Session, clock: Clock, lot_key: str) -> None:
    """What is done at once about a lot after one of its complaints came in or changed. What a group event asks for, its
    legal clocks among it, does not keep the nodes waiting."""
    rescore_lot(session, clock, lot_key)
    if is_grouped(session, clock, lot_key):
        add_work(session, clock, GROUPED, lot_key)


def end_silences(world: World, limit: int = 50) -> int:
    """End the silences whose last day is over, and ask for another look at what they hid; answers how many ended."""
    with world.database.read() as session:
        if not is_any_over(session, world.clock):
            return 0
    with world.database.write() as session:
        return end_over(session, world.clock, limit)


def follow_lots(world: World, limit: int = 50) -> int:
    """Move adverse events to the lot that staff bound their complaint to; answers how many."""
    return _work_off(world, LOT_BOUND, limit,
                     lambda session, key: follow_complaint(session, SYSTEM, world.clock, key))


def follow_clusters(world: World, limit: int = 50) -> int:
    """Let adverse events be known since the first of the reports that were linked; answers how many."""
    return _work_off(world, CLUSTERED, limit,
                     lambda session, key: follow_cluster(session, SYSTEM, world.clock, key))


def begin_clocks(world: World, limit: int = 100) -> int:
    """Begin the legal clocks of adverse events and recalls from before there were clocks; answers how many."""
    with world.database.read() as session:
        if not events_without_clocks(session, 1) and not recalls_without_clocks(session, 1):
            return 0
    with world.database.write() as session:
        events, recalls = events_without_clocks(session, limit), recalls_without_clocks(session, limit)
        for event in events:
            start_clocks(session, SYSTEM, world.clock, event, event.awareness_at)
        for recall in recalls:
            start_every_clock(session, SYSTEM, world.clock, recall)
    return len(events) + len(recalls)


def follow_product_markets(world: World, limit: int = 50) -> int:
    """Begin legal clocks in markets that were entered or changed later; answers how many pieces of work were done."""
    def follow(session: Session, product_id: str) -> None:
        follow_markets(session, SYSTEM, world.clock, product_id)
        follow_recall_markets(session, SYSTEM, world.clock, product_id)
        begin_periods(session, SYSTEM, world.clock, product_id)

    return _work_off(world, MARKETS_CHANGED, limit, follow)


def begin_periodic_clocks(world: World, limit: int = 200) -> int:
    """Once a day, also after days without a run: begin the clocks of the periodic reports of each product; answers how
    many products were looked at."""
    def ask(session: Session) -> None:
        add_works(session, world.clock, PERIODS, products_with_periods(session))

    run_once(world.database, world.clock, PERIODS, _DAY, ask)
    return _work_off(world, PERIODS, limit, lambda session, key: begin_periods(session, SYSTEM, world.clock, key))


def escalate(world: World, limit: int = 100) -> int:
    """Call whoever is on duty for each promise about a complaint that ran over; answers how many."""
    with world.database.read() as session:
        if not is_any_late(session, world.clock.now()):
            return 0
    with world.database.write() as session:
        return escalate_late(session, world.clock, limit)


def watch_capas(world: World, limit: int = 100) -> int:
    """Tell the manager what ran late in CAPAs; answers how many things."""
    with world.database.read() as session:
        if not is_any_capa_late(session, world.clock):
            return 0
    with world.database.write() as session:
        return tell_late(session, world.clock, limit)


def judge_storage(world: World, limit: int = 20) -> int:
    """Judge the cold chain anew where storage limits were changed; answers how many pieces of that work were done."""
    return _work_off(world, LIMITS_CHANGED, limit,
                     lambda session, key: follow_limits(session, SYSTEM, world.clock, key))


def _work_off(world: World, kind: str, limit: int, act: Callable[[Session, str], object]) -> int:
    return work_off(world.database, world.clock, kind, limit, act)


def deliver(world: World, stopping: threading.Event | None = None, outages: Outages | None = None) -> int:
    """Hand over the calls to whoever is on duty, then the notices that are due, then the mail to the public, round by
    round as long as there are any; once `stopping` is set, a server that hangs is not waited for. `outages` remembers
    from call to call which servers are away."""
    outages = outages or Outages()
    _work_off(world, TELL_SUBSCRIBERS, 50, lambda session, key: queue_news(session, world.clock, key))
    until, tried = monotonic_seconds() + _LONGEST_DELIVERY_SECONDS, 0
    while count := _deliver_round(world, stopping, outages):
        tried += count
        if monotonic_seconds() > until or (stopping and stopping.is_set()):
            break
    return tried


def _deliver_round(world: World, stopping: threading.Event | None, outages: Outages) -> int:
    due = [kinds for kinds in (CALLS, LETTERS, PASSED, CONSUMERS, CHANGES, PUBLIC_MAIL) if _is_due(world, kinds)]
    if not due:
        return 0
    settings = world.settings
    post = mailer(settings.mail_url, settings.mail_from, settings.var_dir, stopping)
    texts = text_post(settings.text_url, settings.text_token, settings.var_dir, stopping)
    vault, base_url, clock = world.vault, settings.base_url, world.clock
    senders: dict[tuple[str, ...], Sender] = {
        CALLS: DutySender(post=post, base_url=base_url, clock=clock),
        LETTERS: NoticeSender(post=post, vault=vault, base_url=base_url, clock=clock, texts=texts),
        PASSED: PassedSender(Posts(post, texts), vault, base_url, clock),
        CONSUMERS: ConsumerSender(Posts(post, texts), vault, base_url, clock),
        CHANGES: ChangeSender(Posts(post, texts), vault, base_url, clock),
        PUBLIC_MAIL: PublicSender(post=post, vault=vault, base_url=base_url, clock=clock)}
    return sum(deliver_due(world.database, world.clock, senders[kinds].send, senders[kinds].settled, kinds=kinds,
                           limits=Limits(stopping, outages)) for kinds in due)


def _is_due(world: World, kinds: Sequence[str]) -> bool:
    now = world.clock.now()
    with world.database.read() as session:
        return session.scalar(select(OutboxMessage.id).where(
            is_due(now), OutboxMessage.kind.in_(kinds)).limit(1)) is not None


def tell_subscribers(world: World, stopping: threading.Event | None = None) -> int:
    """Find who is to be told of new events, and tell them; apart from the letters, which wait for nobody's server."""
    _work_off(world, MATCH, 50, lambda session, key: match_events(session, world.clock, key))
    with world.database.read() as session:
        is_time = session.scalar(select(Subscription.id).where(
            Subscription.next_at <= world.clock.now(), Subscription.paused_at.is_(None)).limit(1))
    if is_time is not None:
        with world.database.write() as session:
            tell_scheduled(session, world.clock)
    if not _is_due(world, (WEBHOOK,)):
        return 0
    sender = WebhookSender(world.vault, world.clock)
    return deliver_due(world.database, world.clock, sender.send, sender.settled, kinds=(WEBHOOK,),
                       limits=Limits(stopping))


def remind(world: World) -> int:
    """Remind consignees, and those whom they passed units on to, who have not answered."""
    with world.database.write() as session:
        advance_told(session, world.clock)
        return remind_due(session, world.clock) + remind_passed(session, world.clock)


def seek_consumers(world: World) -> int:
    """Take up consumers who are to be told of a recall; answers how many."""
    with world.database.read() as session:
        if not are_consumers_untold(session):
            return 0
    with world.database.write() as session:
        return tell_consumers(session, world.clock, vault=world.vault)


def checkpoint(world: World) -> bool:
    """Sign where the audit chains stand, every ten minutes."""
    return run_once(world.database, world.clock, "checkpoint", _CHECKPOINT_EVERY,
                    lambda session: sign_checkpoint(session, world.clock.now(), world.settings.secret_key))


def keep_house(world: World) -> bool:
    """Once a day: forget what is kept for a while only."""

    def effect(session: Session) -> None:
        now = world.clock.now()
        end_old_sessions(session, world.clock)
        forget_old_windows(session, world.clock)
        forget_old_slots(session, world.clock)
        forget_old_scans(session, world.clock)
        PRINTS.forget_old(session, world.clock, store=world.prints)
        RECORDS.forget_old(session, world.clock, store=world.records)
        RECALL_FILES.forget_old(session, world.clock, store=world.records)
        forget_old_tables(session, world.clock, store=world.imports)
        drafts.forget_old_drafts(session, world.clock)
        drafts.forget_draft_files(session, world.clock, store=world.files)
        forget_unconfirmed(session, world.clock)
        forget_suspended(session, world.clock)
        proof.forget_used_challenges(session, world.clock)
        intake.forget_sources(session, now - _DAY)
        purge_work(session, now - timedelta(days=30))
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - timedelta(days=7)))

    return run_once(world.database, world.clock, "keep-house", _DAY, effect)


def tell_of_doubts(world: World) -> int:
    """Raise tasks about codes that gave reason to doubt; answers how many."""
    with world.database.read() as session:
        wanted = scan_tasks(session, world.clock)
    if wanted:
        with world.database.write() as session:
            for command in wanted:
                raise_task(session, SYSTEM, world.clock, command)
    return len(wanted)


def watch(world: World) -> int:
    """Find what is due and was not done, from the rows themselves; answers how many kinds. Each becomes a task."""
    now = world.clock.now()
    with world.database.read() as session:
        late_work = session.scalar(select(func.count()).select_from(WorkRow).where(
            WorkRow.done_at.is_(None), WorkRow.kind != WATCH_ALL, WorkRow.created_at < now - _LATE_WORK)) or 0
        late_messages = session.scalar(select(func.count()).select_from(OutboxMessage).where(
            OutboxMessage.state == MessageState.pending, OutboxMessage.created_at < now - _LATE_MESSAGE)) or 0
    found = {"work.late": late_work, "messages.late": late_messages}
    for kind, count in found.items():
        if count:
            log.error("due_and_not_done", kind=kind, count=count)
            with world.database.write() as session:
                raise_task(session, SYSTEM, world.clock, RaiseTask(
                    kind=kind, about="service:jobs", role="administrator", due_at=now, params={"count": count}))
    return sum(bool(count) for count in found.values())


def sweeps(stopping: threading.Event) -> tuple[Sweep, ...]:
    """Every sweep; those that wait for others stop waiting once `stopping` is set."""
    return (
        Sweep("rescore", 0.5, rescore),
        Sweep("fold-log", 3.0, lambda world: world.database.fold_log()),
        Sweep("end-silences", 60.0, end_silences),
        Sweep("watch-all", 60.0, partial(watch_all, stopping=stopping)),
        Sweep("follow-lots", 1.0, follow_lots),
        Sweep("follow-clusters", 1.0, follow_clusters),
        Sweep("judge-storage", 1.0, judge_storage),
        Sweep("deliver", 1.0, partial(deliver, stopping=stopping, outages=Outages())),
        Sweep("tell-subscribers", 1.0, partial(tell_subscribers, stopping=stopping)),
        Sweep("print", 1.0, partial(print_labels, stopping=stopping)),
        Sweep("records", 1.0, partial(make_records, stopping=stopping)),
        Sweep("recall-files", 1.0, partial(make_recall_files, stopping=stopping)),
        Sweep("look-at-tables", 1.0, partial(check_tables, stopping=stopping)),
        Sweep("import", 1.0, partial(run_imports, stopping=stopping)),
        Sweep("remind", 60.0, remind),
        Sweep("consumers", 15.0, seek_consumers),
        Sweep("late-answers", 60.0, review_late_answers),
        Sweep("follow-scopes", 15.0, follow_recall_scopes),
        Sweep("drills", 2.0, partial(run_drills, stopping=stopping)),
        Sweep("legal-clocks", 60.0, begin_clocks),
        Sweep("follow-markets", 5.0, follow_product_markets),
        Sweep("periodic-clocks", 60.0, begin_periodic_clocks),
        Sweep("refit", 30.0, refit),
        Sweep("screen", 60.0, screen_products),
        Sweep("drifts", 60.0, look_at_results),
        Sweep("plans", 1.0, partial(play_plans, stopping=stopping)),
        Sweep("late-complaints", 60.0, escalate),
        Sweep("late-capas", 60.0, watch_capas),
        Sweep("doubts", 30.0, tell_of_doubts),
        Sweep("checkpoint", 60.0, checkpoint),
        Sweep("keep-house", 600.0, keep_house),
        Sweep("retention", 21_600.0, propose_erasures),
        Sweep("seal-files", 60.0, seal_report_files),
        Sweep("hash-contacts", 60.0, hash_second_contacts),
        Sweep("watch", 60.0, watch),
    )
