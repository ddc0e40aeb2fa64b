"""Public pages in one language each: words looked up once, when a template is compiled, not each time it is shown."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from html import escape
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, Template, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from traceapp.web.i18n import LANGUAGES, catalogue
from traceapp.web.ui import assets, display


class Words:
    """gettext and ngettext of one language, without a request."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._found = catalogue(language)
        self._text = lru_cache(maxsize=4096)(self._found.ugettext)

    def gettext(self, message: str, **params: object) -> str:
        """The message in this language with its fields filled in."""
        found: str = self._text(message)
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

    def escaped(self, message: str, **params: object) -> str:
        """Like `gettext`, escaped, for fields that are escaped already."""
        found = escape(self._found.ugettext(message))
        return found % params if params else found

    def plural_escaped(self, one: str, many: str, num: int, **params: object) -> str:
        """Like `ngettext`, escaped, for fields that are escaped already."""
        return escape(self._found.ungettext(one, many, num)) % {"num": num, **params}


@cache
def words(language: str) -> Words:
    """The words of a language; one that we don't have reads Chinese."""
    return Words(language if language in LANGUAGES else "zh")


class _Translate(NodeTransformer):
    """Puts the translation of `_('…')` without fields into the template itself, escaped where nothing else does it."""

    def __init__(self, found: Words, *, escapes: bool) -> None:
        self._words = found
        self._escapes = escapes

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that jinja calls
        node = self.generic_visit(node)  # type: ignore[assignment]
        function, arguments = node.node, node.args
        is_plain = isinstance(function, nodes.Name) and function.name == "_" and not node.kwargs
        if is_plain and len(arguments) == 1 and isinstance(arguments[0], nodes.Const):
            text = self._words.gettext(arguments[0].value)
            if self._escapes:
                return nodes.Const(escape(text), lineno=node.lineno)
            return nodes.MarkSafe(nodes.Const(text, lineno=node.lineno), lineno=node.lineno)
        return node


class LanguageEnvironment(Environment):
    """Templates of one language. `is_escaped`: the values that they are given were escaped before, all of them."""

    def __init__(self, loader: BaseLoader, found: Words, *, is_escaped: bool = False) -> None:
        super().__init__(loader=loader, autoescape=not is_escaped, trim_blocks=True, lstrip_blocks=True,
                         auto_reload=False)
        self._translate = _Translate(found, escapes=is_escaped)
        tag = LANGUAGES[found.language][0]
        if is_escaped:
            self.globals.update(_=found.escaped, ngettext=found.plural_escaped, public_css=assets.public_css())
        else:
            self.globals.update(_=found.markup, ngettext=found.plural_markup,
                                public_css=Markup(assets.public_css()))  # noqa: S704 - our own file
        self.filters.update(display.filters(lambda: tag))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: Any = self._translate.visit(super()._parse(source, name, filename))
        return tree


@cache
def _environment(language: str, *, is_escaped: bool) -> LanguageEnvironment:
    """One for all applications of a process: templates are compiled once."""
    loader = ChoiceLoader([PackageLoader("traceapp.web.consumer"), PackageLoader("traceapp.web.ui")])
    return LanguageEnvironment(loader, words(language), is_escaped=is_escaped)


def render(name: str, language: str, variables: Mapping[str, Any]) -> str:
    """A public template with exactly these variables."""
    return _environment(language, is_escaped=False).get_template(name).render(variables)


def quick_template(name: str, language: str) -> Template:
    """The same for values that were escaped before, all of them."""
    return _environment(language, is_escaped=True).get_template(name)
