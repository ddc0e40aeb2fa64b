"""Which of several links answers a request. Pure.

Source: GS1-Conformant Resolver Standard 1.2.1, 2.6; RFC 4647, 3.4 (lookup); RFC 9110, 12.5.1 (Accept).
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import eq
from typing import NamedTuple

_MOST_SUBTAGS = 8
# A form that is not stated may be the right one; it comes before one that is stated and not wanted.
_UNSTATED = 0.0001
Ranges = tuple[tuple[str, float], ...]


class Target(NamedTuple):
    """Where a link leads. `titles` are (zh, en); `href` begins with a slash where it is ours; languages are tags such
    as zh or zh-CN."""

    link_type: str
    href: str
    titles: tuple[str, str]
    media_type: str = ""
    languages: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """Its title in a language."""
        return self.titles[0] if language == "zh" else self.titles[1]


class Level(NamedTuple):
    """One thing with its links. `names` (zh, en) say what it is, `default` is the one link for who asks for nothing,
    `variants` are defaults that differ by language, form or context."""

    path: str
    names: tuple[str, str]
    targets: tuple[Target, ...] = ()
    default: Target | None = None
    variants: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for: a link type or None, languages and media types with their weights, contexts."""

    link_type: str | None = None
    languages: Ranges = ()
    media_types: Ranges = ()
    contexts: tuple[str, ...] = ()


def selected(levels: Sequence[Level], wish: Wish) -> tuple[Target, ...]:
    """The links that answer the wish: one; several when it does not say which; none when there is no such link.

    `levels` stand finest first: what a finer one has hides the same type further up.
    """
    if wish.link_type is None:
        return _default(levels, wish)
    for level in levels:
        found = tuple(target for target in level.targets if target.link_type == wish.link_type)
        if found:
            return narrowed(found, wish)
    return ()


def _default(levels: Sequence[Level], wish: Wish) -> tuple[Target, ...]:
    """The default link, or its variant where the request tells enough to choose just one."""
    for level in levels:
        if level.default is None and not level.variants:
            continue
        chosen = narrowed(level.variants, wish) if level.variants else ()
        if len(chosen) == 1 or level.default is None:
            return chosen
        return (level.default,)
    return ()


def narrowed(targets: tuple[Target, ...], wish: Wish) -> tuple[Target, ...]:
    """What is left of the targets by language, then form, then context."""
    for narrow in (_by_language, _by_media_type, _by_context):
        if len(targets) < 2:
            break
        targets = narrow(targets, wish)
    return targets


def _by_language(targets: tuple[Target, ...], wish: Wish) -> tuple[Target, ...]:
    refused = {tag for tag, weight in wish.languages if weight <= 0}
    for tag, weight in sorted(wish.languages, key=lambda pair: -pair[1]):
        if weight <= 0 or tag == "*":
            continue
        for fits in (*_looked_up(tag), _begins(tag)):
            found = tuple(target for target in targets
                          if any(fits(own.lower()) for own in target.languages if own.lower() not in refused))
            if found:
                return found
    return _general(targets, lambda target: target.languages)


def _looked_up(tag: str) -> list[Callable[[str], bool]]:
    """Whether a language is the tag, then whether it is what is left of it when its ends are cut off one by one."""
    parts = tag.lower().split("-")[:_MOST_SUBTAGS]
    return [partial(eq, "-".join(parts[:size])) for size in range(len(parts), 0, -1)]


def _begins(tag: str) -> Callable[[str], bool]:
    """Whether a language is a kind of the tag's: zh-CN for who asks for zh."""
    return lambda own: own.startswith(tag.lower() + "-")


def _by_media_type(targets: tuple[Target, ...], wish: Wish) -> tuple[Target, ...]:
    named = [pair for pair in wish.media_types if pair[0] != "*/*"]
    if not named:
        return _general(targets, lambda target: target.media_type)
    weights = {target.media_type: weight_of(target.media_type, wish.media_types) for target in targets}
    weights[""] = weight_of("*/*", wish.media_types) or _UNSTATED
    best = max(weights[target.media_type] for target in targets)
    return tuple(target for target in targets if weights[target.media_type] == best) if best > 0 else targets


def weight_of(media_type: str, ranges: Ranges) -> float:
    """How much a media type is wanted, by the range that fits it most closely; 0: not at all."""
    kind = media_type.partition("/")[0]
    for wanted in (media_type, f"{kind}/*", "*/*"):
        for name, weight in ranges:
            if name == wanted:
                return weight
    return 0.0


def _by_context(targets: tuple[Target, ...], wish: Wish) -> tuple[Target, ...]:
    wanted = set(wish.contexts)
    found = tuple(target for target in targets if wanted.intersection(target.contexts))
    return found or _general(targets, lambda target: target.contexts)


def _general(targets: tuple[Target, ...], special: Callable[[Target], object]) -> tuple[Target, ...]:
    """Those that hold for everybody, where there are any."""
    return tuple(target for target in targets if not special(target)) or targets
