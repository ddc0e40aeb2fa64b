"""Console: the fields of an assessment that take codes: what is chosen, what the texts suggest, what a search finds."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from traceapp.adverse_event.details import Field, codes_in, fields, row_fields, split_codes
from traceapp.complaint.coding import Found, Stance, code_text
from traceapp.complaint.list_files import folded
from traceapp.complaint.list_model import CodeSystem
from traceapp.complaint.list_queries import version_on
from traceapp.complaint.term_choice import Choice, Name, Wanted, find_choices, named_choices, own_choice, same_named
from traceapp.complaint.terms import terms
from traceapp.web.i18n import language

from .entering import Entered
from .layout import today

TEXTS = ("narrative", "details-harm", "details-fault", "use_text")
# What the texts tell of belongs to the reaction, not to what was used or was there before.
_TOLD = frozenset({"codes_a", "codes_e", "codes_f", "meddra_reactions"})
_MOST = 20


@dataclass(frozen=True, slots=True)
class Suggested:
    """Words of a text and the choices that say the same."""

    words: str
    stance: str
    is_fuzzy: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """A field that takes codes. `asked`: what was searched; `is_imported`: whether a release of its list is in
    force."""

    name: str
    asked: str
    chosen: tuple[Choice, ...]
    suggested: tuple[Suggested, ...]
    found: tuple[Choice, ...]
    is_imported: bool

    @property
    def codes(self) -> frozenset[str]:
        """The codes that are chosen."""
        return frozenset(one.code for one in self.chosen)


def other_name(term: Choice | Name) -> str:
    """The name in the language that is not the reader's, where there is one in both."""
    names = (term.name_en, term.name_zh) if language() == "zh" else (term.name_zh, term.name_en)
    return names[0] if all(names) else ""


def system_of(field: Field) -> str:
    """The list that a field takes its codes of; empty for a field that takes none."""
    return {"codes": CodeSystem.imdrf, "meddra": CodeSystem.meddra}.get(field.type, "")


def field_of(name: str) -> Field | None:
    """The field of the assessment, or of a row of it, that takes codes under this name."""
    parts = name.split("-")
    found = fields().get(name) if len(parts) == 1 else row_fields().get(parts[-1])
    return found if found is not None and system_of(found) else None


def typed_codes(form: Entered, name: str) -> list[str]:
    """The codes of a field: those that are ticked, then those that were typed where one searches."""
    field = field_of(name)
    if field is None:
        return []
    ticked, typed = " ".join(form.several(f"details-{name}")), codes_in(field, form.text(f"find-{name}"))
    return [*split_codes(ticked), *(typed or ())]


def unsettled(form: Entered, name: str) -> bool:
    """Whether words still stand where one searches, of which nothing was chosen."""
    field, text = field_of(name), form.text(f"find-{name}")
    return bool(text) and (field is None or codes_in(field, text) is None)


def was_shown(form: Entered, name: str) -> bool:
    """Whether the form showed already what is found by these words."""
    return form.text(f"find-{name}") == form.text(f"seen-{name}")


def pick_of(db: Session, form: Entered, name: str, told: Iterable[tuple[str, Found]] | None = None) -> Pick | None:
    """The field as its form shows it; None for one that takes no codes. `told`: what the texts mention, None: read
    them."""
    field = field_of(name)
    if field is None:
        return None
    system, asked = system_of(field), form.text(f"find-{name}")
    version = form.get("details-meddra_version") if system == CodeSystem.meddra else ""
    version = version or version_on(db, system, today()) or ""
    codes, annex = typed_codes(form, name), name[-1].upper() if system == CodeSystem.imdrf else ""
    named = named_choices(db, system, version, codes)
    mentioned = told_of(form) if told is None else told
    found = find_choices(db, Wanted(asked, (system,), annex, _MOST), today()) if unsettled(form, name) else []
    return Pick(
        name, "" if codes_in(field, asked) else asked,
        tuple(named.get(code) or Choice(system, version, annex, code, "", "") for code in dict.fromkeys(codes)),
        tuple(_suggested(db, (system, version), annex, mentioned)) if name in _TOLD else (), tuple(found),
        bool(version))


def told_of(form: Entered) -> list[tuple[str, Found]]:
    """What the texts of the form mention, with the words, each once."""
    found: dict[tuple[Any, ...], tuple[str, Found]] = {}
    for text in (form.get(name) for name in TEXTS):
        for one in code_text(text):
            said = text[one.start:one.end]
            found.setdefault((said.lower(), one.stance, one.codes), (said, one))
    return list(found.values())


def _suggested(db: Session, release: tuple[str, str], annex: str,
               told: Iterable[tuple[str, Found]]) -> list[Suggested]:
    """What the texts mention and the list has a term for."""
    meant = [(words, one, [terms()[code] for code in one.codes]) for words, one in told]
    if release[0] == CodeSystem.imdrf:
        codes = {term.imdrf for _words, _one, own in meant for term in own if term.imdrf.startswith(annex)} - {""}
        by_term = named_choices(db, *release, codes)
        known = {term.code: by_term.get(term.imdrf) or own_choice(term, release[0])
                 for _words, _one, own in meant for term in own if term.imdrf in codes}
    else:
        harm = [term for _words, _one, own in meant for term in own if term.kind == "harm"]
        same = same_named(db, release[1], [term.en for term in harm])
        known = {term.code: same[folded(term.en)] for term in harm if folded(term.en) in same}
    found = [Suggested(words, one.stance.value, one.is_fuzzy, tuple(known[term.code] for term in own
                                                                     if term.code in known))
             for words, one, own in meant]
    return sorted((one for one in found if one.choices), key=lambda one: one.stance != Stance.stated)
