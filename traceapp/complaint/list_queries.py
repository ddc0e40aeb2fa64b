"""Reads of imported code lists: which release is in force, terms by code, words or place in the tree, what changed."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput, NotFound

from .coding import suggest_terms
from .list_files import folded
from .list_model import CodePlace, CodeRelease, CodeSystem, CodeTerm, TermStatus
from .terms import Term, terms

_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class TermSearch:
    """`version` None: the release in force; `text`: a code, its beginning, or words of the name; Chinese words find
    what our own list calls so. `only_selectable`: what may be chosen."""

    system: str
    annex: str | None = None
    text: str = ""
    version: str | None = None
    only_selectable: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Changes:
    """From one release to a later one, of annexes that stand in both: codes that vanished, that may no longer be
    chosen, that are called otherwise (before, after) and that are new; `own`: terms of our list whose IMDRF code may
    not be chosen in the later."""

    vanished: tuple[CodeTerm, ...]
    closed: tuple[CodeTerm, ...]
    renamed: tuple[tuple[CodeTerm, CodeTerm], ...]
    added: tuple[CodeTerm, ...]
    own: tuple[Term, ...]


def releases(session: Session) -> list[tuple[CodeRelease, int]]:
    """Every release with the number of its terms, the latest of each list first."""
    counted = dict(((system, version), number) for system, version, number in session.execute(
        select(CodeTerm.system, CodeTerm.version, func.count()).group_by(CodeTerm.system, CodeTerm.version)))
    rows = session.scalars(select(CodeRelease).order_by(CodeRelease.system, CodeRelease.valid_from.desc()))
    return [(row, counted.get((row.system, row.version), 0)) for row in rows]


def version_on(session: Session, system: str, day: date) -> str | None:
    """The release in force on a day; None where none was."""
    return session.scalar(select(CodeRelease.version).where(CodeRelease.system == system, CodeRelease.valid_from <= day)
                          .order_by(CodeRelease.valid_from.desc()).limit(1))


def annexes_of(session: Session, system: str, version: str) -> list[tuple[str, int]]:
    """The annexes of a release with the number of their terms."""
    rows = session.execute(select(CodeTerm.annex, func.count()).where(
        CodeTerm.system == system, CodeTerm.version == version).group_by(CodeTerm.annex).order_by(CodeTerm.annex))
    return [(annex, number) for annex, number in rows]


def _of(wanted: TermSearch, version: str) -> Select[CodeTerm]:
    found = select(CodeTerm).where(CodeTerm.system == wanted.system, CodeTerm.version == version)
    if wanted.annex:
        found = found.where(CodeTerm.annex == wanted.annex)
    return found.where(CodeTerm.status == TermStatus.selectable) if wanted.only_selectable else found


def find_terms(session: Session, wanted: TermSearch, today: date) -> list[CodeTerm]:
    """The terms that fit: the code itself first, then what our own list means by these words, then names that hold
    every word, the shortest first. Nothing where no release is in force."""
    version = wanted.version or version_on(session, wanted.system, today)
    text = folded(wanted.text).strip()
    if version is None or not text:
        return []
    found: dict[tuple[str, str], CodeTerm] = {}
    for statement in _statements(_of(wanted, version), wanted, text):
        for term in session.scalars(statement.limit(wanted.limit)):
            found.setdefault((term.annex, term.code), term)
    return list(found.values())[:wanted.limit]


def _statements(base: Select[CodeTerm], wanted: TermSearch, text: str) -> list[Select[CodeTerm]]:
    escaped = _escaped(text.upper())
    statements = [base.where(CodeTerm.code.like(f"{escaped}%", escape="\\")).order_by(CodeTerm.code)]
    meant = [terms()[code].imdrf for code in suggest_terms(text)] if wanted.system == CodeSystem.imdrf else []
    if any(meant):
        statements.append(base.where(CodeTerm.code.in_([code for code in meant if code])).order_by(CodeTerm.code))
    words = [CodeTerm.folded.like(f"%{_escaped(word)}%", escape="\\") for word in text.split()[:_MOST_WORDS]]
    return [*statements, base.where(*words).order_by(func.length(CodeTerm.folded), CodeTerm.code)]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def terms_below(session: Session, release: tuple[str, str], annex: str,
                parent: str = "") -> list[tuple[CodeTerm, bool]]:
    """The terms right under a code (or at the top of an annex), by code, and whether others stand under each.
    `release`: the list and its version."""
    place = (CodePlace.system == release[0], CodePlace.version == release[1], CodePlace.annex == annex)
    below = select(CodePlace.code).where(*place, CodePlace.parent == parent)
    found = session.scalars(select(CodeTerm).where(
        CodeTerm.system == release[0], CodeTerm.version == release[1], CodeTerm.annex == annex,
        CodeTerm.code.in_(below)).order_by(CodeTerm.code).limit(1000)).all()
    above = set(session.scalars(select(CodePlace.parent).distinct().where(*place, CodePlace.parent.in_(
        [term.code for term in found]))))
    return [(term, term.code in above) for term in found]


def path_of(session: Session, release: tuple[str, str], annex: str, code: str) -> list[CodeTerm]:
    """The term and those above it, the topmost first; empty for an unknown code. Of MedDRA, whose terms stand
    under those of another level, the term alone."""
    found: list[CodeTerm] = []
    while code and len(found) < 10:
        term = session.get(CodeTerm, (*release, annex, code))
        if term is None:
            break
        found.insert(0, term)
        code = term.parent if release[0] != CodeSystem.meddra else ""
    return found


def check_codes(session: Session, system: str, annex: str, codes: Iterable[str], asked: tuple[date, str]) -> None:
    """Nothing when each code may be chosen, or when no release of the list is there to say. `asked`: on which day, and
    in which field.

    Raises InvalidInput for a code that is unknown, retired, or only heads others.
    """
    day, place = asked
    wanted = list(codes)
    version = version_on(session, system, day) if wanted else None
    if version is not None:
        check_in_release(session, (system, version), annex, wanted, place)


def check_in_release(session: Session, release: tuple[str, str], annex: str, codes: Iterable[str], place: str) -> None:
    """Nothing when each code may be chosen in this release (the list and its version).

    Raises InvalidInput for a code that is unknown, retired, or only heads others.
    """
    wanted = list(codes)
    known = {term.code: term for term in session.scalars(select(CodeTerm).where(
        CodeTerm.system == release[0], CodeTerm.version == release[1], CodeTerm.annex == annex,
        CodeTerm.code.in_(wanted)))}
    for code in wanted:
        term = known.get(code)
        if term is None:
            raise InvalidInput("The release %(version)s has no code %(term)s under %(annex)s.", code="unknown-code",
                               place=place, version=release[1], term=code[:20], annex=annex.upper())
        if term.status != TermStatus.selectable:
            raise InvalidInput("The code %(term)s (%(name)s) may not be chosen: it is retired or only heads others. "
                               "Choose one below it.", code="closed-code", place=place, term=code, name=term.name_en)


def changes_to(session: Session, system: str, version: str) -> tuple[str | None, Changes]:
    """The release before this one (None: it is the first) and what became of its codes in this one.

    Raises NotFound for a release that is not there.
    """
    release = session.get(CodeRelease, (system, version))
    if release is None:
        raise NotFound("There is no such release of this list.", code="unknown-release", place="version")
    earlier = session.scalar(select(CodeRelease.version).where(
        CodeRelease.system == system, CodeRelease.valid_from < release.valid_from)
        .order_by(CodeRelease.valid_from.desc()).limit(1))
    before, after = (_held(session, system, one) if one else {} for one in (earlier, version))
    annexes = {annex for annex, _code in before} & {annex for annex, _code in after}
    shared = [(term, after[key]) for key, term in before.items() if key in after]
    return earlier, Changes(
        vanished=tuple(term for key, term in before.items() if key not in after and term.annex in annexes),
        closed=tuple(later for term, later in shared
                     if term.status == TermStatus.selectable and later.status != TermStatus.selectable),
        renamed=tuple((term, later) for term, later in shared if term.name_en != later.name_en),
        added=tuple(term for key, term in after.items() if key not in before and term.annex in annexes),
        own=own_without_code(after.values()) if system == CodeSystem.imdrf else ())


def _held(session: Session, system: str, version: str) -> dict[tuple[str, str], CodeTerm]:
    rows = session.scalars(select(CodeTerm).where(CodeTerm.system == system, CodeTerm.version == version)
                           .order_by(CodeTerm.annex, CodeTerm.code))
    return {(term.annex, term.code): term for term in rows}


def own_without_code(release: Iterable[CodeTerm]) -> tuple[Term, ...]:
    """Terms of our own list whose IMDRF code the release lacks or does not let anybody choose."""
    held = list(release)
    annexes = {term.annex for term in held}
    open_codes = {term.code for term in held if term.status == TermStatus.selectable}
    return tuple(term for term in terms().values()
                 if term.imdrf[:1] in annexes and term.imdrf not in open_codes)


__all__ = ["Changes", "TermSearch", "annexes_of", "changes_to", "check_codes", "check_in_release",
           "find_terms", "own_without_code", "path_of", "releases", "terms_below", "version_on"]
