"""Taking in a release of a code list beside those that are there; nothing of an earlier one is changed or removed."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput

from .list_files import ListedTerm, ListFile, folded
from .list_model import CodePlace, CodeRelease, CodeSystem, CodeTerm

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class ImportList:
    """`version` "": the day of the import, but for MedDRA, whose releases have numbers; `valid_from` None: today.
    `is_chinese`: a Chinese file of a MedDRA release that is there in English; its names join those."""

    file: ListFile
    version: str = ""
    valid_from: date | None = None
    is_chinese: bool = False


@dataclass(frozen=True, slots=True)
class ImportedList:
    """`taken` terms are new; `already` stood there just so, from an earlier import of this file."""

    system: str
    version: str
    taken: int
    already: int


def import_list(session: Session, actor: Actor, clock: Clock, command: ImportList) -> ImportedList:
    """The terms under their release. The same file once more adds nothing.

    Raises InvalidInput for a MedDRA file without its version, and for a Chinese one whose release is not there or that
    is not MedDRA's; Conflict where the release has other terms already.
    """
    system, now = command.file.system, clock.now()
    version = command.version.strip() or ("" if system is CodeSystem.meddra else f"{now:%Y-%m-%d}")
    if not version or len(version) > 40:
        raise InvalidInput("Say which release this is, in at most 40 letters, as in 29.1.", code="version-needed",
                           place="version")
    if command.is_chinese:
        return _add_chinese(session, actor, clock, command.file, version)
    new, already = _new_terms(session, command.file, version)
    if new:
        release = session.get(CodeRelease, (system, version))
        if release is None:
            _begin(session, actor, clock, CodeRelease(
                system=system, version=version, valid_from=command.valid_from or now.date(), imported_at=now,
                imported_by=actor.id))
        _store(session, system, version, new)
        record(session, actor, now, "code_list.imported", stream_of("code_list", system),
               {"version": version, "terms": len(new), "annexes": sorted({term.annex for term in new})})
    return ImportedList(system, version, len(new), already)


def _add_chinese(session: Session, actor: Actor, clock: Clock, file: ListFile, version: str) -> ImportedList:
    """Give the terms of a release their Chinese names; codes that it lacks are passed over."""
    if file.system is not CodeSystem.meddra or session.get(CodeRelease, (file.system, version)) is None:
        raise InvalidInput("Chinese names are added to a MedDRA release that was imported in English before, by its "
                           "version.", code="no-release", place="version")
    names = {(term.annex, term.code): term.name_en for term in file.terms}
    taken = already = 0
    for term in session.scalars(select(CodeTerm).where(
            CodeTerm.system == file.system, CodeTerm.version == version,
            CodeTerm.annex.in_({annex for annex, _code in names})).execution_options(yield_per=_AT_ONCE)):
        name = names.get((term.annex, term.code), "")
        already += bool(name) and name == term.name_zh
        if name and name != term.name_zh:
            term.name_zh, term.folded = name, folded(f"{term.name_en} {name}")
            taken += 1
    if taken:
        record(session, actor, clock.now(), "code_list.named", stream_of("code_list", file.system),
               {"version": version, "terms": taken})
    return ImportedList(file.system, version, taken, already)


def _new_terms(session: Session, file: ListFile, version: str) -> tuple[list[ListedTerm], int]:
    """The terms of annexes that the release lacks, and how many of the others stand there as they are."""
    has_chinese = file.system is not CodeSystem.meddra  # there it came from a file of its own
    by_annex: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for term in file.terms:
        by_annex[term.annex].add((term.code, term.name_en, term.name_zh if has_chinese else "", term.status))
    there: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for annex, *row in session.execute(select(
            CodeTerm.annex, CodeTerm.code, CodeTerm.name_en, CodeTerm.name_zh, CodeTerm.status).where(
            CodeTerm.system == file.system, CodeTerm.version == version, CodeTerm.annex.in_(by_annex))):
        code, name_en, name_zh, status = row
        there[annex].add((code, name_en, name_zh if has_chinese else "", status))
    for annex, terms in there.items():
        if terms != by_annex[annex]:
            raise Conflict("The release %(version)s has other terms under %(annex)s already. Give the new ones a "
                           "version of their own.", code="release-differs", place="version", version=version,
                           annex=annex)
    return [term for term in file.terms if term.annex not in there], sum(len(terms) for terms in there.values())


def _begin(session: Session, actor: Actor, clock: Clock, release: CodeRelease) -> None:
    """Put the release between the one before it and the one after it."""
    others = session.scalars(select(CodeRelease).where(CodeRelease.system == release.system)
                             .order_by(CodeRelease.valid_from).with_for_update()).all()
    if any(other.valid_from == release.valid_from for other in others):
        raise Conflict("Another release of this list begins on the same day. Say with --from when this one begins.",
                       code="same-day", place="valid_from")
    before = [other for other in others if other.valid_from < release.valid_from]
    after = [other for other in others if other.valid_from > release.valid_from]
    release.valid_to = after[0].valid_from if after else None
    session.add(release)
    if before:
        session.execute(update(CodeRelease).where(CodeRelease.system == release.system,
                                                  CodeRelease.version == before[-1].version)
                        .values(valid_to=release.valid_from))
    session.flush()


def _store(session: Session, system: str, version: str, terms: Sequence[ListedTerm]) -> None:
    for start in range(0, len(terms), _AT_ONCE):
        some = terms[start:start + _AT_ONCE]
        session.execute(insert(CodeTerm), [
            {"system": system, "version": version, "annex": term.annex, "code": term.code, "name_en": term.name_en,
             "name_zh": term.name_zh, "parent": term.parents[0] if term.parents else term.above, "status": term.status,
             "folded": folded(f"{term.name_en} {term.name_zh}")} for term in some])
        session.execute(insert(CodePlace), [
            {"system": system, "version": version, "annex": term.annex, "parent": parent, "code": term.code}
            for term in some for parent in term.parents or ("",)])
