"""The terms that an assessment may choose: our own list and the releases in force, each with its names and its path."""
from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .coding import suggest_terms
from .list_files import folded
from .list_model import CodeSystem, CodeTerm
from .list_queries import TermSearch, find_terms, version_on
from .terms import Term, terms

OWN = "own"
_LEVEL_ABOVE = {"llt": "pt", "pt": "soc"}
_MOST_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Name:
    """A code with what it is called in both languages; an unknown name is empty."""

    code: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A term that may be chosen. `path`: the terms above it, the topmost first; `version` empty for our own list."""

    system: str
    version: str
    annex: str
    code: str
    name_en: str
    name_zh: str
    path: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """`systems`: own, imdrf, meddra, fda; of IMDRF `annex` A to G or empty for all; of MedDRA the lowest level.
    `limit`: of each list."""

    text: str
    systems: tuple[str, ...] = (OWN, CodeSystem.imdrf, CodeSystem.meddra)
    annex: str = ""
    limit: int = 20


def find_choices(session: Session, wanted: Wanted, day: date) -> list[Choice]:
    """The terms that fit, list by list. Where no release of IMDRF's annexes is in force, the codes that our own list
    names stand for them."""
    found: list[Choice] = []
    for system in wanted.systems:
        version = version_on(session, system, day) if system != OWN else None
        if version is not None:
            annex = "llt" if system == CodeSystem.meddra else wanted.annex
            rows = find_terms(session, TermSearch(system, annex or None, wanted.text, version, True, wanted.limit), day)
            found += listed(session, rows)
        elif system == OWN:
            found += [own_choice(term) for term in _own(wanted.text)][:wanted.limit]
        elif system == CodeSystem.imdrf and OWN not in wanted.systems:
            found += [own_choice(term, system) for term in _own(wanted.text)
                      if term.imdrf and term.imdrf.startswith(wanted.annex)][:wanted.limit]
    return found


def named_choices(session: Session, system: str, version: str | None, codes: Collection[str]) -> dict[str, Choice]:
    """The choices of these codes, as the release calls them, else our own list."""
    rows = session.scalars(select(CodeTerm).where(
        CodeTerm.system == system, CodeTerm.version == version, CodeTerm.code.in_(sorted(codes)),
        *([CodeTerm.annex == "llt"] if system == CodeSystem.meddra else []))).all() if version and codes else []
    own = {term.imdrf: own_choice(term, system) for term in terms().values() if term.imdrf in codes}
    return (own if system == CodeSystem.imdrf else {}) | {one.code: one for one in listed(session, rows)}


def same_named(session: Session, version: str | None, names: Iterable[str]) -> dict[str, Choice]:
    """By name, in small letters: the MedDRA term of the lowest level that is called just so."""
    wanted = sorted({folded(name) for name in names})
    if version is None or not wanted:
        return {}
    rows = session.scalars(select(CodeTerm).where(
        CodeTerm.system == CodeSystem.meddra, CodeTerm.version == version, CodeTerm.annex == "llt",
        CodeTerm.status == "selectable", func.lower(CodeTerm.name_en).in_(wanted))).all()
    return {folded(one.name_en): one for one in listed(session, rows)}


def listed(session: Session, rows: Collection[CodeTerm]) -> list[Choice]:
    """Terms of releases with their paths, in a number of statements that does not grow with theirs. Where a release has
    no Chinese name that of our own list stands."""
    known: dict[tuple[str, str, str, str], CodeTerm] = {}
    asked = {_above(row) for row in rows if row.parent}
    for _level in range(_MOST_LEVELS):
        missing = asked - set(known)
        if not missing:
            break
        above = session.scalars(select(CodeTerm).where(
            CodeTerm.system.in_({key[0] for key in missing}), CodeTerm.version.in_({key[1] for key in missing}),
            CodeTerm.annex.in_({key[2] for key in missing}), CodeTerm.code.in_({key[3] for key in missing}))).all()
        known |= {(one.system, one.version, one.annex, one.code): one for one in above}
        asked |= {_above(one) for one in above if one.parent}
    own = {term.imdrf: term.zh for term in terms().values() if term.imdrf}
    return [Choice(row.system, row.version, row.annex, row.code, row.name_en,
                   row.name_zh or (own.get(row.code, "") if row.system == CodeSystem.imdrf else ""), _path(row, known))
            for row in rows]


def _above(row: CodeTerm) -> tuple[str, str, str, str]:
    annex = _LEVEL_ABOVE.get(row.annex, "") if row.system == CodeSystem.meddra else row.annex
    return row.system, row.version, annex, row.parent


def _path(row: CodeTerm, known: dict[tuple[str, str, str, str], CodeTerm]) -> tuple[Name, ...]:
    found: list[Name] = []
    here: CodeTerm | None = row
    while here is not None and here.parent and len(found) < _MOST_LEVELS:
        here = known.get(_above(here))
        if here is not None:
            found.insert(0, Name(here.code, here.name_en, here.name_zh))
    return tuple(found)


def own_choice(term: Term, system: str = OWN) -> Choice:
    """A term of our own list, under its own code or that of IMDRF."""
    if system == OWN:
        return Choice(OWN, "", term.kind, term.code, term.en, term.zh)
    return Choice(OWN, "", term.imdrf[:1], term.imdrf, term.en, term.zh)


def _own(text: str) -> list[Term]:
    """The terms of our own list that are called or coded like a text, then those that it may mean."""
    wanted = folded(text).strip()
    if not wanted:
        return []
    called = [term for term in terms().values() if wanted in folded(f"{term.en} {term.zh}") or (
        term.imdrf and term.imdrf.lower().startswith(wanted)) or term.code.startswith(wanted)]
    return list(dict.fromkeys([*called, *(terms()[code] for code in suggest_terms(text))]))
