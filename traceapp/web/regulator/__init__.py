"""The pages of a regulator: three tasks, read-only. Adverse events without names, recalls, records of batches,
evidence; nothing else."""
from __future__ import annotations

from traceapp.web.permissions import joined

from . import authority_reports, cases, evidence, records, reports
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined(authority_reports.PERMISSIONS, cases.PERMISSIONS, evidence.PERMISSIONS,
                                     records.PERMISSIONS, reports.PERMISSIONS)

__all__ = ["PERMISSIONS", "blueprint"]
