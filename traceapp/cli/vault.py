"""`vault rotate`: what older keys sealed moves under the present one."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from traceapp.vault.service import Step, Vault
    from traceapp.world import World

_BATCH = 100
_MOST_NAMED = 20
_HOW = """
Put the new key before the old one, with a comma between them (TRACEAPP_VAULT_KEY), and start `serve` and `jobs` anew.
Then run this. It may be stopped and run again at any time, beside the running service. Once it says {"left": 0} the
old key can be taken out; wait a day, so that no uploaded file still waits under it, and keep it with the backups made
until then.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A table with sealed values: what it is called, how many rows wait, and how some of them are moved."""

    name: str
    waiting: Callable[[Session, Vault], int]
    reseal: Callable[..., Step]


@dataclass(slots=True)
class Rotation:
    """What was moved so far, by part, and what could not be opened."""

    moved: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about the vault."""
    group = commands.add_parser("vault", help="the keys under which persons are sealed")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    rotate = acts.add_parser("rotate", help="move everything sealed under the newest key", description=_HOW)
    rotate.set_defaults(run=_rotate)


def parts() -> tuple[Part, ...]:
    """Every table with values that the vault sealed."""
    from traceapp.complaint.drafts import drafts_under_older_keys, reseal_drafts
    from traceapp.recall.notices import notices_under_older_keys, reseal_notices
    from traceapp.recall.passing_on import passed_under_older_keys, reseal_passed
    from traceapp.recall.subscribing import reseal_subscribers, subscribers_under_older_keys
    from traceapp.submission.received_messages import messages_under_older_keys, reseal_messages
    from traceapp.submission.sealed_files import files_under_older_keys, reseal_files
    from traceapp.trace.resealing import reseal_subscriptions, subscriptions_under_older_keys
    from traceapp.vault.service import persons_under_older_keys, reseal_persons

    return (Part("persons", persons_under_older_keys, reseal_persons),
            Part("drafts", drafts_under_older_keys, reseal_drafts),
            Part("notices", notices_under_older_keys, reseal_notices),
            Part("passed", passed_under_older_keys, reseal_passed),
            Part("subscribers", subscribers_under_older_keys, reseal_subscribers),
            Part("reports", messages_under_older_keys, reseal_messages),
            Part("files", files_under_older_keys, reseal_files),
            Part("subscriptions", subscriptions_under_older_keys, reseal_subscriptions))


def _rotate(_: argparse.Namespace) -> int:
    from . import show
    from .settings import world

    here, done = world(), Rotation()
    try:
        for part in parts():
            rotate_part(here, part, done)
    except KeyboardInterrupt:
        print("\ntraceapp: stopped. What was moved stays moved; run it again to go on.", file=sys.stderr)
    with here.database.read() as session:
        left = sum(part.waiting(session, here.vault) for part in parts())
    result: dict[str, Any] = {"ok": left == 0, "key": here.vault.key_id, "moved": done.moved, "left": left,
                              "unreadable": len(done.unreadable)}
    for line in done.unreadable[:_MOST_NAMED]:
        print(f"cannot be opened: {line}", file=sys.stderr)
    show(result)
    return 0 if left == 0 else 1


def rotate_part(here: World, part: Part, done: Rotation, limit: int = _BATCH) -> None:
    """Move all rows of one table, `limit` in a transaction; what is there already is passed over."""
    from traceapp.core.actor import SYSTEM

    with here.database.read() as session:
        total = part.waiting(session, here.vault)
    after, looked_at = "", 0
    done.moved[part.name] = 0
    while True:
        with here.database.write() as session:
            step = part.reseal(session, SYSTEM, here.clock, limit, vault=here.vault, after=after)
        if step.last is None:
            break
        after = step.last
        done.moved[part.name] += step.moved
        done.unreadable += [f"{part.name} {line}" for line in step.unreadable]
        looked_at += step.moved + len(step.unreadable)
        _show_progress(part.name, looked_at, max(total, looked_at))
    _show_end(part.name, done.moved[part.name])


def _show_progress(name: str, count: int, total: int) -> None:
    """A line that moves where somebody looks; in a file only its end."""
    if sys.stderr.isatty():
        print(f"\r{name}: {count} of {total}", end="", file=sys.stderr, flush=True)


def _show_end(name: str, moved: int) -> None:
    print(("\r" if sys.stderr.isatty() else "") + f"{name}: {moved} moved under the newest key", file=sys.stderr)
