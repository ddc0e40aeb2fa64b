"""How the tests are spread over processes: a file's tests share what is slow to make and stay together, and so do the
walks in a browser, which share a running service. Long files begin early, so that no process is left alone with one."""
from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

# Folders in the order in which their tests begin; the shortest files are in the last.
_FOLDERS = ("browser", "db", "web", "golden", "arch", "unit")
# Files that take longest, in the same order.
_LONGEST = ("test_pages.py", "test_demo_load.py", "test_cli_import.py", "test_backup_restore.py", "test_capa_workflow.py",
            "test_console_signal_case.py", "test_trace_reach.py", "test_migrated_rows.py", "test_migrations.py")


class Spread(LoadFileScheduling):  # type: ignore[misc]
    """File by file; the browser's tests in two parts, of which the one that opens every page is as long as the rest."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        walks = "tests/browser/"
        return walks if file.startswith(walks) and not file.endswith("/test_pages.py") else file


def in_order(item: pytest.Item) -> tuple[int, int]:
    """Where a test stands among all: by folder, the longest files of each first."""
    path = Path(item.path)
    folder = path.parent.name
    return (_FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS),
            _LONGEST.index(path.name) if path.name in _LONGEST else len(_LONGEST))
