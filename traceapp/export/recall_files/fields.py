"""What a file for an authority is made of: its fields as a table, and what a case says in each. Pure."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .dossier import RecallDossier
from .places import seen_part

Reader = Callable[[RecallDossier, str], str]


class Origin(StrEnum):
    """Where a field comes from. `person`: the case does not hold it, somebody writes it for the file."""

    house = "house"
    registration = "registration"
    case = "case"
    evaluation = "evaluation"
    scope = "scope"
    ledger = "ledger"
    notices = "notices"
    checks = "checks"
    events = "events"
    person = "person"


class _Named:
    """What has a name in both languages."""

    __slots__ = ()
    zh: str
    en: str

    def title(self, language: str) -> str:
        """Its name in a language."""
        return self.zh if language == "zh" else self.en


class _Placed(_Named):
    """What a law asks for at a place."""

    __slots__ = ()
    place: str

    @property
    def source(self) -> str:
        """The place as it is printed: what of it was seen in the law."""
        return seen_part(self.place)

    @property
    def unverified(self) -> str:
        """The place as the house is told of it, where it is closer than what was seen; never printed."""
        return self.place if self.place != self.source else ""


@dataclass(frozen=True, slots=True)
class FileField(_Placed):
    """One field. `mark` is its number in the law, at `place`; `read` answers what the case says in a language, empty
    where it says nothing: then somebody writes it under `key`. `table` names the table that follows it: `lots`,
    `devices` (lots without what we have of them) or `consignees`. What `is_signed` has a line to sign on."""

    key: str
    mark: str
    zh: str
    en: str
    place: str
    origin: Origin
    read: Reader | None = None
    is_required: bool = True
    table: str = ""
    is_signed: bool = False

    @property
    def number(self) -> str:
        """Its number in the law, where that was seen."""
        return "" if self.unverified else self.mark


@dataclass(frozen=True, slots=True)
class FieldGroup(_Named):
    """Fields under one head."""

    zh: str
    en: str
    fields: tuple[FileField, ...]


@dataclass(frozen=True, slots=True)
class FileKind(_Placed):
    """A file: at which place a law asks for it, whose authority takes it, in which languages it is made, and the rules
    of legal clocks that it answers; a clock with several files ends once all of them were confirmed. What
    `is_for_users` says nothing that makes the danger sound smaller; files for authorities keep the words of the law."""

    name: str
    jurisdiction: str
    zh: str
    en: str
    place: str
    languages: tuple[str, ...]
    rules: frozenset[str]
    groups: tuple[FieldGroup, ...]
    is_for_users: bool = False

    @property
    def fields(self) -> tuple[FileField, ...]:
        """All of its fields in order."""
        return tuple(one for group in self.groups for one in group.fields)

    @property
    def lists_consignees(self) -> bool:
        """Whether it names every consignee."""
        return any(one.table == "consignees" for one in self.fields)


def told(one: FileField, dossier: RecallDossier, language: str) -> str:
    """What the case itself says in a field."""
    return one.read(dossier, language).strip() if one.read else ""


def said(one: FileField, dossier: RecallDossier, language: str) -> str:
    """What stands in a field: what the case says, else what somebody wrote, else nothing. What somebody wrote stands
    also for a text of the case that is in another language than the file."""
    found, written = told(one, dossier, language), written_in(one, dossier, language)
    return written if written and (not found or is_foreign(found, language)) else found


def key_in(one: FileField, language: str) -> str:
    """Under what a text is written that is for one language of a file alone."""
    return f"{one.key}.{language}"


def written_in(one: FileField, dossier: RecallDossier, language: str) -> str:
    """What somebody wrote for a field in a language; else what was written for it without saying for which."""
    return dossier.written.get(key_in(one, language), dossier.written.get(one.key, "")).strip()


# In a Chinese text: four English words in a row, or three where nothing else stands between two stops.
_ENGLISH = re.compile(r"\b[A-Za-z]{2,}(?:[ ,;:.'’-]+[A-Za-z]{1,}){3,}")
_ENGLISH_ALONE = re.compile(r"\b[A-Za-z]{2,}(?:[ ,;:.'’-]+[A-Za-z]{1,}){2,}")
_STOPS = re.compile(r"[\n；。：]")


def is_foreign(text: str, language: str) -> bool:
    """Whether an English file would hold Chinese, or a Chinese one English; names of two words are none."""
    if language == "en":
        return _has_chinese(text)
    return _ENGLISH.search(text) is not None or any(
        _ENGLISH_ALONE.search(part) and not _has_chinese(part) for part in _STOPS.split(text))


def _has_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def is_missing(one: FileField, dossier: RecallDossier, language: str) -> bool:
    """Whether the law asks for a field in which nothing stands."""
    return one.is_required and not said(one, dossier, language)


def missing_fields(kind: FileKind, dossier: RecallDossier) -> tuple[FileField, ...]:
    """The fields that the law asks for and in which nothing stands, in any language that the file is made in."""
    return tuple(one for one in kind.fields
                 if any(is_missing(one, dossier, language) for language in kind.languages))


def writable_fields(kind: FileKind, dossier: RecallDossier) -> tuple[FileField, ...]:
    """The fields that somebody may write for the file: those of which the case says nothing, or in another language."""
    return tuple(one for one in kind.fields if not one.table and any(
        not (text := told(one, dossier, language)) or is_foreign(text, language) for language in kind.languages))


def writable_keys(kind: FileKind, dossier: RecallDossier) -> dict[str, tuple[FileField, str]]:
    """Under what texts may be written, each with its field and for which language of the file it is: `key`, and of a
    file in two languages `key.<language>`, where that language lacks it. Under `key` alone (language empty) a text of
    such a file stands in both."""
    found = {one.key: (one, "") for one in writable_fields(kind, dossier)}
    if len(kind.languages) > 1:
        found |= {key_in(one, language): (one, language) for one in writable_fields(kind, dossier)
                  for language in kind.languages
                  if not (text := told(one, dossier, language)) or is_foreign(text, language)}
    return found


def untranslated_fields(kind: FileKind, dossier: RecallDossier) -> tuple[FileField, ...]:
    """The fields in which the file holds another language than its own."""
    return tuple(one for one in kind.fields if any(
        is_foreign(said(one, dossier, language), language) for language in kind.languages))


ABSENT: Mapping[str, str] = {"en": "NOT AVAILABLE. Required by %s.", "zh": "未提供。%s要求填写。"}


_SIGN: Mapping[str, str] = {"en": "Signature: ____________________    Date: ______________",
                            "zh": "签字：____________________    日期：______________"}


def shown(one: FileField, dossier: RecallDossier, language: str) -> str:
    """The text that is printed: a field that is not filled says so, one that is signed by hand has its line."""
    found = said(one, dossier, language) or (ABSENT[language] % one.source if one.is_required else "—")
    return f"{found}\n{_SIGN[language]}" if one.is_signed else found
