"""`backup FILE`, `restore FILE`."""
from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the two commands."""
    backup = commands.add_parser("backup", help="write a consistent copy of the database and all files",
                                 description="The keys are not in the copy: keep them apart, or persons stay sealed.")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="read a copy into a new, empty database and verify it")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    from . import show
    from .settings import database, settings
    from .whole_copy import write_backup

    show(write_backup(database(), settings(), options.file))
    return 0


def _restore(options: argparse.Namespace) -> int:
    from . import show
    from .settings import database, settings
    from .whole_copy import read_backup

    show(read_backup(database(), settings(), options.file))
    return 0
