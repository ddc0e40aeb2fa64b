"""What the codes of assessments are called, in the reader's language."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from traceapp.adverse_event.details import fields
from traceapp.complaint.list_model import CodeSystem
from traceapp.complaint.list_queries import version_on
from traceapp.complaint.term_choice import named_choices

from .context import world
from .words import own_name

_SYSTEMS = {"codes": CodeSystem.imdrf, "meddra": CodeSystem.meddra}


def names_of_codes(db: Session, *several: Mapping[str, Any]) -> dict[str, str]:
    """The names of the codes in these details: of MedDRA by the release that stands with them, of IMDRF by the one in
    force, else by our own list."""
    found: dict[str, str] = {}
    today = world().clock.now().date()
    for kind, system in _SYSTEMS.items():
        names = [name for name, field in fields().items() if field.type == kind]
        for details in several:
            codes = {code for name in names for code in details.get(name, ())} - set(found)
            version = details.get("meddra_version") if system == CodeSystem.meddra else version_on(db, system, today)
            found |= {code: own_name(one) for code, one in named_choices(db, system, version, codes).items()}
    return found
