"""The `traceapp` command. One module a group; each adds its commands to the parser and imports what it runs late."""
from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from traceapp.core.errors import Problem
from traceapp.core.process import take_habits

GROUPS = ("service", "database", "demo", "people", "gs1", "epcis", "trace", "export", "labels", "signals", "detection",
          "clocks", "terms", "lots", "recall", "icsr", "audit", "backup", "vault", "tables", "mail")

# The code of a problem with what the command was given, not with what it found.
WRONG_USE = "wrong-use"


def parser(groups: Sequence[str] = GROUPS) -> argparse.ArgumentParser:
    """The parser with the commands of `groups`."""
    top = argparse.ArgumentParser(
        prog="traceapp",
        description="Trace batches from raw material to consignee, collect complaints, find the bad lot, recall it.",
        epilog="Settings come from the environment (TRACEAPP_…); see the table in the README.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in groups:
        importlib.import_module(f"traceapp.cli.{name}").add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 when what was asked holds, 1 when not, 2 for wrong use. Results on stdout, talk on stderr."""
    take_habits()
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except Problem as problem:
        print(f"traceapp: {problem.text}" + (f" [{problem.place}]" if problem.place else ""), file=sys.stderr)
        for place, message in problem.errors.items():
            print(f"  {place}: {message}", file=sys.stderr)
        return 2 if problem.code == WRONG_USE else 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("traceapp: stopped", file=sys.stderr)
        return 1
    except Exception as error:
        if not _is_of_database(error):
            raise
        print(f"traceapp: the database refused: {str(getattr(error, 'orig', error)).splitlines()[0]}. Run `traceapp "
              "doctor`; where tables are missing, `traceapp db upgrade`.", file=sys.stderr)
        return 1


def _is_of_database(error: Exception) -> bool:
    """Whether the error came from the database; a command that used none has not loaded its library."""
    library = sys.modules.get("sqlalchemy.exc")
    return library is not None and isinstance(error, library.SQLAlchemyError)


def show(value: object) -> None:
    """One JSON value on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str))
