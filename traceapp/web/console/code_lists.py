"""Code lists that were imported: releases, terms by code or words, each annex as a tree."""
from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.list_model import CodeSystem, CodeTerm, TermStatus
from traceapp.complaint.list_queries import (
    TermSearch,
    annexes_of,
    find_terms,
    path_of,
    releases,
    terms_below,
    version_on,
)
from traceapp.web.context import world

from .layout import blueprint, page, today
from .listing import choice, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.code_lists": "adverse_event.read"}

_ = lazy_gettext
SYSTEMS = {"imdrf": _("IMDRF annexes"), "fda": _("FDA problem codes"), "meddra": _("MedDRA")}
ANNEXES = {
    "A": _("A: problem of the device"), "B": _("B: kind of investigation"), "C": _("C: findings"),
    "D": _("D: conclusion"), "E": _("E: signs in the patient"), "F": _("F: effect on health"), "G": _("G: component"),
    "device": _("Problem of the device"), "patient": _("Problem of the patient"), "llt": _("LLT: as reported"),
    "pt": _("PT: preferred term"), "hlt": _("HLT"), "hlgt": _("HLGT"), "soc": _("SOC: system of organs")}
STATUSES = {TermStatus.selectable: _("May be chosen"), TermStatus.not_selectable: _("Heads others only"),
            TermStatus.retired: _("Retired")}
_TAGS = {TermStatus.selectable: "go", TermStatus.not_selectable: "plain", TermStatus.retired: "stop"}


@blueprint.get("/code-lists")
def code_lists() -> Response:
    """Search and tree; without a list in the address the IMDRF annexes of the release in force."""
    values = wished("list", "annex", "text", "under")
    system = choice(values["list"], SYSTEMS) or CodeSystem.imdrf
    annex = choice(values["annex"], ANNEXES) or ""
    with world().database.read() as db:
        version = version_on(db, system, today())
        found = _found(db, (system, version or ""), annex, values)
        annexes = annexes_of(db, system, version) if version else []
        path = path_of(db, (system, version or ""), annex, values["under"]) if annex else []
        known = releases(db)
    return page(
        "console/code_lists.html", system=system, version=version, annex=annex, values=values, found=found, path=path,
        annexes=annexes, releases=known, system_words=SYSTEMS, annex_words=ANNEXES,
        systems=[(name, text) for name, text in SYSTEMS.items() if name != CodeSystem.imdrf],
        annex_choices=[(one, ANNEXES[one]) for one, _number in annexes],
        tag_of=lambda term: (STATUSES[term.status], _TAGS[term.status]),
        below=lambda term: url_for("console.code_lists", list=system, annex=term.annex, under=term.code))


def _found(db: Session, release: tuple[str, str], annex: str, values: dict[str, str]) -> list[tuple[CodeTerm, bool]]:
    """The terms to show, and whether others stand under each: what was searched, else what stands at this place."""
    if values["text"]:
        wanted = TermSearch(release[0], annex or None, values["text"], release[1], limit=100)
        return [(term, False) for term in find_terms(db, wanted, today())]
    return terms_below(db, release, annex, values["under"]) if annex else []
