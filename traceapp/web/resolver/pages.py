"""Pages of the resolver for people: every link of a code, those to choose among, and what is wrong with a code."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Response, render_template, request
from markupsafe import Markup

from traceapp.code.anchors import Anchor
from traceapp.code.link_types import LINK_TYPES
from traceapp.code.linkset import JSON_LD, address, choices, linkset
from traceapp.code.selection import Level, Target
from traceapp.core.errors import Problem
from traceapp.gs1 import Gs1Error
from traceapp.web.i18n import LANGUAGES
from traceapp.web.problems import translated

from .answers import level_of, location
from .asking import Asked
from .description import owner_name

_SHOWN = 500


class Line(NamedTuple):
    """A link as a page shows it: what kind, its title and address, and in what form and languages it comes."""

    kind: str
    title: str
    url: str
    details: str


def all_links(levels: Sequence[Level], asked: Asked, *, is_missing: bool = False) -> Response:
    """Everything that the code leads to, level by level; `is_missing`: what was asked for is not among it."""
    shown = [(_named(level, asked), asked.root + level.path, _lines(level, asked)) for level in levels]
    return _page("resolver/links.html", asked, levels=shown, is_missing=is_missing, name=_named(levels[0], asked),
                 data=_embedded(linkset(levels, asked.root, asked.language, JSON_LD)))


def some_links(levels: Sequence[Level], asked: Asked, found: Sequence[Target]) -> Response:
    """The links among which the request does not choose."""
    level = level_of(levels, found)
    lines = [_line(target, location(target.href, asked), asked) for target in found]
    return _page("resolver/choices.html", asked, name=_named(level, asked), lines=lines,
                 data=_embedded(choices(level, found, asked.root, asked.language, JSON_LD)))


def unknown(thing: Anchor, asked: Asked) -> Response:
    """A sound code that nothing is known of: explained, to be typed again, to be reported."""
    pairs = [(f"({ai})", value[:_SHOWN]) for ai, value in thing.ais]
    lot = (thing.get("10") or "")[:80]
    return _page("resolver/unknown.html", asked, asked_for=pairs, lot=lot,
                 report_url=_in_language("/report", asked, number=lot, via="unknown"))


def wrong_code(problem: Problem, asked: Asked) -> Response:
    """A code that breaks a rule, with its wrong place marked; or one of a kind that is not held here."""
    text = asked.code
    start, length = (problem.start, problem.length) if isinstance(problem, Gs1Error) else (0, 0)
    return _page("resolver/wrong_code.html", asked, message=translated(problem), is_malformed=problem.status == 400,
                 before=text[max(0, start - _SHOWN):start], wrong=text[start:start + length][:_SHOWN],
                 after=text[start + length:][:_SHOWN], place=start,
                 report_url=_in_language("/report", asked, via="unknown"))


def _page(template: str, asked: Asked, **values: Any) -> Response:
    language = asked.language
    around = {"language": language, "languages": _language_links(asked), "brand": owner_name(language),
              "home_url": _in_language("/", asked)}
    answer = Response(render_template(template, **around, **values), mimetype="text/html")
    answer.headers["Content-Language"] = LANGUAGES[language][0]
    return answer


def _language_links(asked: Asked) -> list[tuple[str, str, str, bool]]:
    """(tag, label, address, is current): the same question in the other language; the raw path stays."""
    kept = {name: values for name, values in request.args.lists() if name != "lang"}
    return [(tag, label, f"?{urlencode({**kept, 'lang': [code]}, doseq=True)}", code == asked.language)
            for code, (tag, label) in LANGUAGES.items()]


def _in_language(path: str, asked: Asked, **query: str) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode({**kept, 'lang': asked.language})}"


def _named(level: Level, asked: Asked) -> str:
    return level.names[0 if asked.language == "zh" else 1]


def _lines(level: Level, asked: Asked) -> list[Line]:
    return [_line(target, address(target.href, asked.root), asked) for target in (*level.targets, *level.variants)]


def _line(target: Target, url: str, asked: Asked) -> Line:
    kind = LINK_TYPES[target.link_type].title(asked.language)
    details = " · ".join((*target.languages, *((target.media_type,) if target.media_type else ()), *target.contexts))
    return Line(kind, target.title(asked.language), url, details)


def _embedded(text: str) -> Markup:
    """Linked data as a script element may hold them: no sign in it can end the element."""
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - escaped above
