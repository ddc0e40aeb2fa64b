"""`recall drill`: a mock recall that plays itself to the end, with its times and what it found."""
from __future__ import annotations

import argparse

from traceapp.core.actor import Actor

from .recall_messages import add_to

_WHO = Actor(id="command-line", role="system", name="command line", source="cli")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("recall", help="drills, and recall messages of partners")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "drill", help="a timed mock recall of which nobody outside is told", description="Plays a recall from the "
        "draft to the last unit by the same rules as a real one; nothing leaves the house and nothing is stopped. One "
        "JSON line: the log with seconds, the target times, where the units are, the scope beside what the events "
        "alone say, and the gaps. Ends with 1 when scope and events differ, or a unit could not be placed.")
    act.add_argument("--lot", default="", metavar="URI", help="lot to begin with (default: the seed chooses)")
    act.add_argument("--direction", default="forward", choices=["forward", "backward"],
                     help="from a raw lot to everybody who has something of it, or from a finished lot also back to "
                          "what it was made of (default: forward)")
    act.add_argument("--seed", type=int, help="the same seed chooses the same lot and plays the same answers")
    act.set_defaults(run=_drill)
    add_to(acts)


def _drill(options: argparse.Namespace) -> int:
    from traceapp.recall.drill_model import DrillState
    from traceapp.recall.drill_queries import drill_by_id, failure_fields, seconds_of, steps_of, targets_of
    from traceapp.recall.drilling import AskDrill, ask_drill, run_drill
    from traceapp.trace.finding import key_of_text

    from . import show
    from .settings import world
    from .uris import or_wrong_use

    here = world()
    with here.database.write() as session, or_wrong_use(options.lot):
        lot_key = key_of_text(session, options.lot) if options.lot else None
        asked = ask_drill(session, _WHO, here.clock, AskDrill(options.direction, options.seed, lot_key)).id
    run_drill(here.database, here.clock, here.vault, asked)
    with here.database.read() as session:
        drill, steps = drill_by_id(session, asked), steps_of(session, asked)
        report = drill.report or {}
        values = failure_fields(drill, "en")
        why = drill.failure % values if values else drill.failure
        show({"drill": drill.id, "state": str(drill.state), "failure": why, "seed": drill.seed,
              "direction": drill.direction, "seconds": round(seconds_of(steps), 3),
              "steps": [{"step": one.step, "started_at": one.started_at.isoformat(),
                         "seconds": round(one.seconds, 3), "count": one.count} for one in steps],
              "targets": [{"name": one.name, "hours": one.hours, "until": one.until, "is_met": one.is_met,
                           "seconds": None if one.seconds is None else round(one.seconds, 3)}
                          for one in targets_of(steps)], **report})
    truth = report.get("truth", {})
    is_right = truth.get("state") == "not_compared" or (
        truth.get("precision") == "1" and truth.get("recall") == "1" and not truth.get("units"))
    return 0 if drill.state == DrillState.done and report.get("is_placed") and is_right else 1
