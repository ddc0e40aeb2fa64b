"""`icsr check`; `export` and `import` stand in the module beside this one."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from traceapp.core.errors import NotFound

from . import icsr_files


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about files of safety reports."""
    group = commands.add_parser("icsr", help="safety reports to authorities")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    check = acts.add_parser(
        "check", help="say whether an authority would take a file: one JSON line a file, findings with their element",
        description="Schema (where TRACEAPP_E2B_XSD_DIR or TRACEAPP_EMDR_XSD_DIR names a folder with it), rules and "
        "code lists. ok is false where a finding is an error; the command then exits with 1.")
    check.add_argument("file", nargs="+", help="E2B(R3) reports or acknowledgements, FDA device reports (eMDR); "
                       "- is standard input")
    check.set_defaults(run=_check)
    icsr_files.add_to(acts)


def _content(name: str) -> bytes:
    """The bytes of a file, no more than one above the limit, so that it can be said that it is too large."""
    from traceapp.export.e2b_r3.xml_input import MAX_BYTES

    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotFound("%(name)s cannot be read: %(error)s", name=name, error=error.strerror) from error


def _check(options: argparse.Namespace) -> int:
    from traceapp.config import read_settings
    from traceapp.core.clock import SystemClock
    from traceapp.export.safety_files import Folders, check_line

    settings = read_settings()
    folders = Folders(settings.e2b_xsd_dir, settings.emdr_xsd_dir)
    now = SystemClock().now()
    good = True
    for name in options.file:
        line, is_sound = check_line(name, _content(name), folders, now)
        good = good and is_sound
        print(line)
    return 0 if good else 1
