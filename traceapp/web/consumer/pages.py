"""How public pages are rendered: without the application's context, every variable handed in, one language."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from threading import Lock
from typing import Any

from flask import Response
from sqlalchemy import select

from traceapp.catalog.model import Party, Site
from traceapp.code.policy import Why
from traceapp.core.clock import monotonic_seconds
from traceapp.db import Database
from traceapp.recall.public import RecallFacts
from traceapp.trace.policy import Verdict
from traceapp.trace.public import ScanFacts
from traceapp.web.i18n import LANGUAGES

from . import scan_view
from .scan_view import NO_MAKER
from .squeeze import PageText, page_text
from .stencils import Stencils
from .wishes import link_in
from .words import quick_template, render

_MAKER_SECONDS = 60.0
Links = Sequence[tuple[str, str, str, bool]]


class Maker:
    """The name of who runs this service, for the head of every page; asked for at most once a minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[str, str] = ("", "")
        self._at: float | None = None

    def name(self, language: str) -> str:
        """The name in a language; the product's own name until there is a maker."""
        now = monotonic_seconds()
        if self._at is None or now - self._at > _MAKER_SECONDS:
            with self._database.reading() as connection:
                row = connection.execute(_OWNER).first()
            self._known, self._at = (row.name_zh, row.name_en) if row is not None else ("", ""), now
        return scan_view.name_in(language, *self._known) or NO_MAKER


_OWNER = (select(Party.name_zh, Party.name_en).join(Site, Site.party_id == Party.id).where(Site.is_own)
          .order_by(Site.code).limit(1))


@cache
def here_in_other_languages(present: str, kept: str = "") -> Links:
    """Language links that keep the path as it stands, escapes included; `kept` stands behind the language."""
    return tuple((tag, label, f"?lang={code}{kept}", code == present) for code, (tag, label) in LANGUAGES.items())


def framed(template: str, language: str, languages: Links, **variables: Any) -> str:
    """A page with what every public page shows around its content; `variables` name the brand."""
    return render(f"consumer/{template}", language, {
        **_around(language, languages), "link": partial(link_in, language), **variables})


_starting = Lock()


def _scan_stencils(language: str, kept: str) -> Stencils:
    with _starting:  # one thread reads the words and the template, the others wait for it
        return _made_stencils(language, kept)


@cache
def _made_stencils(language: str, kept: str) -> Stencils:
    return Stencils(quick_template("consumer/scan.html", language),
                    _around(language, here_in_other_languages(language, kept)))


def scan_page(facts: ScanFacts, verdict: Verdict, recalls: Sequence[RecallFacts], language: str, why: Why) -> PageText:
    """The page of a lot; `why` it is to be verified, where it is."""
    kept = f"&v={why}" if verdict == Verdict.please_verify else ""
    return _scan_stencils(language, kept).page(scan_view.scan_content(facts, verdict, recalls, language, why))


def _around(language: str, languages: Links) -> dict[str, Any]:
    return {"lang": LANGUAGES[language][0], "language": language, "languages": languages,
            "home_url": f"/?lang={language}"}


def squeezed(answer: Response) -> Response:
    """The answer gzipped; the caller has asked whether the browser takes it."""
    answer.set_data(page_text(answer.get_data(as_text=True)).gzip())
    answer.headers["Content-Encoding"] = "gzip"
    return answer
