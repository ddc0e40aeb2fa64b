"""What every page of a case uses in its template: words, names, addresses."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response

from traceapp.core.errors import Forbidden, InvalidInput
from traceapp.identity.attempts import limit_signature
from traceapp.trace.model import Lot
from traceapp.web import words
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.reading import ZONE, same_page

from .entering import Entered
from .layout import page
from .words import verdict_of

Signed = TypeVar("Signed")


def count_signature() -> None:
    """Count an attempt to sign, kept whatever comes of it. Raises TooMany."""
    with world().database.write() as db:
        limit_signature(db, world().clock, actor())


def signed(use_case: Callable[[], Signed]) -> Signed:
    """What a use case with a signature answers; a wrong password is a fault of its field, not of the page."""
    try:
        return use_case()
    except Forbidden as error:
        if not error.place:
            raise
        raise InvalidInput(error.message, code=error.code, place=error.place) from error


def hidden(form: Entered, revision: int | None = None) -> dict[str, object]:
    """What a form carries along: its own token, so that a second click is harmless, and the version it was made of."""
    return {"form_token": form.token} | ({} if revision is None else {"revision": revision})


def own_text(thing: Any, name: str) -> str:
    """A text that a thing has in both languages, in the reader's."""
    return str(getattr(thing, f"{name}_{language()}"))


def case_page(template: str, status: int = 200, **values: Any) -> Response:
    """A console page about cases: `page` with their words."""
    return page(template, status, words=words, own_name=words.own_name, own_text=own_text, term_names=words.term_names,
                joined_words=words.joined_words, lines_of=words.lines_of, verdict_of=_verdict_of, same_page=same_page,
                tag_of=_tag_of, word_of=_word_of, criteria_words=_criteria_words, hidden=hidden,
                now=world().clock.now(), **values)


def _verdict_of(lot: Lot) -> str:
    return verdict_of(lot, world().clock.now().astimezone(ZONE).date())


def _word_of(table: str, code: str | None) -> str:
    return words.word(getattr(words, table), code)


def _criteria_words(codes: list[str]) -> list[str]:
    return [words.word(words.CRITERIA, code) for code in codes]


def _tag_of(table: str, code: str | None) -> tuple[str, str]:
    """(word, meaning) of a code, for `ui.status_tag(*tag_of('SEVERITIES', code))`."""
    found = getattr(words, table)
    return words.word(found, code), words.meaning(found, code)
