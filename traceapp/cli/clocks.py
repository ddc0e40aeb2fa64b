"""`clocks due`: every legal clock that runs from a moment."""
from __future__ import annotations

import argparse
import json
from datetime import datetime

from traceapp.core.errors import InvalidInput


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("clocks", help="legal clocks of reports and recalls")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "due", help="every matching rule and its last moment", description="One JSON line for each rule that matches, "
        "the earliest first. No rule is “undetermined” (exit 1): a person decides, and the shortest clock of the "
        "authority runs meanwhile.")
    act.add_argument("--jurisdiction", required=True, help="CN, US, EU, GB, JP, CA, AU, KR or SG")
    act.add_argument("--kind", required=True, help="device, ivd, drug, biologic, cosmetic, natural_health_product; "
                                                   "device/IVD for both")
    act.add_argument("--actor", required=True, action="append",
                     help="what we are for the product: registrant (also: MAH, manufacturer), importer, "
                          "representative, distributor, user_facility, contract_manufacturer; more than once if so")
    act.add_argument("--trigger", required=True, action="append",
                     help="what happened: death, serious_injury, could_be_serious, not_serious, group_event, "
                          "recall_decided_1 …; may be given more than once")
    act.add_argument("--class", dest="device_class", default="", help="class of the device, where it is known")
    act.add_argument("--at", required=True, help="when the clock began, with its zone: 2026-12-28T10:00+08:00")
    act.set_defaults(run=_due)


def _due(options: argparse.Namespace) -> int:
    from traceapp.rules.lines import due_records, situation_of

    situation = situation_of(options.jurisdiction, options.kind, options.actor, options.trigger, options.device_class)
    found = list(due_records(situation, moment_of(options.at, "--at")))
    for record in found:
        print(json.dumps(record, ensure_ascii=False))
    return 1 if found[0]["id"] == "undetermined" else 0


def moment_of(text: str, place: str) -> datetime:
    """The moment that somebody wrote with its zone. Raises InvalidInput."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1900 < found.year < 9000:
        raise InvalidInput("“%(text)s” is not a moment with its zone. Write 2026-12-28T10:00+08:00.",
                           code="not-a-moment", place=place, text=text[:40])
    return found
