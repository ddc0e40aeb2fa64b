"""Public pages in one language each: words looked up once, when a template is compiled, not each time it is shown."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Flask
from jinja2 import BaseLoader, Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from traceapp.web.i18n import LANGUAGES, catalogue
from traceapp.web.ui import assets, display


class Words:
    """gettext and ngettext of one language, without a request."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._found = catalogue(language)

    def gettext(self, message: str, **params: object) -> str:
        """The message in this language with its fields filled in."""
        found: str = self._found.ugettext(message)
        return found % params if params else found

    def ngettext(self, one: str, many: str, num: int, **params: object) -> str:
        """The right one of two messages; `num` is a field of it."""
        found: str = self._found.ungettext(one, many, num)
        return found % {"num": num, **params}

    def markup(self, message: str, **params: object) -> Markup:
        """Like `gettext` for a template: fields are escaped."""
        found = Markup(self._found.ugettext(message))  # noqa: S704 - our own catalogue
        return found % params if params else found

    def plural_markup(self, one: str, many: str, num: int, **params: object) -> Markup:
        """Like `ngettext` for a template: fields are escaped."""
        return Markup(self._found.ungettext(one, many, num)) % {"num": num, **params}  # noqa: S704 - our own catalogue


@cache
def words(language: str) -> Words:
    """The words of a language; one that we don't have reads Chinese."""
    return Words(language if language in LANGUAGES else "zh")


class _Translate(NodeTransformer):
    """Puts the translation of `_('…')` without fields into the template itself."""

    def __init__(self, found: Words) -> None:
        self._words = found

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that jinja calls
        node = self.generic_visit(node)  # type: ignore[assignment]
        function, arguments = node.node, node.args
        is_plain = isinstance(function, nodes.Name) and function.name == "_" and not node.kwargs
        if is_plain and len(arguments) == 1 and isinstance(arguments[0], nodes.Const):
            return nodes.MarkSafe(nodes.Const(self._words.gettext(arguments[0].value), lineno=node.lineno),
                                  lineno=node.lineno)
        return node


class LanguageEnvironment(Environment):
    """Templates of one language."""

    def __init__(self, loader: BaseLoader, found: Words) -> None:
        super().__init__(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False)
        self._translate = _Translate(found)
        tag = LANGUAGES[found.language][0]
        self.globals.update(_=found.markup, gettext=found.markup, ngettext=found.plural_markup,
                            public_css=Markup(assets.public_css()))  # noqa: S704 - our own file
        self.filters.update(display.filters(lambda: tag))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: Any = self._translate.visit(super()._parse(source, name, filename))
        return tree


class Templates:
    """The templates of the public pages, by language."""

    def __init__(self, app: Flask) -> None:
        loader = app.jinja_env.loader
        assert loader is not None
        self._environments = {language: LanguageEnvironment(loader, words(language)) for language in LANGUAGES}

    def render(self, name: str, language: str, variables: Mapping[str, Any]) -> str:
        """A template with exactly these variables."""
        return self._environments[language].get_template(name).render(variables)
